"""`imsgw bundle`: what it prints, how it ends, and that it never shows a secret."""

import json
from pathlib import Path

import pytest

from gateway.standin import RunningStandin
from tests.unit.cli.conftest import Imsgw
from tests.unit.manage.conftest import BUNDLE

MARK = "M4RK3R"


def test_change_sets_keys_and_leaves_the_rest(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw(
        "bundle", "change", "ims1", "ims_connect.port=9998", "credentials.user=OTHER", "--home", bare_home
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("changed bundle ims1\n")
    wanted = BUNDLE.replace("9999", "9998").replace('"GWUSER"', '"OTHER"')
    assert (bare_home / "bundles/ims1.toml").read_text() == wanted


@pytest.mark.parametrize(
    ("assignment", "written"),
    [
        ("ims_connect.host=zos2", 'host = "zos2"'),
        ('ims_connect.host="zos2"', 'host = "zos2"'),
        ("ims_connect.network_identity=true", "network_identity = true"),
        ("ims_connect.pool.wait_seconds=2.5", "wait_seconds = 2.5"),
        ('callout.tpipes=["A", "B"]', 'tpipes = ["A", "B"]'),
        ("ims_connect.pool={ size = 2 }", "pool = {size = 2}"),
        ("credentials.password=env:IMS1_PASSWORD", 'password = {env = "IMS1_PASSWORD"}'),
    ],
)
def test_values_are_typed_by_the_models(imsgw: Imsgw, bare_home: Path, assignment: str, written: str) -> None:
    done = imsgw("bundle", "change", "ims1", assignment, "--home", bare_home)
    assert done.exit_code == 0, done.output
    assert written.replace(" ", "") in (bare_home / "bundles/ims1.toml").read_text().replace(" ", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ims_connect.port=x",), 1, "must be a whole number"),
        (("ims_connect.port",), 1, "write KEY=VALUE"),
        (("ims_connect.prt=1",), 1, "did you mean ims_connect.port"),
        (("ims_connect.port=1", "ims_connect.port=2"), 1, "is given twice"),
        (("callout.tpipes=[A",), 1, "written as in TOML"),
        ((f"credentials.password={MARK}",), 1, "env:NAME or file:PATH"),
        ((f'credentials={{ user = "A", password = "{MARK}" }}',), 1, "env:NAME or file:PATH"),
        (("credentials.password=env:",), 1, "env:NAME or file:PATH"),
        ((), 2, "nothing to change"),
        (("--ask-password", "credentials.user"), 2, "holds no secret"),
        (("--unset", "ims_connect.prt"), 1, "did you mean"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    imsgw: Imsgw,
    bare_home: Path,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    done = imsgw("bundle", "change", "ims1", *arguments, "--home", bare_home)
    assert done.exit_code == code, done.output
    assert words in " ".join(done.output.replace("│", " ").split())
    assert MARK not in done.output
    assert (bare_home / "bundles/ims1.toml").read_text() == BUNDLE


def test_a_password_is_asked_for_and_kept_in_a_file(
    imsgw: Imsgw,
    bare_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gateway.cli import store_options
    from gateway.exchange import Secret

    monkeypatch.setattr(store_options, "asked", lambda _path, **_: Secret("NEWPASS1"))
    done = imsgw(
        "bundle", "change", "ims1", "--ask-password", "credentials.password", "--json", "--home", bare_home
    )
    assert done.exit_code == 0, done.output
    assert "NEWPASS1" not in done.output
    kept = bare_home / "identity/ims1-credentials-password.secret"
    assert kept.read_text() == "NEWPASS1\n"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_create_show_list_delete(imsgw: Imsgw, bare_home: Path) -> None:
    made = imsgw(
        *(
            "bundle",
            "create",
            "ims2",
            "ims_connect.host=zos2",
            "ims_connect.port=9999",
            "ims_connect.datastore=IMS2",
        ),
        *("credentials.user=GWUSER", "credentials.password=env:IMS1_PASSWORD", "--home", bare_home),
    )
    assert made.exit_code == 0, made.output
    shown = imsgw("bundle", "show", "ims2", "--home", bare_home)
    assert "addresses: zos2:9999, plain TCP" in shown.stdout
    assert "own user: GWUSER, with a password" in shown.stdout
    assert "GWPASS1" not in shown.output
    listed = json.loads(imsgw("bundle", "list", "--json", "--home", bare_home).stdout)
    assert [one["name"] for one in listed] == ["ims1", "ims2"]
    assert "ims2    zos2:9999       IMS2" in imsgw("bundle", "list", "--home", bare_home).stdout
    assert imsgw("bundle", "delete", "ims2", "--home", bare_home).exit_code == 0
    gone = imsgw("bundle", "show", "ims2", "--home", bare_home)
    assert gone.exit_code == 1
    assert "did you mean ims1" in gone.stderr


def test_recycle_without_a_gateway_says_so(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw("bundle", "recycle", "ims1", "--home", bare_home)
    assert done.exit_code == 1
    assert "no gateway runs on" in done.stderr


def test_a_bundle_is_tried_and_each_step_told(imsgw: Imsgw, bare_home: Path, lab: RunningStandin) -> None:
    text = BUNDLE.replace("9999", str(lab.port))
    (bare_home / "bundles/ims1.toml").write_text(text)
    done = imsgw("bundle", "test", "ims1", "--home", bare_home)
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["connect:", "ping:", "sign"]
    wrong = imsgw("bundle", "test", "ims1", "--home", bare_home, IMS1_PASSWORD="WRONG")
    assert wrong.exit_code == 1
    assert "sign on: FAILED" in wrong.stderr
    assert "WRONG" not in wrong.output.replace("wrong", "")


def test_a_bundle_that_cannot_be_tried_says_what_is_missing_here(imsgw: Imsgw, bare_home: Path) -> None:
    nameless = imsgw("bundle", "test", "ims2", "--home", bare_home)
    assert nameless.exit_code == 1
    assert "there is no bundle 'ims2'; did you mean ims1?" in nameless.stderr
    (bare_home / "bundles/ims1.toml").write_text(BUNDLE.replace("IMS1_PASSWORD", "NOBODY_HAS_IT"))
    secretless = imsgw("bundle", "test", "ims1", "--home", bare_home)
    assert secretless.exit_code == 1
    assert "in its own environment" in secretless.stderr
    assert "variable NOBODY_HAS_IT is not set" in secretless.output


@pytest.mark.parametrize("command", ["create", "change", "delete", "list", "show", "recycle", "test"])
def test_help_has_an_example(imsgw: Imsgw, command: str) -> None:
    done = imsgw("bundle", command, "--help")
    assert done.exit_code == 0
    assert f"imsgw bundle {command}" in " ".join(done.stdout.split())
