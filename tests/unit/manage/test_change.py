"""A change comes into force as a whole or not at all; a home that is wrong already can be mended bit by bit."""

from pathlib import Path

import pytest

from gateway.errors import Problem
from gateway.manage import bundles, services
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why
from tests.unit.manage.conftest import BUNDLE, ENVIRON, Processes, files_of, in_force, refused


def break_correlator(home: Path) -> None:
    path = home / "wsdl/lab/correlator.toml"
    path.write_text(path.read_text().replace("validate =", "validatee ="))


def test_where_nothing_runs_the_whole_home_is_judged(installation: Installation, home: Path) -> None:
    (home / "bundles/ims2.toml").write_text(BUNDLE)
    before = files_of(home)
    services_file = home / "wsdl/lab/correlator.toml"
    services_file.write_text(services_file.read_text().replace('"ims1"', '"ims2"'))
    (home / "wsdl/lab2").mkdir()
    for path in (home / "wsdl/lab").iterdir():
        (home / "wsdl/lab2" / path.name).write_bytes(path.read_bytes())
    assert before != files_of(home)
    now = files_of(home)
    # two services at one address: a mistake that was there before keeps nobody from another change
    change = bundles.change(installation, "ims2", {"ims_connect.port": 1})
    assert {problem.file for problem in change.problems} == {"wsdl/lab2/correlator.toml"}
    assert files_of(home) != now


def test_a_mistake_that_only_the_whole_shows_is_taken_back(installation: Installation, home: Path) -> None:
    before = files_of(home)
    with pytest.raises(ManageError, match="the home would have mistakes") as told:
        bundles.change(installation, "ims1", {"ims_connect.maxsoc": 8})
    assert told.value.why is Why.REFUSED
    assert "2 workers may open 8 sockets" in told.value.problems[0].text
    assert files_of(home) == before


def test_where_something_runs_a_home_that_was_wrong_before_takes_no_change(
    running: Installation, processes: Processes, home: Path
) -> None:
    break_correlator(home)
    before = files_of(home)
    wrong = Installation(home, home / "var", ENVIRON).judge()
    processes.answers = [(refused(*wrong),)]
    with pytest.raises(ManageError, match="has mistakes already") as told:
        bundles.change(running, "ims1", {"ims_connect.port": 9998})
    assert "validatee" in str(told.value.problems[0])
    assert files_of(home) == before


def test_a_change_that_mends_one_of_two_mistakes_stays(
    running: Installation, processes: Processes, home: Path
) -> None:
    break_correlator(home)
    (home / "bundles/ims1.toml").write_text(BUNDLE.replace("9999", "99999"))
    left = Problem("wsdl/lab/correlator.toml", "validatee", "unknown key; did you mean validate?")
    processes.answers = [(refused(left),)]
    change = bundles.change(running, "ims1", {"ims_connect.port": 9998})
    assert change.problems == (left,)
    assert not change.in_force
    assert "port = 9998" in (home / "bundles/ims1.toml").read_text()


def test_a_change_that_mends_the_last_mistake_is_in_force(
    running: Installation, processes: Processes, home: Path
) -> None:
    (home / "bundles/ims1.toml").write_text(BUNDLE.replace("9999", "99999"))
    processes.answers = [(in_force(),)]
    assert bundles.change(running, "ims1", {"ims_connect.port": 9998}).in_force


def test_warnings_of_the_changed_file_are_told_and_no_others(
    running: Installation, processes: Processes
) -> None:
    about = Problem("wsdl/lab/correlator.toml", "security", "mind", warning=True)
    other = Problem("gateway.toml", "server", "mind", warning=True)
    taken = in_force()
    processes.answers = [(type(taken)(taken.process, taken.outcome, 2, "0" * 16, (about, other)),)]
    assert services.stop(running, "lab").warnings == (about,)
