"""The stand-in itself: the listening port, its connections, and the IMS behind them."""

import asyncio
import resource
import ssl
from collections.abc import Callable
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.values import parse_listen
from gateway.imsconnect.wire import Exit
from gateway.standin import plugins
from gateway.standin.adapter import BUILT_IN, XmlAdapter
from gateway.standin.builtin import built_in
from gateway.standin.clients import ClientIds
from gateway.standin.config import StandinConfig
from gateway.standin.faults import Faults
from gateway.standin.ims import Ims
from gateway.standin.link import Link
from gateway.standin.phonebook import PhoneBook
from gateway.standin.racf import Racf
from gateway.standin.security import OtmaAuthorization, SignOn
from gateway.standin.seen import Seen, SeenInputs
from gateway.standin.services import Services
from gateway.standin.session import Session
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace

BACKLOG: Final = 4096


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
        ssl_context: ssl.SSLContext | None = None,
        trace: int = 0,
        write: Callable[[str], None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Build IMS. Raises ConfigError for plug-ins that cannot be loaded."""
        self._ssl = ssl_context
        self._host, self._port = parse_listen(config.ims_connect.listen)
        self.book = PhoneBook()
        self._services = _services(config, self.book, Trace(trace, write, clock))
        self._server: asyncio.Server | None = None
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

    def forget(self) -> None:
        """Empty the record of what was seen."""
        self._services.seen.clear()

    async def start(self) -> None:
        """Listen. Raises OSError when the port is in use."""
        raise_open_files()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Link(self._accepted), self._host, self._port, backlog=BACKLOG, ssl=self._ssl
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection at once and end every run of a program."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        sessions = dict(self._sessions)
        for session, task in sessions.items():
            session.link.abort()
            task.cancel()
        await asyncio.gather(*sessions.values(), return_exceptions=True)
        await self._services.ims.stop()
        await asyncio.gather(*(session.link.lost for session in sessions))

    def _accepted(self, link: Link) -> None:
        if len(self._sessions) >= self._services.port.maxsoc or self._server is None:
            self._services.trace.note(0, "a connection beyond MAXSOC was closed")
            link.abort()
            return
        self._connections += 1
        session = Session(self._connections, link, self._services, self._port)
        task = asyncio.get_running_loop().create_task(session.run())
        self._sessions[session] = task
        task.add_done_callback(lambda _: self._sessions.pop(session))


def _services(config: StandinConfig, book: PhoneBook, trace: Trace) -> Services:
    port = config.ims_connect
    racf = Racf(config.users, mixed_case=port.mixed_case, max_bad_passwords=port.max_bad_passwords)
    tpipes = Tpipes()
    own = {name: t.program for name, t in config.transactions.items() if t.program}
    programs = {**built_in(book), **plugins.transactions(own)}
    converters = plugins.converters({name: c.program for name, c in config.converters.items()})
    return Services(
        port=port,
        racf=racf,
        sign_on=SignOn(port, racf),
        otma=OtmaAuthorization(port, racf, config.transactions),
        adapter=XmlAdapter({**BUILT_IN, **converters}, frozenset(Exit[name] for name in port.adapter_exits)),
        ims=Ims(programs, config.transactions, tpipes, trace),
        tpipes=tpipes,
        faults=Faults(),
        seen=SeenInputs(port.keep_seen),
        trace=trace,
        clients=ClientIds(),
    )


def raise_open_files() -> None:
    """Allow this process as many open files, and so connections, as its hard limit says."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
