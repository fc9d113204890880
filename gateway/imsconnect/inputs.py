"""Input messages for an interaction: request, ACK, NAK and the rest. Texts and flags only, no I/O.

Source: Format of user portion of IRM for HWSSMPL0, HWSSMPL1, and user-written message exit routines; Commit
mode and synchronization level definitions; Managing the retrieval of output messages; Values for asynchronous
output processing; Returning callout responses to IMS; IMS Connect protocol level; Ping support for IMS Connect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import CommitMode, Secret, Undeliverable
from gateway.imsconnect import interaction_rules
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.deadlines import encode_execution
from gateway.imsconnect.extensions import extensions_of
from gateway.imsconnect.values import (
    CalloutRequests,
    ConnectionSettings,
    Credentials,
    Interaction,
    InteractionVerb,
    Rejection,
)
from gateway.imsconnect.wire import (
    F0,
    F1,
    F2,
    F3,
    F5,
    F6,
    Exit,
    HeaderCode,
    InputMessage,
    Irm,
    Verb,
    encode_timer,
    timer_seconds,
)
from gateway.imsconnect.wire.extensions import HEADER_LENGTH
from gateway.imsconnect.wire.states import NAK_ON_RESUME_TPIPE
from gateway.imsconnect.wire.timer import NO_WAIT, NO_WAIT_LEVEL
from gateway.outcome import Outcome

PASSWORD_LENGTH: Final = 8
"""Bytes of IRM_RACF_PW; HWSSMPL0 and HWSSMPL1 have no place for a password phrase."""

SHORTEST_TIMER: Final = 0x01
"""IRM_TIMER for the ACK of commit-then-send output where NO_WAIT is not supported: 0.01 s."""

PING_DATA: Final = "PING IMS_CONNECT"
PASSWORD_CHANGE: Final = "HWSPWCH"  # noqa: S105  the keyword, no password

_ARCH_REROUTE_NAME: Final = 1
_ARCH_ADAPTER: Final = 2
_ARCH_CALLOUT: Final = 3
_ARCH_EXTENSIONS: Final = 5
_IRM_BYTES: Final = (112, 160, 172)
"""IRM_LEN that a message is reckoned with before it is made: levels up to 2, level 3, level 5."""

_VERBS: Final[Mapping[InteractionVerb, Verb]] = {
    InteractionVerb.SEND_RECEIVE: Verb.SEND_RECEIVE,
    InteractionVerb.SEND: Verb.SEND_ONLY,
    InteractionVerb.SEND_ACKNOWLEDGED: Verb.SEND_ONLY_ACK,
    InteractionVerb.SEND_WITH_ERROR: Verb.SEND_ONLY_ERROR,
    InteractionVerb.END_CONVERSATION: Verb.DEALLOCATE,
    InteractionVerb.RECEIVE: Verb.RESUME_TPIPE,
    InteractionVerb.RECEIVE_WAIT: Verb.RESUME_TPIPE,
    InteractionVerb.RECEIVE_QUEUED: Verb.RESUME_TPIPE,
    InteractionVerb.RECEIVE_CONTINUOUSLY: Verb.RESUME_TPIPE,
    InteractionVerb.RESPOND: Verb.CALLOUT_RESPONSE,
    InteractionVerb.RESPOND_ACKNOWLEDGED: Verb.CALLOUT_RESPONSE_ACK,
}
_RETRIEVAL: Final[Mapping[InteractionVerb, F5]] = {
    InteractionVerb.RECEIVE: F5.ONE,
    InteractionVerb.RECEIVE_WAIT: F5.SWAIT,
    InteractionVerb.RECEIVE_QUEUED: F5.NOAUTO,
    InteractionVerb.RECEIVE_CONTINUOUSLY: F5.AUTO,
}
_CALLOUTS: Final[Mapping[CalloutRequests, F0]] = {
    CalloutRequests.ASYNCHRONOUS: F0.NONE,
    CalloutRequests.SYNCHRONOUS: F0.SYNONLY,
    CalloutRequests.BOTH: F0.SYNASYN,
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Which IMS the messages of a connection are for, and how they are written."""

    datastore: str
    exit: Exit = Exit.HWSSMPL1
    code: HeaderCode = HeaderCode.EBCDIC
    max_message_bytes: int = 10_000_000
    """Longest message both ways (MAXSIZE), LLLL and end marker included."""

    @classmethod
    def of(cls, settings: ConnectionSettings) -> "Destination":
        """Take from the settings what an IRM says."""
        return cls(settings.datastore, settings.exit, settings.code, settings.max_message_bytes)


