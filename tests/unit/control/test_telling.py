"""A reload in the log: in the same words whichever process it was."""

import logging

import pytest

from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.telling import tell
from gateway.errors import Problem

LOG = logging.getLogger("gateway.telling")
MISTAKE = Problem("bundles/ims1.toml", "callout.tpipes", "are missing")
CAREFUL = Problem("x", "", "careful", warning=True)


@pytest.fixture
def said(caplog):
    """Tell of a reload; return levels and texts."""
    caplog.set_level("INFO", LOG.name)

    def telling(told, why="by command", changed=""):
        tell(LOG, told, why, changed)
        return [(record.levelname, record.getMessage()) for record in caplog.records]

    return telling


@pytest.mark.parametrize(
    ("changed", "words"), [("", ", no file has changed"), ("gateway.toml, x", ": gateway.toml, x")]
)
def test_what_is_in_force_is_told_with_its_files(said, changed, words):
    told = Reloaded("callout 1", Outcome.IN_FORCE, 3, "0123456789abcdef", problems=(CAREFUL,))
    line = f"configuration 3 (0123456789abcdef) is in force (by command){words}"
    assert said(told, changed=changed) == [("INFO", line)]


def test_keys_that_count_from_the_next_start_are_told(said):
    told = Reloaded("callout 1", Outcome.IN_FORCE, 3, "d", restart=("callout.listen", "journal"))
    assert said(told)[1:] == [
        ("WARNING", "gateway.toml: callout.listen: counts from the next start"),
        ("WARNING", "gateway.toml: journal: counts from the next start"),
    ]


def test_what_is_refused_is_told_with_its_mistakes_and_no_warnings(said):
    told = Reloaded("callout 1", Outcome.REFUSED, 3, "d", problems=(MISTAKE, CAREFUL))
    line = "the changed home does not come into force (SIGHUP), configuration 3 stays: "
    assert said(told, "SIGHUP") == [("ERROR", f"{line}bundles/ims1.toml: callout.tpipes: are missing")]


def test_what_has_failed_is_told_with_the_reason(said):
    told = Reloaded("callout 1", Outcome.FAILED, 3, "d", reason="it is being stopped")
    assert said(told)[0][1].endswith("configuration 3 stays: it is being stopped")
