"""One interaction of each kind, as a caller would do it, with what the caller was told put into the book."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.errors import GatewayError, ImsError
from gateway.imsconnect import (
    Acknowledgment,
    CalloutRequests,
    CommitMode,
    Delivery,
    Interaction,
    InteractionVerb,
    Reply,
    SyncLevel,
    transaction_input,
)
from gateway.standin.programs import HOST
from tests.chaos.cutting import HOWS, PLACES, Cut, Side
from tests.chaos.desk import Desk, Socket
from tests.chaos.ledger import Book, Told, told_by

MESSAGES: Final = 3
"""How many wait on a tpipe that is read."""
STEPS: Final[tuple[tuple[str, ...], ...]] = ((), (), ("END",))
DRAIN_MS: Final = 60
TRIES: Final = 60


@dataclass
class Scene:
    """Where a scene plays."""

    desk: Desk
    """Its connections are cut."""
    direct: Desk
    """Its connections are not."""
    book: Book
    prefix: str
    name: str
    """A tpipe, a descriptor and a client id of the scene's own."""
    patience_ms: int = 5_000
    put: Callable[[str, bytes], None] = lambda _tpipe, _data: None
    ical: Callable[[str, bytes], "Future[Any]"] = lambda _descriptor, _data: Future()
    put_on: list[str] = field(default_factory=list)
    """What was put on the tpipe, in order."""
    may_be_held: list[str] = field(default_factory=list)
    """Entries whose output stays on the tpipe unless somebody had it."""

    def new(self) -> str:
        return self.book.new(self.prefix)

    def ask(self, entry: str, *words: str, transaction: str = "LEDGER", **more: Any) -> Interaction:
        """Return the interaction that makes an entry."""
        step = bool(more.get("conversation_id"))
        text = " ".join([entry, *words])
        segments = (HOST.encode(text),) if step else transaction_input(transaction, text)
        return Interaction(
            transaction="" if step else transaction,
            segments=segments,
            socket_timeout_ms=self.patience_ms,
            **more,
        )

    def read(self, verb: InteractionVerb, timeout_ms: int, **more: Any) -> Interaction:
        return Interaction(
            verb=verb,
            alternate_client_id=self.name,
            execution_timeout_ms=timeout_ms,
            socket_timeout_ms=max(self.patience_ms, timeout_ms + 100),
            **more,
        )


def word_of(reply: Reply) -> str:
    return reply.text().split()[0]


def entry_in(delivery: Delivery) -> str:
    return HOST.decode(delivery.segments[0]).split()[0]


def call(scene: Scene, *words: str, client_id: str = "", **more: Any) -> Told:
    """Make one entry by a call that is answered, whatever commit mode."""
    entry = scene.new()
    if client_id:
        scene.may_be_held.append(entry)
    asked = scene.ask(entry, *words, **more)
    return scene.book.attempt(entry, lambda: word_of(scene.desk.run(asked, client_id)))


def commit_mode_1(scene: Scene) -> None:
    call(scene)


def confirm(scene: Scene) -> None:
    call(scene, sync_level=SyncLevel.CONFIRM)


def commit_mode_0(scene: Scene) -> None:
    call(scene, commit_mode=CommitMode.COMMIT_THEN_SEND)


def commit_mode_0_held(scene: Scene) -> None:
    """The client id is the caller's own, and output that does not arrive stays on its tpipe."""
    for _ in range(2):
        call(scene, commit_mode=CommitMode.COMMIT_THEN_SEND, client_id=scene.name)


def _by_own_word(scene: Scene, then: Told) -> None:
    entry = scene.new()
    asked = scene.ask(entry, sync_level=SyncLevel.CONFIRM, acknowledgment=Acknowledgment.CALLER)

    def decide() -> str:
        connection = scene.desk.open()
        try:
            word = word_of(connection.run(asked))
            if then is Told.ANSWERED:
                connection.acknowledge()
            else:
                connection.reject()
        finally:
            connection.close()
        return word

    scene.book.attempt(entry, decide, then=then)


def caller_acknowledges(scene: Scene) -> None:
    _by_own_word(scene, Told.ANSWERED)


def caller_rejects(scene: Scene) -> None:
    _by_own_word(scene, Told.BACKED_OUT)


def _send(scene: Scene, verb: InteractionVerb, then: Told) -> None:
    entry = scene.new()
    asked = scene.ask(entry, "QUIET", verb=verb)

    def hand_over() -> str:
        scene.desk.run(asked)
        return entry

    scene.book.attempt(entry, hand_over, then=then)


def send(scene: Scene) -> None:
    _send(scene, InteractionVerb.SEND, Told.UNKNOWN)


def send_with_error(scene: Scene) -> None:
    _send(scene, InteractionVerb.SEND_WITH_ERROR, Told.UNKNOWN)


def send_acknowledged(scene: Scene) -> None:
    _send(scene, InteractionVerb.SEND_ACKNOWLEDGED, Told.HANDED_OVER)


