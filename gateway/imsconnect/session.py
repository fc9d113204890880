"""One client id on one stream: it holds one conversation at a time and knows when it must not hold another.

The rule for everything here: from the moment a request starts to leave until its conversation has come to a
known end, the session is in doubt, and a session in doubt is not used again. So no late byte of one caller can
become the reply of the next, and whatever interrupts a conversation, even KeyboardInterrupt, costs the socket
only.

Source: IMS Connect client call flows; Socket processing for transactions; Send-only protocol.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from gateway.clock import Clock
from gateway.errors import GatewayError, M, TransportError
from gateway.exchange import CommitMode, ImsAnswer, ImsCall, SyncLevel
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.refusal import TIMEOUT_SOCKET_KEPT, refusal
from gateway.imsconnect.request import Destination, acknowledgment, ping, request
from gateway.imsconnect.transport import DeadlinePassed, Stream, StreamError, StreamLost
from gateway.imsconnect.wire import (
    F2,
    ClientConnection,
    Csm,
    CsmFlags,
    EarlyCloseError,
    HeaderCode,
    InputMessage,
    LocalProtocolError,
    OutputMessage,
    RemoteProtocolError,
    Rsm,
    describe,
)

ACK_ANSWER_SECONDS: Final = 2.0
"""Longest wait for the timer RSM after the ACK of commit-then-send output, which was asked for in 0.01 s."""

LAST_WORDS_SECONDS: Final = 1.0
"""Longest wait for the RSM of an IMS Connect that refused a message and closed while it was being sent."""

PING_RESPONSE: Final = "HWSC0030I"


class NothingSentError(Exception):
    """The stream was gone before the first byte of the request: the same call may be made on another one."""


class Session:
    """One stream with its client id. Owned by one thread at a time, `abort` apart."""

    def __init__(
        self, stream: Stream, client_id: str, destination: Destination, endpoint: str, clock: Clock
    ) -> None:
        self.client_id = client_id
        self.lane = Lane.REPLIES
        self._stream = stream
        self._destination = destination
        self._clock = clock
        self._where = f"{endpoint} client id {client_id}"
        self._connection = ClientConnection(destination.exit, HeaderCode.EBCDIC, destination.max_message_bytes)
        self._in_doubt = False

    @property
    def reusable(self) -> bool:
        """Tell whether another conversation may start: the last one came to a known end."""
        return not self._in_doubt and self._connection.reusable

    def is_quiet(self) -> bool:
        """Tell whether IMS Connect neither closed nor sent anything while the session was idle."""
        return self._stream.is_quiet()

    def close(self) -> None:
        """Close the stream."""
        self._in_doubt = True
        self._stream.close()

    def abort(self) -> None:
        """Make the conversation under way fail at once; callable from any thread."""
        self._stream.abort()

    def perform(self, call: ImsCall) -> ImsAnswer:
        """Hold the conversation that `call` asks for, within its socket timeout.

        Raises TransportError SOCKET_TIMEOUT, CONNECTION_LOST, BAD_REPLY; ImsError for an RSM; GatewayError
        CONVERSATIONAL; NothingSentError. Nothing here sends a request a second time.
        """
        message = request(call, self._destination, self.client_id)
        if call.send_only:
            self.lane = Lane.ONE_WAY
        with self._translated(call.socket_timeout_ms):
            deadline = self._clock.monotonic() + call.socket_timeout_ms / 1000
            self._ask(message, deadline)
            if call.send_only and not call.receipt:
                self._in_doubt = False
                return ImsAnswer((), self.client_id)
            reply = self._receive(deadline)
            if reply.rsm is not None:
                self._refused(message, reply.rsm, call.execution_timeout_ms)
            if call.send_only:
                self._in_doubt = False
                return ImsAnswer((), self.client_id)
            self._in_doubt = not self._finish(call, message, _status(reply), deadline)
            return ImsAnswer(reply.segments, self.client_id)

    def ping(self, timeout_ms: int) -> str:
        """Ask IMS Connect for a sign of life and return its words; raises what `perform` does."""
        message = ping(self._destination, self.client_id, timeout_ms)
        with self._translated(timeout_ms):
            deadline = self._clock.monotonic() + timeout_ms / 1000
            self._ask(message, deadline)
            reply = self._receive(deadline)
            if reply.rsm is not None:
                self._refused(message, reply.rsm, timeout_ms)
            if _status(reply).flags & (CsmFlags.ACK_NEEDED | CsmFlags.CONVERSATION):
                raise RemoteProtocolError("the answer to a ping leaves a conversation open")
            text = _text(reply)
            self._in_doubt = False
            return text

    @contextmanager
    def _translated(self, timeout_ms: int) -> Iterator[None]:
        """Turn errors of stream and protocol into those of the catalogue."""
        try:
            yield
        except DeadlinePassed as error:
            fields = {"milliseconds": str(timeout_ms)}
            raise TransportError(M.SOCKET_TIMEOUT, fields, f"{self._where}: {error}") from error
        except (StreamLost, EarlyCloseError) as error:
            raise TransportError(M.CONNECTION_LOST, private=f"{self._where}: {error}") from error
        except RemoteProtocolError as error:
            raise TransportError(M.BAD_REPLY, private=f"{self._where}: {error}") from error

    def _ask(self, message: InputMessage, deadline: float) -> None:
        """Send the first message of a conversation."""
        try:
            self._send(message, deadline)
        except StreamLost as error:
            if error.nothing_sent:
                raise NothingSentError(f"{self._where}: {error}") from error
            self._hear_last_words(message)
            raise

    def _send(self, message: InputMessage, deadline: float) -> None:
        try:
            data = self._connection.send(message)
        except LocalProtocolError as error:
            raise GatewayError(M.INTERNAL, private=f"{self._where}: {error}") from error
        self._in_doubt = True
        self._stream.send_all(data, deadline)

    def _hear_last_words(self, message: InputMessage) -> None:
        """Raise what IMS Connect said before it closed on a message that it did not want to read to the end."""
        try:
            reply = self._receive(self._clock.monotonic() + LAST_WORDS_SECONDS)
        except (StreamError, RemoteProtocolError):
            return
        if reply.rsm is not None:
            self._refused(message, reply.rsm, 0)

    def _receive(self, deadline: float) -> OutputMessage:
        """Return the one reply that is due; anything beside it breaks the protocol."""
        while True:
            data = self._stream.receive(deadline)
            if not data:
                self._connection.end()
                raise EarlyCloseError("IMS Connect closed the socket")
            for reply in self._connection.receive(data):
                return reply

    def _refused(self, message: InputMessage, rsm: Rsm, timeout_ms: int) -> NoReturn:
        """Raise the error for an RSM in place of output; decide whether the session lives on.

        After a timeout it does only where output that comes too late is discarded (commit mode 1), and only
        when the RSM names the very timer of this request: another one answers something else.
        """
        meaning = describe(rsm)
        if meaning.deallocate == "confirmed":
            raise RemoteProtocolError("a deallocate notice came where output was due: committed without output")
        timed_out = rsm.return_code == TIMEOUT_SOCKET_KEPT and rsm.reason_code == message.irm.timer
        known_end = (timed_out and F2.CM1 in message.irm.f2) or meaning.deallocate == "aborted"
        self._in_doubt = rsm.xml_adapter or not known_end
        raise refusal(rsm, self._where, timeout_ms)

    def _finish(self, call: ImsCall, message: InputMessage, csm: Csm, deadline: float) -> bool:
        """Acknowledge where that is wanted; tell whether the conversation has come to a known end."""
        if CsmFlags.CONVERSATION in csm.flags:
            fields = {"transaction": call.transaction}
            raise GatewayError(M.CONVERSATIONAL, fields, f"{self._where}: IMS left a conversation open")
        ack_needed = CsmFlags.ACK_NEEDED in csm.flags
        if call.commit_mode is CommitMode.COMMIT_THEN_SEND:
            accepted = not ack_needed or self._accept(message, csm, deadline)
            # what else waits in IMS for this client id must not surface in a later conversation
            return accepted and CsmFlags.ASYNC_QUEUED not in csm.flags
        if call.sync_level is SyncLevel.CONFIRM:
            # output that wants no ACK means that the program ended early: a deallocate notice may follow
            return ack_needed and self._commit(call, message, csm, deadline)
        if ack_needed:
            raise RemoteProtocolError("an ACK was asked for with sync level NONE")
        return True

    def _accept(self, message: InputMessage, csm: Csm, deadline: float) -> bool:
        """ACK commit-then-send output. IMS has committed: the answer stands, whatever becomes of the ACK."""
        try:
            self._send(acknowledgment(message, csm.protocol_level), deadline)
            if not self._connection.expects_reply:
                return True
            answer = self._receive(min(deadline, self._clock.monotonic() + ACK_ANSWER_SECONDS))
        except (StreamError, RemoteProtocolError):
            return False
        # anything else is another queued message, not ours: closing without an ACK hands it back
        return answer.rsm is not None and answer.rsm.return_code == TIMEOUT_SOCKET_KEPT

    def _commit(self, call: ImsCall, message: InputMessage, csm: Csm, deadline: float) -> bool:
        """ACK send-then-commit output and hear how it ended. The reason decides, not the return code."""
        self._send(acknowledgment(message, csm.protocol_level), deadline)
        rsm = self._receive(deadline).rsm
        assert rsm is not None, "the conversation lets no output through here"
        outcome = describe(rsm).deallocate
        self._in_doubt = outcome is None
        if outcome != "confirmed":
            raise refusal(rsm, self._where, call.execution_timeout_ms)
        return True


def _status(reply: OutputMessage) -> Csm:
    assert reply.csm is not None, "what is not an RSM ends with a CSM"
    return reply.csm


def _text(reply: OutputMessage) -> str:
    text = HeaderCode.EBCDIC.decode(b"".join(reply.segments))
    if not text.startswith(PING_RESPONSE):
        raise RemoteProtocolError(f"the answer to a ping does not begin with {PING_RESPONSE}")
    return text
