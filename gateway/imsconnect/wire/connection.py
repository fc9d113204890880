"""One connection to or from IMS Connect without I/O: messages in, bytes out; bytes in, messages out."""

from collections.abc import Callable

from gateway.imsconnect.wire.conversation import Conversation
from gateway.imsconnect.wire.errors import (
    EarlyCloseError,
    InputViolation,
    LocalProtocolError,
    RemoteProtocolError,
)
from gateway.imsconnect.wire.flags import NEVER_ANSWERED
from gateway.imsconnect.wire.frame import InputFrames, ReplyFrame
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.message import InputMessage, decode_input, encode_input
from gateway.imsconnect.wire.output import OutputMessage, Rsm, encode_output, read_output
from gateway.imsconnect.wire.states import State


class ClientConnection:
    """The client's end. Any RemoteProtocolError leaves the state CLOSED: drop the socket.

    Not for several threads at once. Holds at most `max_message` bytes and the latest piece received.
    """

    def __init__(self, exit: Exit, code: HeaderCode, max_message: int) -> None:  # noqa: A002 - IBM's word
        self._exit, self._code, self._max_message = exit, code, max_message
        self._conversation = Conversation()
        self._frame: ReplyFrame | None = None

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        return self._conversation.state

    @property
    def reusable(self) -> bool:
        """Tell whether a new request may be sent on this socket: nothing is owed, due or buffered."""
        return self.state is State.IDLE

    @property
    def expects_reply(self) -> bool:
        """Tell whether IMS Connect has to speak next."""
        return self.state.reply_due

    def send(self, message: InputMessage) -> bytes:
        """Return the bytes to send. Raises LocalProtocolError when the state does not allow the message.

        From then on the message counts as sent; when the bytes cannot be sent, drop the connection.
        """
        irm = message.irm
        if (irm.exit, irm.code) != (self._exit, self._code):
            raise LocalProtocolError(f"this connection is for {self._exit.name} in {self._code.name}")
        after = self._conversation.after_input(irm)
        if after is None:
            raise LocalProtocolError(f"{irm.verb.name} is not allowed: {self.state.value}")
        data = encode_input(message)
        self._conversation = after
        return data

    def receive(self, data: bytes) -> list[OutputMessage]:
        """Take bytes from IMS Connect; return the reply when they complete it (one at most), else nothing.

        Raises RemoteProtocolError for bytes that break the protocol, come when none are due, or follow a reply;
        a reply with bytes behind it is not returned either, for nobody knows whose it is.
        """
        if not data:
            return []
        try:
            message = self._read(data)
        except RemoteProtocolError:
            self._close()
            raise
        return [] if message is None else [message]

    def _read(self, data: bytes) -> OutputMessage | None:
        if not self._may_speak():
            raise RemoteProtocolError(f"{len(data)} bytes came unasked: {self.state.value}")
        if self._frame is None:
            expected = self._conversation.expected
            self._frame = ReplyFrame(self._exit, self._code, self._max_message, expected)
        structures = self._frame.feed(data)
        if structures is None:
            return None
        message = read_output(self._frame.buffer, structures, self._code)
        after = self._conversation.after_output(message)
        if after is None:
            raise RemoteProtocolError(f"a reply that does not fit: {self.state.value}")
        self._conversation = after
        self._frame = None
        return message

    def _may_speak(self) -> bool:
        return self.state.reply_due or self.state.ack_owed or self.state is State.WATCHED

    def end(self) -> None:
        """Note that IMS Connect closed its side. Raises EarlyCloseError when a reply was due or half read."""
        due, state, held = self.expects_reply, self.state, len(self._frame.buffer) if self._frame else 0
        self._close()
        if due or held:
            raise EarlyCloseError(f"closed after {held} bytes of a reply: {state.value}")

    def _close(self) -> None:
        self._conversation = Conversation(State.CLOSED)
        self._frame = None


class ServerConnection:
    """IMS Connect's end, for the stand-in and for tests. `exits` are the loaded message exits (EXIT=).

    `watch` gets the bytes of each input, password and all, before it is looked into; and of one that cannot be
    told from the next, what is there of it.
    """

    def __init__(
        self,
        max_message: int,
        exits: frozenset[Exit] = frozenset(Exit),
        watch: Callable[[bytes], None] | None = None,
    ) -> None:
        self._exits = exits
        self._watch = watch
        self._conversation = Conversation()
        self._frames = InputFrames(max_message, exits)
        self._exit: Exit | None = None
        self._code: HeaderCode | None = None
        self._violation: InputViolation | None = None

    @property
    def state(self) -> State:
        """Where the conversation stands; CLOSED means: send what is to be sent, then close."""
        return self._conversation.state

    @property
    def exit(self) -> Exit | None:
        """Exit of the latest request."""
        return self._exit

    @property
    def code(self) -> HeaderCode | None:
        """Header code of the latest request."""
        return self._code

    def receive(self, data: bytes) -> list[InputMessage]:
        """Take bytes from the client; return the messages they complete and the state lets through.

        While a reply is due, later bytes wait: call ``receive(b"")`` after handling the messages, until nothing
        is returned. Raises InputViolation, after all messages before it were returned; answer it with `refuse`
        and close.
        """
        if self.state is State.CLOSED:
            return []
        self._frames.feed(data)
        messages: list[InputMessage] = []
        try:
            while self._listens():
                frame = self._next_frame()
                if frame is None:
                    break
                messages.append(self._take(frame))
        except InputViolation as violation:
            self._violation = self._violation or violation
        if self._frames.overfull and self._violation is None:
            reason = "more than a whole message came while a reply was due"
            self._violation = InputViolation(reason, 8, 36, exit=self._exit, code=self._code)
        if self._violation and not messages:
            raise self._violation
        return messages

    def _next_frame(self) -> bytes | None:
        try:
            frame = self._frames.next()
        except InputViolation:
            if self._watch and self._violation is None:
                self._watch(self._frames.held)
            raise
        if self._watch and frame is not None and self._violation is None:
            self._watch(frame)
        return frame

    def _listens(self) -> bool:
        return not self.state.reply_due and self.state is not State.CLOSED

    def _take(self, frame: bytes) -> InputMessage:
        message = decode_input(frame, self._exits)
        irm = message.irm
        after = self._conversation.after_input(irm)
        if after is None:
            reason = f"{irm.verb.name} is not allowed: {self.state.value}"
            reason_code = self._conversation.refusal(irm)
            silent = irm.verb in NEVER_ANSWERED
            raise InputViolation(reason, 8, reason_code, exit=irm.exit, code=irm.code, silent=silent)
        self._conversation = after
        self._exit, self._code = irm.exit, irm.code
        return message

    def send(self, message: OutputMessage) -> bytes:
        """Return the bytes for the exit and code of the request. Raises LocalProtocolError when none is due."""
        after = self._conversation.after_output(message)
        if after is None or self._exit is None or self._code is None:
            raise LocalProtocolError(f"this output is not allowed: {self.state.value}")
        data = encode_output(message, self._exit, self._code)
        self._conversation = after
        return data

    def refuse(self, violation: InputViolation) -> bytes:
        """Return the RSM for a violation, empty for a bare disconnect; the state is CLOSED afterwards."""
        self._conversation = Conversation(State.CLOSED)
        if violation.exit is None or violation.code is None or not violation.answerable:
            return b""
        rsm = Rsm(violation.return_code, violation.reason_code)
        return encode_output(OutputMessage(rsm=rsm), violation.exit, violation.code)
