"""The small IMS: schedules a program for an input, keeps its output, commits or backs out.

Runs do not depend on the client: IMS goes on when the client has left or its timer is over, and what becomes
of the output then is said by `Fallback` (commit mode 0) or by the sync level (commit mode 1).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from gateway.exchange import Undeliverable
from gateway.standin import dfs
from gateway.standin.callout import Caller, Callouts
from gateway.standin.callout_adapter import NO_ADAPTER, CalloutAdapter
from gateway.standin.calls import ProgramCalls
from gateway.standin.config import TransactionSettings
from gateway.standin.conversations import Conversations
from gateway.standin.demands import Fallback
from gateway.standin.descriptors import NO_DESCRIPTORS, Descriptors
from gateway.standin.held import HoldQueueError
from gateway.standin.locks import RecordLocks
from gateway.standin.plugins import checked
from gateway.standin.programs import HOST, UTF_8, AbendError, Context, Transaction
from gateway.standin.regions import WAITING_FOR_SYNC_POINT, Regions
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace
from gateway.standin.units import UnitOfWork
from gateway.standin.work import COMMAND_MARK, Output, Run, Work, held_outputs

SYSTEM_ABEND: Final = "S0C4"
"""What a program that raises anything but AbendError is said to have ended with."""
KEEP_FAILURES: Final = 100
"""How many failures of programs are remembered."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What an IMS is told at its start: programs, transactions and destinations."""

    programs: Mapping[str, Transaction]
    settings: Mapping[str, TransactionSettings] = field(default_factory=dict)
    descriptors: Descriptors = NO_DESCRIPTORS
    ims_id: str = "IMS1"
    adapter: CalloutAdapter = NO_ADAPTER


Operator = Callable[["Ims", Work], tuple[str, ...]]
"""Does an IMS command and returns the lines of its answer."""