def check(interaction: Interaction, credentials: Credentials, destination: Destination) -> None:
    """Refuse what can be refused before a socket is taken.

    Raises ImsError with `sign_on_failed` for a password that no RACF password can be, and GatewayError
    NETWORK_IDENTITY for a distributed identity that has no place there, REQUEST_SIZE for a message beyond
    MAXSIZE, which IMS Connect would answer by closing the socket, INTERACTION for a user, group or application
    name that does not fit its field.
    """
    interaction_rules.check_credentials(credentials)
    _check_password(credentials.password, destination.code)
    extensions = extensions_of(credentials, destination.code, interaction.tracking)
    level = 2 if extensions else int(bool(interaction.mod_name) or interaction.verb.responds)
    size = 4 + _IRM_BYTES[level] + 4 * len(interaction.segments) + sum(map(len, interaction.segments)) + 4
    for extension in extensions:
        size += HEADER_LENGTH + len(extension.data)
    if size > destination.max_message_bytes:
        limit = str(destination.max_message_bytes)
        raise GatewayError(M.REQUEST_SIZE, {"size": str(size), "limit": limit}, "longer than max_message_bytes")


def _check_password(password: Secret, code: HeaderCode) -> None:
    text = password.reveal()
    try:
        code.encode(text, PASSWORD_LENGTH)
        # a blank at the end would vanish in the padding, and the shorter password be tried instead
        fits = text.isprintable() and " " not in text
    except ValueError:
        fits = False
    if not fits:
        raise ImsError(
            M.IMS_CONNECT,
            {"meaning": "the sign-on was not accepted"},
            "sign-on refused without a call: the password cannot be a RACF password in the code of the header",
            sign_on_failed=True,
            known=Outcome.NOT_SENT,
        )


def request(
    interaction: Interaction, credentials: Credentials, destination: Destination, client_id: ClientId
) -> InputMessage:
    """Return the first message of an interaction that `interaction_rules.check` has passed.

    The IRM is made in one go: every copy of it costs as much as reading the reply.
    """
    extensions = extensions_of(credentials, destination.code, interaction.tracking)
    f3 = _f3(interaction, generated=client_id.generated)
    responds = interaction.verb.responds
    # the text of an error response is no XML
    is_error = interaction.nak_reason is not None
    irm = Irm(
        destination.exit,
        destination.code,
        arch=_arch(interaction, extensions=bool(extensions)),
        f0=_f0(interaction, extensions=bool(extensions)),
        nak_reason=interaction.nak_reason or 0,
        f5=_RETRIEVAL[interaction.verb] if interaction.verb.receives else F5.NONE,
        timer=timer_code(interaction),
        encoding=interaction.unicode.value if interaction.unicode is not None else 0,
        client_id=client_id.text,
        f1=_f1(interaction, client_id),
        f2=F2.CM0 if interaction.mode is CommitMode.COMMIT_THEN_SEND else F2.CM1,
        f3=f3 | F3.CANCID if client_id.take_over else f3,
        verb=_VERBS[interaction.verb],
        transaction=interaction.transaction,
        datastore=destination.datastore,
        lterm=interaction.lterm,
        user=credentials.user,
        group=credentials.group,
        password=credentials.password,
        application=credentials.application,
        # the same bytes: where output is rerouted to, and on RESUME TPIPE the tpipe to read
        reroute_name=interaction.alternate_client_id or interaction.reroute_name,
        adapter="" if is_error else interaction.adapter,
        converter="" if is_error else interaction.converter,
        mod_name=interaction.mod_name,
        correlation_token=interaction.correlation_token,
        f6=F6.NWSE if interaction.network_identity else F6.NONE,
        extensions=extensions,
    )
    if responds:
        return InputMessage(irm, block=b"".join(interaction.segments) or None)
    return InputMessage(irm, interaction.segments)


