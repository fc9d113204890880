"""What the process `imsgw callout` is put together of, and what is told when a part cannot be had."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol

from gateway.audit.auditor import NotAuditedError
from gateway.audit.happenings import Lifecycle
from gateway.audit.ports import CalloutAudit
from gateway.audit.trail import Trail, trail_of
from gateway.callout.condition import Steered
from gateway.callout.in_force import Loaded
from gateway.callout.journal.entries import JournalError
from gateway.clock import Clock
from gateway.config.model import Home
from gateway.control.seat import CALLOUT, Seat
from gateway.errors import ConfigError, Problem
from gateway.observe.callout_events import CalloutEvent, CalloutSink
from gateway.observe.callout_metrics import CalloutMetrics, CountedCallouts
from gateway.observe.common_metrics import CommonMetrics
from gateway.observe.logs import CalloutLog
from gateway.soap.consumer import ConsumerContract
from gateway.tls import ListenerTls, server_tls
from gateway.tls.stores import StoreError


class Serving(Steered, Protocol):
    """What is run: `gateway.callout.runtime.CalloutRuntime`."""

    @property
    def journal_usable(self) -> bool:
        """Whether the journal can be used, as far as is known."""
        ...

    def start(self) -> None:
        """Begin to listen and to deliver."""
        ...

    def reload(self, home: Home, contracts: Mapping[str, ConsumerContract]) -> None:
        """Have another home count from now on. Raises ConfigError and changes nothing then."""
        ...

    def close(self) -> None:
        """End everything."""
        ...


class Make(Protocol):
    """Makes what is run. Raises ConfigError, JournalError."""

    def __call__(  # noqa: PLR0913  what it is made of, each by name
        self,
        home: Home,
        contracts: Mapping[str, ConsumerContract],
        *,
        sink: CalloutSink,
        clock: Clock,
        metrics: CommonMetrics,
        audit: CalloutAudit,
    ) -> Serving:
        """Build everything, start nothing."""
        ...


def seat_of(home: Home) -> Seat:
    """Take the place where commands find the process. Raises ConfigError."""
    folder = home.state / CALLOUT
    try:
        return Seat.take(folder)
    except OSError as error:
        text = f"{folder} cannot be used: {error.strerror or error}; IMSGW_STATE names another folder"
        raise ConfigError((Problem("gateway.toml", "server.state", text),)) from error


class AuditedCallouts:
    """Records what came of callouts, on the way of events to another sink."""

    def __init__(self, audit: CalloutAudit, sink: CalloutSink) -> None:
        self._audit = audit
        self._sink = sink

    def callout(self, event: CalloutEvent) -> None:
        """Record one event and pass it on."""
        self._audit.callout(event)
        self._sink.callout(event)


def made(make: Make, loaded: Loaded, metrics: CalloutMetrics, clock: Clock, audit: CalloutAudit) -> Serving:
    """Make what is run. Raises ConfigError."""
    sink = AuditedCallouts(audit, CountedCallouts(metrics, CalloutLog()))
    try:
        return make(loaded.home, loaded.consumers, sink=sink, clock=clock, metrics=metrics.common, audit=audit)
    except JournalError as error:
        raise ConfigError((Problem("gateway.toml", "journal", f"cannot be opened: {error}"),)) from error


@contextmanager
def trail_at_work(loaded: Loaded, number: int, metrics: CalloutMetrics, clock: Clock) -> Iterator[Trail]:
    """Give the audit trail of the process, in which its begin and end are recorded. Raises ConfigError."""
    try:
        trail = trail_of(loaded.home, f"{CALLOUT} {number}", metrics.common.audit, clock)
    except StoreError as error:
        raise ConfigError((Problem("gateway.toml", "audit", str(error)),)) from error
    with closing(trail):
        if not trail.lifecycle(Lifecycle(True, 1, loaded.digest)):
            raise ConfigError((Problem("gateway.toml", "audit.to", f"cannot be written: {trail.trouble}"),))
        yield trail
        trail.lifecycle(Lifecycle(False, 1, loaded.digest))


def require(trail: Trail) -> None:
    """Raise ConfigError while nothing may change, as it could not be recorded."""
    try:
        trail.require()
    except NotAuditedError:
        text = f"cannot be written, so nothing changes now: {trail.trouble}"
        raise ConfigError((Problem("gateway.toml", "audit.to", text),)) from None


def probe_tls(home: Home) -> ListenerTls | None:
    """Return the TLS of the server's keystore, for probes; None: there is none. Raises ConfigError."""
    if home.gateway.server.keystore is None:
        return None
    try:
        return server_tls(home.gateway.server, client_certificates=False)
    except ValueError as error:
        raise ConfigError((Problem("gateway.toml", "server.keystore", str(error)),)) from error
