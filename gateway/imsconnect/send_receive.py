"""Send-receive and what belongs to it: both commit modes, conversations, the send-only family, PING.

Source: IMS Connect client call flows; Commit mode and synchronization level definitions; Send-only protocol
(five topics); Ping support for IMS Connect; Changing RACF passwords; Canceling a message timer.
"""

from dataclasses import dataclass
from typing import Final, NoReturn

from gateway.errors import GatewayError, M
from gateway.exchange import CommitMode
from gateway.imsconnect import inputs
from gateway.imsconnect.line import Line, Steps
from gateway.imsconnect.refusal import TIMEOUT_SOCKET_KEPT, refusal
from gateway.imsconnect.transport import StreamError
from gateway.imsconnect.values import Acknowledgment, Interaction, Rejection, Reply
from gateway.imsconnect.wire import (
    CodeMeaning,
    Csm,
    CsmFlags,
    Fault,
    InputMessage,
    OutputMessage,
    RemoteProtocolError,
    Retry,
    Rsm,
    RsmFlags,
    describe,
)
from gateway.imsconnect.wire.codes import RC_IMS_CONNECT

ACK_ANSWER_SECONDS: Final = 2.0
"""Longest wait for the timer RSM after the ACK of commit-then-send output, which was asked for in 0.01 s."""

PING_RESPONSE: Final = "HWSC0030I"
PASSWORD_CHANGED: Final = "HWSC0031I"  # noqa: S105  a message number, no password
CANCEL_TIMER_DONE: Final = 59
"""Reason code of the success of a cancel timer (CANTIMER)."""
CANCEL_TIMER_UNKNOWN: Final = 16  # unverified: what answers a cancel timer where nobody waits
_NOBODY_WAITS: Final = CodeMeaning(
    name=f"{RC_IMS_CONNECT}/{CANCEL_TIMER_UNKNOWN}",
    text="no session with this client id waits for IMS",
    client_action="none, if the wait is over; otherwise check the client id",
    fault=Fault.NOBODY,
    retry=Retry.NO,
)


@dataclass(frozen=True, slots=True)
class Owed:
    """Output that waits for ACK or NAK, and how to go on after it."""

    interaction: Interaction
    message: InputMessage
    csm: Csm


def exchange(line: Line, interaction: Interaction, message: InputMessage) -> Steps[tuple[Reply, Owed | None]]:
    """Hold one send-receive; return the reply, and what is owed where the caller acknowledges.

    Raises TransportError SOCKET_TIMEOUT, CONNECTION_LOST, BAD_REPLY; ImsError for an RSM; GatewayError
    CONVERSATIONAL; NothingSentError. Nothing here sends a request a second time.
    """
    with line.translated(interaction.socket_timeout_ms):
        deadline = line.deadline(interaction.socket_timeout_ms)
        yield from line.ask(message, deadline)
        output = yield from line.hear(deadline)
        if output.rsm is not None:
            _refused(line, interaction, message, output.rsm)
        csm = _status(output)
        message = line.learn_client_id(message, output)
        reply = _reply(line, message, output)
        if reply.conversation_open and not _conversational(interaction):
            fields = {"transaction": interaction.transaction}
            raise GatewayError(M.CONVERSATIONAL, fields, f"{line.where}: IMS left a conversation open")
        if _is_over(interaction, reply):
            line.settle()
            return reply, None
        owed = Owed(interaction, message, csm)
        if interaction.acknowledgment is Acknowledgment.CALLER and reply.acknowledgment_due:
            line.settle()
            return reply, owed
        yield from _finish(line, owed, deadline)
        return reply, None


def acknowledge(line: Line, owed: Owed) -> Steps[None]:
    """ACK output that the caller kept unacknowledged, and see its conversation to the next known point.

    Raises ImsError ROLLED_BACK when IMS backs out all the same, TransportError when the outcome is unknown.
    """
    timeout = owed.interaction.socket_timeout_ms
    with line.translated(timeout):
        yield from _finish(line, owed, line.deadline(timeout))


def reject(line: Line, owed: Owed) -> Steps[None]:
    """NAK output: IMS backs the transaction out (commit mode 1), or keeps or discards the output (mode 0).

    A conversation ends with it. Raises ImsError for another outcome, TransportError when it is unknown.
    """
    timeout = owed.interaction.socket_timeout_ms
    with line.translated(timeout):
        deadline = line.deadline(timeout)
        yield line.tell(inputs.rejection(owed.message, Rejection()), deadline)
        if not line.expects_reply:
            line.settle()
            return
        yield from _ended(line, owed, deadline, wanted="aborted")


