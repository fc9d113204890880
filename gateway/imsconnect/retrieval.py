"""RESUME TPIPE: asking a tpipe for its messages, and what is said to each of them.

One retrieval is one RESUME TPIPE: `begin`, then for each message `accept` or `refuse`, then `following` where
the option brings more. A message stays IMS's until it is acknowledged: whatever goes wrong before, IMS keeps
it.

Source: Managing the retrieval of output messages; Auto / Noauto / Single message control; Retrieving
synchronous callout requests with RESUME TPIPE; Coding a NAK message (two topics); RESUME TPIPE error
scenarios.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.imsconnect import inputs
from gateway.imsconnect.line import Line, Steps
from gateway.imsconnect.refusal import refusal
from gateway.imsconnect.transport import DeadlinePassed
from gateway.imsconnect.values import Delivery, Interaction, InteractionVerb, Rejection
from gateway.imsconnect.wire import (
    CsmFlags,
    HeaderCode,
    InputMessage,
    OutputMessage,
    RemoteProtocolError,
    describe,
)
from gateway.imsconnect.wire.extensions import NETSID, NETUID

END_SECONDS: Final = 2.0
"""Longest wait for the timer RSM that ends a retrieval after a NAK; without it the socket is given up."""
_USERID: Final = slice(32, 40)
"""IRM_CT_USERID in the correlation token (Format of the correlation token for synchronous callout messages)."""


@dataclass(slots=True)
class Retrieval:
    """One RESUME TPIPE on a line. `open` until its last message is answered or the timer is over."""

    line: Line
    interaction: Interaction
    message: InputMessage
    open: bool = True
    delivered: Delivery | None = field(default=None)
    """The message that was delivered and is neither accepted nor refused yet."""
    accepted: int = field(default=0)
    """Messages that an ACK was sent for."""
    rerouted: int = field(default=0)
    """Messages that a NAK with reroute was sent for: they do not come again either."""
    heard: bool = field(default=True)
    """IMS Connect has spoken after the last ACK, so it has heard it."""

    @property
    def unanswered(self) -> bool:
        """Whether there is such a message."""
        return self.delivered is not None

    @property
    def single(self) -> bool:
        """Whether the option brings one message at most."""
        return self.interaction.verb in {InteractionVerb.RECEIVE, InteractionVerb.RECEIVE_WAIT}

    def begin(self) -> Steps[Delivery | None]:
        """Ask; return the first message, None when none came within the execution timeout.

        Raises ImsError for a refusal (a tpipe that is protected or stopped, commit mode 1, an unknown data
        store), TransportError when the socket was lost, NothingSentError.
        """
        with self.line.translated(self.interaction.socket_timeout_ms):
            deadline = self.line.deadline(self.interaction.socket_timeout_ms)
            yield from self.line.ask(self.message, deadline)
            return (yield from self._next(deadline))

    def accept(self) -> Steps[None]:
        """ACK the message: IMS forgets it. Raises TransportError when the ACK may not have left."""
        with self.line.translated(self.interaction.socket_timeout_ms):
            self.heard = False
            yield from self._answer(inputs.acknowledgment(self.message, 0))
            self.accepted += 1
            if self.single:
                self._over()

    def refuse(self, how: Rejection) -> Steps[None]:
        """NAK the message, which ends the retrieval unless it is rerouted and more may come."""
        with self.line.translated(self.interaction.socket_timeout_ms):
            yield from self._answer(inputs.rejection(self.message, how))
            if how.reroute:
                self.rerouted += 1
            if self.single or not how.reroute:
                yield from self._hear_end()

    def following(self) -> Steps[Delivery | None]:
        """Return the next message after one that was accepted or rerouted, None when the retrieval is over."""
        if not self.open:
            return None
        with self.line.translated(self.interaction.socket_timeout_ms):
            return (yield from self._next(self.line.deadline(self.interaction.socket_timeout_ms)))

    def _answer(self, message: InputMessage) -> Steps[None]:
        self.delivered = None
        yield self.line.tell(message, self.line.deadline(self.interaction.socket_timeout_ms))

    def _next(self, deadline: float) -> Steps[Delivery | None]:
        output = yield from self.line.hear(deadline)
        rsm = output.rsm
        if rsm is None:
            self.heard = True
            self.message = self.line.learn_client_id(self.message, output)
            self.delivered = _delivery(output, self.line.destination.code)
            return self.delivered
        self.open = False
        meaning = describe(rsm)
        if not meaning.timeout:
            timeout_ms, first = self.interaction.execution_timeout_ms, self.accepted == 0
            raise refusal(rsm, self.line.where, timeout_ms, of_request=first)
        self.heard = True
        self._over()
        return None

    def _hear_end(self) -> Steps[None]:
        self.open = False
        if self.line.expects_reply:
            try:
                output = yield from self.line.hear(self.line.deadline(END_SECONDS * 1000))
            except DeadlinePassed:
                # unverified: what follows a NAK; where nothing does, the socket is given up
                return
            if output.rsm is None:
                raise RemoteProtocolError("output came after a NAK, which ends RESUME TPIPE")
        self._over()

    def _over(self) -> None:
        self.open = False
        self.line.settle()


def _delivery(output: OutputMessage, code: HeaderCode) -> Delivery:
    assert output.csm is not None, "what is not an RSM ends with a CSM"
    token = output.correlation_token or b""
    network = {segment.id: segment.data for segment in output.network}
    return Delivery(
        segments=output.segments,
        request=output.block,
        correlation_token=token,
        user=_user(token),
        control_data=tuple(_section(section, code) for section in output.control_data) + _rest(output),
        mod_name=output.mod_name or "",
        network_user=network.get(NETUID, b""),
        network_session=network.get(NETSID, b""),
        more_queued=CsmFlags.ASYNC_QUEUED in output.csm.flags,
        code=code,
    )


def _user(token: bytes) -> str:
    """Return the user id in a token, which is EBCDIC (unverified for ASCII clients), or nothing."""
    try:
        name = HeaderCode.EBCDIC.decode(token[_USERID])
    except ValueError:
        return ""
    return name if name.isascii() and name.isprintable() else ""


def _rest(output: OutputMessage) -> tuple[tuple[str, bytes], ...]:
    return (("", output.control_rest),) if output.control_rest else ()


def _section(section: bytes, code: HeaderCode) -> tuple[str, bytes]:
    """Return tag and data of ``<tag>data</tag>``, whose form the codec has checked."""
    header = section.index(">".encode(code.value)) + 1
    tag = section[1 : header - 1]
    return tag.decode(code.value, errors="replace"), section[header : -(header + 1)]
