"""OTMA's rules in small: tpipes, client ids, commit modes, RESUME TPIPE, callouts. Nothing of the product.

This module has what there is: tpipes, messages, callouts, units of work, connections. `transactions`,
`retrieval` and `connect` say what happens to it. Written from IBM's descriptions (IMS Connect client call
flows; Commit-then-send; Send-then-commit; Send-only protocol; Managing the retrieval of output messages; RESUME
TPIPE error scenarios; Coding a NAK message; Returning callout responses; Canceling a message timer; return and
reason codes). A client's message goes in, what each client hears comes out; timers of 10 ms pass at once, those
without limit never.
"""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Literal

from tests.model.said import QUEUED, Closed, Data, Input, Request, Rsm, Said

DEFAULT_REROUTE = "HWS$DEF"
NAME_CHARACTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$")
ANSWERED, TIMED_OUT, NAKED, ERROR_RESPONSE = (0, 0), (0x100, 0x104), (0x100, 0x108), (0x100, 0x10C)
NEVER_ANSWERED = {"S", "M"}


@dataclass(eq=False)
class Message:
    """One output on its way to a client; `place` is where it stands among all messages."""

    lines: tuple[str, ...]
    tpipe: str = ""
    place: int = 0
    fate: Literal["", "queued", "sent", "acknowledged", "purged"] = ""


@dataclass(eq=False)
class Callout:
    """One ICAL and its request."""

    text: str
    tpipe: str
    place: int = 0
    token: bytes = b""
    end: tuple[int, int, int, str] | None = None
    """AIBRETRN, AIBREASN, AIBERRXT, data; None: it waits."""
    arrived: bool = False
    """A client has acknowledged the request."""
    fate: Literal["", "queued", "sent", "acknowledged", "purged"] = ""


Item = Message | Callout


@dataclass(eq=False)
class Record:
    """What is to be read of an input in the stand-in's own record."""

    client: str
    verb: str
    fate: str = "in work"

    def settle(self, fate: str) -> None:
        """The first word stands."""
        if self.fate == "in work":
            self.fate = fate


@dataclass(eq=False)
class Resume:
    """One RESUME TPIPE at a tpipe."""

    peer: "Peer"
    input: Input
    tpipe: str
    record: Record
    looked: bool = False
    delivered: int = 0

    @property
    def waits(self) -> bool:
        """Whether it gets what comes later."""
        return self.input.option in {"AUTO", "SWAIT"}

    @property
    def single(self) -> bool:
        """Whether one message ends it."""
        return self.input.option in {"ONE", "SWAIT"}


@dataclass(eq=False)
class Exchange:
    """One send-receive at work: its unit of work and its output."""

    peer: "Peer"
    input: Input
    record: Record
    unit: str
    waited_for: bool = True
    """The client still waits for the output."""
    own: deque[Message] = field(default_factory=deque)
    """Commit mode 0: messages of this run that are not acknowledged."""
    name: str = ""
    """Number of the DFS message that stands in place of the program's output."""
    goes_on: bool = False
    """The output leaves the conversation open."""
    puts: tuple[tuple[str, str], ...] = ()
    """Tpipe and text of what the program inserts to alternate PCBs, for the commit."""


@dataclass(eq=False)
class Peer:
    """One connection. `doing` says what it is in the middle of."""

    number: int
    client: str = ""
    doing: Literal["", "ims", "more", "ack1", "ack0", "late", "resume", "ack-resume"] = ""
    closed: bool = False
    store: str = "IMS1"
    exchange: Exchange | None = None
    resume: Resume | None = None
    sent: Item | None = None
    """What waits for ACK or NAK, with commit mode 0 and RESUME TPIPE."""
    answer: Input | None = None
    """The ACK whose timer runs without limit."""
    conversing: bool = False
    persistent: bool = True
    inbox: deque[Input] = field(default_factory=deque)
    """Bytes that IMS Connect does not read yet."""

    @property
    def deaf(self) -> bool:
        """Whether IMS Connect has to speak before it reads on."""
        return self.doing in {"ims", "more", "resume"}

    @property
    def owes(self) -> bool:
        """Whether ACK or NAK is due."""
        return self.doing in {"ack1", "ack0", "late", "ack-resume"}


