"""The process `imsgw callout`: the listeners, commands and probes, signals, a home that changes.

| signal | what happens |
| --- | --- |
| SIGTERM, SIGINT | retrieves no more, finishes callouts in work, for `callout.drain_seconds` at most |
| the same once more | the process ends at once |
| SIGHUP | the home is read anew |
"""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, NoReturn, Protocol

from gateway.callout.condition import Condition, Steered
from gateway.callout.control_desk import Desk
from gateway.callout.control_server import ControlServer
from gateway.callout.control_socket import FOLDER, Seat
from gateway.callout.health import HealthListener, Pages
from gateway.callout.journal.entries import JournalError
from gateway.callout.signals import signals
from gateway.callout.watch import HomeWatch
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import CalloutSettings, Home
from gateway.errors import ConfigError, Problem
from gateway.observe.callout_events import CalloutSink
from gateway.observe.callout_metrics import CalloutMetrics, CountedCallouts
from gateway.observe.logs import CalloutLog
from gateway.observe.metrics import Metrics
from gateway.tls import ListenerTls, server_tls

log = logging.getLogger("gateway.callout")

_LOOK_SECONDS: Final = 0.5
"""How long a signal may go unnoticed."""
_PROGRESS_SECONDS: Final = 5.0
"""Between two words about callouts that are still in work."""
_CLOSE_SECONDS: Final = 5.0
"""For sockets, journal and threads, once the drain is over."""


class Serving(Steered, Protocol):
    """What is run: `gateway.callout.runtime.CalloutRuntime`."""

    def start(self) -> None:
        """Begin to listen and to deliver."""
        ...

    def reload(self, home: Home) -> None:
        """Have another snapshot count from now on. Raises ConfigError and changes nothing then."""
        ...

    def close(self) -> None:
        """End everything."""
        ...


class Make(Protocol):
    """Makes what is run. Raises ConfigError, JournalError."""

    def __call__(self, home: Home, *, sink: CalloutSink, clock: Clock, metrics: Metrics) -> Serving:
        """Build everything, start nothing."""
        ...


def _next(inbox: "SimpleQueue[signal.Signals]") -> signal.Signals:
    """Wait for a signal.

    The system may hand it to another thread; its handler then runs only when the main one does something.
    """
    while True:
        with suppress(Empty):
            return inbox.get(timeout=_LOOK_SECONDS)


def run(
    home: Home, *, make: Make, read: Callable[[], Home], listen: str | None = None, clock: Clock = SYSTEM_CLOCK
) -> int:
    """Run the listeners of a home until a signal ends them; return the exit code. For the main thread.

    `read` reads the home anew and judges it (ConfigError); `listen`: in place of `callout.listen`. Exit code 1
    when callouts in work could not be finished. Raises ConfigError when it cannot run.
    """
    with ExitStack() as built:
        process = _Process(home, make, read, clock, built)
        process.listen(home.gateway.callout.listen if listen is None else listen)
        with signals() as inbox:
            process.start()
            ended = process.serve_until_told(inbox)
            # signals are still taken, to no effect: this has an end
            closing = Thread(target=built.pop_all().close, name="callout-close", daemon=True)
            closing.start()
            closing.join(_CLOSE_SECONDS)
            if closing.is_alive() and ended:
                _leave("ended, though late answers may still be listened to: no program waits for them", code=0)
            elif closing.is_alive():
                _leave("what was in work is cut off: the journal keeps what was asynchronous")
    return int(not ended)


