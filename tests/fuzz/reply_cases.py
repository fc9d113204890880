"""Whole interactions of the client over a stream that gives changed replies, as plain functions for a loop.

The invariants: every interaction ends in a value or in a named error, in as many steps as there are bytes; and
when the session may be used again, the next caller gets exactly the reply that was sent to it.
"""

import random
from dataclasses import dataclass, field, replace

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import GatewayError
from gateway.imsconnect import (
    Acknowledgment,
    CalloutRequests,
    CommitMode,
    Credentials,
    Exit,
    HeaderCode,
    Interaction,
    InteractionVerb,
    SyncLevel,
)
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.outcome import checked
from gateway.imsconnect.session import NothingSentError, Session
from gateway.imsconnect.transport import DeadlinePassed, StreamLost
from gateway.imsconnect.values import Rejection
from tests.fuzz.wire_cases import mutated, seeds

WHO = Credentials.of("USER1", "PASSW0RD")
MAX_MESSAGE = 4096
_PIECES = (1, 3, 16, 4096)
_TOKEN = bytes.fromhex("0028") + bytes(38)

DATA = (b"\xc5\xc3\xc8\xd6\x40\x40\x40\x40\xc1",)
_V = InteractionVerb
INTERACTIONS = (
    Interaction(transaction="ECHO", segments=DATA),
    Interaction(transaction="ECHO", segments=DATA, sync_level=SyncLevel.CONFIRM),
    Interaction(transaction="ECHO", segments=DATA, commit_mode=CommitMode.COMMIT_THEN_SEND),
    Interaction(transaction="ECHO", segments=DATA, return_mod_name=True),
    Interaction(transaction="ECHO", segments=DATA, conversational=True),
    Interaction(transaction="ECHO", segments=DATA, acknowledgment=Acknowledgment.CALLER,
                commit_mode=CommitMode.COMMIT_THEN_SEND),
    Interaction(verb=_V.SEND, transaction="ECHO", segments=DATA),
    Interaction(verb=_V.SEND_ACKNOWLEDGED, transaction="ECHO", segments=DATA),
    Interaction(verb=_V.SEND_WITH_ERROR, transaction="ECHO", segments=DATA),
    Interaction(verb=_V.RESPOND_ACKNOWLEDGED, segments=DATA, correlation_token=_TOKEN),
    Interaction(verb=_V.RECEIVE, alternate_client_id="TPIPE1"),
    Interaction(verb=_V.RECEIVE_WAIT, callout_requests=CalloutRequests.BOTH),
    Interaction(verb=_V.RECEIVE_QUEUED, callout_requests=CalloutRequests.SYNCHRONOUS),
    Interaction(verb=_V.RECEIVE_CONTINUOUSLY, network_identity=True),
)  # fmt: skip


@dataclass
class Replies:
    """A stream that gives its bytes in pieces, then ends or falls silent; what was sent is only counted."""

    choose: random.Random
    buffer: bytes = b""
    sends: int = 0
    receives: int = 0
    after_send: list[bytes] = field(default_factory=list)
    """What comes after each further message of the client."""

    def send_all(self, data: bytes, _deadline: float) -> None:
        self.sends += 1
        assert data
        if self.after_send:
            self.buffer += self.after_send.pop(0)

    def receive(self, _deadline: float) -> bytes:
        self.receives += 1
        if not self.buffer:
            kind = self.choose.randrange(3)
            if kind == 0:
                return b""
            raise DeadlinePassed("silence") if kind == 1 else StreamLost("reset")
        size = self.choose.choice(_PIECES)
        piece, self.buffer = self.buffer[:size], self.buffer[size:]
        return piece

    def is_quiet(self) -> bool:
        return not self.buffer

    def close(self) -> None:
        self.buffer = b""

    def abort(self) -> None:
        self.buffer = b""


def run(seed: int, examples: int) -> dict[str, int]:
    """Run so many interactions; return how often each ending was seen."""
    choose, outputs = random.Random(seed), seeds("output") + seeds("hostile")
    endings: dict[str, int] = {}
    for _ in range(examples):
        ending = one(choose, outputs)
        endings[ending] = endings.get(ending, 0) + 1
    return endings


def one(choose: random.Random, outputs: list[bytes]) -> str:
    """Run one interaction against changed replies, then an honest one where the session allows it."""
    stream = Replies(choose)
    replies = [choose.choice(outputs) for _ in range(choose.randint(1, 4))]
    replies = [mutated(reply, choose) if choose.random() < 0.6 else reply for reply in replies]
    stream.after_send = list(replies)
    # as the corpus has them: most are for HWSSMPL1 in EBCDIC
    exit_ = choose.choice((Exit.HWSSMPL1, Exit.HWSSMPL1, Exit.HWSSMPL1, Exit.HWSSMPL0))
    code = choose.choice((HeaderCode.EBCDIC,) * 7 + (HeaderCode.ASCII,))
    destination = Destination("IMS1", exit_, code, MAX_MESSAGE)
    session = Session(stream, Dialogue(destination, ClientId("CLIENT01"), "fuzz", SYSTEM_CLOCK))
    bytes_there = sum(map(len, replies))
    ending = _interact(session, choose.choice(INTERACTIONS), choose)
    assert stream.receives <= bytes_there + 8 * (stream.sends + 1), "it goes on without getting anything"
    if session.reusable and stream.is_quiet():
        _next_caller(session, stream, choose)
        return f"{ending}, reused"
    return ending


def _interact(session: Session, interaction: Interaction, choose: random.Random) -> str:
    try:
        if interaction.verb.receives:
            delivery = session.receive(interaction, WHO)
            count = 0
            while delivery is not None and count < 10:
                count += 1
                _answer(session, choose)
                delivery = session.following()
            return "deliveries" if count else "nothing queued"
        reply = session.run(interaction, WHO)
        if reply.acknowledgment_due and interaction.acknowledgment is Acknowledgment.CALLER:
            _answer(session, choose)
        elif reply.conversation_open:
            session.run(replace(interaction, conversation_id="open", transaction=""), WHO)
        checked(interaction, reply)
    except GatewayError as error:
        assert error.text
        assert "PASSW0RD" not in str(error)
        return error.message.id
    except NothingSentError:
        return "nothing sent"
    return "reply"


def _answer(session: Session, choose: random.Random) -> None:
    kind = choose.randrange(4)
    if kind == 0:
        session.reject(Rejection(choose.choice((None, 0, 35)), keep=choose.random() < 0.5))
    else:
        session.acknowledge()


def _next_caller(session: Session, stream: Replies, choose: random.Random) -> None:
    destination = session.dialogue.line.destination
    mark = choose.randbytes(12).hex().upper().encode(destination.code.value)
    body = (4 + len(mark)).to_bytes(2) + bytes(2) + mark
    body += bytes.fromhex("000c1002") + "*CSMOKY*".encode(destination.code.value)
    stream.after_send = [(4 + len(body)).to_bytes(4) + body if destination.exit.reply_has_length else body]
    reply = session.run(INTERACTIONS[0], WHO)
    assert reply.segments == (mark,), "the next caller got something else"
