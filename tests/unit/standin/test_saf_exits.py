import pytest

from gateway.errors import ConfigError
from gateway.standin.saf_exits import load_exits
from tests.unit.standin import security_probes

PROBES = "tests.unit.standin.security_probes"


class CallMe:
    """An exit that is an object."""

    def __call__(self, *_: object) -> str:
        return "allow"


def load(path: str):
    return load_exits("", "", path, lambda _: None).resume_tpipe


def test_without_names_there_are_none():
    exits = load_exits("", "", "", lambda _: None)
    assert (exits.security, exits.verify, exits.resume_tpipe) == (None, None, None)


@pytest.mark.parametrize("path", [f"{PROBES}:allow", f"{__name__}:CallMe"])
def test_a_function_or_a_class_may_be_named(path):
    call = load(path)
    assert call is not None
    assert call("ALICE", "", "TPIPE1", "HWS1", 8) == "allow"
    security_probes.ASKED.clear()


def test_each_that_cannot_be_loaded_is_named():
    with pytest.raises(ConfigError) as caught:
        load_exits("no_such_module:x", "nonsense", f"{PROBES}:RUNS", lambda _: None)
    assert [problem.key for problem in caught.value.problems] == [
        "ims_connect.security_exit",
        "racf.exit",
        "otma.resume_tpipe_exit",
    ]