def end_conversation(line: Line, interaction: Interaction, message: InputMessage) -> Steps[None]:
    """DEALLOCATE the open conversation. Either notice means that it is over (unverified which comes)."""
    with line.translated(interaction.socket_timeout_ms):
        deadline = line.deadline(interaction.socket_timeout_ms)
        yield from line.ask(message, deadline)
        owed = Owed(interaction, message, Csm())
        yield from _ended(line, owed, deadline, wanted=None)


def send_only(line: Line, interaction: Interaction, message: InputMessage) -> Steps[Reply]:
    """Hand an input or a callout response over; read the acknowledgment where there is one.

    Raises what `exchange` does. Without acknowledgment nothing is known but that the bytes left.
    """
    with line.translated(interaction.socket_timeout_ms):
        deadline = line.deadline(interaction.socket_timeout_ms)
        yield from line.ask(message, deadline)
        queued = False
        if line.expects_reply:
            output = yield from line.hear(deadline)
            if output.rsm is not None:
                _refused(line, interaction, message, output.rsm)
            line.learn_client_id(message, output)
            queued = CsmFlags.ASYNC_QUEUED in _status(output).flags
        line.settle()
        return Reply(client_id=line.client_id.text, output_queued=queued)


def ping(line: Line, message: InputMessage, timeout_ms: int) -> Steps[str]:
    """Return what IMS Connect itself says; raises what `exchange` does."""
    return (yield from _words_of_ims_connect(line, message, timeout_ms, PING_RESPONSE))


def change_password(line: Line, message: InputMessage, timeout_ms: int) -> Steps[str]:
    """Return IMS Connect's word that the password is changed; raises what `exchange` does."""
    return (yield from _words_of_ims_connect(line, message, timeout_ms, PASSWORD_CHANGED))


def cancel_timer(line: Line, message: InputMessage, timeout_ms: int) -> Steps[None]:
    """End the wait of the other session; IMS Connect closes this one afterwards. Raises as `exchange`."""
    with line.translated(timeout_ms):
        deadline = line.deadline(timeout_ms)
        yield from line.ask(message, deadline)
        output = yield from line.hear(deadline)
        codes = (output.rsm.return_code, output.rsm.reason_code) if output.rsm else None
        if output.rsm is None:
            raise RemoteProtocolError("output came where the end of a timer was due")
        if codes == (RC_IMS_CONNECT, CANCEL_TIMER_UNKNOWN):
            raise refusal(output.rsm, line.where, timeout_ms, meaning=_NOBODY_WAITS)
        if codes != (RC_IMS_CONNECT, CANCEL_TIMER_DONE):
            raise refusal(output.rsm, line.where, timeout_ms)


def _words_of_ims_connect(line: Line, message: InputMessage, timeout_ms: int, number: str) -> Steps[str]:
    with line.translated(timeout_ms):
        deadline = line.deadline(timeout_ms)
        yield from line.ask(message, deadline)
        output = yield from line.hear(deadline)
        if output.rsm is not None:
            _refused(line, Interaction(execution_timeout_ms=timeout_ms), message, output.rsm)
        if _status(output).flags & (CsmFlags.ACK_NEEDED | CsmFlags.CONVERSATION):
            raise RemoteProtocolError("an answer of IMS Connect itself leaves a conversation open")
        text = _text(line, output)
        if not text.startswith(number):
            raise RemoteProtocolError(f"the answer does not begin with {number}")
        line.settle()
        return text


def _text(line: Line, output: OutputMessage) -> str:
    return b"".join(output.segments).decode(line.destination.code.value, errors="replace")


def _conversational(interaction: Interaction) -> bool:
    return interaction.conversational or bool(interaction.conversation_id)


def _status(output: OutputMessage) -> Csm:
    assert output.csm is not None, "what is not an RSM ends with a CSM"
    return output.csm


def _reply(line: Line, message: InputMessage, output: OutputMessage) -> Reply:
    flags = _status(output).flags
    return Reply(
        segments=output.segments,
        client_id=line.client_id.text,
        mod_name=output.mod_name or "",
        conversation_open=CsmFlags.CONVERSATION in flags,
        output_queued=CsmFlags.ASYNC_QUEUED in flags,
        acknowledgment_due=CsmFlags.ACK_NEEDED in flags,
        timer_ms=inputs.effective_ms(message.irm.timer),
        code=line.destination.code,
    )