@dataclass
class Ims:
    """What outlives connections: queues, units of work, callouts; and who is told what."""

    queues: defaultdict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    messages: list[Message] = field(default_factory=list)
    callouts: dict[str, Callout] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    holders: dict[str, Peer] = field(default_factory=dict)
    lines: defaultdict[str, list[Resume]] = field(default_factory=lambda: defaultdict(list))
    more: list[Peer] = field(default_factory=list)
    """Who waits behind the ACK of commit mode 0 output for more."""
    gates: dict[str, Exchange] = field(default_factory=dict)
    """Programs that do not go on before they are told to."""
    stopped: set[str] = field(default_factory=set)
    up: bool = True
    records: list[Record] = field(default_factory=list)
    said: list[tuple[Peer, Said]] = field(default_factory=list)
    count: int = 0
    peers: list[Peer] = field(default_factory=list)
    """All connections there were."""
    woken: list[str] = field(default_factory=list)
    """Tpipes where something has happened that others may wait for."""

    # -- speaking

    def say(self, peer: Peer, said: Said) -> None:
        """Tell a client something, if it is still there."""
        if not peer.closed:
            self.said.append((peer, said))

    def shut(self, peer: Peer) -> None:
        """IMS Connect closes a connection."""
        self.say(peer, Closed())
        self.leave(peer)

    def leave(self, peer: Peer) -> None:
        """A connection is no more."""
        peer.closed, peer.conversing, peer.doing = True, False, ""
        peer.inbox.clear()
        if self.holders.get(peer.client) is peer:
            del self.holders[peer.client]

    def over(self, peer: Peer) -> None:
        """A conversation with IMS Connect came to its end; a transaction socket ends with it."""
        peer.doing, peer.exchange, peer.sent, peer.answer = "", None, None, None
        if not peer.persistent and not peer.conversing:
            self.shut(peer)

    def timer(self, peer: Peer, timer: int, *, persistent: bool) -> None:
        """Tell a client that its timer is over."""
        self.say(peer, Rsm(40 if persistent else 32, timer))
        self.over(peer)

    def refuse(self, peer: Peer, message: Input, record: Record, code: int, reason: int) -> None:
        """Refuse an input and close the connection, or say nothing where nobody listens."""
        record.settle(f"refused {code}/{reason}")
        if message.verb in {"S", "J"} and code in {12, 16}:
            # IMS said no, and this client waits for no word of IMS
            self.over(peer)
            return
        if message.verb not in NEVER_ANSWERED:
            self.say(peer, Rsm(code, reason))
        self.shut(peer)

    # -- units of work

    def commit(self, exchange: Exchange) -> None:
        """Keep what the program did, and send off what it inserted."""
        if self.units.get(exchange.unit) != "open":
            return
        self.units[exchange.unit] = "committed"
        for tpipe, text in exchange.puts:
            self.hold(tpipe, Message((text,)))

    def back_out(self, exchange: Exchange) -> None:
        """Undo what the program did."""
        if self.units.get(exchange.unit) == "open":
            self.units[exchange.unit] = "backed out"

    # -- tpipes

    def new(self, item: Item, tpipe: str) -> None:
        """Give a message its place: behind all others."""
        self.count += 1
        item.tpipe, item.place = tpipe, self.count
        if isinstance(item, Message) and item not in self.messages:
            self.messages.append(item)

    def hold(self, tpipe: str, item: Item) -> None:
        """Queue a message at the end of a tpipe."""
        self.new(item, tpipe)
        self.back(item)

    def back(self, item: Item) -> None:
        """Queue a message where it stood; whoever waits gets it when all is done that happens at once."""
        if isinstance(item, Callout) and item.end is not None:
            return
        item.fate = "queued"
        queue = self.queues[item.tpipe]
        queue.append(item)
        queue.sort(key=lambda one: one.place)
        self.woken.append(item.tpipe)

    def put_away(self, message: Message, *inputs: Input) -> str:
        """Do with an output that was not taken what request and NAK ask for: hold, purge or reroute."""
        purge, reroute = any(i.purge for i in inputs), any(i.reroute for i in inputs)
        if purge and not reroute:
            message.fate = "purged"
            return "purged"
        if reroute and not purge:
            names = [i.name for i in inputs if i.name] or [DEFAULT_REROUTE]
            good = set(names[-1]) <= NAME_CHARACTERS
            self.hold(names[-1] if good else DEFAULT_REROUTE, message)
            return "rerouted"
        self.back(message)
        return "held"

    def depth(self, tpipe: str) -> int:
        """How many asynchronous outputs wait."""
        return sum(isinstance(item, Message) for item in self.queues[tpipe])

    def take(self, tpipe: str, kinds: str) -> Item | None:
        """Take the oldest; of both kinds callout requests come first."""
        order = {"async": (Message,), "sync": (Callout,), "both": (Callout, Message)}[kinds]
        for kind in order:
            for item in self.queues[tpipe]:
                if isinstance(item, kind):
                    self.queues[tpipe].remove(item)
                    item.fate = "sent"
                    return item
        return None

    def flags(self, tpipe: str, flags: int) -> int:
        """Add that asynchronous output waits."""
        return flags | (QUEUED if self.depth(tpipe) else 0)

    # -- callouts

    def end(self, callout: Callout, codes: tuple[int, int], extended: int = 0, data: str = "") -> None:
        """End an ICAL: nobody will read its request any more."""
        callout.end = (*codes, extended, data)
        if callout.fate == "queued":
            self.queues[callout.tpipe].remove(callout)
        callout.fate = "purged" if callout.fate != "acknowledged" else callout.fate

    def by_token(self, token: bytes) -> Callout | None:
        """Return the ICAL that waits for this correlation token."""
        found = (one for one in self.callouts.values() if one.token == token and one.end is None)
        return next(found, None)


def to_item(item: Item, flags: int) -> Said:
    """Return a message of a tpipe as a client hears it."""
    if isinstance(item, Callout):
        return Request(item.text, item.token, flags)
    return Data(item.lines, flags)
