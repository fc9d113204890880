"""What the process `imsgw callout` is put together of, and what is told when a part cannot be had."""

from collections.abc import Mapping
from typing import Protocol

from gateway.callout.condition import Steered
from gateway.callout.in_force import Loaded
from gateway.callout.journal.entries import JournalError
from gateway.clock import Clock
from gateway.config.model import Home
from gateway.control.seat import CALLOUT, Seat
from gateway.errors import ConfigError, Problem
from gateway.observe.callout_events import CalloutSink
from gateway.observe.callout_metrics import CalloutMetrics, CountedCallouts
from gateway.observe.common_metrics import CommonMetrics
from gateway.observe.logs import CalloutLog
from gateway.soap.consumer import ConsumerContract
from gateway.tls import ListenerTls, server_tls


class Serving(Steered, Protocol):
    """What is run: `gateway.callout.runtime.CalloutRuntime`."""

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

    def __call__(
        self,
        home: Home,
        contracts: Mapping[str, ConsumerContract],
        *,
        sink: CalloutSink,
        clock: Clock,
        metrics: CommonMetrics,
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


def made(make: Make, loaded: Loaded, metrics: CalloutMetrics, clock: Clock) -> Serving:
    """Make what is run. Raises ConfigError."""
    sink = CountedCallouts(metrics, CalloutLog())
    try:
        return make(loaded.home, loaded.consumers, sink=sink, clock=clock, metrics=metrics.common)
    except JournalError as error:
        raise ConfigError((Problem("gateway.toml", "journal", f"cannot be opened: {error}"),)) from error


def probe_tls(home: Home) -> ListenerTls | None:
    """Return the TLS of the server's keystore, for probes; None: there is none. Raises ConfigError."""
    if home.gateway.server.keystore is None:
        return None
    try:
        return server_tls(home.gateway.server, client_certificates=False)
    except ValueError as error:
        raise ConfigError((Problem("gateway.toml", "server.keystore", str(error)),)) from error
