"""The stand-in itself: the listening port, its connections, and the IMS behind them."""

import asyncio
import resource
from collections.abc import Callable
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.values import parse_listen
from gateway.imsconnect.wire import Exit
from gateway.standin import plugins
from gateway.standin.adapter import BUILT_IN, XmlAdapter
from gateway.standin.aib import IcalAnswer, IcalCall
from gateway.standin.callout import Caller, Callouts, Ical
from gateway.standin.callout_adapter import CalloutAdapter
from gateway.standin.calls import check_destination, check_segments
from gateway.standin.clients import ClientIds
from gateway.standin.config import StandinConfig
from gateway.standin.datastores import Availability, DataStore
from gateway.standin.datastores_start import DataStoreMaker
from gateway.standin.faults import Faults
from gateway.standin.held import HeldOutput
from gateway.standin.held_store import QueueFile
from gateway.standin.link import Link
from gateway.standin.listener import Listener
from gateway.standin.phonebook import PhoneBook
from gateway.standin.racf import Racf
from gateway.standin.saf_exits import load_exits
from gateway.standin.saf_start import racf_of
from gateway.standin.saf_tls import PortTls
from gateway.standin.seen import Seen, SeenInputs
from gateway.standin.services import Services
from gateway.standin.session import Session
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace

TURNS_TO_CLOSE: Final = 3
"""Turns of the loop in which transports that were given up while they arrived close their sockets."""


