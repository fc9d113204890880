"""The stand-in for use from synchronous code: in a thread with a loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.standin.aib import IcalAnswer, IcalCall
from gateway.standin.callout import NOBODY, Caller, Callouts, Ical
from gateway.standin.config import StandinConfig
from gateway.standin.datastores import DataStore
from gateway.standin.faults import Faults
from gateway.standin.held import HeldOutput
from gateway.standin.phonebook import PhoneBook
from gateway.standin.racf import Racf
from gateway.standin.seen import Seen
from gateway.standin.server import Standin
from gateway.standin.tpipes import Tpipes


class RunningStandin:
    """A stand-in that runs in a thread from its making on; a context manager that stops it at the end.

    Raises ConfigError for plug-ins and keys that cannot be loaded, OSError when the port is in use.
    """

    def __init__(
        self,
        config: StandinConfig,
        *,
        trace: int = 0,
        write: Callable[[str], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.standin = Standin(config, trace=trace, write=write, clock=clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stand-in", daemon=True)
        self._thread.start()
        try:
            self._do(self.standin.start())
        except BaseException:
            self.close()
            raise

    @property
    def host(self) -> str:
        """The host it listens on."""
        return self.standin.address[0]

    @property
    def port(self) -> int:
        """The port it listens on; the same again after `restart`."""
        return self.standin.address[1]

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What reached it, oldest first."""
        return self.standin.seen

    @property
    def faults(self) -> Faults:
        """Misbehaviour on command."""
        return self.standin.faults

    @property
    def tpipes(self) -> Tpipes:
        """The hold queues; `tpipes.depths` is empty when no output was left behind."""
        return self.standin.tpipes

    @property
    def racf(self) -> Racf:
        """The users, with what became of them."""
        return self.standin.racf

    @property
    def book(self) -> PhoneBook:
        """The phone book."""
        return self.standin.book

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self.standin.connections

    def datastore(self, name: str) -> DataStore:
        """Return a data store; its `tpipes`, `book` and `ims` may be looked at. Raises KeyError."""
        return self.standin.datastore(name)

    def stop_datastore(self, name: str, *, ims_gone: bool = False) -> None:
        """Stop a data store, or have its IMS leave; who waits for it is told. Raises KeyError."""
        self._call(lambda: self.standin.stop_datastore(name, ims_gone=ims_gone))

    def start_datastore(self, name: str) -> None:
        """Start a data store again. Raises KeyError."""
        self._call(lambda: self.standin.start_datastore(name))

    @property
    def icals(self) -> tuple[Ical, ...]:
        """The synchronous callouts, oldest first, with their ends."""
        return self.standin.icals

    @property
    def callouts(self) -> Callouts:
        """The callouts of the first data store's IMS; `callouts.tokens.preset` fixes the next token."""
        return self.standin.callouts

    def queue_output(
        self, tpipe: str, *segments: bytes, mod_name: str = "", netuid: str = "", netsid: str = ""
    ) -> None:
        """Put output on a hold queue, as a program does by ISRT to an alternate PCB; on disk when it returns.

        Raises ValueError for what cannot be sent.
        """
        output = HeldOutput(segments, mod_name, netuid=netuid, netsid=netsid)
        self._do(self.standin.queue_output(tpipe, output))

    def ical(  # noqa: PLR0913  what a program fills into its AIB, and who it is
        self,
        descriptor: str,
        data: bytes,
        *,
        control: Sequence[str] = (),
        timeout_seconds: float | None = None,
        caller: Caller = NOBODY,
        control_rest: bytes = b"",
    ) -> "Future[IcalAnswer]":
        """Call out synchronously, as a program does by ICAL; the future has its end, or ValueError.

        `control`: sections ``<tag>data</tag>`` of control data; `control_rest`: any bytes behind them.
        """
        call = IcalCall(descriptor, data, tuple(control), timeout_seconds, control_rest=control_rest)
        return asyncio.run_coroutine_threadsafe(self.standin.ical(call, caller), self._loop)

    def stop_tpipe(self, tpipe: str) -> None:
        """Do /STOP TMEMBER TPIPE: who reads the tpipe gets 12/81, who comes later 12/82."""
        self._call(lambda: self.tpipes.turns.stop(tpipe))

    def start_tpipe(self, tpipe: str) -> None:
        """Do /START TMEMBER TPIPE."""
        self._call(lambda: self.tpipes.turns.start(tpipe))

    def forget(self) -> None:
        """Empty the record of what was seen."""
        self.standin.forget()

    def stop(self) -> None:
        """Stop IMS Connect: every connection is reset, nobody listens. IMS keeps what it has."""
        self._do(self.standin.stop())

    def restart(self) -> None:
        """Stop IMS Connect if it runs, and start it again on the same port."""
        self._do(self.standin.stop())
        self._do(self.standin.start())

    def close(self) -> None:
        """Stop for good and end the thread."""
        if self._loop.is_closed():
            return
        self._do(self.standin.stop())
        self.standin.close()
        self._do(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, act: Callable[[], None]) -> None:
        """Do something in the thread of the stand-in."""

        async def run() -> None:
            act()

        self._do(run())

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()
