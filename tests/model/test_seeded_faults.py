"""The model is worth something: it finds faults that are put into stand-in and client on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gateway.imsconnect import inputs, send_receive
from gateway.imsconnect.line import Line
from gateway.imsconnect.wire import OutputMessage, Verb
from gateway.standin import resumed, timers
from gateway.standin.callout import Callouts
from gateway.standin.clients import ClientIds
from gateway.standin.conversations import Conversations
from gateway.standin.deliveries import Delivery
from gateway.standin.dialogue import Dialogue
from gateway.standin.tpipes import Tpipes
from gateway.standin.turns import Turns
from gateway.standin.units import UnitOfWork
from tests.model import harness, inside
from tests.model.moves import Tally
from tests.model.run import WITHOUT_SHRINKING, run

Patch = pytest.MonkeyPatch


def behind_the_others(patch: Patch) -> None:
    """What comes back to a queue goes to its end."""
    back = Tpipes.back

    def to_the_end(self: Tpipes, entry: Any) -> None:
        entry.seq, self._next_seq = self._next_seq, self._next_seq + 1
        back(self, entry)

    patch.setattr(Tpipes, "back", to_the_end)


def kept_after_ack(patch: Patch) -> None:
    """An ACK does not take the message off its queue."""
    patch.setattr(Delivery, "acknowledge", Delivery.put_back)


def lost_at_nak(patch: Patch) -> None:
    """What a client refuses is gone."""
    patch.setattr(Delivery, "put_back", Delivery.discard)


def never_purged(patch: Patch) -> None:
    """Whoever asks for purge gets a queue."""

    def hold(self: Delivery, _fallback: Any) -> str:
        self.put_back()
        return self.fate

    patch.setattr(Delivery, "put_away", hold)


def commits_at_nak(patch: Patch) -> None:
    """A NAK commits."""
    patch.setattr(UnitOfWork, "back_out", UnitOfWork.commit)


def another_ones_reply(patch: Patch) -> None:
    """Two connections get each other's output."""
    send, latest = Dialogue.send, dict[int, OutputMessage]()

    async def swapped(self: Dialogue, output: OutputMessage, *rest: Any, **options: Any) -> Any:
        others = [said for number, said in latest.items() if number != self.number]
        if output.segments:
            latest[self.number] = output
            if others:
                output = replace(output, segments=others[-1].segments)
        return await send(self, output, *rest, **options)

    patch.setattr(Dialogue, "send", swapped)


def ids_for_two(patch: Patch) -> None:
    """A client id may be in use twice."""

    def enter(self: Any, name: str, holder: Any, **_: Any) -> None:
        self._holders[name] = holder

    patch.setattr(ClientIds, "enter", enter)


def endless_conversations(patch: Patch) -> None:
    """A conversation stays open in IMS when its connection is gone."""
    patch.setattr(Conversations, "end", lambda *_: None)


def two_readers(patch: Patch) -> None:
    """Several RESUME TPIPEs read one tpipe at a time without MULTIRTP=Y."""
    patch.setattr(Turns, "has_come", lambda *_: True)


def another_timer(patch: Patch) -> None:
    """The RSM of a timer names another timer."""
    patch.setattr(timers, "_wait", lambda *given, _wait=timers._wait: replace(_wait(*given), reason_code=0x45))


def discarded_callouts(patch: Patch) -> None:
    """NAK with IRM_F0 X'20' discards a synchronous callout request."""
    settle = resumed.settle

    def without_flag(store: Any, delivery: Any, answer: Any) -> None:
        settle(store, delivery, replace(answer, f0=type(answer.f0)(0)) if answer.verb is Verb.NAK else answer)

    patch.setattr("gateway.standin.resume.settle", without_flag)


def answers_anybody(patch: Patch) -> None:
    """A callout response goes to whatever ICAL waits."""
    refuse = Callouts.refuse

    def any_of_them(self: Callouts, token: bytes, answer: Any) -> bool:
        return refuse(self, next(iter(self._waiting), token), answer)

    patch.setattr(Callouts, "refuse", any_of_them)


def client_without_ack(patch: Patch) -> None:
    """The client leaves commit-then-send output unacknowledged and goes on."""

    def settled(line: Line, *_: Any) -> Any:
        line.settle()
        return True
        yield

    patch.setattr(send_receive, "_accept", settled)


def client_acks_a_nak(patch: Patch) -> None:
    """The client acknowledges what its caller refuses."""
    patch.setattr(inputs, "rejection", lambda message, _how: inputs.acknowledgment(message, 0))


FAULTS: list[Callable[[Patch], None]] = [
    behind_the_others,
    kept_after_ack,
    lost_at_nak,
    never_purged,
    commits_at_nak,
    another_ones_reply,
    ids_for_two,
    endless_conversations,
    two_readers,
    another_timer,
    discarded_callouts,
    answers_anybody,
    client_without_ack,
    client_acks_a_nak,
]
SEEDS: Mapping[Callable[[Patch], None], int] = {answers_anybody: 3, discarded_callouts: 10}
"""Seeds that come upon a fault early, where 1 takes a hundred examples; other seeds find them as well."""


WORDS = (
    "IMS differs",
    "the client heard",
    "the caller got",
    "not accounted for",
    "acknowledged otherwise",
    "seems to",
    "usable connection",
)
"""What the model says where something disagrees with it."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_model_finds_it(fault, monkeypatch):
    fault(monkeypatch)
    monkeypatch.setattr(inside, "PATIENCE", 1.0)
    monkeypatch.setattr(harness, "PATIENCE", 1.0)
    tally = Tally()
    with pytest.raises((Exception, BaseExceptionGroup)):
        run(300, SEEDS.get(fault, 1), tally, WITHOUT_SHRINKING)
    first = tally.failures[0]
    assert any(words in first for words in WORDS), first
