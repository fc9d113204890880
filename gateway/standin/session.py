"""One connection: its inputs one after the other, each answered before the next is read."""

from typing import Final

from gateway.imsconnect.wire import (
    Csm,
    CsmFlags,
    InputMessage,
    Irm,
    LocalProtocolError,
    OutputMessage,
    Rsm,
    State,
    Verb,
)
from gateway.imsconnect.wire.flags import NEVER_ANSWERED
from gateway.standin.conversation import deallocate
from gateway.standin.demands import Keyword, keyword
from gateway.standin.dialogue import Dialogue
from gateway.standin.exchange import send_receive
from gateway.standin.held import HoldQueueError
from gateway.standin.link import ClientGoneError
from gateway.standin.password_change import change_password
from gateway.standin.refusal import (
    CLIENT_NOT_KNOWN,
    DATASTORE_ERROR,
    RC_IMS_CONNECT,
    RC_OTMA,
    RC_OTMA_NAK,
    TIMER_CANCELLED,
    Refusal,
)
from gateway.standin.respond import callout_response
from gateway.standin.resume import resume_tpipe
from gateway.standin.sendonly import send_only

PING_RESPONSE: Final = "HWSC0030I *PING RESPONSE*"

_NEEDS_NO_CLIENT: Final = frozenset({Verb.CANCEL_TIMER, Verb.CALLOUT_RESPONSE, Verb.CALLOUT_RESPONSE_ACK})
"""Inputs that do not make the sender the one active under its client id."""
_SEND_ONLY_UNANSWERED: Final = frozenset({Verb.SEND_ONLY, Verb.SEND_ONLY_ERROR})
_OF_OTMA: Final = frozenset({RC_OTMA, RC_OTMA_NAK})
_SEND_ONLY: Final = frozenset({Verb.SEND_ONLY, Verb.SEND_ONLY_ACK, Verb.SEND_ONLY_ERROR})


class Session(Dialogue):
    """The inputs of one connection, from its first to its end."""

    async def run(self) -> None:
        """Serve the connection until it is closed."""
        self.note(f"connected from {self.link.peer}")
        try:
            if await self._strike("connect") is not None:
                await self._serve()
        except ClientGoneError:
            pass
        except BaseException:
            self.link.abort()
            raise
        finally:
            self._claim.leave()
            self.end_conversation()
        await self.link.close()
        self.note("closed")

    # -- one input after the other

    async def _serve(self) -> None:
        wait = self.services.port.timeout_seconds
        # the state is the one after the latest message that was read; others may be ready before it
        while self._ready or self._codec.state is not State.CLOSED:
            message = await self.next_input(wait)
            if message is None:
                self.note("no input in time")
                return
            if not await self._answer(message):
                return
            wait = self.services.port.idle_seconds

    async def _answer(self, message: InputMessage) -> bool:
        """Answer an input; return whether the connection goes on."""
        seen = self.services.seen
        number = self._note_input(message)
        try:
            if await self._strike("request") is None:
                seen.settle(number, "lost: fault")
                return False
            if self.conversation is not None:
                self._check_same_client(message.irm)
            elif message.irm.verb not in _NEEDS_NO_CLIENT:
                self._claim.enter(message.irm)
                seen.update(number, client_id=self.client_id)
            await self._dispatch(number, message)
        except Refusal as refusal:
            seen.settle(number, f"refused {refusal.label}")
            return await self._refuse(message.irm, refusal)
        except HoldQueueError as error:
            # unverified: the codes; an IMS whose message queues are full does not live to say it (abend U0758)
            seen.settle(number, "backed out, the hold queues cannot be written")
            return await self._refuse(message.irm, Refusal(RC_IMS_CONNECT, DATASTORE_ERROR, str(error)))
        if self.conversation is not None and keyword(message) is not None:
            # IMS Connect keeps the socket of PING and HWSPWCH unless it is in conversational mode
            self.note("closed: IMS Connect's own input inside a conversation")
            return False
        return True

    async def _dispatch(self, number: int, message: InputMessage) -> None:
        verb, word = message.irm.verb, keyword(message)
        if word is Keyword.PING:
            await self._ping(number, message.irm)
        elif word is Keyword.PASSWORD_CHANGE:
            await change_password(self, number, message)
        elif verb is Verb.SEND_RECEIVE:
            await send_receive(self, number, message)
        elif verb in _SEND_ONLY:
            await send_only(self, number, message)
        elif verb is Verb.CANCEL_TIMER:
            await self._cancel_timer(number, message.irm)
        elif verb is Verb.DEALLOCATE:
            await deallocate(self, number)
        elif verb is Verb.RESUME_TPIPE:
            await resume_tpipe(self, number, message)
        else:
            await callout_response(self, number, message)

    async def _refuse(self, irm: Irm, refusal: Refusal) -> bool:
        """Answer with an RSM; return whether the connection goes on."""
        self.note(f"refused: {refusal}")
        if irm.verb in _SEND_ONLY_UNANSWERED and refusal.return_code in _OF_OTMA:
            # IMS said no, and nobody waits to hear it (Send-only protocol; Send-only with error protocol)
            return self._codec.state is not State.CLOSED
        if irm.verb in NEVER_ANSWERED:
            # "none, ever"; unverified: that IMS Connect closes the socket all the same
            return False
        rsm = Rsm(
            refusal.return_code,
            refusal.reason_code,
            racf_or_otma=refusal.racf_or_otma,
            xml_adapter=refusal.xml_adapter,
        )
        try:
            await self.send(OutputMessage(rsm=rsm))
        except LocalProtocolError:
            self.note("the client expects no answer")
            return False
        return self._codec.state is not State.CLOSED

    # -- what IMS Connect answers itself

    async def _ping(self, number: int, irm: Irm) -> None:
        self.services.seen.settle(number, "ping")
        # IMS is not asked, so nothing is known of output that waits there
        csm = Csm(CsmFlags.LEVEL_VALID, self.services.port.protocol_level)
        await self.send(OutputMessage(segments=(PING_RESPONSE.encode(irm.code.value),), csm=csm))

    async def _cancel_timer(self, number: int, irm: Irm) -> None:
        holder = self.services.clients.holder(irm.client_id)
        if holder is None or holder.expired is None or holder.expired.done():
            # unverified: the answer when no session waits under this client id
            raise Refusal(RC_IMS_CONNECT, CLIENT_NOT_KNOWN, f"nobody waits as {irm.client_id or '(blank)'}")
        holder.expired.set_result(None)
        self.services.seen.settle(number, "timer cancelled")
        await self.send(self.status(RC_IMS_CONNECT, TIMER_CANCELLED))
