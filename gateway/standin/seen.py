"""What reached the stand-in, input by input: the record that tests assert and the demo shows."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from gateway.exchange import CommitMode
from gateway.imsconnect.wire import Exit, HeaderCode, InputMessage, Verb
from gateway.standin.demands import commit_mode, conceals, network_identity, sync_level

KEEP_BYTES: Final = 256 * 1024 * 1024
"""Bytes of data that the record keeps; beyond them the oldest inputs are forgotten, whatever their number."""
IN_WORK = "in work"
"""The outcome until it is known. Final ones: see docs/stand-in.md."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One input. Names as IMS was told them; of a refused input, as they were sent. No password, ever."""

    number: int
    """Counts the inputs since the start, from 1."""
    connection: int
    verb: Verb
    transaction: str
    user: str
    group: str
    lterm: str
    client_id: str
    datastore: str
    commit_mode: CommitMode
    sync_level: str
    """none, confirm or syncpt."""
    adapter: str
    converter: str
    segments: tuple[bytes, ...] = field(repr=False)
    """Segment data as IMS got it, behind translation and adapter; of a refused input, as it was sent."""
    exit: Exit
    code: HeaderCode
    timer: int
    """IRM_TIMER."""
    netuid: str
    netsid: str
    outcome: str = IN_WORK

    @property
    def size(self) -> int:
        """Bytes of data."""
        return sum(map(len, self.segments))


class SeenInputs:
    """The latest inputs, readable from any thread."""

    def __init__(self, keep: int, keep_bytes: int = KEEP_BYTES) -> None:
        self._keep = keep
        self._keep_bytes = keep_bytes
        self._count = 0
        self._bytes = 0
        self._records: OrderedDict[int, Seen] = OrderedDict()
        self._lock = Lock()

    def note(self, connection: int, message: InputMessage) -> int:
        """Record an input as it arrives and return its number. Nothing of a password change is kept."""
        irm = message.irm
        netuid, netsid = network_identity(irm)
        with self._lock:
            self._count += 1
            self._records[self._count] = seen = Seen(
                number=self._count,
                connection=connection,
                verb=irm.verb,
                transaction=irm.transaction,
                user=irm.user,
                group=irm.group,
                lterm=irm.lterm,
                client_id=irm.client_id,
                datastore=irm.datastore,
                commit_mode=commit_mode(irm),
                sync_level=sync_level(irm),
                adapter=irm.adapter,
                converter=irm.converter,
                segments=() if conceals(message) else message.segments,
                exit=irm.exit,
                code=irm.code,
                timer=irm.timer,
                netuid=netuid,
                netsid=netsid,
            )
            self._bytes += seen.size
            while self._records and (len(self._records) > self._keep or self._bytes > self._keep_bytes):
                _, oldest = self._records.popitem(last=False)
                self._bytes -= oldest.size
            return self._count

    def update(self, number: int, **changes: object) -> None:
        """Complete a record; one that is no longer kept is left alone."""
        with self._lock:
            before = self._records.get(number)
            if before is not None:
                self._records[number] = after = replace(before, **changes)  # type: ignore[arg-type]  # field by name
                self._bytes += after.size - before.size

    def settle(self, number: int, outcome: str) -> None:
        """Note what became of an input, once: what is said later of the same input does not count."""
        with self._lock:
            record = self._records.get(number)
            if record is not None and record.outcome == IN_WORK:
                self._records[number] = replace(record, outcome=outcome)

    @property
    def all(self) -> tuple[Seen, ...]:
        """The records, oldest first."""
        with self._lock:
            return tuple(self._records.values())

    def clear(self) -> None:
        """Forget every record; numbers go on."""
        with self._lock:
            self._records.clear()
            self._bytes = 0