def conversation(scene: Scene) -> None:
    """Three steps, each committed when it is answered."""
    name = ""
    for words in STEPS:
        entry = scene.new()
        replies: list[Reply] = []
        asked = _step(scene, entry, words, name)

        def step(asked: Interaction = asked, replies: list[Reply] = replies) -> str:
            replies.append(scene.desk.run(asked))
            return word_of(replies[0])

        if scene.book.attempt(entry, step) is not Told.ANSWERED:
            return
        name = replies[0].conversation_id


def conversation_confirmed(scene: Scene) -> None:
    """Three steps; nobody hears of a step's commit before the next step is answered."""
    connection: Socket | None = None
    pending = name = ""
    try:
        for words in STEPS:
            entry = scene.new()
            try:
                connection = connection or scene.desk.open()
                asked = _step(scene, entry, words, name, sync_level=SyncLevel.CONFIRM)
                reply = connection.run(asked)
            except GatewayError as error:
                scene.book.say(entry, told_by(error), str(error))
                break
            if word_of(reply) != entry:
                scene.book.break_(f"{entry} got the reply of {word_of(reply)}")
            if pending:
                scene.book.say(pending, Told.ANSWERED, "the step behind it was answered")
            pending, name = entry, reply.conversation_id
            if words:
                scene.book.say(pending, Told.ANSWERED)
                pending = ""
    finally:
        if pending:
            scene.book.say(pending, Told.UNKNOWN, "the last step that was answered")
        if connection is not None:
            connection.close()


def _step(scene: Scene, entry: str, words: tuple[str, ...], name: str, **more: Any) -> Interaction:
    more |= {"conversation_id": name} if name else {"conversational": True}
    return scene.ask(entry, *words, transaction="LEDCONV", **more)


# -- tpipes


def _fill(scene: Scene) -> None:
    for _ in range(MESSAGES):
        entry = scene.new()
        scene.put_on.append(entry)
        scene.put(scene.name, HOST.encode(f"{entry} {'.' * 60}"))


def _in_hand(scene: Scene, delivery: Delivery) -> None:
    scene.book.delivered(scene.name, entry_in(delivery))


def read_loop(desk: Desk, scene: Scene, asked: Interaction) -> None:
    """Read a tpipe by a loop over its messages. Raises GatewayError for what happens on the way."""
    connection = desk.open(scene.name, take_over=True)
    try:
        delivery = connection.first(asked)
        while delivery is not None:
            _in_hand(scene, delivery)
            connection.acknowledge()
            following = connection.following()
            # something came behind the ACK, so it has arrived
            scene.book.acknowledged(scene.name)
            delivery = following
    finally:
        connection.close()


def read_one(desk: Desk, scene: Scene, asked: Interaction) -> None:
    """Read one message of a tpipe. Raises GatewayError for what happens on the way."""
    connection = desk.open(scene.name, take_over=True)
    try:
        delivery = connection.receive(asked)
        if delivery is not None:
            _in_hand(scene, delivery)
            connection.acknowledge()
    finally:
        connection.close()


def drain(scene: Scene) -> None:
    """Read what is left of the tpipe, without cuts, until all that was put on it has arrived and is gone."""
    asked = scene.read(InteractionVerb.RECEIVE_QUEUED, DRAIN_MS)
    for _ in range(TRIES):
        try:
            read_loop(scene.direct, scene, asked)
        except GatewayError:
            continue
        # its last ACK has arrived; without the last message it was another reader's turn
        if any(one.entry == scene.put_on[-1] for one in scene.book.deliveries(scene.name)):
            return


def receive(scene: Scene) -> None:
    _fill(scene)
    with suppress(GatewayError):
        read_one(scene.desk, scene, scene.read(InteractionVerb.RECEIVE, DRAIN_MS))
    drain(scene)


def receive_wait(scene: Scene) -> None:
    _fill(scene)
    with suppress(GatewayError):
        read_one(scene.desk, scene, scene.read(InteractionVerb.RECEIVE_WAIT, DRAIN_MS))
    drain(scene)


def receive_rejected(scene: Scene) -> None:
    """The receiver says NAK, and the message stays."""
    _fill(scene)
    with suppress(GatewayError):
        connection = scene.desk.open(scene.name, take_over=True)
        try:
            if connection.receive(scene.read(InteractionVerb.RECEIVE_QUEUED, DRAIN_MS)) is not None:
                connection.reject()
        finally:
            connection.close()
    drain(scene)


def receive_queued(scene: Scene) -> None:
    _fill(scene)
    with suppress(GatewayError):
        read_loop(scene.desk, scene, scene.read(InteractionVerb.RECEIVE_QUEUED, DRAIN_MS))
    drain(scene)


def receive_continuously(scene: Scene) -> None:
    _fill(scene)
    with suppress(GatewayError):
        read_loop(scene.desk, scene, scene.read(InteractionVerb.RECEIVE_CONTINUOUSLY, DRAIN_MS))
    drain(scene)


# -- synchronous callouts


