"""The language that exchanges are written in: reading, answering and waiting on one connection."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.imsconnect.wire import (
    F1,
    Csm,
    CsmFlags,
    InputMessage,
    InputViolation,
    Irm,
    OutputMessage,
    Rsm,
    ServerConnection,
    Verb,
)
from gateway.standin.clients import Claim
from gateway.standin.conversations import Conversation
from gateway.standin.datastores import COMMUNICATION_ERROR, DataStore
from gateway.standin.faults import Moment
from gateway.standin.link import ClientGoneError, Link
from gateway.standin.refusal import CLIENT_NOT_KNOWN, RC_IMS_CONNECT, Refusal
from gateway.standin.services import Services
from gateway.standin.strikes import strike
from gateway.standin.timers import Ending


class Dialogue:
    """A client on one connection, and what can be said to it and awaited from it."""

    def __init__(self, number: int, link: Link, services: Services, port: int) -> None:
        self.number = number
        self.link = link
        self.services = services
        self.expired: asyncio.Future[None] | None = None
        """Set while a timer runs; done when another connection has cancelled it (IRM_F4 C)."""
        self.store: DataStore | None = None
        """The data store that this session is at work with; None before its first input for one."""
        self.conversation: Conversation | None = None
        """The conversation that is open on this connection."""
        self.taken_over: Callable[[], None] | None = None
        """Set while output is on its way: what to do with it before another connection has this client id."""
        self._claim = Claim(services.clients, self, port)
        self._frames: deque[bytes] = deque()
        """For the trace, the bytes of inputs that it has not seen yet."""
        watch = self._frames.append if services.trace.watches else None
        self._codec = ServerConnection(services.port.max_message_bytes, services.port.loaded_exits, watch)
        self._ready: deque[InputMessage] = deque()
        self._transaction = ""
        self._verb = Verb.SEND_RECEIVE

    @property
    def client_id(self) -> str:
        """The client id this session is active under; empty before its first input."""
        return self._claim.client_id

    def note(self, text: str) -> None:
        """Write a line of trace."""
        self.services.trace.note(self.number, text)

    def cancel(self, why: str) -> None:
        """End the session because another connection took its client id over."""
        self.note(why)
        if self.taken_over is not None:
            self.taken_over()
        self.link.abort()

    def end_conversation(self) -> None:
        """Note that the conversation of this connection is over, if one is open."""
        if self.conversation is not None:
            self.services.datastores[self.conversation.datastore].ims.conversations.end(self.conversation)
        self.conversation = None

    # -- reading

    async def next_input(self, seconds: float) -> InputMessage | None:
        """Return the next input; None when the client sends nothing for `seconds` (0: wait for ever).

        Raises ClientGoneError, after answering an input that breaks the protocol too.
        """
        try:
            async with asyncio.timeout(seconds or None):
                return await self._next_input()
        except TimeoutError:
            return None

    async def _next_input(self) -> InputMessage:
        data = b""
        while not self._ready:
            try:
                self._ready += self._codec.receive(data)
            except InputViolation as violation:
                await self._refuse_violation(violation)
                raise ClientGoneError from None
            if not self._ready:
                data = await self.link.read()
                if not data:
                    raise ClientGoneError
        message = self._ready.popleft()
        self.services.trace.input(self.number, message, self._frames.popleft() if self._frames else b"")
        return message

    async def _refuse_violation(self, violation: InputViolation) -> None:
        for frame in self._frames:
            self.services.trace.bad_input(self.number, frame)
        self._frames.clear()
        self.note(f"refused: {violation}")
        data = self._codec.refuse(violation)
        if not data:
            return
        await self.link.write(data)
        answer = self.status(violation.return_code, violation.reason_code)
        self.services.trace.output(self.number, answer, data, violation.exit, violation.code)

    # -- answering

    async def send(self, output: OutputMessage, within: float | None = None) -> bool:
        """Send an output, or what a fault makes of it. Raises ClientGoneError when the fault was final.

        Return False when the client has not taken it `within` so many seconds.
        """
        data = self._codec.send(output)
        self.services.trace.output(self.number, output, data, self._codec.exit, self._codec.code)
        left = await self._strike("reply", data)
        if left is None:
            raise ClientGoneError
        return await self.link.write(left, within)

    async def deliver(self, output: OutputMessage, seconds: float) -> InputMessage | None:
        """Send an output that wants an ACK; return what `next_answer` does.

        None too for a client that does not read: OTMA waits for its ACK no longer than for any other's.
        """
        if not await self.send(output, seconds):
            return None
        return await self.next_answer(seconds)

    def complete(
        self,
        irm: Irm,
        segments: tuple[bytes, ...],
        mod_name: str,
        *,
        ack: bool = False,
        flags: CsmFlags = CsmFlags.NONE,
    ) -> OutputMessage:
        """Return data with CSM, `flags` and others in it, and MOD name and client id if the request asks."""
        flags |= CsmFlags.LEVEL_VALID
        if ack:
            flags |= CsmFlags.ACK_NEEDED
        store = self.store or self.services.datastores.first
        if store.tpipes.depth(self.client_id):
            flags |= CsmFlags.ASYNC_QUEUED
        return OutputMessage(
            segments=segments,
            csm=Csm(flags, self.services.port.protocol_level),
            mod_name=mod_name if F1.MFSREQ in irm.f1 and segments else None,
            client_id=self.client_id if F1.CIDREQ in irm.f1 and segments else None,
        )

    def status(self, return_code: int, reason_code: int) -> OutputMessage:
        """Return an RSM."""
        return OutputMessage(rsm=Rsm(return_code, reason_code))

    # -- waiting

    async def wait_for_ims(self, awaited: "asyncio.Future[Any]", seconds: float | None) -> Ending:
        """Wait for IMS, the timer, the client's leaving, or a cancel timer that another connection sends.

        DOWN when the data store of this session goes meanwhile.
        """
        self.expired = asyncio.get_running_loop().create_future()
        down = (self.store or self.services.datastores.first).gone()
        events: set[asyncio.Future[Any]] = {awaited, self.link.gone, self.expired, down}
        try:
            await asyncio.wait(events, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if awaited.done():
                return Ending.DONE
            if self.link.gone.done():
                return Ending.GONE
            return Ending.DOWN if down.done() else Ending.EXPIRED
        finally:
            self.expired = None
            down.cancel()

    async def let_time_pass(self, seconds: float | None) -> None:
        """Wait for the timer alone. Raises ClientGoneError, and Refusal 8/77 when the data store goes."""
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ending = await self.wait_for_ims(never, seconds)
        if ending is Ending.GONE:
            raise ClientGoneError
        if ending is Ending.DOWN:
            raise self.store_gone()

    def store_gone(self) -> Refusal:
        """Return what a client hears whose data store goes while it waits or owes an answer."""
        return Refusal(RC_IMS_CONNECT, COMMUNICATION_ERROR, "the data store is gone")

    async def _answer_while_up(self, seconds: float) -> InputMessage | None:
        """Return the next input as `next_input` does. Raises Refusal 8/77 when the data store goes before."""
        reading = asyncio.ensure_future(self.next_input(seconds))
        down = (self.store or self.services.datastores.first).gone()
        events: set[asyncio.Future[Any]] = {reading, down}
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            raise self.store_gone()
        finally:
            reading.cancel()
            down.cancel()

    async def next_answer(self, seconds: float) -> InputMessage | None:
        """Return the ACK, NAK or DEALLOCATE that the client owes; None when it does not come in time.

        The codec lets nothing else through. Raises Refusal under another client id than the exchange's or when
        the data store goes, and ClientGoneError.
        """
        message = await self._answer_while_up(seconds)
        if message is None:
            return None
        number = self._note_input(message)
        try:
            if await self._strike("request") is None:
                self.services.seen.settle(number, "lost: fault")
                raise ClientGoneError
            self._check_same_client(message.irm)
        except Refusal as refusal:
            self.services.seen.settle(number, f"refused {refusal.label}")
            raise
        self.services.seen.settle(number, "taken")
        return message

    def _check_same_client(self, irm: Irm) -> None:
        if irm.client_id != self.client_id:
            name = irm.client_id or "(blank)"
            raise Refusal(RC_IMS_CONNECT, CLIENT_NOT_KNOWN, f"{name} is not the client id of this exchange")

    # -- the record, and faults

    def _note_input(self, message: InputMessage) -> int:
        """Record an input; ACK and NAK count to the transaction before them, for faults."""
        self._verb = message.irm.verb
        if message.segments:
            word = self.conversation.transaction if self.conversation else _first_word(message)
            self._transaction = message.irm.transaction or word
        return self.services.seen.note(self.number, message)

    async def _strike(self, moment: Moment, reply: bytes = b"") -> bytes | None:
        """Let a fault strike, if one is due; return what is left of the reply, None: there is no going on."""
        fault = self.services.faults.pick(moment, self.number, self._transaction, self._verb.value)
        if fault is None:
            return reply
        self.note(f"fault: {fault.kind} on {moment}")
        if fault.kind == "refuse":
            raise Refusal(fault.return_code, fault.reason_code, "fault: refuse", racf_or_otma=fault.racf_code)
        return await strike(self.link, fault, reply)


def _first_word(message: InputMessage) -> str:
    """Return what looks like the transaction code in the data, before anything is translated."""
    return message.segments[0][:8].decode(message.irm.code.value, errors="replace").split(" ", 1)[0]