class _Process:
    """What stands around the runtime."""

    def __init__(
        self, home: Home, make: Make, read: Callable[[], Home], clock: Clock, built: ExitStack
    ) -> None:
        self._home = home
        self._clock = clock
        self._built = built
        self._metrics = CalloutMetrics()
        self._metrics.deployed(home.consumers)
        self._seat = _seat(home)
        unseat = built.enter_context(ExitStack())
        unseat.callback(self._seat.close)
        self._runtime = _made(make, home, self._metrics, clock)
        built.callback(self._runtime.close)
        self._watch = HomeWatch(home, read, self._take, lambda: self._metrics.reloaded(done=False))
        # a home that changes must not start anything behind the end
        self._condition = Condition(self._runtime, at_end=self._watch.close)
        desk = Desk(
            self._seat.number,
            self._runtime,
            self._condition,
            drain_seconds=lambda: self._settings.drain_seconds,
        )
        self._control = ControlServer(self._seat, desk.do, clock)
        unseat.pop_all()  # closed with the server from here on
        built.callback(self._control.close)
        self._health: HealthListener | None = None
        self._metrics.show(self._condition.readings)

    def listen(self, address: str) -> None:
        """Listen for probes. Raises ConfigError."""
        if not address:
            return
        pages = Pages(self._condition.unready, self._metrics.page)
        try:
            self._health = HealthListener(address, pages, _tls(self._home), self._clock)
        except OSError as error:
            text = f"cannot listen on {address}: {error.strerror or error}; --listen gives this process another"
            raise ConfigError((Problem("gateway.toml", "callout.listen", text),)) from error
        self._built.callback(self._health.close)
        log.info("health and metrics on %s port %d", *self._health.address)

    def start(self) -> None:
        """Begin to listen, to take commands, to watch the home."""
        self._runtime.start()
        self._control.start()
        self._watch.start()
        listeners = len(self._runtime.pictures())
        log.info("callout runs as instance %d with %d listeners", self._seat.number, listeners)

    def serve_until_told(self, inbox: "SimpleQueue[signal.Signals]") -> bool:
        """Wait for a signal that ends it, then finish what is in work; False: something was left."""
        while (number := _next(inbox)) is signal.SIGHUP:
            log.info("SIGHUP: the home is read anew")
            self._watch.reload()
        self._condition.end("the process is about to end")
        log.info("%s: nothing is retrieved any more, callouts in work are finished", number.name)
        ended = self._drained(inbox)
        if ended:
            log.info("all callouts in work are finished")
        else:
            log.warning(
                "%d callouts are still in work after %g s",
                self._condition.in_work,
                self._settings.drain_seconds,
            )
        return ended

    @property
    def _settings(self) -> CalloutSettings:
        return self._home.gateway.callout

    def _drained(self, inbox: "SimpleQueue[signal.Signals]") -> bool:
        """Drain in a thread, so that a second signal is heard."""
        result: list[bool] = []
        draining = Thread(
            target=lambda: result.append(self._runtime.drain(self._settings.drain_seconds)),
            name="callout-drain",
            daemon=True,
        )
        draining.start()
        told = self._clock.monotonic()
        while draining.is_alive():
            draining.join(0.1)
            try:
                number = inbox.get_nowait()
            except Empty:
                if self._clock.monotonic() - told >= _PROGRESS_SECONDS:
                    told = self._clock.monotonic()
                    log.info("%d callouts are still in work", self._condition.in_work)
                continue
            if number is not signal.SIGHUP:
                _leave(f"{number.name} again: what is in work is cut off")
        return result == [True]

    def _take(self, home: Home) -> None:
        """Bring a changed home into force. Raises ConfigError."""
        tls = _tls(home)
        self._runtime.reload(home)
        before, self._home = self._home, home
        self._metrics.deployed(home.consumers)
        self._metrics.reloaded(done=True)
        if self._health is not None:
            self._health.renew(tls)
        for key in _only_at_start(before, home):
            log.warning("%s has changed: that takes effect with the next start", key)


# -- parts, and what is wrong with them -----------------------------------------------------------------------


def _seat(home: Home) -> Seat:
    try:
        return Seat.take(home.state)
    except OSError as error:
        text = (
            f"{home.state / FOLDER} cannot be used: {error.strerror or error}; IMSGW_STATE names another folder"
        )
        raise ConfigError((Problem("gateway.toml", "server.state", text),)) from error


def _made(make: Make, home: Home, metrics: CalloutMetrics, clock: Clock) -> Serving:
    sink = CountedCallouts(metrics, CalloutLog())
    try:
        return make(home, sink=sink, clock=clock, metrics=metrics.common)
    except JournalError as error:
        raise ConfigError((Problem("gateway.toml", "journal", f"cannot be opened: {error}"),)) from error


def _tls(home: Home) -> ListenerTls | None:
    """Return the TLS of the server's keystore; None: there is none."""
    if home.gateway.server.keystore is None:
        return None
    try:
        return server_tls(home.gateway.server, client_certificates=False)
    except ValueError as error:
        raise ConfigError((Problem("gateway.toml", "server.keystore", str(error)),)) from error


def _only_at_start(before: Home, after: Home) -> Iterator[str]:
    """Yield the keys that have changed and that a running process does not follow; journal says so itself."""
    if before.gateway.callout.listen != after.gateway.callout.listen:
        yield "callout.listen"
    if before.state != after.state:
        yield "server.state"
    if (before.gateway.server.keystore is None) != (after.gateway.server.keystore is None):
        yield "server.keystore"


def _leave(why: str, code: int = 1) -> NoReturn:
    """End the process at once, whatever its threads do."""
    log.log(logging.WARNING if code else logging.INFO, "%s", why)
    os._exit(code)
