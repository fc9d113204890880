"""What IMS did (the ledger) against what callers were told, and what receivers got."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.errors import GatewayError
from gateway.outcome import Outcome


class Told(Enum):
    """What a caller knows after its call."""

    ANSWERED = "answered"
    """It has the answer: committed once."""
    HANDED_OVER = "handed over"
    """IMS Connect said that the input is queued: executed once."""
    NOTHING_SENT = "nothing sent"
    """IMS never saw it."""
    REFUSED = "refused"
    """IMS Connect or IMS said no, and nothing ran."""
    BACKED_OUT = "backed out"
    UNKNOWN = "unknown"
    """Executed once or not at all."""


_TOLD: Final[Mapping[Outcome, Told]] = {
    Outcome.NOT_SENT: Told.NOTHING_SENT,
    Outcome.NOT_DONE: Told.REFUSED,
    Outcome.BACKED_OUT: Told.BACKED_OUT,
    Outcome.UNKNOWN: Told.UNKNOWN,
    Outcome.DONE: Told.HANDED_OVER,
}


def told_by(error: GatewayError) -> Told:
    """Return what an error tells a caller of its request."""
    return _TOLD[error.outcome]


@dataclass(frozen=True)
class Statement:
    """One caller's word on one entry."""

    entry: str
    told: Told
    why: str = ""


@dataclass(frozen=True)
class Delivered:
    """One message that a receiver had in its hands."""

    entry: str
    acknowledged: bool
    """What came after its ACK shows that IMS has it."""


@dataclass
class Book:
    """What callers and receivers say. Thread-safe."""

    statements: list[Statement] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Promises that were broken before anybody's eyes."""
    faults: Counter[str] = field(default_factory=Counter)
    _deliveries: dict[str, list[Delivered]] = field(default_factory=lambda: defaultdict(list))
    _lock: Lock = field(default_factory=Lock)
    _count: int = 0

    def new(self, prefix: str) -> str:
        """Return the id of a new entry."""
        with self._lock:
            self._count += 1
            return f"{prefix}{self._count:07d}"

    def say(self, entry: str, told: Told, why: str = "") -> Told:
        """Note what a caller was told of an entry."""
        with self._lock:
            self.statements.append(Statement(entry, told, why))
        return told

    def attempt(self, entry: str, call: Callable[[], str], *, then: Told = Told.ANSWERED) -> Told:
        """Make a call and note what it tells; `call` returns the first word of the answer."""
        try:
            got = call()
        except GatewayError as error:
            with self._lock:
                self.faults[error.message.id] += 1
            return self.say(entry, told_by(error), str(error))
        except Exception as error:  # noqa: BLE001  whatever else comes out of a call is no named error
            self.break_(f"{entry}: not an error of the catalogue: {error!r}")
            return self.say(entry, Told.UNKNOWN, repr(error))
        if got != entry:
            self.break_(f"{entry} got the reply of {got}")
        return self.say(entry, then)

    def break_(self, what: str) -> None:
        """Note a broken promise."""
        with self._lock:
            self.broken.append(what)

    def delivered(self, tpipe: str, entry: str) -> None:
        """Note that a receiver has a message in its hands."""
        with self._lock:
            self._deliveries[tpipe].append(Delivered(entry, acknowledged=False))

    def acknowledged(self, tpipe: str) -> None:
        """Note that IMS has the ACK of the latest message of a tpipe."""
        with self._lock:
            latest = self._deliveries[tpipe][-1]
            self._deliveries[tpipe][-1] = Delivered(latest.entry, acknowledged=True)

    def deliveries(self, tpipe: str) -> list[Delivered]:
        """Return what receivers had in their hands, in order."""
        with self._lock:
            return list(self._deliveries[tpipe])


@dataclass
class Ledger:
    """The file that the programs write."""

    path: Path

    def read(self) -> "Entries":
        """Return what IMS did so far."""
        entries = Entries()
        for line in self.path.read_text().splitlines():
            event, name, *rest = line.split()
            if event == "PUT":
                entries.put[name].append(rest[0])
            elif event == "ICAL":
                entries.icals[name].append(" ".join(rest))
            else:
                {"SEEN": entries.seen, "KEPT": entries.kept, "BACK": entries.back}[event][name] += 1
        return entries


@dataclass
class Entries:
    """What IMS did."""

    seen: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    back: Counter[str] = field(default_factory=Counter)
    put: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    icals: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def of(self, prefix: str) -> "Entries":
        """Return what has a prefix."""
        chosen = Entries()
        for name in ("seen", "kept", "back"):
            counted = getattr(self, name)
            setattr(chosen, name, Counter({key: n for key, n in counted.items() if key.startswith(prefix)}))
        return chosen

    def __or__(self, other: "Entries") -> "Entries":
        """Return what two IMS Connect led to, together."""
        return Entries(
            self.seen + other.seen,
            self.kept + other.kept,
            self.back + other.back,
            {**self.put, **other.put},
            {**self.icals, **other.icals},
        )

    def against(self, statements: Iterable[Statement]) -> list[str]:
        """Return every contradiction between what was done and what callers were told."""
        wrong = []
        known = set()
        for one in statements:
            known.add(one.entry)
            wrong += [f"{one.entry} ({one.told.value}; {one.why}): {what}" for what in self._wrong_with(one)]
        strangers = self.seen.keys() - known
        return wrong + [f"{entry}: nobody owns up to it" for entry in sorted(strangers)]

    def _wrong_with(self, one: Statement) -> Iterable[str]:
        seen, kept = self.seen[one.entry], self.kept[one.entry]
        if seen > 1:
            yield f"sent {seen} times"
        if kept > 1:
            yield f"executed {kept} times"
        match one.told:
            case Told.ANSWERED | Told.HANDED_OVER if kept != 1:
                yield f"executed {kept} times, not once"
            case Told.NOTHING_SENT | Told.REFUSED if seen:
                yield "IMS saw it"
            case Told.BACKED_OUT if kept or not self.back[one.entry]:
                yield "not backed out"


def contradictions(put: list[str], delivered: list[Delivered]) -> list[str]:
    """Return what is wrong with the deliveries of one tpipe that one receiver at a time has emptied.

    Every message arrives, in the order in which it was put on; it arrives again only directly behind its last
    arrival, and only while nobody could know that IMS had its ACK.
    """
    wrong, following = [], 0
    for number, one in enumerate(delivered):
        place = put.index(one.entry) if one.entry in put else None
        if place is None:
            wrong.append(f"{one.entry} was never put on this tpipe")
        elif place == following:
            following += 1
        elif place > following:
            wrong.append(f"{', '.join(put[following:place])} lost, or out of order: {one.entry} came instead")
            following = place + 1
        elif place < following - 1:
            wrong.append(f"{one.entry} came again behind {put[following - 1]}")
        elif delivered[number - 1].acknowledged:
            wrong.append(f"{one.entry} came again although its ACK had arrived")
    if following < len(put):
        wrong.append(f"{', '.join(put[following:])} never arrived")
    return wrong
