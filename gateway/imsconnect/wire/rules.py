"""What an input message must be besides well-formed: which fields and data go with which kind of message.

Both roles use the same rules: what the client would be refused for, it does not send. The return and reason
codes are those of HWSSMPL0 and HWSSMPL1 return and reason codes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.imsconnect.wire.extensions import DATA_LIMITS
from gateway.imsconnect.wire.flags import (
    CARRIES_BLOCK,
    CARRIES_SEGMENTS,
    F0,
    F1,
    F2,
    F5,
    UNICODE_ENCODINGS,
    Verb,
)

if TYPE_CHECKING:
    from gateway.imsconnect.wire.message import InputMessage

RC_EXIT: Final = 4
RC_OTMA_SENSE: Final = 16
INVALID_BUFFER: Final = 9
INVALID_UNICODE: Final = 11
NO_DATA: Final = 12
RESUME_TPIPE_CM1: Final = 93
EXTENSION_LENGTH: Final = 113
EXTENSION_OFFSET_ZERO: Final = 114
SENSE_NO_RRS: Final = 0x17
CALLOUT_ARCH: Final = 3
"""Lowest IRM_ARCH for synchronous callout."""
TOKEN_PREFIX: Final = b"\x00\x28"
"""IRM_CT_LEN of every correlation token: 40."""


_BOTH_MODES: Final = F2.CM0 | F2.CM1
_UNICODE: Final = F1.UC | F1.UCTC


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule broken: what is wrong, and the codes of the RSM."""

    reason: str
    return_code: int
    reason_code: int


def breach(message: "InputMessage") -> Breach | None:
    """Return the first rule the message breaks, None when it keeps them all."""
    for rule in _RULES:
        found = rule(message)
        if found is not None:
            return found
    return None


def _headers(message: "InputMessage") -> Breach | None:
    irm = message.irm
    if irm.f5 and F5.OTMA in irm.f5:
        return Breach("OTMA headers built by the client (IRM_F5 X'80')", RC_EXIT, INVALID_BUFFER)
    if irm.f5 and F5.XID in irm.f5:
        return Breach("an XID (IRM_F5 X'08') needs RRS", RC_OTMA_SENSE, SENSE_NO_RRS)
    if _BOTH_MODES in irm.f2:
        # unverified: the reason code for contradicting commit modes
        return Breach("IRM_F2 asks for commit mode 0 and 1", RC_EXIT, INVALID_BUFFER)
    return None


def _unicode(message: "InputMessage") -> Breach | None:
    irm = message.irm
    if irm.f1 and irm.f1 & _UNICODE and irm.encoding not in UNICODE_ENCODINGS:
        return Breach(f"Unicode in IRM_F1 with IRM_ES {irm.encoding}", RC_EXIT, INVALID_UNICODE)
    return None


def _extensions(message: "InputMessage") -> Breach | None:
    irm = message.irm
    if not irm.f0 and not irm.extensions:
        return None
    if F0.EXTENS in irm.f0 and not irm.extensions:
        reason_code = EXTENSION_LENGTH if irm.arch >= 5 else EXTENSION_OFFSET_ZERO
        return Breach("IRM_F0 says there are extensions, and there are none", RC_EXIT, reason_code)
    if irm.extensions and F0.EXTENS not in irm.f0:
        return Breach("extensions without IRM_F0 X'04'", RC_EXIT, EXTENSION_LENGTH)
    for extension in irm.extensions:
        limit, reason_code = DATA_LIMITS.get(extension.id, (None, 0))
        if limit is not None and len(extension.data) > limit:
            return Breach(f"{extension.id} is longer than {limit} bytes", RC_EXIT, reason_code)
    return None


def _data(message: "InputMessage") -> Breach | None:
    verb, f0 = message.irm.verb, message.irm.f0
    if message.segments and verb not in CARRIES_SEGMENTS:
        # unverified: the reason code for data behind a message that has none
        return Breach(f"segments in a message of kind {verb.name}", RC_EXIT, INVALID_BUFFER)
    if message.block is not None and verb not in CARRIES_BLOCK:
        return Breach(f"a data block in a message of kind {verb.name}", RC_EXIT, INVALID_BUFFER)
    if verb in CARRIES_SEGMENTS and not message.segments:
        return Breach(f"no data in a message of kind {verb.name}", RC_EXIT, NO_DATA)
    if verb in CARRIES_BLOCK and not message.block and not f0 & (F0.NAKRSN | F0.SYNCNAK):
        return Breach("a callout response without data that is no error response", RC_EXIT, NO_DATA)
    return None


def _callout(message: "InputMessage") -> Breach | None:
    irm = message.irm
    if irm.verb not in CARRIES_BLOCK:
        return None
    if irm.arch < CALLOUT_ARCH:
        # unverified: IBM says only that it is rejected; 9 as for RESUME TPIPE
        return Breach(f"a callout response needs IRM_ARCH {CALLOUT_ARCH}", RC_EXIT, INVALID_BUFFER)
    if not irm.correlation_token.startswith(TOKEN_PREFIX):
        return Breach("a callout response without the correlation token", RC_EXIT, INVALID_BUFFER)
    return None


def _resume_tpipe(message: "InputMessage") -> Breach | None:
    irm = message.irm
    if irm.verb is not Verb.RESUME_TPIPE:
        return None
    if irm.f0 & (F0.SYNONLY | F0.SYNASYN) and irm.arch < CALLOUT_ARCH:
        return Breach(f"synchronous RESUME TPIPE needs IRM_ARCH {CALLOUT_ARCH}", RC_EXIT, INVALID_BUFFER)
    if F2.CM1 in irm.f2:
        return Breach("RESUME TPIPE with commit mode 1", RC_EXIT, RESUME_TPIPE_CM1)
    return None


_RULES: Final[tuple[Callable[["InputMessage"], Breach | None], ...]] = (
    _headers,
    _unicode,
    _extensions,
    _resume_tpipe,
    _callout,
    _data,
)
