"""IRM_TIMER by kind of message: what X'00', NO_WAIT, for ever, a time and an undefined value mean.

Source: Timeout specifications on input messages; Timer interval specifications; Socket processing for
transactions; Return and reason codes for IMS Connect exits (32, 36, 40).
"""

import pytest

from gateway.imsconnect.wire import F1, F2, Exit, Irm, SocketType, Verb
from gateway.standin.timers import (
    Wait,
    is_unanswered,
    wait_after_resumed,
    wait_for_more,
    wait_for_output,
    wait_in_resume,
)
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    NO_WAIT,
    NON_PERSISTENT,
    PERSISTENT,
    TEN_MS,
    TRANSACTION,
    message,
    refusal,
    reply,
    text,
)
from tests.unit.standin.output_by_hand import AUTO, NOAUTO, ONE, SWAIT, answer, queue, resume

DEFAULT, TEN_SECONDS, UNDEFINED, FOREVER = 0x00, 0x31, 0x9F, 0xFF
TIMEOUT = 7.5
"""TIMEOUT= of the TCPIP statement, in seconds; 750 in its own unit."""


def irm(timer: int, verb: Verb = Verb.ACK) -> Irm:
    return Irm(Exit.HWSSMPL1, timer=timer, verb=verb, f2=F2.CM0)


def output(timer: int) -> Wait:
    return wait_for_output(irm(timer, Verb.SEND_RECEIVE), TIMEOUT)


def more(timer: int) -> Wait:
    return wait_for_more(irm(timer), TIMEOUT)


def in_resume(timer: int) -> Wait:
    return wait_in_resume(irm(timer, Verb.RESUME_TPIPE))


def after_many(timer: int) -> Wait:
    return wait_after_resumed(irm(timer), TIMEOUT, single=False)


def after_one(timer: int) -> Wait:
    return wait_after_resumed(irm(timer), TIMEOUT, single=True)


@pytest.mark.parametrize(
    ("kind", "default", "no_wait"),
    [
        pytest.param(output, TIMEOUT, 2.0, id="send-receive"),
        pytest.param(more, TIMEOUT, 0.25, id="ack-of-commit-mode-0"),
        pytest.param(in_resume, 2.0, 2.0, id="resume-tpipe"),
        pytest.param(after_many, 0.25, 0.25, id="ack-in-resume-tpipe-for-many"),
        pytest.param(after_one, TIMEOUT, 0.25, id="ack-in-resume-tpipe-for-one"),
    ],
)
def test_what_a_value_means_on_each_kind_of_message(kind, default, no_wait):
    assert kind(DEFAULT) == Wait(default, 36, round(default * 100))
    assert kind(UNDEFINED) == Wait(default, 36, round(default * 100))
    assert kind(0xE8) == kind(0xFE) == kind(DEFAULT)
    assert kind(NO_WAIT) == Wait(no_wait, 40, NO_WAIT)
    assert kind(FOREVER) == Wait(None, 40, FOREVER)
    assert kind(TEN_SECONDS) == Wait(10.0, 40, TEN_SECONDS)


@pytest.mark.parametrize(
    ("timer", "flag", "level", "expected"),
    [
        (NO_WAIT, F1.NOWAIT, 2, True),
        (NO_WAIT, F1.NOWAIT, 3, True),
        (NO_WAIT, F1.NOWAIT, 1, False),
        (NO_WAIT, F1.NONE, 2, False),
        (TEN_SECONDS, F1.NOWAIT, 2, False),
    ],
)
def test_no_wait_on_an_ack_of_commit_mode_0_needs_timer_flag_and_level(timer, flag, level, expected):
    assert is_unanswered(Irm(Exit.HWSSMPL1, timer=timer, f1=flag, verb=Verb.ACK), level) is expected


@pytest.mark.parametrize("socket_type", [SocketType.TRANSACTION, SocketType.NON_PERSISTENT])
def test_a_socket_that_does_not_stay_has_32_and_the_default_36_on_any(socket_type):
    def of(timer: int) -> int:
        found = Irm(Exit.HWSSMPL1, timer=timer, socket=socket_type, verb=Verb.SEND_RECEIVE)
        return wait_for_output(found, TIMEOUT).return_code

    assert [of(timer) for timer in (TEN_SECONDS, NO_WAIT, FOREVER, DEFAULT, UNDEFINED)] == [32, 32, 32, 36, 36]


# -- on the wire: which return code, and whether the connection stays


@pytest.fixture
def client(standin_factory, connect):
    """A client that has got through its first TIMEOUT=, of half a second."""
    standin = standin_factory(ims_connect={"timeout_seconds": 0.5})
    queue(standin, "HELD", tpipe="OTHER")
    client = connect(standin)
    client.assert_open()
    return client


def ends(client, expected: bytes, *, kept: bool) -> None:
    assert client.output() == expected
    if kept:
        client.assert_open()
    else:
        client.assert_closed()


ENDINGS = [
    pytest.param(PERSISTENT, TEN_MS, 40, 1, True, id="persistent"),
    pytest.param(TRANSACTION, TEN_MS, 32, 1, False, id="transaction"),
    pytest.param(NON_PERSISTENT, TEN_MS, 32, 1, False, id="non-persistent"),
    pytest.param(PERSISTENT, DEFAULT, 36, 50, False, id="persistent-default"),
    pytest.param(TRANSACTION, UNDEFINED, 36, 50, False, id="transaction-undefined"),
]


@pytest.mark.parametrize(("socket_type", "timer", "code", "reason", "kept"), ENDINGS)
class TestOnTheWire:
    def test_output_that_does_not_come(self, client, socket_type, timer, code, reason, kept):
        client.send(text("SLEEP 900", socket_type=socket_type, timer=timer))
        ends(client, refusal(code, reason), kept=kept)

    def test_more_after_an_ack(self, client, socket_type, timer, code, reason, kept):
        fields = {"f2": CM0, "f3": CONFIRM, "socket_type": socket_type}
        assert client.ask(text("ECHO 1", **{**fields, "timer": 0x31})) == reply("1", flags=0x30)
        client.send(message(verb="A", timer=timer, **fields))
        ends(client, refusal(code, reason), kept=kept)

    def test_after_the_ack_of_a_single_message(self, client, socket_type, timer, code, reason, kept):
        fields = {"arch": 1, "reroute": "OTHER", "socket_type": socket_type}
        assert client.ask(resume(ONE, **fields)) == reply("HELD", flags=0x30)
        client.send(answer(timer=timer, socket_type=socket_type))
        ends(client, refusal(code, reason), kept=kept)


@pytest.mark.parametrize("option", [ONE, SWAIT, NOAUTO, AUTO])
@pytest.mark.parametrize(("socket_type", "timer", "code", "reason", "kept"), ENDINGS[:3])
def test_resume_tpipe_of_a_queue_that_is_empty(client, option, socket_type, timer, code, reason, kept):
    client.send(resume(option, socket_type=socket_type, timer=timer))
    ends(client, refusal(code, reason), kept=kept)
