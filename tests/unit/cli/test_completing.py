"""What a shell completes: asked for as a shell asks, by the variables of typer's scripts."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Imsgw


def completed(imsgw: Imsgw, words: str) -> list[str]:
    """Return what bash would offer for the last word."""
    number = str(len(words.split(" ")) - 1)
    done = imsgw(_IMSGW_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=number)
    return done.stdout.split()


@pytest.fixture
def words(bare_home: Path) -> str:
    for name in ("phonebook", "phones", "rating"):
        (bare_home / "wsdl" / name).mkdir(parents=True)
        (bare_home / "wsdl" / name / "correlator.toml").write_text("this is not TOML")
    return f"--home {bare_home}"


def test_names_of_services_are_completed_whatever_is_in_their_files(imsgw: Imsgw, words: str) -> None:
    assert completed(imsgw, f"imsgw service stop {words} ph") == ["phonebook", "phones"]
    assert completed(imsgw, f"imsgw service show {words} x") == []


def test_names_of_bundles_are_completed(imsgw: Imsgw, words: str) -> None:
    assert completed(imsgw, f"imsgw bundle delete {words} i") == ["ims1"]
    assert completed(imsgw, f"imsgw service deploy x.wsdl {words} --bundle i") == ["ims1"]


def test_keys_are_completed_ready_for_their_value(imsgw: Imsgw, words: str) -> None:
    found = completed(imsgw, f"imsgw bundle change {words} ims1 ims_connect.po")
    assert "ims_connect.port=" in found
    assert all(key.startswith("ims_connect.po") for key in found)
    secrets = completed(imsgw, f"imsgw bundle change {words} ims1 --ask-password cr")
    assert secrets == ["credentials.password"]
    assert "security.token=" in completed(imsgw, f"imsgw service deploy x.wsdl {words} --set security.to")


def test_a_home_that_is_not_there_completes_nothing(imsgw: Imsgw, tmp_path: Path) -> None:
    assert completed(imsgw, f"imsgw service stop --home {tmp_path / 'none'} ") == []


def test_the_scripts_for_shells_can_be_had(imsgw: Imsgw) -> None:
    done = imsgw("--help")
    assert "--install-completion" in done.stdout
    assert "--show-completion" in done.stdout
