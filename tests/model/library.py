"""The client library as a caller uses it, held against what the model says that a caller gets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from gateway.errors import GatewayError, ImsError, M
from gateway.imsconnect import (
    Acknowledgment,
    AsyncConnection,
    CalloutRequests,
    CommitMode,
    Connection,
    ConnectionSettings,
    Delivery,
    Interaction,
    InteractionVerb,
    Reply,
    SyncLevel,
    Undeliverable,
)
from tests.fixtures.faces import LoopThread
from tests.model.otma import Peer
from tests.model.said import (
    CONVERSATION,
    NO_WAIT,
    QUEUED,
    TEN_MS,
    WANTS_ACK,
    Data,
    Input,
    Request,
    Rsm,
    Said,
)
from tests.model.wire import text
from tests.unit.standin.by_hand import ebcdic

VERBS = {
    "ONE": InteractionVerb.RECEIVE,
    "SWAIT": InteractionVerb.RECEIVE_WAIT,
    "NOAUTO": InteractionVerb.RECEIVE_QUEUED,
    "AUTO": InteractionVerb.RECEIVE_CONTINUOUSLY,
}
KINDS = {
    "async": CalloutRequests.ASYNCHRONOUS,
    "sync": CalloutRequests.SYNCHRONOUS,
    "both": CalloutRequests.BOTH,
}
SENDS = {
    "S": InteractionVerb.SEND,
    "K": InteractionVerb.SEND_ACKNOWLEDGED,
    "J": InteractionVerb.SEND_WITH_ERROR,
    "L": InteractionVerb.RESPOND_ACKNOWLEDGED,
    "M": InteractionVerb.RESPOND,
}


class Face(Protocol):
    """A connection of the library, blocking."""

    usable: bool

    def run(self, interaction: Interaction) -> Reply: ...
    def acknowledge(self) -> None: ...
    def reject(self, *, reason: int | None = None, keep: bool = False, reroute: bool = False) -> None: ...
    def messages(self, interaction: Interaction) -> Iterator[Delivery]: ...
    def ping(self) -> str: ...
    def cancel_timer(self) -> None: ...
    def close(self) -> None: ...


class AwaitedMessages:
    """The messages of an AsyncConnection behind blocking calls."""

    def __init__(self, loop: LoopThread, messages: Any) -> None:
        self._loop = loop
        self._messages = messages

    @property
    def last_ack_heard(self) -> bool:
        heard: bool = self._messages.last_ack_heard
        return heard

    def __iter__(self) -> Iterator[Delivery]:
        return self

    def __next__(self) -> Delivery:
        async def following() -> Delivery | None:
            delivery: Delivery | None = await anext(self._messages, None)
            return delivery

        delivery = self._loop.do(following())
        if delivery is None:
            raise StopIteration
        return delivery

    def close(self) -> None:
        self._loop.do(self._messages.aclose())


class Awaited:
    """An AsyncConnection behind blocking calls."""

    def __init__(
        self, loop: LoopThread, settings: ConnectionSettings, client_id: str, *, take_over: bool
    ) -> None:
        self._loop = loop
        self._connection = loop.do(AsyncConnection.open(settings, client_id, take_over=take_over))

    @property
    def usable(self) -> bool:
        return self._connection.usable

    def run(self, interaction: Interaction) -> Reply:
        return self._loop.do(self._connection.run(interaction))

    def acknowledge(self) -> None:
        self._loop.do(self._connection.acknowledge())

    def reject(self, *, reason: int | None = None, keep: bool = False, reroute: bool = False) -> None:
        self._loop.do(self._connection.reject(reason=reason, keep=keep, reroute=reroute))

    def messages(self, interaction: Interaction) -> AwaitedMessages:
        return AwaitedMessages(self._loop, self._connection.messages(interaction))

    def ping(self) -> str:
        return self._loop.do(self._connection.ping())

    def cancel_timer(self) -> None:
        self._loop.do(self._connection.cancel_timer())

    def close(self) -> None:
        self._loop.do(self._connection.close())


def open_face(
    settings: ConnectionSettings, client_id: str, loop: LoopThread | None, *, take_over: bool = False
) -> Any:
    """Connect with threads, or with asyncio where there is a loop."""
    if loop is None:
        return Connection(settings, client_id, take_over=take_over)
    return Awaited(loop, settings, client_id, take_over=take_over)


@dataclass(eq=False)
class Library:
    """One connection of the library and what its caller is told. `tell` has the model hear an input."""

    face: Any
    peer: Peer
    client: str
    tell: Callable[[Input], list[Said]]
    note_acknowledged: Callable[[Said | None], None]
    leave: Callable[[], None]
    """The caller gives the connection up."""
    take_over: bool = False
    gone: bool = False
    last: Said | None = None
    sent: Input = field(default=Input())
    messages: Any = None
    missed: list[Said] = field(default_factory=list)
    """What IMS Connect said while nobody listened."""

    def expect(self, said: Said) -> None:
        """IMS Connect says something unasked: whoever uses the connection next finds out."""
        self.missed.append(said)

    @property
    def lost(self) -> bool:
        """Whether IMS Connect has given the connection up."""
        return bool(self.missed)

    def close(self) -> None:
        self.gone = True
        self.face.close()

    # -- send-receive

    def run(self, said: Input, *, by_caller: bool = False, raises: bool = False) -> None:
        """Run a transaction or a step of a conversation; by_caller: do not acknowledge it yet."""
        said = replace(said, client=self.client, take_over=self.take_over)
        self.take_over = False
        heard = self.tell(said)
        assert heard
        self.last, self.sent = heard[0], said
        flags = heard[0].flags if isinstance(heard[0], Data) else 0
        if flags & WANTS_ACK and not by_caller:
            heard += self.tell(self._ack())
            self.note_acknowledged(heard[0] if said.mode == 0 else None)
        interaction = interaction_of(said, by_caller=by_caller, raises=raises)
        if not said.program:
            interaction = replace(interaction, conversation_id=self.client, transaction="")
        check_reply(lambda: self.face.run(interaction), heard[0], by_caller=by_caller)
        self.look(heard)

    def _ack(self) -> Input:
        """Return the ACK as the library says it: no wait where that is honoured."""
        said = self.sent
        if said.mode == 1:
            return Input("A", self.client, mode=1, confirm=said.confirm)
        return Input("A", self.client, mode=0, confirm=True, timer=NO_WAIT, no_wait=True)

    def look(self, heard: Sequence[Said] = ()) -> None:
        """A connection that came to a good end may be used again; one that IMS Connect gave up may not."""
        if self.peer.closed:
            assert not heard or not self.face.usable, "a connection that IMS Connect closed counts as usable"
            self.close()
        elif not self.peer.doing and not self.peer.conversing and not self.face.usable:
            assert heard, "a good end leaves an unusable connection"
            assert isinstance(heard[0], Rsm) or self._ended_early(heard[0]), (
                "a good end leaves no usable connection"
            )
            self.leave()

    def _ended_early(self, said: Said) -> bool:
        """With CONFIRM a message of IMS wants no ACK, and the library does not trust what may follow."""
        flags = said.flags if isinstance(said, Data | Request) else 0
        return self.sent.confirm and self.sent.mode == 1 and not flags & WANTS_ACK

    # -- what is owed

    def answer(self, verb: str, **how: Any) -> None:
        """Acknowledge or reject what is owed; with nothing owed nothing is sent."""
        doing = self.peer.doing
        if doing != "ack-resume":
            how["reroute"] = False
        act = self.face.acknowledge if verb == "A" else (lambda: self.face.reject(**how))
        if self.lost:
            self._finds_out(verb, act)
            return
        if doing not in {"ack1", "ack0", "ack-resume"}:
            refused(act)
            return
        if doing == "ack-resume":
            self._answer_message(verb, act, **how)
            return
        if verb == "A":
            said = self._ack()
            self.note_acknowledged(self.last if doing == "ack0" else None)
        else:
            said = Input("N", self.client, mode=self.sent.mode, confirm=True, timer=TEN_MS)
        heard = self.tell(said)
        act()
        assert all(isinstance(one, Rsm) and one.reason in {97, 98, TEN_MS} for one in heard), heard
        self.look()

    def _finds_out(self, verb: str, act: Callable[[], None]) -> None:
        """IMS Connect has closed meanwhile: no call may look as if it had worked.

        But for the ACKs that nothing answers: nobody says that they were heard, and what is said next fails.
        And but for the NAKs likewise: the message is IMS's with or without them.
        """
        with suppress(GatewayError):
            act()
            if self.messages is not None:
                self._find_out_by_messages(verb)
            else:
                self._find_out_by_next()
        self.messages = None
        self.close()

    def _find_out_by_messages(self, verb: str) -> None:
        if self.sent.option in {"ONE", "SWAIT"}:
            assert verb == "N" or not self.messages.last_ack_heard
        else:
            next(self.messages, None)
            raise AssertionError("a retrieval on a closed connection seems to end well")

    def _find_out_by_next(self) -> None:
        flags = self.last.flags if isinstance(self.last, Data) else 0
        in_conversation = bool(flags & CONVERSATION)
        assert flags & WANTS_ACK, "an answer on a closed connection seems to have arrived"
        assert in_conversation or self.sent.mode == 0, "an answer on a closed connection seems to have arrived"
        following = Input(program="" if in_conversation else "TAG", text="NEXT")
        interaction = interaction_of(following, by_caller=False, raises=False)
        if in_conversation:
            interaction = replace(interaction, conversation_id=self.client)
        self.face.run(interaction)
        raise AssertionError("an input on a closed connection seems to have arrived")

    def misuse(self, said: Input) -> None:
        """Start something while something is owed: the library refuses, and nothing is sent."""
        refused(lambda: self.face.run(interaction_of(said, by_caller=False, raises=False)))

    # -- messages of a tpipe

    def receive(self, said: Input) -> None:
        """Begin a RESUME TPIPE."""
        said = replace(said, client=self.client, take_over=self.take_over, mode=0, confirm=True, timer=TEN_MS)
        self.take_over = False
        (heard, *rest) = self.tell(said)
        self.sent = said
        interaction = Interaction(
            verb=VERBS[said.option],
            alternate_client_id=said.name,
            callout_requests=KINDS[said.kinds],
            execution_timeout_ms=10,
            socket_timeout_ms=20_000,
        )
        self.messages = self.face.messages(interaction)
        self._next(heard)
        self.look([heard, *rest])

    def _next(self, said: Said | None) -> None:
        self.last = said
        assert self.messages is not None
        if said is None or (isinstance(said, Rsm) and said.return_code in {40, 32}):
            assert next(self.messages, None) is None, "the caller got a message, not the end"
            self.messages = None
        elif isinstance(said, Rsm):
            ends_as(lambda: next(self.messages, None), said)  # type: ignore[arg-type]
            self.messages = None
        else:
            check_delivery(next(self.messages), said)

    def _answer_message(self, verb: str, act: Callable[[], None], **how: Any) -> None:
        single = self.sent.option in {"ONE", "SWAIT"}
        timer = NO_WAIT if single else TEN_MS
        said = Input(verb, self.client, mode=0, confirm=True, timer=timer)
        if verb == "A":
            self.note_acknowledged(self.last)
        else:
            said = replace(said, **how)
        heard = self.tell(said)
        act()
        self._next(heard[0] if (verb == "A" or said.reroute) and heard else None)
        self.look()

    def drop_messages(self) -> None:
        """Leave the loop over the messages: the one that is unanswered goes back."""
        self.hand_back()
        messages, self.messages = self.messages, None
        messages.close()
        self.look()

    def hand_back(self) -> None:
        """Expect the NAK of whoever leaves a loop, or its connection, at a message."""
        if self.peer.doing == "ack-resume" and not self.lost:
            timer = NO_WAIT if self.sent.option in {"ONE", "SWAIT"} else TEN_MS
            self.tell(Input("N", self.client, mode=0, confirm=True, timer=timer, keep=True))

    # -- the rest

    def send(self, said: Input) -> None:
        """Send-only, or a callout response."""
        said = replace(said, client=self.client, take_over=said.verb in "SKJ" and self.take_over)
        self.take_over = self.take_over and said.verb in "LM"
        heard = self.tell(said)
        interaction = interaction_of(said, by_caller=False, raises=False)
        # of S and M nothing is heard, and for what J may bring nobody waits
        expected = heard[0] if said.verb in {"K", "L"} else Data(())
        check_reply(lambda: self.face.run(interaction), expected, by_caller=False)
        if said.verb in {"K", "L"}:
            self.look(heard)
        elif self.peer.closed:
            self.close()
        elif not self.face.usable:
            assert said.verb == "J", "a send-only leaves an unusable connection"
            self.leave()

    def deallocate(self) -> None:
        """End the conversation."""
        self.tell(Input("D", self.client))
        interaction = Interaction(verb=InteractionVerb.END_CONVERSATION, conversation_id=self.client)
        self.face.run(interaction)
        self.look()

    def cancel(self) -> None:
        """End the wait of somebody else under this client id; the connection ends with it."""
        heard, _ = self.tell(Input("C", self.client))
        if heard == Rsm(8, 59):
            self.face.cancel_timer()
        else:
            ends_as(self.face.cancel_timer, heard)
        self.close()

    def ping(self) -> None:
        heard, *_ = self.tell(Input(client=self.client, program="PING", take_over=self.take_over))
        self.take_over = False
        if isinstance(heard, Data):
            assert self.face.ping() == heard.lines[0]
        else:
            ends_as(self.face.ping, heard)


def interaction_of(said: Input, *, by_caller: bool, raises: bool) -> Interaction:
    """Return the interaction that makes the library say this input."""
    fate = Undeliverable.PURGE if said.purge else Undeliverable.REROUTE if said.reroute else Undeliverable.HOLD
    code = f"{said.program:<8} " if said.program else ""
    if said.verb in SENDS:
        error = said.keep or said.reason is not None
        return Interaction(
            verb=SENDS[said.verb],
            transaction=said.program,
            segments=() if error else (ebcdic(code + said.text),),
            lterm=said.lterm,
            correlation_token=said.token,
            nak_reason=(said.reason or 0) if error else None,
        )
    zero = said.mode == 0
    return Interaction(
        transaction=said.program,
        segments=(ebcdic(code + said.text),),
        commit_mode=CommitMode.COMMIT_THEN_SEND if zero else CommitMode.SEND_THEN_COMMIT,
        sync_level=SyncLevel.CONFIRM if said.confirm else SyncLevel.NONE,
        lterm=said.lterm,
        execution_timeout_ms=10 if said.timer == TEN_MS else 30_000,
        socket_timeout_ms=40_000,
        undeliverable=fate if zero else None,
        reroute_name=said.name if said.reroute else "",
        ignore_purg=said.ignore_purg,
        dfs2082=said.dfs2082,
        conversational=said.program == "TALK",
        acknowledgment=Acknowledgment.CALLER if by_caller else Acknowledgment.CLIENT,
        raise_on_dfs=raises,
    )


def check_reply(call: Callable[[], Reply], said: Said, *, by_caller: bool) -> None:
    """A call brings what the model says, or the error with its codes."""
    if isinstance(said, Rsm):
        ends_as(call, said)
        return
    assert isinstance(said, Data)
    reply = call()
    lines = tuple(map(text, reply.segments))
    assert lines == said.lines, f"the caller got {lines}, not {said.lines}"
    assert reply.output_queued == bool(said.flags & QUEUED)
    assert reply.conversation_open == bool(said.flags & CONVERSATION)
    assert not by_caller or reply.acknowledgment_due == bool(said.flags & WANTS_ACK)
    assert (reply.dfs is not None) == (lines[:1] != () and lines[0].startswith("DFS"))


def check_delivery(delivery: Delivery, said: Said) -> None:
    """A message of a tpipe is the one the model delivers."""
    if isinstance(said, Request):
        assert text(delivery.request or b"") == said.text
        assert delivery.correlation_token == said.token
        assert delivery.more_queued == bool(said.flags & QUEUED)
        return
    assert isinstance(said, Data)
    lines = tuple(map(text, delivery.segments))
    assert lines == said.lines, f"the caller got {lines}, not {said.lines}"
    assert delivery.more_queued == bool(said.flags & QUEUED)
    assert not delivery.synchronous


def ends_as(call: Callable[[], object], said: Said) -> None:
    """A call raises ImsError with the codes that the model says."""
    assert isinstance(said, Rsm), said
    try:
        got = call()
    except ImsError as error:
        codes = (error.return_code, error.reason_code)
        assert codes == (said.return_code, said.reason), f"the caller got {codes}, not {said}"
        return
    raise AssertionError(f"the caller got {got!r}, not {said}")


def refused(call: Callable[[], object]) -> None:
    """The library itself refuses a call that the conversation does not allow."""
    try:
        call()
    except GatewayError as error:
        assert error.message in {M.INTERACTION, M.NO_CONVERSATION}, error
        return
    raise AssertionError("the library let a call through that the conversation does not allow")
