"""Synchronous callout: an ICAL puts a request on a tpipe and waits for the response with its correlation token.

Source: ICAL call; Implementing the synchronous callout function; Format of the correlation token for
synchronous callout messages from IMS applications. Requests live in memory alone, as their ICALs do.
"""

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from gateway.imsconnect.wire.aib import SHUTDOWN, TIMED_OUT
from gateway.imsconnect.wire.header import HeaderCode
from gateway.standin.aib import NO_DESCRIPTOR, IcalAnswer, IcalCall, answered, ended
from gateway.standin.callout_adapter import CONVERSION_FAILED, NO_ADAPTER, CalloutAdapter, ConversionError
from gateway.standin.control import check_control
from gateway.standin.demands import DEFAULT_REROUTE_NAME
from gateway.standin.descriptors import Descriptor, Descriptors
from gateway.standin.held import CalloutRequest
from gateway.standin.segments import split
from gateway.standin.tpipes import Tpipes

TOKEN_LENGTH: Final = 40
KEEP: Final = 10_000
"""How many ICALs the record keeps."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who issues an ICAL, as far as the request shows it."""

    user: str = ""
    netuid: str = ""
    netsid: str = ""
    region: int = 1
    """COR_PSTNR, the number of its region."""


NOBODY: Final = Caller()


@dataclass(frozen=True, slots=True)
class Ical:
    """One ICAL, for the record."""

    number: int
    descriptor: str
    tpipe: str
    user: str
    data: bytes = field(repr=False)
    token: bytes = field(default=b"", repr=False)
    """The 40 bytes; empty when no request was made."""
    answer: IcalAnswer | None = None
    """How it ended; None: it still waits."""


class Tokens:
    """Makes correlation tokens. Each is good once; 16 of its bytes are random."""

    def __init__(self) -> None:
        self._preset: list[tuple[bytes, bytes]] = []

    def preset(self, member_token: bytes, message_token: bytes) -> None:
        """Have the next token made with these two fields of 8 bytes each, for tests."""
        self._preset.append((member_token, message_token))

    def make(self, ims_id: str, tpipe: str, caller: Caller) -> bytes:
        """Return LL, region, IMS id, tmember token, message token, tpipe, user: characters in EBCDIC."""
        random = (secrets.token_bytes(8), secrets.token_bytes(8))
        member_token, message_token = self._preset.pop(0) if self._preset else random
        return b"".join(
            (
                TOKEN_LENGTH.to_bytes(2),
                caller.region.to_bytes(2),
                HeaderCode.EBCDIC.encode(ims_id[:4], 4),
                member_token,
                message_token,
                HeaderCode.EBCDIC.encode(tpipe),
                HeaderCode.EBCDIC.encode(caller.user),
            )
        )


class Callouts:
    """The ICALs of one IMS. The record may be read from any thread; all else belongs to the stand-in's loop."""

    def __init__(
        self, ims_id: str, descriptors: Descriptors, tpipes: Tpipes, adapter: CalloutAdapter = NO_ADAPTER
    ) -> None:
        """`ims_id`: its first four characters are in every token."""
        self.descriptors = descriptors
        self.tokens = Tokens()
        self._ims_id = ims_id
        self._tpipes = tpipes
        self.adapter = adapter
        self._waiting: dict[bytes, CalloutRequest] = {}
        self._record: OrderedDict[int, Ical] = OrderedDict()
        self._count = 0
        self._lock = Lock()
        for tpipe in descriptors.tpipes:
            tpipes.define(tpipe)

    @property
    def all(self) -> tuple[Ical, ...]:
        """The ICALs so far, oldest first."""
        with self._lock:
            return tuple(self._record.values())

    async def ical(self, call: IcalCall, caller: Caller) -> IcalAnswer:
        """Call out and wait for the response. Raises ValueError for control data that cannot be."""
        check_control(call.control)
        found = self.descriptors.get(call.descriptor)
        record = self._begin(Ical(0, call.descriptor, found.tpipe if found else "", caller.user, call.data))
        if found is None:
            return self._end(record, ended(NO_DESCRIPTOR))
        try:
            request = self._request(found, call, caller)
        except ConversionError:
            return self._end(record, ended(CONVERSION_FAILED))
        record = self._note(replace(record, token=request.token))
        answer = ended(SHUTDOWN)
        try:
            answer = await self._wait(found, request, found.wait(call.timeout_seconds))
            if answer.good:
                answer = answered(answer.data, call.output_limit)
        finally:
            self._end(record, answer)
        return answer

    def routed(self, destination: str, segments: tuple[bytes, ...]) -> tuple[str, tuple[bytes, ...]]:
        """Return the tpipe that asynchronous output goes to, and what goes there."""
        found = self.descriptors.get(destination)
        if found is None:
            return destination, segments
        try:
            converted = self.adapter.convert(found, segments)
        except ConversionError:
            return DEFAULT_REROUTE_NAME, segments
        return found.tpipe, segments if converted is None else split(converted)

    def respond(self, token: bytes, data: bytes) -> bool:
        """Give an ICAL its response; False when none waits for this token."""
        return self.refuse(token, answered(data, None))

    def refuse(self, token: bytes, answer: IcalAnswer) -> bool:
        """End an ICAL by an error response; False when none waits for this token."""
        request = self._waiting.get(token)
        if request is None or request.answer.done():
            return False
        request.end(answer)
        return True

    def stop(self) -> None:
        """End every ICAL: IMS shuts down."""
        for request in tuple(self._waiting.values()):
            request.end(ended(SHUTDOWN))

    def _request(self, to: Descriptor, call: IcalCall, caller: Caller) -> CalloutRequest:
        data = self.adapter.convert(to, (call.data,), call.control) or call.data
        token = self.tokens.make(self._ims_id, to.tpipe, caller)
        answer: asyncio.Future[IcalAnswer] = asyncio.get_running_loop().create_future()
        return CalloutRequest(
            token, data, call.control, caller.netuid, caller.netsid, answer, control_rest=call.control_rest
        )

    async def _wait(self, to: Descriptor, request: CalloutRequest, seconds: float) -> IcalAnswer:
        self._waiting[request.token] = request
        delivery = self._tpipes.request(to.tpipe, request)
        try:
            async with asyncio.timeout(seconds):
                return await request.answer
        except TimeoutError:
            return ended(TIMED_OUT)
        finally:
            del self._waiting[request.token]
            # its ICAL has ended, so nobody wants to see it any more
            delivery.discard()

    def _begin(self, record: Ical) -> Ical:
        self._count += 1
        return self._note(replace(record, number=self._count))

    def _end(self, record: Ical, answer: IcalAnswer) -> IcalAnswer:
        self._note(replace(record, answer=answer))
        return answer

    def _note(self, record: Ical) -> Ical:
        with self._lock:
            self._record[record.number] = record
            while len(self._record) > KEEP:
                self._record.popitem(last=False)
        return record
