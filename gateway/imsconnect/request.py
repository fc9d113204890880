"""Input messages for a call: the request, its ACK, the ping. Texts and flags only, no I/O.

Source: Format of user portion of IRM for HWSSMPL0, HWSSMPL1, and user-written message exit routines; Commit
mode and synchronization level definitions; IMS Connect protocol level; Ping support for IMS Connect.
"""

from dataclasses import dataclass, replace
from typing import Final

from gateway.config.model import ImsConnectSettings
from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import Caller, CommitMode, ImsCall, Secret, SyncLevel, Undeliverable
from gateway.imsconnect.extensions import extensions_of
from gateway.imsconnect.wire import F0, F1, F2, F3, Exit, HeaderCode, InputMessage, Irm, Verb, encode_timer
from gateway.imsconnect.wire.extensions import HEADER_LENGTH

PASSWORD_LENGTH: Final = 8
"""Bytes of IRM_RACF_PW; HWSSMPL0 and HWSSMPL1 have no place for a password phrase."""

NO_WAIT: Final = 0xE9
"""IRM_TIMER C'Z': IMS Connect does not wait for output (Timer interval specifications)."""

SHORTEST_TIMER: Final = 0x01
"""IRM_TIMER for the ACK of commit-then-send output where NO_WAIT is not supported: 0.01 s."""

NOWAIT_LEVEL: Final = 2
"""Protocol level in the CSM from which the ACK of commit-then-send output may go unanswered."""

PING_DATA: Final = "PING IMS_CONNECT".encode("cp037")

_ARCH_REROUTE_NAME: Final = 1
_ARCH_ADAPTER: Final = 2
_ARCH_EXTENSIONS: Final = 5
_IRM_BYTES: Final = 112
"""IRM_LEN of the highest level used without extensions (2)."""
_IRM_BYTES_EXTENSIONS: Final = 172
"""IRM_LEN of level 5, without the extensions themselves."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Which IMS a bundle's requests are for."""

    bundle: str
    exit: Exit
    datastore: str
    max_message_bytes: int
    """Longest message both ways (MAXSIZE), LLLL and end marker included."""

    @classmethod
    def of(cls, bundle: str, settings: ImsConnectSettings) -> "Destination":
        """Take from the bundle's settings what an IRM says."""
        return cls(bundle, Exit[settings.exit], settings.datastore, settings.max_message_bytes)


def check(call: ImsCall, destination: Destination) -> None:
    """Refuse what can be refused before a socket is taken.

    Raises ImsError with `sign_on_failed` for a password that no RACF password can be, and GatewayError
    NETWORK_IDENTITY for a distributed identity that has no place there, REQUEST_SIZE for a message beyond
    MAXSIZE, which IMS Connect would answer by closing the socket.
    """
    _check_password(call.caller.password)
    size = 4 + _irm_bytes(call.caller) + sum(4 + len(segment) for segment in call.segments) + 4
    if size > destination.max_message_bytes:
        limit = str(destination.max_message_bytes)
        raise GatewayError(M.REQUEST_SIZE, {"size": str(size), "limit": limit}, "longer than max_message_bytes")


def _irm_bytes(caller: Caller) -> int:
    extensions = extensions_of(caller)
    if not extensions:
        return _IRM_BYTES
    return _IRM_BYTES_EXTENSIONS + sum(HEADER_LENGTH + len(one.data) for one in extensions)


def _check_password(password: Secret) -> None:
    text = password.reveal()
    try:
        HeaderCode.EBCDIC.encode(text, PASSWORD_LENGTH)
        # a blank at the end would vanish in the padding, and the shorter password be tried instead
        fits = text.isprintable() and " " not in text
    except ValueError:
        fits = False
    if not fits:
        raise ImsError(
            M.IMS_CONNECT,
            {"meaning": "the sign-on was not accepted"},
            "sign-on refused without a call: the password cannot be a RACF password in code page 037",
            sign_on_failed=True,
        )


