"""The audit trail as the parts of a process use it: each kind of event has its way into it."""

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from gateway.audit.aside import Aside
from gateway.audit.auditor import Auditor, Counted, NotAuditedError, Uncounted
from gateway.audit.callouts import SUCCESSES, of_callout, of_late_answer
from gateway.audit.happenings import (
    Command,
    Lifecycle,
    Reload,
    of_command,
    of_lifecycle,
    of_management,
    of_reload,
    of_sign_in,
)
from gateway.audit.making import Brief, auditor_of, target_of
from gateway.audit.picture import AuditPicture, with_receiver
from gateway.audit.refusals import Refusals
from gateway.audit.requests import of_request, of_turned_away
from gateway.audit.syslog_target import SyslogTarget
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import Home
from gateway.errors import M
from gateway.limits import client_of
from gateway.observe.admin_events import ManagementCall, SignInEnded
from gateway.observe.callout_events import CalloutEnded, CalloutEvent, LateAnswer
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.outcome import Outcome

Client = Callable[[str], str]
"""Says what counts as one client, of an address: the network around it, as rates have it."""

_FLOODS: Final = frozenset({M.RATE_LIMITED.id})
"""Refusals that whoever likes can have any number of."""


class SpoolCounted(Counted, Protocol):
    """What counts besides what waits in a spool."""

    def spool(self, waiting: int, *, connected: bool, used: float, damaged: int) -> None:
        """Note how many records wait, whether the receiver takes them, how full the spool is, what was damaged.

        `used`: part of its bound, 0 to 1. `damaged`: places that could not be read so far.
        """
        ...


class Trail:
    """The trail of one process that serves. Thread-safe; close it."""

    def __init__(
        self,
        auditor: Auditor,
        aside: Aside,
        receiver: SyslogTarget | None = None,
        refusals: Refusals | None = None,
        client: Client = str,
    ) -> None:
        """`aside` is started by whoever made it, if at all. `refusals`: None: none is held down.

        `client`: what counts as one client, of an address.
        """
        self._auditor = auditor
        self._aside = aside
        self._receiver = receiver
        self._refusals = refusals or Refusals(auditor, 0, SYSTEM_CLOCK)
        self._client = client

    @property
    def open(self) -> bool:
        """Whether requests may be begun."""
        return self._auditor.open

    def require(self) -> None:
        """Raise NotAuditedError where something must not be begun, as it could not be recorded."""
        self._auditor.require()

    def request(self, event: RequestEnded) -> bool:
        """Record a request before its answer goes out; tell whether that may be a success."""
        make = partial(of_request, event)
        if event.message_id in _FLOODS:
            self._aside.put((self._client(event.peer), event.service, event.message_id), make)
            return True
        if not self._refusals.admit(event):
            return True
        return self._auditor.record(make, event.request_id)

    def turned_away(self, event: TurnedAway) -> None:
        """Record a request that HTTP refused; soon."""
        kind = (self._client(event.peer), event.listener, event.message_id or event.reason)
        self._aside.put(kind, partial(of_turned_away, event))

    def callout(self, event: CalloutEvent) -> None:
        """Record what came of a callout that is no success. Of listeners and circuits there is no record."""
        if isinstance(event, LateAnswer):
            self._auditor.record(partial(of_late_answer, event))
        elif isinstance(event, CalloutEnded) and event.outcome not in SUCCESSES:
            self._auditor.record(partial(of_callout, event))

    def callout_done(self, event: CalloutEnded) -> None:
        """Record a callout that succeeded, before IMS is told so. Raises NotAuditedError."""
        if not self._auditor.record(partial(of_callout, event)):
            raise NotAuditedError("the callout could not be recorded", Outcome.UNKNOWN)

    def called(self, event: ManagementCall) -> None:
        """Record what somebody did. Raises NotAuditedError where it was done."""
        if not self._auditor.record(partial(of_management, event)) and event.status < 400:
            raise NotAuditedError("what was done could not be recorded", Outcome.DONE)

    def signed_in(self, event: SignInEnded) -> None:
        """Record a sign-in, or a sign-out. Raises NotAuditedError for one that succeeded."""
        if not self._auditor.record(partial(of_sign_in, event)) and event.outcome == "signed in":
            raise NotAuditedError("the sign-in could not be recorded", Outcome.NOT_DONE)

    def reloaded(self, event: Reload) -> bool:
        """Record a home that was read anew; tell whether it may come into force."""
        self._auditor.look()
        return self._auditor.record(partial(of_reload, event))

    def lifecycle(self, event: Lifecycle) -> bool:
        """Record that a process that serves begins or ends; tell whether it may."""
        self._auditor.look()
        return self._auditor.record(partial(of_lifecycle, event))

    def command(self, event: Command) -> bool:
        """Record what somebody does from the shell; tell whether it may be done, or may be told to succeed."""
        return self._auditor.record(partial(of_command, event))

    @property
    def trouble(self) -> str:
        """Why records cannot be written; empty: they can."""
        return self._auditor.picture().reason

    def picture(self) -> AuditPicture:
        """Return how it is."""
        picture = self._auditor.picture()
        return picture if self._receiver is None else with_receiver(picture, self._receiver.picture())

    def close(self) -> None:
        """Write what waits, and let go of the target."""
        self._aside.close()
        self._refusals.look(all_=True)
        self._auditor.close()


def trail_of(home: Home, process: str, counted: SpoolCounted, clock: Clock) -> Trail:
    """Return the trail of a process that serves, at work: it has a thread. Raises StoreError."""
    target = target_of(home, clock)
    receiver = target if isinstance(target, SyslogTarget) else None
    auditor = auditor_of(home, target, process, counted, clock)
    per_second = home.gateway.audit.repeats_per_second
    client = network_of(home)
    refusals = Refusals(auditor, per_second, clock, client)
    aside = Aside(
        auditor, per_second, clock, _looking(receiver, home.gateway.audit.spool_bytes, counted, refusals)
    )
    aside.start()
    return Trail(auditor, aside, receiver, refusals, client)


def network_of(home: Home) -> Client:
    """Return what counts as one client of a home."""
    limits = home.gateway.limits
    return partial(client_of, ipv4_prefix=limits.ipv4_prefix, ipv6_prefix=limits.ipv6_prefix)


def _looking(
    receiver: SyslogTarget | None, spool_bytes: int, counted: SpoolCounted, refusals: Refusals
) -> Callable[[], None]:
    """Return what is done once a second: for refusals that were held down, for metrics of the spool."""

    def look() -> None:
        refusals.look()
        if receiver is not None:
            picture = receiver.picture()
            used = picture.spool_bytes / spool_bytes
            counted.spool(picture.waiting, connected=picture.connected, used=used, damaged=picture.damaged)

    return look


def master_trail(home: Home, process: str, clock: Clock) -> Trail:
    """Return a trail that has no threads and holds nothing open: of gunicorn's master, of a command."""
    target = Brief(lambda: target_of(home, clock, sends=False))
    auditor = auditor_of(home, target, process, Uncounted(), clock)
    return Trail(auditor, Aside(auditor, 0, clock))
