"""What of callout needs attention: each thing that is wrong is told, also where a process hangs."""

import socket

import pytest

from gateway.admin.console.callout_health import asked, callout_concerns
from gateway.callout.control_words import Told
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK
from tests.unit.admin.console.pictures import NOON


def listener(tpipe="PIPE1", state=ListenerState.LISTENING, reason="", dead=0):
    return ListenerPicture(Source("ims1", tpipe), state, reason, NOON, 0, 0, 0, 0, dead)


def process(*listeners, instance=1):
    return Told(instance=instance, pid=1, ready=True, reason="", listeners=listeners, drained=None)


def told(*processes):
    return [(concern.gravity, concern.text) for concern in callout_concerns(processes)]


def test_when_all_listen_nothing_is_told():
    assert told(process(listener(), listener("PIPE2", ListenerState.STOPPED))) == []
    assert told() == []


@pytest.mark.parametrize(
    ("state", "gravity"),
    [(ListenerState.TROUBLE, "bad"), (ListenerState.FAILED, "bad"), (ListenerState.FULL, "warn")],
)
def test_a_listener_in_trouble_is_told_with_its_reason(state, gravity):
    assert told(process(listener(state=state, reason="no way"))) == [
        (gravity, f"Listener ims1/PIPE1 is in state {state.value}: no way")
    ]


def test_dead_letters_are_those_of_all_tpipes_and_counted_once():
    one = process(listener(dead=2), listener("PIPE2", dead=1))
    assert told(one, process(listener(dead=2), instance=2)) == [("warn", "3 dead letters")]
    assert told(process(listener(dead=1))) == [("warn", "1 dead letter")]


def test_without_a_process_there_is_nothing_to_say(tmp_path):
    assert asked(tmp_path, SYSTEM_CLOCK) == ((), ())


def test_a_process_that_hangs_is_told_and_the_page_comes_all_the_same(tmp_path):
    folder = tmp_path / "callout"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hanging:
        hanging.bind(str(folder / "1.sock"))
        hanging.listen()
        processes, silent = asked(tmp_path, SYSTEM_CLOCK)
    assert processes == ()
    assert [concern.gravity for concern in silent] == ["bad"]