def _refused(line: Line, interaction: Interaction, message: InputMessage, rsm: Rsm) -> NoReturn:
    """Raise the error for an RSM in place of output; decide whether the line lives on.

    After a timeout it does only where output that comes too late is discarded (commit mode 1, no conversation),
    and only when the RSM names the very timer of this request: another one answers something else.
    """
    meaning = describe(rsm)
    if meaning.deallocate == "confirmed":
        raise RemoteProtocolError("a deallocate notice came where output was due: committed without output")
    timed_out = rsm.return_code == TIMEOUT_SOCKET_KEPT and rsm.reason_code == message.irm.timer
    late_is_lost = interaction.mode is CommitMode.SEND_THEN_COMMIT and not _conversational(interaction)
    # a transaction that turned out to be conversational waits for its next input, which must not be another's
    late_is_lost = late_is_lost and not rsm.flags & (RsmFlags.CONVERSATION | RsmFlags.ACK_NEEDED)
    known_end = (timed_out and late_is_lost) or meaning.deallocate == "aborted"
    line.in_doubt = rsm.xml_adapter or not known_end
    error = refusal(rsm, line.where, interaction.execution_timeout_ms)
    error.answers_request = not rsm.xml_adapter and not interaction.conversation_id
    raise error


def _is_over(interaction: Interaction, reply: Reply) -> bool:
    """Tell whether the reply is the plain end: `_finish` would settle the line, no more. For speed only."""
    return (
        not (reply.conversation_open or reply.acknowledgment_due or interaction.confirm)
        and interaction.mode is CommitMode.SEND_THEN_COMMIT
    )


def _finish(line: Line, owed: Owed, deadline: float) -> Steps[None]:
    """Acknowledge where that is wanted, and settle the line if the conversation has come to a known point."""
    flags, interaction = owed.csm.flags, owed.interaction
    ack_needed = CsmFlags.ACK_NEEDED in flags
    if CsmFlags.CONVERSATION in flags:
        if ack_needed:
            # IMS Connect answers no ACK inside an open conversation
            yield line.tell(inputs.acknowledgment(owed.message, owed.csm.protocol_level), deadline)
        line.settle()
    elif interaction.mode is CommitMode.COMMIT_THEN_SEND:
        accepted = True
        if ack_needed:
            accepted = yield from _accept(line, owed, deadline)
        # what else waits in IMS for a generated client id must not surface in a later conversation
        if accepted and not (line.client_id.generated and CsmFlags.ASYNC_QUEUED in flags):
            line.settle()
    elif interaction.confirm:
        # output that wants no ACK means that the program ended early: a deallocate notice may follow
        if ack_needed:
            yield line.tell(inputs.acknowledgment(owed.message, owed.csm.protocol_level), deadline)
            yield from _ended(line, owed, deadline, wanted="confirmed")
    elif ack_needed:
        raise RemoteProtocolError("an ACK was asked for with sync level NONE")
    else:
        line.settle()


def _accept(line: Line, owed: Owed, deadline: float) -> Steps[bool]:
    """ACK commit-then-send output. IMS has committed: the answer stands, whatever becomes of the ACK.

    A caller who says ACK himself is told when IMS may not have taken it: the output may come again.
    """
    by_caller = owed.interaction.acknowledgment is Acknowledgment.CALLER
    try:
        yield line.tell(inputs.acknowledgment(owed.message, owed.csm.protocol_level), deadline)
        if not line.expects_reply:
            return True
        wait = min(deadline, line.deadline(ACK_ANSWER_SECONDS * 1000))
        answer = yield from line.hear(wait)
    except (StreamError, RemoteProtocolError):
        if by_caller:
            raise
        return False
    if by_caller and answer.rsm is not None and not describe(answer.rsm).timeout:
        raise refusal(answer.rsm, line.where, owed.interaction.execution_timeout_ms, of_request=False)
    # anything else is another queued message, not ours: closing without an ACK hands it back
    return answer.rsm is not None and answer.rsm.return_code == TIMEOUT_SOCKET_KEPT


def _ended(line: Line, owed: Owed, deadline: float, *, wanted: str | None) -> Steps[None]:
    """Hear how the transaction ended; raise ImsError when not as `wanted`. The reason decides, not the code."""
    output = yield from line.hear(deadline)
    rsm = output.rsm
    if rsm is None:
        raise RemoteProtocolError("output came where the end of the transaction was due")
    meaning = describe(rsm)
    # commit-then-send: the timer of the NAK is over, nothing else is due
    over = meaning.timeout and owed.interaction.mode is CommitMode.COMMIT_THEN_SEND
    if over or meaning.deallocate is not None:
        line.settle()
    if not over and (meaning.deallocate is None or wanted not in {None, meaning.deallocate}):
        raise refusal(rsm, line.where, owed.interaction.execution_timeout_ms, of_request=False)
