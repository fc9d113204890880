"""Services started, stopped, undeployed: by one key of their file, by one rename of their folder."""

from pathlib import Path

import pytest

from gateway.config.read import read_home
from gateway.errors import Problem
from gateway.manage import services
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why
from tests.fixtures.clock import SetClock
from tests.unit.manage.conftest import ENVIRON, Processes, failed, files_of, in_force, refused

CORRELATOR = "wsdl/lab/correlator.toml"


def test_stop_writes_one_line_and_start_takes_it_back(installation: Installation, home: Path) -> None:
    before = (home / CORRELATOR).read_text()
    assert services.stop(installation, "lab").changed
    stopped = (home / CORRELATOR).read_text()
    assert [line for line in stopped.splitlines() if line not in before.splitlines()] == ["enabled = false"]
    assert not read_home(home, environ=ENVIRON).services["lab"].settings.enabled
    assert services.start(installation, "lab").changed
    assert (home / CORRELATOR).read_text() == stopped.replace("enabled = false", "enabled = true")


def test_what_is_so_already_is_not_written(running: Installation, processes: Processes, home: Path) -> None:
    before = (home / CORRELATOR).stat()
    change = services.start(running, "lab")
    assert not change.changed
    assert not processes.seen
    assert (home / CORRELATOR).stat().st_mtime_ns == before.st_mtime_ns


def test_a_change_is_in_force_when_the_processes_say_so(running: Installation, processes: Processes) -> None:
    change = services.stop(running, "lab")
    assert change.in_force
    assert b"enabled = false" in processes.seen[0][CORRELATOR]


def test_what_a_process_refuses_is_taken_back(running: Installation, processes: Processes, home: Path) -> None:
    before = files_of(home)
    problem = Problem(CORRELATOR, "enabled", "no")
    processes.answers = [(refused(problem),)]
    with pytest.raises(ManageError) as told:
        services.stop(running, "lab")
    assert told.value.why is Why.REFUSED
    assert told.value.problems == (problem,)
    assert files_of(home) == before


def test_where_one_process_took_it_and_another_failed_all_take_the_old_one_again(
    running: Installation, processes: Processes, home: Path
) -> None:
    before = files_of(home)
    processes.answers = [(in_force(), failed("it hangs"))]
    with pytest.raises(ManageError, match="callout 1: it hangs"):
        services.stop(running, "lab")
    assert files_of(home) == before
    assert processes.seen[-1] == before
    assert len(processes.seen) == 2


def test_a_process_that_cannot_be_asked_leaves_everything_as_it_was(home: Path) -> None:
    before = files_of(home)

    def cannot() -> tuple[()]:
        raise ManageError(Why.UNREACHABLE, "the folder cannot be read")

    with pytest.raises(ManageError, match="cannot be read"):
        services.stop(Installation(home, home / "var", ENVIRON, cannot), "lab")
    assert files_of(home) == before


def test_the_keyboard_interrupts_nothing_half(home: Path) -> None:
    before = files_of(home)

    def interrupted() -> tuple[()]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        services.stop(Installation(home, home / "var", ENVIRON, interrupted), "lab")
    assert files_of(home) == before


@pytest.mark.parametrize(
    "name", ["../bundles", "", ".", "..", "a/b", "a\0b", "lab\n", "-x", "x" * 65, "ä", "a.bak"]
)
def test_a_name_that_is_none_is_refused(installation: Installation, home: Path, name: str) -> None:
    before = files_of(home)
    for act in (services.stop, services.start, services.undeploy):
        with pytest.raises(ManageError) as told:
            act(installation, name)
        assert told.value.why is Why.WRONG
        assert told.value.text.isprintable()
    assert files_of(home) == before


def test_a_service_that_there_is_not_gets_a_hint(installation: Installation) -> None:
    with pytest.raises(ManageError, match="did you mean lab") as told:
        services.stop(installation, "labs")
    assert told.value.why is Why.NOT_FOUND


def test_undeploy_keeps_the_folder_below_the_state(home: Path) -> None:
    clock = SetClock()
    before = {path.name: path.read_bytes() for path in (home / "wsdl/lab").iterdir()}
    done = services.undeploy(Installation(home, home / "var", ENVIRON, clock=clock), "lab")
    assert not (home / "wsdl/lab").exists()
    assert done.kept == home / f"var/undeployed/lab-{clock.now():%Y%m%dT%H%M%SZ}"
    assert {path.name: path.read_bytes() for path in done.kept.iterdir()} == before


def test_two_of_one_name_are_both_kept(home: Path) -> None:
    clock = SetClock()
    installation = Installation(home, home / "var", ENVIRON, clock=clock)
    kept = services.undeploy(installation, "lab").kept
    assert kept is not None
    kept.parent.joinpath("mark").touch()
    (home / "wsdl/lab").mkdir()
    (home / CORRELATOR).write_text('role = "provider"\n')
    again = services.undeploy(installation, "lab").kept
    assert again == home / f"var/undeployed/lab-{clock.now():%Y%m%dT%H%M%SZ}-2"
    assert (kept / "lab.wsdl").exists()


def test_undeploy_removes_the_folder_when_told_to(installation: Installation, home: Path) -> None:
    done = services.undeploy(installation, "lab", remove=True)
    assert done.kept is None
    assert list((home / "wsdl").iterdir()) == []
    assert not (home / "var/undeployed").exists()


def test_an_undeployment_that_is_refused_is_taken_back(
    running: Installation, processes: Processes, home: Path
) -> None:
    before = files_of(home)
    processes.answers = [(failed("no memory"),)]
    with pytest.raises(ManageError, match="no memory"):
        services.undeploy(running, "lab")
    assert files_of(home) == before
    assert not (home / "var/undeployed").exists()
