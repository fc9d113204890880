"""Where a home is written, and the report in it."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import Secret
from gateway.migrate.draft import Draft, SecretKeeper, unit_name
from gateway.migrate.findings import Findings, Told
from gateway.migrate.markdown import markdown
from gateway.migrate.places import Place
from gateway.migrate.report import Report, as_data
from gateway.migrate.write import Folder, TargetError
from tests.unit.migrate.conftest import BUNDLE

EMPTY = Report(*(() for _ in range(15)))


def test_a_folder_that_holds_something_is_left_alone(migrated, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/mine.txt").write_text("mine")
    with pytest.raises(TargetError, match="is not empty"):
        migrated()
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["mine.txt"]


def test_force_replaces_files_of_the_same_names_and_no_others(migrated, tmp_path):
    (tmp_path / "home/bundles").mkdir(parents=True)
    (tmp_path / "home/bundles/mine.toml").write_text("mine")
    (tmp_path / "home/gateway.toml").write_text("old")
    made = migrated(force=True)
    assert (made.home / "bundles/mine.toml").read_text() == "mine"
    assert (made.home / "gateway.toml").read_text() != "old"


def test_with_force_a_link_is_replaced_and_not_written_through(migrated, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/gateway.toml").symlink_to(victim)
    made = migrated(force=True)
    assert victim.read_text() == "precious"
    assert not (made.home / "gateway.toml").is_symlink()


def test_with_force_a_folder_that_leads_into_the_installation_is_refused(migrated, source, tmp_path):
    folder = source({"bundles/x.txt": "x"})
    (tmp_path / "home").mkdir()
    (tmp_path / "home/bundles").symlink_to(folder / "bundles")
    with pytest.raises(TargetError, match="never changed"):
        migrated(force=True)
    assert [path.name for path in (folder / "bundles").iterdir()] == ["x.txt"]


def test_an_empty_folder_is_filled_and_nothing_is_left_beside_it(migrated, tmp_path):
    (tmp_path / "home").mkdir(mode=0o750)
    made = migrated()
    assert (made.home / "gateway.toml").exists()
    assert made.home.stat().st_mode & 0o777 == 0o750
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "source"]


def test_a_dry_run_writes_nothing(migrated, tmp_path):
    made = migrated(dry_run=True)
    assert made.report.usable
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_where_nothing_is_usable_nothing_is_written(migrated, tmp_path):
    made = migrated(correlator="")
    assert not made.report.usable
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_the_report_lies_in_the_home_in_both_forms_and_says_the_same(migrated):
    made = migrated(
        {"odd.xml": '<bundles><bundle name="IMS2" hostName="h" port="1" dataStore="D" zebra="9"/></bundles>'}
    )
    data = json.loads((made.home / "migration-report.json").read_text())
    page = (made.home / "migration-report.md").read_text()
    assert data == json.loads(json.dumps(as_data(made.report)))
    assert [one["addresses"] for one in data["services"]] == [["/imssoap/services/LabPort"]]
    [unknown] = data["not_understood"]
    assert (unknown["at"]["file"], unknown["at"]["line"], unknown["at"]["name"]) == (
        "odd.xml",
        1,
        "bundle/@zebra",
    )
    for wanted in (
        "/imssoap/services/LabPort",
        "odd.xml:1: bundle/@zebra",
        "## What to ask whom",
        "RACF administrator",
    ):
        assert wanted in page


def test_the_same_installation_gives_the_same_home(migrated, tmp_path):
    first = {path.name: path.read_bytes() for path in migrated().home.rglob("*") if path.is_file()}
    (tmp_path / "home").rename(tmp_path / "before")
    assert {path.name: path.read_bytes() for path in migrated().home.rglob("*") if path.is_file()} == first


def test_names_of_the_installation_are_text_in_the_page():
    place = Place("a|b`<script>.xml", 3, "x\x1b[31m")
    told = (Told("<img src=x> [link](http://x) **bold** | cell", place),)
    page = markdown(Report(*(told if name == "changed" else () for name in Report.__dataclass_fields__)))
    assert "\\<img src=x\\>" in page
    assert "\x1b" not in page
    assert "`` a\\|b`<script>.xml" in page


@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=30)), max_size=5))
def test_no_name_makes_a_heading_or_a_row_of_its_own(names):
    told = tuple(Told(text, Place(name or "f")) for text, name in names)
    page = markdown(Report(*(told if name == "changed" else () for name in Report.__dataclass_fields__)))
    assert len([line for line in page.split("\n") if line.startswith("- ")]) == len(told)
    assert sum(line.startswith("#") for line in page.split("\n")) == (2 if told else 1)


_KEYS = st.text(min_size=1, max_size=12)
_VALUES = st.one_of(
    st.booleans(), st.integers(-(2**40), 2**40), st.text(max_size=30), st.lists(st.text(max_size=9), max_size=3)
)


@given(st.dictionaries(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=3), max_size=4), st.text(max_size=40))
def test_a_draft_reads_as_what_was_put_into_it(tables, remark):
    draft = Draft("x.toml", Findings(), remarks=[remark])
    for table, values in tables.items():
        draft.section((table,))
        for key, value in values.items():
            draft.put((table, key), value)
    assert tomllib.loads(draft.text()) == tables


@given(st.text(max_size=80), st.sets(st.text(max_size=10), max_size=3))
def test_every_name_gives_one_that_a_home_takes_once(name, taken):
    from gateway.config.read import _IGNORED, _NAME

    made = unit_name(name, dict.fromkeys(taken), "bundle")
    assert _NAME.fullmatch(made)
    assert not _IGNORED.fullmatch(f"{made}.toml")
    assert made.lower() not in {one.lower() for one in taken}


def test_two_secrets_of_one_name_are_kept_apart():
    keeper = SecretKeeper("files")
    first, again = keeper.keep("a", Secret("1")), keeper.keep("a", Secret("1"))
    assert first == again == {"file": "keystores/secrets/a"}
    assert keeper.keep("a", Secret("2")) == {"file": "keystores/secrets/a-2"}
    assert "1" not in repr(keeper)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ""])
def test_nothing_is_written_outside_of_the_folder(tmp_path, name):
    with pytest.raises(TargetError):
        Folder(tmp_path).write(name, b"")


def test_a_home_in_the_installation_is_refused(source, tmp_path):
    from gateway.migrate.mapping import read_mapping
    from gateway.migrate.passwords import Passwords
    from gateway.migrate.run import Options, migrate

    folder = source({"conn.xml": f"<b>{BUNDLE}</b>"})
    for target in (folder, folder / "home"):
        with pytest.raises(TargetError, match="never changed"):
            migrate(folder, target, Options(read_mapping(), Passwords()), lambda *_: None)