class Ims:
    """Programs, hold queues and units of work. What it shows may be looked at from any thread."""

    def __init__(
        self,
        definitions: Definitions,
        tpipes: Tpipes,
        trace: Trace,
        operator: Operator = lambda _ims, _work: (dfs.INVALID_VERB,),
    ) -> None:
        self._programs = definitions.programs
        self._settings = settings = definitions.settings
        self._tpipes = tpipes
        self._trace = trace
        self._operator = operator
        self.callouts = Callouts(definitions.ims_id, definitions.descriptors, tpipes, definitions.adapter)
        """The ICALs of its programs."""
        self._serial = RecordLocks()
        self._failures: deque[str] = deque(maxlen=KEEP_FAILURES)
        self._running: dict[asyncio.Task[Output], Work] = {}
        limits = {name: one.regions for name, one in settings.items() if one.regions is not None}
        self.regions = Regions(limits, frozenset(name for name, one in settings.items() if one.stopped))
        """The message processing regions, and what waits for one."""
        self.conversations = Conversations()
        """The conversations that are open."""

    @property
    def transactions(self) -> tuple[str, ...]:
        """The transaction codes that IMS knows."""
        return tuple(sorted(self._programs))

    @property
    def inputs(self) -> tuple[Work, ...]:
        """The inputs that wait or run, in the order they came."""
        return tuple(self._running.values())

    @property
    def failures(self) -> tuple[str, ...]:
        """What programs raised that was no AbendError, or returned that was no Reply; the latest last."""
        return tuple(self._failures)

    def program_of(self, transaction: str) -> str:
        """Return the name of the program behind a transaction."""
        return type(self._programs[transaction]).__name__

    def knows(self, transaction: str) -> bool:
        """Tell whether inputs of this transaction are queued. Commands are known by their verbs later."""
        if transaction.startswith(COMMAND_MARK):
            return True
        return transaction in self._programs and not self.regions.is_stopped(transaction)

    def is_conversational(self, transaction: str) -> bool:
        """Tell whether inputs of this transaction begin a conversation."""
        program = self._programs.get(transaction)
        if program is None:
            return False
        settings = self._settings.get(transaction)
        declared = settings.conversational if settings else None
        return bool(getattr(program, "conversational", False)) if declared is None else declared

    def start(self, work: Work) -> Run:
        """Schedule the program of an input."""
        unit = UnitOfWork()
        task = asyncio.get_running_loop().create_task(self._run(work, unit))
        self._running[task] = work
        task.add_done_callback(self._running.pop)
        return Run(work, unit, task)

    async def stop(self) -> None:
        """End every run; what it changed is backed out."""
        self.callouts.stop()
        tasks = tuple(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def dispose(self, run: Run, output: Output, tpipe: str, fallback: Fallback) -> str:
        """Do with undeliverable commit-then-send output what was asked for.

        Return held, rerouted or purged; of an input that expired, the number of the message that goes nowhere.
        """
        if output.discarded:
            return dfs.EXPIRED
        if fallback.both:
            self._trace.note(run.work.connection, "IMS: DFS2407W purge and reroute together: neither is done")
        if fallback.kind is Undeliverable.PURGE:
            return "purged"
        where = fallback.reroute_name if fallback.kind is Undeliverable.REROUTE else tpipe
        try:
            for held in held_outputs(run.work, output):
                self._tpipes.hold(where, held)
        except HoldQueueError as error:
            self._trace.note(run.work.connection, f"IMS: output for {where} is lost: {error}")
            return "lost"
        return "held" if fallback.kind is Undeliverable.HOLD else "rerouted"

    async def _run(self, work: Work, unit: UnitOfWork) -> Output:
        try:
            if work.denied:
                unit.back_out()
                return self._message(work, dfs.not_authorized())
            if work.is_command:
                return Output(tuple(map(HOST.encode, self._operator(self, work))), dfs.MOD_NAME)
            if work.serial:
                await self._serial.acquire(f"{work.client_id} {work.transaction}", unit)
            if not self.knows(work.transaction):
                unit.back_out()
                known = work.transaction in self._programs
                text = dfs.stopped() if known else dfs.no_such_transaction(work.transaction)
                return self._message(work, text)
            region = await self.regions.acquire(work.transaction, unit)
            if work.expires is not None and asyncio.get_running_loop().time() >= work.expires:
                unit.back_out()
                return replace(self._message(work, dfs.expired(work.transaction)), discarded=True)
            output = await self._answer(work, unit)
        except asyncio.CancelledError:
            unit.back_out()
            raise
        region.status = WAITING_FOR_SYNC_POINT
        return output

    async def _answer(self, work: Work, unit: UnitOfWork) -> Output:
        conversational = self.is_conversational(work.transaction)
        try:
            answer = await self._programs[work.transaction].run(self._context(work, unit))
            reply = checked(answer, conversational=conversational)
        except AbendError as error:
            code = error.code
            self._trace.note(work.connection, f"IMS: {work.transaction} abends: {error}")
        except Exception as error:  # noqa: BLE001  a program that fails in any way is an abend, as in IMS
            code = SYSTEM_ABEND
            self._trace.failure(work.connection, f"IMS: {work.transaction} abends", error)
            self._failures.append(f"{work.transaction}: {type(error).__name__}: {error}")
        else:
            if work.ignore_purg:
                segments = (*reply.segments, *chain.from_iterable(reply.purged))
                return Output(segments, reply.mod_name, spa=reply.spa)
            return Output(reply.segments, reply.mod_name, purged=reply.purged)
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
            acee_user=work.acee_user,
            lterm=work.lterm,
            client_id=work.client_id,
            datastore=work.datastore,
            netuid=work.netuid,
            netsid=work.netsid,
            spa=work.spa,
            descriptor=settings.descriptor if settings else "",
            control=settings.control if settings else (),
            calls=self._calls(work, unit),
        )

    def _calls(self, work: Work, unit: UnitOfWork) -> ProgramCalls:
        region = next((region.number for region in self.regions.active if region.unit is unit), 1)
        caller = Caller(work.identity.user, work.netuid, work.netsid, region)
        return ProgramCalls(self.callouts, self._tpipes, caller, work.transaction, unit)

    def _message(self, work: Work, text: str) -> Output:
        self._trace.note(work.connection, f"IMS: {text}")
        return Output((HOST.encode(text),), dfs.MOD_NAME, by_ims=True)

    def no_response(self, work: Work) -> Output:
        """Return the message for a program that owed a reply and gave none."""
        return self._message(work, dfs.no_response())
