"""What becomes of a message of a tpipe before IMS is told that we have it.

A synchronous one that can be read is begun with once it is acknowledged; one that cannot gets the NAK that the
bundle wants. An asynchronous one is in the journal before: what cannot be read, too, as a dead letter, for a
NAK would only bring it again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import chain
from threading import Event, Lock
from typing import Final

from gateway.callout.codes import CalloutError, Status
from gateway.callout.journal.entries import Entry, NewEntry
from gateway.callout.means import Means
from gateway.callout.ports import Accept, Nak, Refuse
from gateway.callout.synchronous import SynchronousDesk
from gateway.callout.told import message_id
from gateway.callout.values import Received, Request
from gateway.config.model import BundleCallout

_LOOK_SECONDS: Final = 1.0
"""How often a listener looks whether a full journal has room again, or the audit trail can be written."""
REMEMBERED: Final = 10_000
"""How many requests are remembered, 32 bytes of each."""

_REROUTED: Final = {
    Status.RECEIVING_DISCARDED: Status.RECEIVING_REROUTED,
    Status.PARSING_DISCARDED: Status.PARSING_REROUTED,
}


class Tokens:
    """Synchronous requests that were seen lately: IMS hands one over again whose ACK it did not get.

    unverified: that IMS never gives a correlation token again. So a request counts as the same only where all
    of it is: another one that came with a token of before, or from another IMS, must not be lost.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def is_new(self, received: Received) -> bool:
        """Remember a request; tell whether it was not."""
        parts = (received.correlation_token, received.data, *chain.from_iterable(_bytes_of(received)))
        key = sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()
        with self._lock:
            new = key not in self._seen
            self._seen[key] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return new


class TpipeIntake:
    """The `Intake` of one listener."""

    def __init__(
        self,
        callout: BundleCallout,
        means: Means,
        desk: SynchronousDesk,
        tokens: Tokens,
        deliver: Callable[[Entry], None],
    ) -> None:
        """`deliver`: begins with an entry of the journal, whose room is taken and which is claimed."""
        self._nak = Nak(callout.nak)
        self._asynchronous = callout.requests != "synchronous"
        self._slots = means.slots
        self._current = means.current
        self._journal = means.journal
        self._told = means.told
        self._audit = means.audit
        self._clock = means.clock
        self._desk = desk
        self._tokens = tokens
        self._deliver = deliver
        self._context = means.context

    def wait_for_room(self, stop: Event) -> bool:
        """Wait until another message may be retrieved, and keep its room; False: stopped before that.

        None is retrieved while what becomes of it could not be recorded. Raises JournalError while asynchronous
        messages could not be kept.
        """
        if not self._slots.reserve(stop):
            return False
        try:
            while not self._may_begin():
                if stop.wait(_LOOK_SECONDS):
                    self._slots.release()
                    return False
        except BaseException:
            self._slots.release()
            raise
        return True

    def _may_begin(self) -> bool:
        return self._audit.open and (not self._asynchronous or self._journal.has_room())

    def give_back_room(self) -> None:
        """Give back what `wait_for_room` kept: no message came."""
        self._slots.release()

    def take(self, received: Received) -> Accept | Refuse:
        """Decide on a message; see `Intake`."""
        arrived = self._clock.monotonic()
        self._slots.claim()
        decision: Accept | Refuse = _NOTHING
        try:
            decision = self._synchronous(received, arrived) if received.synchronous else self._keep(received)
        finally:
            if isinstance(decision, Refuse) or decision.begin is _nothing:
                self._slots.give_back()
        return decision

    def _synchronous(self, received: Received, arrived: float) -> Accept | Refuse:
        try:
            request = self._read(received)
        except CalloutError as error:
            return self._refuse(received, error)
        if not self._tokens.is_new(received):
            self._told.again(received)
            return _NOTHING
        return Accept(partial(self._desk.begin, received, request, arrived))

    def _refuse(self, received: Received, error: CalloutError) -> Refuse:
        status = _REROUTED.get(error.status, error.status) if self._nak is Nak.REROUTE else error.status
        self._told.refused(received, status, str(error))
        return Refuse(self._nak, None if self._nak is Nak.RETAIN else status, error.text)

    def _keep(self, received: Received) -> Accept:
        new = NewEntry(
            source=received.source,
            data=received.data,
            received=self._clock.now(),
            network_user=received.network_user,
            network_session=received.network_session,
        )
        try:
            request = self._read(received)
        except CalloutError as error:
            entry_id = self._journal.bury(new, error.status, error.text)
            self._told.buried(entry_id, received, error.status, str(error))
            return Accept(_nothing, trouble=error.text)
        entry = self._journal.take(replace(new, service=request.service, operation=request.operation))
        if trace := self._context(message_id(entry.id)):
            self._told.kept(entry, trace)
        return Accept(partial(self._deliver, entry))

    def _read(self, received: Received) -> Request:
        with self._current.use() as snapshot:
            return snapshot.reader.read(received)


def _bytes_of(received: Received) -> Iterator[tuple[bytes, bytes]]:
    return ((tag.encode(), data) for tag, data in received.control_data)


def _nothing() -> None:
    """Begin nothing: the room is free again."""


_NOTHING: Final = Accept(_nothing)