def request(call: ImsCall, destination: Destination, client_id: str) -> InputMessage:
    """Return the message that asks IMS for `call`."""
    irm = _frame(destination, client_id, call.caller)
    irm = replace(irm, transaction=call.transaction, lterm=call.lterm)
    if call.send_only and call.receipt:
        # IRM_TIMER is ignored here, IBM says; should it not be, NO_WAIT would be the one wrong value
        timer = encode_timer(call.execution_timeout_ms)[0]
        irm = replace(irm, verb=Verb.SEND_ONLY_ACK, f1=F1.SOARSP, f2=F2.CM0, timer=timer)
    elif call.send_only:
        irm = replace(irm, verb=Verb.SEND_ONLY, f2=F2.CM0, timer=NO_WAIT)
    else:
        irm = replace(irm, f2=_commit_mode(call), timer=encode_timer(call.execution_timeout_ms)[0])
        irm = _with_sync_level(irm, call)
    if call.adapter:
        irm = replace(
            irm,
            f0=F0.XMLD,
            adapter=call.adapter,
            converter=call.converter,
            arch=_ARCH_ADAPTER,
        )
    extensions = extensions_of(call.caller)
    if extensions:
        irm = replace(irm, f0=irm.f0 | F0.EXTENS, arch=_ARCH_EXTENSIONS, extensions=extensions)
    return InputMessage(irm, call.segments)


def acknowledgment(message: InputMessage, protocol_level: int) -> InputMessage:
    """Return the ACK for the reply to `message`: same client id, commit mode and sync level, no data.

    For commit-then-send the ACK asks for no answer where the protocol level allows that, otherwise for the
    shortest wait. For send-then-commit it waits for the deallocate notice as long as the request for output.
    """
    irm = replace(
        message.irm,
        verb=Verb.ACK,
        f0=F0(0),
        transaction="",
        lterm="",
        adapter="",
        converter="",
        extensions=(),
        arch=0,
    )
    if irm.reroute_name:
        irm = replace(irm, arch=_ARCH_REROUTE_NAME)
    if F2.CM0 in irm.f2:
        nowait = protocol_level >= NOWAIT_LEVEL
        irm = replace(irm, f1=F1.NOWAIT if nowait else F1(0), timer=NO_WAIT if nowait else SHORTEST_TIMER)
    return InputMessage(irm)


def ping(destination: Destination, client_id: str, timeout_ms: int) -> InputMessage:
    """Return the message that asks IMS Connect itself for a sign of life. Nobody signs on."""
    irm = _frame(destination, client_id, Caller.nobody())
    return InputMessage(replace(irm, f2=F2.CM1, timer=encode_timer(timeout_ms)[0]), (PING_DATA,))


def _frame(destination: Destination, client_id: str, caller: Caller) -> Irm:
    return Irm(
        destination.exit,
        client_id=client_id,
        datastore=destination.datastore,
        user=caller.user,
        group=caller.group,
        password=caller.password,
        application=caller.application,
    )


def _commit_mode(call: ImsCall) -> F2:
    return F2.CM0 if call.commit_mode is CommitMode.COMMIT_THEN_SEND else F2.CM1


def _with_sync_level(irm: Irm, call: ImsCall) -> Irm:
    """Commit-then-send is always confirmed, and says what becomes of output that cannot be delivered."""
    if call.commit_mode is CommitMode.SEND_THEN_COMMIT:
        return replace(irm, f3=F3.SYNCONF if call.sync_level is SyncLevel.CONFIRM else F3(0))
    if call.undeliverable is Undeliverable.PURGE:
        return replace(irm, f3=F3.SYNCONF | F3.PURGE)
    if call.undeliverable is Undeliverable.HOLD:
        return replace(irm, f3=F3.SYNCONF)
    arch = _ARCH_REROUTE_NAME if call.reroute_name else irm.arch
    return replace(irm, f3=F3.SYNCONF | F3.REROUT, reroute_name=call.reroute_name, arch=arch)
