"""Floods of refused SOAP requests: held down by client and error, so that nobody washes out the trail.

The first of each second have their own record, before their answer as all have; so has, up to a bound, the
first one of each user at each service, so that passwords tried on many users show as such. The others are
counted, and one record a second tells of them. Never held down: a success, and whatever IMS
may have done something of.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from gateway.audit.auditor import Auditor
from gateway.audit.deciding import is_about_caller
from gateway.audit.repeats import Repeats
from gateway.audit.requests import of_request
from gateway.clock import Clock
from gateway.observe.events import RequestEnded

_KINDS_OF_USERS: Final = 4
"""So many times what repeats have may users have who are different."""


class Refusals:
    """One a process. Thread-safe; whoever has a thread calls `look` once a second or so."""

    def __init__(
        self, auditor: Auditor, per_second: int, clock: Clock, client: Callable[[str], str] = lambda peer: peer
    ) -> None:
        """`per_second`: see `Repeats`. `client`: what counts as one client, of an address."""
        self._auditor = auditor
        self._clock = clock
        self._client = client
        self._repeats: Repeats[RequestEnded] = Repeats(per_second, per_second * _KINDS_OF_USERS)

    def admit(self, event: RequestEnded) -> bool:
        """Tell whether a request gets a record of its own; else it is counted."""
        if event.outcome != "refused" or (event.reached_ims_connect and not is_about_caller(event.message_id)):
            return True
        who = hash((event.service, event.claimed or event.user))
        kind = (self._client(event.peer), event.message_id)
        return self._repeats.admit(kind, event, self._clock.monotonic(), who)

    def look(self, *, all_: bool = False) -> None:
        """Record how many were held back in seconds that are over."""
        for repeated in self._repeats.due(self._clock.monotonic(), all_=all_):
            self._auditor.record(partial(of_request, repeated.last, repeats=repeated.count))