def _arch(interaction: Interaction, *, extensions: bool) -> int:
    """Return the lowest IRM_ARCH that has every field needed."""
    if extensions or interaction.network_identity:
        return _ARCH_EXTENSIONS
    if (
        interaction.mod_name
        or interaction.verb.responds
        or interaction.callout_requests is not CalloutRequests.ASYNCHRONOUS
    ):
        return _ARCH_CALLOUT
    if interaction.adapter:
        return _ARCH_ADAPTER
    return _ARCH_REROUTE_NAME if interaction.reroute_name or interaction.alternate_client_id else 0


def _f0(interaction: Interaction, *, extensions: bool) -> F0:
    flags = F0.NONE
    if interaction.verb.receives:
        flags = _CALLOUTS[interaction.callout_requests]
    elif interaction.nak_reason is not None:
        flags = F0.NAKRSN if interaction.nak_reason else F0.SYNCNAK
    elif interaction.adapter:
        flags = F0.XMLD
    return flags | F0.EXTENS if extensions else flags


def _f1(interaction: Interaction, client_id: ClientId) -> F1:
    flags = F1.NONE
    if not client_id.text:
        flags |= F1.CIDREQ
    if interaction.verb is InteractionVerb.SEND_ACKNOWLEDGED:
        flags |= F1.SOARSP
    if interaction.expires:
        flags |= F1.TRNEXP
    if interaction.return_mod_name:
        flags |= F1.MFSREQ
    if interaction.unicode is not None:
        flags |= F1.UC
    if interaction.unicode_transaction:
        flags |= F1.UCTC
    return flags


def _f3(interaction: Interaction, *, generated: bool) -> F3:
    """Return sync level, and what becomes of output that does not get through."""
    flags = F3.NONE
    if interaction.confirm and not interaction.verb.sends and not interaction.verb.responds:
        flags = F3.SYNCONF
    if interaction.in_order:
        flags |= F3.ORDER
    if interaction.dfs2082:
        flags |= F3.DFS2082
    if interaction.ignore_purg:
        flags |= F3.IPURG
    if interaction.verb is not InteractionVerb.SEND_RECEIVE:
        return flags
    fate = interaction.undeliverable
    if fate is None and generated and interaction.mode is CommitMode.COMMIT_THEN_SEND:
        fate = Undeliverable.PURGE
    if fate is Undeliverable.PURGE:
        return flags | F3.PURGE
    return flags | F3.REROUT if fate is Undeliverable.REROUTE else flags


def timer_code(interaction: Interaction) -> int:
    """Return IRM_TIMER for an interaction (Timer interval specifications).

    A send-only is not timed: NO_WAIT, as IBM recommends; with acknowledgment the timer is ignored, IBM says,
    but should it not be, NO_WAIT would be the one wrong value.
    """
    verb = interaction.verb
    if (
        verb is InteractionVerb.SEND
        or verb is InteractionVerb.SEND_WITH_ERROR
        or verb is InteractionVerb.RESPOND
    ):
        return NO_WAIT
    return encode_execution(interaction.execution_timeout_ms)[0]


@cache  # of a byte
def effective_ms(timer: int) -> int | None:
    """Return the milliseconds that IRM_TIMER says, None when it names no time."""
    seconds = timer_seconds(timer)
    return None if seconds is None else round(seconds * 1000)


def acknowledgment(message: InputMessage, protocol_level: int) -> InputMessage:
    """Return the ACK for the reply to `message`: same client id, commit mode and sync level, no data.

    For commit-then-send the ACK asks for no answer where the protocol level allows that, otherwise for the
    shortest wait. For send-then-commit it waits for the deallocate notice as long as the request for output;
    for RESUME TPIPE it carries the timer of the request (Values for asynchronous output processing).
    """
    irm = _answer(message, Verb.ACK)
    if F2.CM0 in irm.f2 and message.irm.verb is Verb.SEND_RECEIVE:
        nowait = protocol_level >= NO_WAIT_LEVEL
        irm = replace(irm, f1=F1.NOWAIT if nowait else F1.NONE, timer=NO_WAIT if nowait else SHORTEST_TIMER)
    elif message.irm.f5 & (F5.ONE | F5.SWAIT):
        # the one message is there: nothing else is due, so nothing is waited for
        irm = replace(irm, timer=NO_WAIT)
    return InputMessage(irm)