def answer_to(request: bytes) -> bytes:
    return HOST.encode(f"ANSWER {HOST.decode(request).split()[0]}")


def respond(desk: Desk | Socket, scene: Scene, delivery: Delivery, verb: InteractionVerb) -> bool:
    """Answer a request; return whether it is certain that there is nothing left to answer."""
    assert delivery.request is not None
    asked = Interaction(
        verb=verb,
        correlation_token=delivery.correlation_token,
        segments=(answer_to(delivery.request),),
        socket_timeout_ms=scene.patience_ms,
    )
    try:
        desk.run(asked)
    except ImsError:
        return True  # no ICAL waits for this token any more: an answer has come before
    except GatewayError:
        return False
    return verb is InteractionVerb.RESPOND_ACKNOWLEDGED


def take_request(desk: Desk, scene: Scene, verb: InteractionVerb) -> bool:
    """Wait for a request, say ACK, answer. Return whether it was answered for certain."""
    connection = desk.open(scene.name, take_over=True)
    try:
        asked = scene.read(InteractionVerb.RECEIVE_WAIT, 250, callout_requests=CalloutRequests.SYNCHRONOUS)
        delivery = connection.receive(asked)
        if delivery is None:
            return False
        with suppress(GatewayError):
            connection.acknowledge()
        if respond(connection, scene, delivery, verb):
            return True
        if verb is InteractionVerb.RESPOND:
            return False
    finally:
        connection.close()
    # the token is good once, so the answer may be said again until it is known to have arrived
    return any(respond(scene.direct, scene, delivery, verb) for _ in range(TRIES))


def _callout(scene: Scene, verb: InteractionVerb) -> None:
    entry = scene.new()
    waiting = scene.ical(scene.name, HOST.encode(entry))
    desk = scene.desk
    for _ in range(TRIES):
        if waiting.done():
            break
        with suppress(GatewayError):
            take_request(desk, scene, verb)
        desk = scene.direct
    ended = waiting.result(30)
    if ended.good:
        if ended.data != answer_to(HOST.encode(entry)):
            scene.book.break_(f"the callout of {entry} got {HOST.decode(ended.data)}")
    elif verb is InteractionVerb.RESPOND_ACKNOWLEDGED:
        scene.book.break_(f"the callout of {entry} ended with {ended.words}, though it was answered")


def callout(scene: Scene) -> None:
    _callout(scene, InteractionVerb.RESPOND_ACKNOWLEDGED)


def callout_unacknowledged(scene: Scene) -> None:
    _callout(scene, InteractionVerb.RESPOND)


@dataclass(frozen=True)
class Kind:
    """A scene, and the messages that pass in it: C from the client, S from the server."""

    play: Callable[[Scene], None]
    messages: str
    protocol_level: int = 2

    @property
    def name(self) -> str:
        return self.play.__name__ + ("" if self.protocol_level == 2 else "_level_1")

    def points(self) -> list[tuple[Side, int]]:
        """Return every message by side and number."""
        counts: dict[str, int] = {"C": 0, "S": 0}
        points: list[tuple[Side, int]] = [("connect", 0)]
        for letter in self.messages:
            points.append(("client" if letter == "C" else "server", counts[letter]))
            counts[letter] += 1
        return points


KINDS: Final = (
    Kind(commit_mode_1, "CS"),
    Kind(confirm, "CSCS"),
    Kind(caller_acknowledges, "CSCS"),
    Kind(caller_rejects, "CSCS"),
    Kind(commit_mode_0, "CSC"),
    Kind(commit_mode_0, "CSCS", protocol_level=1),
    Kind(commit_mode_0_held, "CSCCSC"),
    Kind(send, "C"),
    Kind(send_with_error, "C"),
    Kind(send_acknowledged, "CS"),
    Kind(conversation, "CSCSCS"),
    Kind(conversation_confirmed, "CSCCSCCSCS"),
    Kind(receive, "CSC"),
    Kind(receive_wait, "CSC"),
    Kind(receive_rejected, "CSCS"),
    Kind(receive_queued, "CSCSCSCS"),
    Kind(receive_continuously, "CSCSCSCS"),
    Kind(callout, "CSCCS"),
    Kind(callout_unacknowledged, "CSCC"),
)


def cuts_of(kind: Kind) -> list[Cut]:
    """Return every cut of a scene: each message, before, in and behind it, in every manner."""
    cuts = [Cut("connect", 0, "before", how) for how in HOWS if how != "late"]
    shares = (0.0, 0.5, 1.0)
    for side, number in kind.points()[1:]:
        for place in PLACES:
            for how in HOWS:
                # behind a message there is nothing to come late
                if (place, how) != ("after", "late"):
                    cuts.append(Cut(side, number, place, how, shares[len(cuts) % len(shares)]))
    return cuts


def some_cuts_of(kind: Kind, of: int, offset: int) -> list[Cut]:
    """Return some of them, spread evenly: every message and place, in one manner or two. `of`: not 5 or 6."""
    return cuts_of(kind)[offset::of]
