"""gunicorn's worker: one loop a process, a heartbeat for the arbiter, signals to a graceful stop."""

import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import Final

from gunicorn.workers.base import Worker

from gateway.web.floor import ServiceFloor
from gateway.web.listeners import Listener
from gateway.web.service import Service
from gateway.web.tallies import Tally

log = logging.getLogger("gateway.web")

HEARTBEAT_SECONDS: Final = 1.0
_IGNORED: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
STOP_ALONE: Final = signal.SIGINT
"""Stops one worker, while others serve: it has not to say "not ready" first, which would be read of them all.

A terminal's Ctrl-C brings it to every worker: there nobody has to be waited for.
"""
_CUT_OFF: Final = 1
"""Exit status of a worker that had to leave requests unfinished."""


class GatewayWorker(Worker):  # type: ignore[misc]  # gunicorn is not typed
    """Runs a `Service` made from the gunicorn application, which is an `application.GatewayApplication`."""

    control: socket.socket | None = None
    """Where the worker takes commands; set before the fork."""
    tally: Tally | None = None
    """How many connections it holds, for the other workers to see; set before the fork."""
    forked = 0.0
    """When, in the master's monotonic seconds."""
    _leaving: asyncio.Task[None] | None = None
    """Says "not ready" and goes on serving for a while, as the whole server is told to stop."""

    def init_signals(self) -> None:
        """Set what a signal does until the loop runs. Called by gunicorn after the fork."""
        for one in self.SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        for one in _IGNORED:
            signal.signal(one, signal.SIG_IGN)
        signal.signal(signal.SIGABRT, self.handle_abort)

    def handle_abort(self, _sig: int, _frame: FrameType | None) -> None:
        """Leave at once: the arbiter sends SIGABRT when the loop has not shown a sign of life for too long."""
        log.critical("the loop of worker %d is stuck", self.pid)
        faulthandler.dump_traceback(sys.stderr)  # names of functions only, no values
        os._exit(_CUT_OFF)

    def run(self) -> None:
        """Serve until a signal comes. Called by gunicorn, as the last thing."""
        finished = asyncio.run(self._serve())
        self.wsgi.close()
        if not finished:
            # A thread is still at work and would keep the process from ending.
            logging.shutdown()
            os._exit(_CUT_OFF)

    async def _serve(self) -> bool:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        listeners = [
            Listener(name, bound.sock) for name, bound in zip(self.app.names, self.sockets, strict=True)
        ]
        settings = self.app.home.gateway
        service = Service(
            settings.server,
            self.wsgi,
            listeners,
            self.app.tls,
            limits=settings.limits,
            tally=self.tally,
        )
        loop.add_signal_handler(signal.SIGTERM, self._leave, service, stop)
        loop.add_signal_handler(STOP_ALONE, stop.set)
        loop.add_signal_handler(signal.SIGQUIT, os._exit, _CUT_OFF)
        service.start(failed=stop.set)
        self.wsgi.begin(ServiceFloor(service, loop), self.control)
        heart = asyncio.create_task(self._beat(stop))
        await stop.wait()
        if self._leaving is not None:
            self._leaving.cancel()
        finished = await service.stop()
        heart.cancel()
        return finished

    def _leave(self, service: Service, stop: asyncio.Event) -> None:
        """Stop with the whole server: whoever sends requests here is to go elsewhere first.

        Of a Ctrl-C the signal for this worker alone may be read after the master's: it ends the delay then.
        """

        async def leave() -> None:
            if not stop.is_set():
                await service.linger()
                stop.set()

        if self._leaving is None:
            self._leaving = asyncio.create_task(leave())

    async def _beat(self, stop: asyncio.Event) -> None:
        """Show the arbiter that the loop turns; stop when the arbiter itself has gone."""
        while True:
            self.notify()
            if os.getppid() != self.ppid and not stop.is_set():
                log.error("the master has gone: worker %d stops", self.pid)
                stop.set()
            await asyncio.sleep(HEARTBEAT_SECONDS)