def rejection(message: InputMessage, how: Rejection) -> InputMessage:
    """Return the NAK for the reply to `message` (Coding a NAK message to discard/to retain messages).

    A reason and `keep` need IRM_ARCH 0 only, a reroute name level 1. That name has the place of the tpipe that
    RESUME TPIPE has named (IRM_RT_ALTCID), so without a name the place is blank.
    """
    irm = replace(_answer(message, Verb.NAK), nak_reason=how.reason or 0)
    flags = (F0.NAKRSN if how.reason is not None else F0.NONE) | (F0.SYNCNAK if how.keep else F0.NONE)
    irm = replace(irm, f0=flags)
    if how.reroute:
        arch = max(irm.arch, _ARCH_REROUTE_NAME)
        irm = replace(irm, f3=irm.f3 | NAK_ON_RESUME_TPIPE, reroute_name=how.reroute_name, arch=arch)
    if irm.f5 & (F5.ONE | F5.SWAIT):
        irm = replace(irm, timer=NO_WAIT)
    elif F2.CM0 in irm.f2 and message.irm.verb is Verb.SEND_RECEIVE:
        irm = replace(irm, timer=SHORTEST_TIMER)
    return InputMessage(irm)


def ping(destination: Destination, client_id: str, timeout_ms: int) -> InputMessage:
    """Return the message that asks IMS Connect itself for a sign of life. Nobody signs on."""
    irm = _frame(destination, client_id, Credentials())
    irm = replace(irm, f2=F2.CM1, timer=encode_timer(timeout_ms)[0])
    return InputMessage(irm, (PING_DATA.encode(destination.code.value),))


def password_change(
    destination: Destination, client_id: str, credentials: Credentials, new: Secret, timeout_ms: int
) -> InputMessage:
    """Return the message that changes a RACF password: HWSPWCH old/new/new (Changing RACF passwords).

    Raises ImsError with `sign_on_failed` for a password, old or new, that RACF cannot have.
    """
    for password in (credentials.password, new):
        _check_password(password, destination.code)
    old_text, new_text = credentials.password.reveal(), new.reveal()
    if not old_text or not new_text or "/" in old_text + new_text:
        raise GatewayError(
            M.INTERACTION,
            {"rule": PASSWORD_CHANGE, "text": "both passwords are needed, and neither may hold a slash"},
        )
    irm = replace(_frame(destination, client_id, credentials), f2=F2.CM1, timer=encode_timer(timeout_ms)[0])
    text = f"{PASSWORD_CHANGE} {old_text}/{new_text}/{new_text}"
    return InputMessage(_with_extensions(irm, credentials), (text.encode(destination.code.value),))


def cancel_timer(destination: Destination, client_id: str, credentials: Credentials) -> InputMessage:
    """Return the message that ends the wait of another session (Canceling a message timer)."""
    irm = _frame(destination, client_id, credentials)
    return InputMessage(replace(irm, verb=Verb.CANCEL_TIMER, f2=F2.CM1))


def _frame(destination: Destination, client_id: str, credentials: Credentials) -> Irm:
    return Irm(
        destination.exit,
        destination.code,
        client_id=client_id,
        datastore=destination.datastore,
        user=credentials.user,
        group=credentials.group,
        password=credentials.password,
        application=credentials.application,
    )


def _answer(message: InputMessage, verb: Verb) -> Irm:
    """Return the IRM of an ACK, NAK or DEALLOCATE: who and how, nothing of what was asked."""
    before = message.irm
    irm = replace(
        before,
        verb=verb,
        f0=F0.NONE,
        f1=F1.NONE,
        f3=before.f3 & ~F3.CANCID,
        f6=F6.NONE,
        encoding=0,
        transaction="",
        lterm="",
        mod_name="",
        adapter="",
        converter="",
        correlation_token=b"",
        extensions=(),
        arch=min(before.arch, _ARCH_CALLOUT) if before.verb is Verb.RESUME_TPIPE else 0,
    )
    return replace(irm, arch=max(irm.arch, _ARCH_REROUTE_NAME)) if irm.reroute_name else irm


def _with_extensions(irm: Irm, credentials: Credentials) -> Irm:
    extensions = extensions_of(credentials, irm.code)
    if not extensions:
        return irm
    return replace(irm, f0=irm.f0 | F0.EXTENS, arch=_ARCH_EXTENSIONS, extensions=extensions)