class Standin:
    """An IMS Connect with a small IMS behind it, in one asyncio loop.

    May be stopped and started again: IMS keeps its data, queues and revoked users, as when IMS Connect alone
    is restarted; with port 0 the port stays the one chosen first. `seen`, `faults`, `tpipes`, `racf` and
    `book` may be looked at from other threads.
    """

    def __init__(
        self,
        config: StandinConfig,
        *,
        trace: int = 0,
        write: Callable[[str], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Build IMS. Raises ConfigError for plug-ins that cannot be loaded, StoreError for keys."""
        self._host, self._port = parse_listen(config.ims_connect.listen)
        self.book = PhoneBook()
        self._state = QueueFile(config.state.path) if config.state else None
        try:
            trace_ = Trace(trace, write, clock)
            self._services = _services(config, self.book, trace_, clock, self._state)
            tls = config.ims_connect.tls
            self._tls = PortTls(tls, config) if tls else None
        except BaseException:
            self.close()
            raise
        self._listener = Listener(self._accepted, self._has_room, self._tls.context if self._tls else None)
        self._running = False
        self._links: set[Link] = set()
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._connections = 0
        for fault in config.faults:
            self.faults.add(fault)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What reached the stand-in, oldest first."""
        return self._services.seen.all

    @property
    def faults(self) -> Faults:
        """Misbehaviour on command."""
        return self._services.faults

    @property
    def tpipes(self) -> Tpipes:
        """The hold queues; `tpipes.depths` is empty when no output was left behind."""
        return self._services.tpipes

    @property
    def racf(self) -> Racf:
        """The users, with what became of them."""
        return self._services.racf

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._sessions)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the port is known once the stand-in has started."""
        return self._host, self._port

    def datastore(self, name: str) -> DataStore:
        """Return a data store, with the IMS behind it. Raises KeyError."""
        return self._services.datastores[name]

    def stop_datastore(self, name: str, *, ims_gone: bool = False) -> None:
        """Stop a data store, as the command STOPDS does, or have its IMS leave (`ims_gone`). Raises KeyError.

        Clients that wait for its IMS get 8/77, in RESUME TPIPE return code 44; later inputs 8/76, or 8/74.
        IMS itself goes on and keeps what it has.
        """
        self.datastore(name).go(Availability.DISCONNECTED if ims_gone else Availability.STOPPED)

    def start_datastore(self, name: str) -> None:
        """Start a data store again. Raises KeyError."""
        self.datastore(name).go(Availability.ACTIVE)

    @property
    def icals(self) -> tuple[Ical, ...]:
        """The synchronous callouts of the first data store's IMS, oldest first, with their ends."""
        return self._services.ims.callouts.all

    @property
    def callouts(self) -> Callouts:
        """The callouts of the first data store's IMS."""
        return self._services.ims.callouts

    async def queue_output(self, tpipe: str, output: HeldOutput) -> None:
        """Put output on a hold queue, as a program does by ISRT. Raises ValueError for what cannot be sent."""
        check_destination(tpipe)
        check_segments(output.segments)
        self._services.tpipes.hold(tpipe, output)

    async def ical(self, call: IcalCall, caller: Caller) -> IcalAnswer:
        """Call out as a program does. Raises ValueError for control data that cannot be."""
        return await self._services.ims.callouts.ical(call, caller)

    def close(self) -> None:
        """Close the file of the hold queues; after `stop`, for good."""
        if self._state is not None:
            self._state.close()

    def forget(self) -> None:
        """Empty the record of what was seen."""
        self._services.seen.clear()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is in use."""
        raise_open_files()
        self._port = self._listener.open(self._host, self._port)
        self._running = True

    async def stop(self) -> None:
        """Close every connection at once and end every run of a program."""
        if not self._running:
            return
        self._running = False
        await self._listener.close()
        links, tasks = tuple(self._links), tuple(self._sessions.values())
        for link in links:
            link.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for store in self._services.datastores:
            await store.ims.stop()
            store.otma.bid.leave()
        await asyncio.gather(*(link.lost for link in links))
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    def _has_room(self) -> bool:
        room = len(self._sessions) + self._listener.arriving < self._services.port.maxsoc
        if not room:
            self._services.trace.note(0, "a connection beyond MAXSOC was closed")
        return room

    def _accepted(self, link: Link) -> None:
        self._links.add(link)
        link.lost.add_done_callback(lambda _: self._links.discard(link))
        if not self._running:
            link.abort()
            return
        self._connections += 1
        if not self._secured(link):
            link.abort()
            return
        session = Session(self._connections, link, self._services, self._port)
        task = asyncio.get_running_loop().create_task(session.run())
        self._sessions[session] = task
        task.add_done_callback(lambda _: self._sessions.pop(session))

    def _secured(self, link: Link) -> bool:
        """Hold a finished handshake against policy and users."""
        if self._tls is None or link.tls is None:
            return self._tls is None
        complaint = self._tls.complaint(link.tls, self._services.racf)
        if complaint:
            self._services.trace.note(self._connections, f"refused {link.peer}: TLS: {complaint}")
        return complaint is None


def _services(
    config: StandinConfig, book: PhoneBook, trace: Trace, clock: Clock, state: QueueFile | None
) -> Services:
    port = config.ims_connect
    exits = load_exits(
        port.security_exit,
        config.racf.exit,
        config.otma.resume_tpipe_exit,
        lambda text: trace.note(0, text),
    )
    racf = racf_of(config, port, exits, clock)

    def tpipes_of(name: str) -> Tpipes:
        tpipes = Tpipes(state.of(name) if state else None, parallel=port.multirtp)
        for known in config.known_tpipes:
            tpipes.define(known)
        return tpipes

    own = plugins.converters({name: c.program for name, c in config.converters.items()})
    converters = {**BUILT_IN, **own}
    makes = DataStoreMaker(config, racf, exits, trace, tpipes_of, CalloutAdapter(converters))
    return Services(
        port=port,
        racf=racf,
        datastores=makes.make_all(book),
        adapter=XmlAdapter(converters, frozenset(Exit[name] for name in port.adapter_exits)),
        faults=Faults(),
        seen=SeenInputs(port.keep_seen),
        trace=trace,
        clients=ClientIds(),
    )


def raise_open_files() -> None:
    """Allow this process as many open files, and so connections, as its hard limit says."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
