"""What an RSM says: its codes looked up and turned into the facts a client acts on."""

from dataclasses import replace
from typing import Final, Literal

from gateway.imsconnect.wire.code import Code, Fault, Retry
from gateway.imsconnect.wire.codes import RC_OTMA_SENSE, RETURN_CODES, WITH_REASON
from gateway.imsconnect.wire.output import CsmFlags, Rsm
from gateway.imsconnect.wire.racf import RACF_CODES
from gateway.imsconnect.wire.reasons import (
    CONVERSATION,
    DEALLOCATE_ABORTED,
    DEALLOCATE_CONFIRMED,
    NOTICES,
    REASON_CODES,
    REQUEST,
    REQUEST_AND_CONVERSATION,
)
from gateway.imsconnect.wire.sense import OF_USER_EXITS, SENSE_CODES
from gateway.imsconnect.wire.timer import timer_seconds
from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES, XML_ADAPTER_STATUS_CLOSES
from gateway.outcome import CodeMeaning

__all__ = ["SECURITY_FAILURE", "CodeMeaning", "deallocation", "describe", "keeps_socket", "notice"]

SECURITY_FAILURE: Final = 78
_NOTICE_FLAGS: Final = {
    REQUEST: CsmFlags.ACK_NEEDED,
    CONVERSATION: CsmFlags.CONVERSATION,
    REQUEST_AND_CONVERSATION: CsmFlags.ACK_NEEDED | CsmFlags.CONVERSATION,
}
_ASK: Final = "see the console of IMS Connect"


def describe(rsm: Rsm) -> CodeMeaning:
    """Return what the RSM means; an unknown code is described as unknown, never an error."""
    code = _code(rsm)
    return CodeMeaning(
        name=code.name or f"{rsm.return_code}/{rsm.reason_code}",
        text=code.text,
        client_action=code.action,
        fault=code.fault,
        retry=code.retry,
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


def _code(rsm: Rsm) -> Code:
    if rsm.xml_adapter:
        known = XML_ADAPTER_CODES.get(rsm.return_code)
        return known or _unknown("unknown status of the XML adapter", Fault.CONNECT)
    if rsm.return_code in WITH_REASON:
        return _reason(rsm)
    return _sense(rsm) if rsm.return_code == RC_OTMA_SENSE else _plain(rsm)


def _unknown(text: str, fault: Fault) -> Code:
    """Return what to say of a code that nobody told us of: that IMS may have run the transaction."""
    return Code(text, _ASK, fault, Retry.UNKNOWN)


def _reason(rsm: Rsm) -> Code:
    known = REASON_CODES.get(rsm.reason_code)
    if known is None:
        return _unknown(f"unknown reason code {rsm.reason_code}", RETURN_CODES[rsm.return_code].fault)
    return _of_racf(known, rsm.racf_or_otma) if rsm.reason_code == SECURITY_FAILURE else known


def _of_racf(refused: Code, number: int) -> Code:
    racf = RACF_CODES.get(number)
    if racf:
        return replace(refused, text=f"{refused.text}: {racf.text}", action=racf.action, fault=racf.fault)
    return replace(refused, text=f"{refused.text}: RACF return code X'{number:02X}'") if number else refused


def _sense(rsm: Rsm) -> Code:
    known = SENSE_CODES.get(rsm.reason_code)
    numbers = f"OTMA sense code X'{rsm.reason_code:04X}' reason X'{rsm.racf_or_otma:02X}'"
    if known is not None:
        return replace(known, text=f"{numbers}: {known.text}")
    if rsm.reason_code in OF_USER_EXITS:
        return Code(f"{numbers}: of a user exit of IMS", "ask who wrote the exit", Fault.IMS, Retry.UNKNOWN)
    return Code(numbers, "see the OTMA sense codes for NAK messages", Fault.IMS, Retry.UNKNOWN)


def _plain(rsm: Rsm) -> Code:
    known = RETURN_CODES.get(rsm.return_code)
    if known is None:
        return _unknown(f"unknown return code {rsm.return_code}", Fault.CONNECT)
    text = known.text
    seconds = timer_seconds(rsm.reason_code) if known.timer else None
    if seconds is not None:
        text = f"{text} after {seconds:g} s"
    return Code(text, known.action, known.fault, known.retry)
