"""The small IMS: schedules a program for an input, keeps its output, commits or backs out.

Runs do not depend on the client: IMS goes on when the client has left or its timer is over, and what becomes
of the output then is said by `Fallback` (commit mode 0) or by the sync level (commit mode 1).
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.exchange import Undeliverable
from gateway.standin import dfs
from gateway.standin.config import TransactionSettings
from gateway.standin.demands import Fallback
from gateway.standin.locks import RecordLocks
from gateway.standin.programs import (
    HOST,
    MAX_SEGMENT_DATA,
    UTF_8,
    AbendError,
    Context,
    Reply,
    Transaction,
)
from gateway.standin.security import Identity
from gateway.standin.tpipes import HeldOutput, Tpipes
from gateway.standin.trace import Trace
from gateway.standin.units import UnitOfWork

NAME_LENGTH: Final = 8
SYSTEM_ABEND: Final = "S0C4"
"""What a program that raises anything but AbendError is said to have ended with."""


@dataclass(frozen=True, slots=True)
class Work:
    """One input as OTMA hands it to IMS."""

    connection: int
    transaction: str
    segments: tuple[bytes, ...] = field(repr=False)
    data: bytes = field(repr=False)
    """What follows the transaction code."""
    identity: Identity
    lterm: str
    client_id: str
    datastore: str
    netuid: str
    netsid: str
    serial: bool = False
    """Inputs of the same client and transaction run one after the other (IRM_F3 X'10')."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a run left for the client; no segments: the program did not answer."""

    segments: tuple[bytes, ...] = field(repr=False)
    mod_name: str = ""
    by_ims: bool = False
    """A DFS message of IMS itself; its unit of work has ended already."""


@dataclass(frozen=True, slots=True)
class Run:
    """A program at work."""

    work: Work
    unit: UnitOfWork
    task: "asyncio.Task[Output]"

    def then(self, end: Callable[[Output], None]) -> None:
        """Have `end` called with the output when nobody waits for it any more."""
        self.task.add_done_callback(lambda task: None if task.cancelled() else end(task.result()))


class Ims:
    """Programs, hold queues and units of work."""

    def __init__(
        self,
        programs: Mapping[str, Transaction],
        settings: Mapping[str, TransactionSettings],
        tpipes: Tpipes,
        trace: Trace,
    ) -> None:
        self._programs = programs
        self._settings = settings
        self._tpipes = tpipes
        self._trace = trace
        self._serial = RecordLocks()
        self._running: set[asyncio.Task[Output]] = set()

    def knows(self, transaction: str) -> bool:
        """Tell whether inputs of this transaction are queued."""
        settings = self._settings.get(transaction)
        return transaction in self._programs and not (settings and settings.stopped)

    def start(self, work: Work) -> Run:
        """Schedule the program of an input."""
        unit = UnitOfWork()
        task = asyncio.get_running_loop().create_task(self._run(work, unit))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Run(work, unit, task)

    async def stop(self) -> None:
        """End every run; what it changed is backed out."""
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def dispose(self, run: Run, output: Output, tpipe: str, fallback: Fallback) -> str:
        """Do with undeliverable commit-then-send output what was asked for; return held, rerouted or purged."""
        if fallback.both:
            self._trace.note(run.work.connection, "IMS: DFS2407W purge and reroute together: neither is done")
        if fallback.kind is Undeliverable.PURGE:
            return "purged"
        where = fallback.reroute_name if fallback.kind is Undeliverable.REROUTE else tpipe
        self._tpipes.hold(where, HeldOutput(output.segments, output.mod_name, run.work.transaction))
        return "held" if fallback.kind is Undeliverable.HOLD else "rerouted"

    async def _run(self, work: Work, unit: UnitOfWork) -> Output:
        try:
            if work.serial:
                await self._serial.acquire(f"{work.client_id} {work.transaction}", unit)
            if not self.knows(work.transaction):
                unit.back_out()
                known = work.transaction in self._programs
                text = dfs.stopped if known else dfs.no_such_transaction
                return self._message(work, text(work.transaction))
            return await self._answer(work, unit)
        except asyncio.CancelledError:
            unit.back_out()
            raise

    async def _answer(self, work: Work, unit: UnitOfWork) -> Output:
        try:
            reply = _checked(await self._programs[work.transaction].run(self._context(work, unit)))
        except AbendError as error:
            code = error.code
            self._trace.note(work.connection, f"IMS: {work.transaction} abends: {error}")
        except Exception as error:  # noqa: BLE001  a program that fails in any way is an abend, as in IMS
            code = SYSTEM_ABEND
            self._trace.failure(work.connection, f"IMS: {work.transaction} abends", error)
        else:
            return Output(reply.segments, reply.mod_name)
        unit.back_out()
        return self._message(work, dfs.abend(work.transaction, code))

    def _context(self, work: Work, unit: UnitOfWork) -> Context:
        settings = self._settings.get(work.transaction)
        return Context(
            transaction=work.transaction,
            segments=work.segments,
            data=work.data,
            unit=unit,
            ccsid=settings.ccsid if settings else UTF_8,
            user=work.identity.user,
            group=work.identity.group,
            lterm=work.lterm,
            client_id=work.client_id,
            datastore=work.datastore,
            netuid=work.netuid,
            netsid=work.netsid,
        )

    def _message(self, work: Work, text: str) -> Output:
        self._trace.note(work.connection, f"IMS: {text}")
        return Output((HOST.encode(text),), dfs.MOD_NAME, by_ims=True)

    def no_response(self, work: Work) -> Output:
        """Return the message for a program that owed a reply and gave none."""
        return self._message(work, dfs.no_response())


def _checked(reply: Any) -> Reply:
    """Return what a plug-in answered if it is what its type promises."""
    if not isinstance(reply, Reply):
        raise TypeError("run() did not return a Reply")
    segments: tuple[Any, ...] = reply.segments
    if not all(isinstance(segment, bytes) and len(segment) <= MAX_SEGMENT_DATA for segment in segments):
        raise TypeError(f"a segment is not bytes, or longer than {MAX_SEGMENT_DATA}")
    if not (reply.mod_name.isascii() and len(reply.mod_name) <= NAME_LENGTH):
        raise TypeError(f"mod_name is not ASCII, or longer than {NAME_LENGTH}")
    return reply
