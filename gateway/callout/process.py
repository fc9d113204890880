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
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final, NoReturn

from gateway.allocator import give_back, use_few_arenas
from gateway.audit.happenings import Reload
from gateway.callout.condition import Condition
from gateway.callout.control_desk import Desk
from gateway.callout.health import HealthListener, Pages
from gateway.callout.in_force import InForce, Loaded, Read
from gateway.callout.process_parts import Make, made, probe_tls, require, seat_of, trail_at_work
from gateway.callout.signals import signals
from gateway.callout.watch import HomeWatch
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import CalloutSettings, Home
from gateway.config.watched import Fingerprint
from gateway.control.reloaded import Reloaded
from gateway.control.seat import CALLOUT
from gateway.control.server import ControlServer
from gateway.errors import ConfigError, Problem
from gateway.observe.callout_metrics import CalloutMetrics
from gateway.sampling import Pulse, Vitals
from gateway.soap.consumer import ConsumerContract

log = logging.getLogger("gateway.callout")

_LOOK_SECONDS: Final = 0.5
"""How long a signal may go unnoticed."""
_PROGRESS_SECONDS: Final = 5.0
"""Between two words about callouts that are still in work."""
_CLOSE_SECONDS: Final = 5.0
"""For sockets, journal and threads, once the drain is over."""


def _next(inbox: "SimpleQueue[signal.Signals]") -> signal.Signals:
    """Wait for a signal.

    The system may hand it to another thread; its handler then runs only when the main one does something.
    """
    while True:
        with suppress(Empty):
            return inbox.get(timeout=_LOOK_SECONDS)


def run(  # noqa: PLR0913  what is run, and how it goes on
    loaded: Loaded,
    look: Fingerprint,
    *,
    make: Make,
    read: Read,
    listen: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Run the listeners of a home until a signal ends them; return the exit code. For the main thread.

    `look` is what the files of the home looked like; `read` reads it anew; `listen`: in place of
    `callout.listen`. Exit code 1 when callouts in work could not be finished. Raises ConfigError when it cannot
    run.
    """
    use_few_arenas()
    with ExitStack() as built:
        process = _Process(loaded, look, make, read, clock, built)
        process.listen(loaded.home.gateway.callout.listen if listen is None else listen)
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

    def __init__(  # noqa: PLR0913, PLR0917  what `run` was given
        self, loaded: Loaded, look: Fingerprint, make: Make, read: Read, clock: Clock, built: ExitStack
    ) -> None:
        self._clock = clock
        self._built = built
        self._metrics = CalloutMetrics()
        self._metrics.deployed(loaded.home.consumers)
        self._metrics.common.reloaded(1, loaded.loaded_at, done=True, count=False)
        self._health: HealthListener | None = None
        self._seat = seat_of(loaded.home)
        unseat = built.enter_context(ExitStack())
        unseat.callback(self._seat.close)
        self._trail = built.enter_context(trail_at_work(loaded, self._seat.number, self._metrics, clock))
        self._runtime = made(make, loaded, self._metrics, clock, self._trail)
        built.callback(self._runtime.close)
        name = f"{CALLOUT} {self._seat.number}"
        self._home = InForce(name, loaded, look, read=read, take=self._take, told=self._reloaded, clock=clock)
        self._watch = HomeWatch(self._home)
        # a home that changes must not start anything behind the end
        self._condition = Condition(self._runtime, at_end=self._change_no_more)
        desk = Desk(
            self._seat.number,
            self._runtime,
            self._condition,
            drain_seconds=lambda: self._settings.drain_seconds,
            home=self._home,
            audit=self._trail.picture,
        )
        self._control = ControlServer(self._seat.socket, desk.answer, clock)
        unseat.pop_all()  # closed right behind the server from here on
        built.callback(self._seat.close)
        built.callback(self._control.close)
        self._metrics.show(self._condition.readings, lambda: self._runtime.journal_usable)
        pulse = Pulse(Vitals(self._metrics.common, lambda: self._home.home, clock).look)
        built.callback(pulse.close)

    def listen(self, address: str) -> None:
        """Listen for probes. Raises ConfigError."""
        if not address:
            return
        pages = Pages(self._condition.unready, self._metrics.page)
        try:
            self._health = HealthListener(address, pages, probe_tls(self._home.home), self._clock)
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
            self._watch.reload("SIGHUP")
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
        return self._home.home.gateway.callout

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

    def _take(self, home: Home, contracts: Mapping[str, ConsumerContract]) -> tuple[str, ...]:
        """Bring a changed home into force; return keys that wait for the next start. Raises ConfigError."""
        require(self._trail)
        tls = probe_tls(home)
        self._runtime.reload(home, contracts)
        self._metrics.deployed(home.consumers)
        followed = self._health is None or self._health.renew(tls)
        return () if followed else ("server.keystore",)

    def _reloaded(self, told: Reloaded, at: datetime) -> None:
        self._metrics.reloaded(told.number, at, done=told.done)
        self._trail.reloaded(Reload(told, ""))
        give_back()

    def _change_no_more(self) -> None:
        self._home.close()
        self._watch.close()


def _leave(why: str, code: int = 1) -> NoReturn:
    """End the process at once, whatever its threads do."""
    log.log(logging.WARNING if code else logging.INFO, "%s", why)
    os._exit(code)
