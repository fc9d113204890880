"""What an RSM says: its codes looked up and turned into the facts a client acts on."""

from dataclasses import dataclass
from typing import Final, Literal

from gateway.imsconnect.wire.codes import (
    CONVERSATION,
    DEALLOCATE_ABORTED,
    DEALLOCATE_CONFIRMED,
    NOTICES,
    RACF_CODES,
    RC_OTMA_SENSE,
    REASON_CODES,
    REQUEST,
    REQUEST_AND_CONVERSATION,
    RETURN_CODES,
    SENSE_CODES,
    WITH_REASON,
    XML_ADAPTER_CODES,
    XML_ADAPTER_STATUS_CLOSES,
    Code,
)
from gateway.imsconnect.wire.output import CsmFlags, Rsm
from gateway.imsconnect.wire.timer import timer_seconds

SECURITY_FAILURE: Final = 78
_NOTICE_FLAGS: Final = {
    REQUEST: CsmFlags.ACK_NEEDED,
    CONVERSATION: CsmFlags.CONVERSATION,
    REQUEST_AND_CONVERSATION: CsmFlags.ACK_NEEDED | CsmFlags.CONVERSATION,
}
_ASK: Final = "see the console of IMS Connect"


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an RSM says, in words and as the facts a client acts on. Texts hold no message data."""

    name: str
    """IBM's name of the reason (DUPECLNT), or return and reason code as ``8/36``."""
    text: str
    client_action: str
    sign_on_failed: bool = False
    """User, password or group were not accepted."""
    socket_closed: bool = True
    """IMS Connect closes the socket after this RSM, whatever the socket type."""
    timeout: bool = False
    """IMS did not answer within IRM_TIMER."""
    deallocate: Literal["confirmed", "aborted"] | None = None
    """Reason 97 or 98: the transaction was committed or backed out."""


def describe(rsm: Rsm) -> CodeMeaning:
    """Return what the RSM means; an unknown code is described as unknown, never an error."""
    if rsm.xml_adapter:
        code = XML_ADAPTER_CODES.get(rsm.return_code) or Code("unknown status of the XML adapter", _ASK)
    elif rsm.return_code in WITH_REASON:
        code = REASON_CODES.get(rsm.reason_code) or Code(f"unknown reason code {rsm.reason_code}", _ASK)
    elif rsm.return_code == RC_OTMA_SENSE:
        code = _sense(rsm)
    else:
        code = _plain(rsm)
    return CodeMeaning(
        name=code.name or f"{rsm.return_code}/{rsm.reason_code}",
        text=code.text + _racf(rsm),
        client_action=code.action,
        sign_on_failed=code.sign_on_failed,
        socket_closed=not keeps_socket(rsm),
        timeout=_is_timeout(rsm),
        deallocate=deallocation(rsm),
    )


def deallocation(rsm: Rsm) -> Literal["confirmed", "aborted"] | None:
    """Return the outcome that reason 97 or 98 tells.

    The return code beside it is not certain (unverified: 4, perhaps 12), so any that carries reasons will do;
    beside a timer's return code the same number is a time.
    """
    if rsm.xml_adapter or rsm.return_code not in WITH_REASON:
        return None
    if rsm.reason_code == DEALLOCATE_CONFIRMED:
        return "confirmed"
    return "aborted" if rsm.reason_code == DEALLOCATE_ABORTED else None


def notice(rsm: Rsm) -> CsmFlags:
    """Return what reasons 94 to 96 say, in the flags of a CSM; none for any other RSM."""
    if rsm.xml_adapter or rsm.return_code not in WITH_REASON:
        return CsmFlags.NONE
    return _NOTICE_FLAGS.get(rsm.reason_code, CsmFlags.NONE)


def keeps_socket(rsm: Rsm) -> bool:
    """Tell whether a persistent socket stays open after this RSM. An unknown return code closes it."""
    if rsm.xml_adapter:
        return not XML_ADAPTER_STATUS_CLOSES
    if rsm.return_code in WITH_REASON:
        return rsm.reason_code in NOTICES
    known = RETURN_CODES.get(rsm.return_code)
    return known is not None and not known.closes


def _is_timeout(rsm: Rsm) -> bool:
    known = RETURN_CODES.get(rsm.return_code)
    return known is not None and known.timer and not rsm.xml_adapter


def _sense(rsm: Rsm) -> Code:
    known = SENSE_CODES.get(rsm.reason_code)
    numbers = f"OTMA sense code X'{rsm.reason_code:04X}' reason X'{rsm.racf_or_otma:02X}'"
    if known is None:
        return Code(numbers, "see the OTMA sense codes for NAK messages")
    return Code(f"{numbers}: {known.text}", known.action)


def _plain(rsm: Rsm) -> Code:
    known = RETURN_CODES.get(rsm.return_code)
    if known is None:
        return Code(f"unknown return code {rsm.return_code}", _ASK)
    if not known.timer:
        return Code(known.text, known.action)
    seconds = timer_seconds(rsm.reason_code)
    after = "" if seconds is None else f" after {seconds:g} s"
    return Code(f"{known.text}{after}", known.action)


def _racf(rsm: Rsm) -> str:
    if rsm.xml_adapter or rsm.return_code not in WITH_REASON or rsm.reason_code != SECURITY_FAILURE:
        return ""
    known = RACF_CODES.get(rsm.racf_or_otma)
    if known:
        return f": {known.text}"
    return f": RACF return code X'{rsm.racf_or_otma:02X}'" if rsm.racf_or_otma else ""
