"""What the bytes of a field say, in words.

Source: Timer interval specifications; IMS Connect protocol level; Format of the complete status message; Format
of the request status message; and the pages that `flags` names.
"""

from collections.abc import Mapping
from enum import IntFlag
from typing import Final

from gateway.imsconnect.wire.flags import F0, F5, SocketType, Verb
from gateway.imsconnect.wire.header import HeaderCode
from gateway.imsconnect.wire.output import CsmFlags
from gateway.imsconnect.wire.timer import DEFAULT, FOREVER, NO_WAIT, timer_seconds

TEXT_SHOWN: Final = 60
"""Characters of a text in a meaning; the bytes are all there."""

VERBS: Final[Mapping[Verb, str]] = {
    Verb.SEND_RECEIVE: "send-receive",
    Verb.ACK: "ACK",
    Verb.CANCEL_TIMER: "cancel timer",
    Verb.DEALLOCATE: "deallocate conversation",
    Verb.SEND_ONLY_ERROR: "send-only with error",
    Verb.SEND_ONLY_ACK: "send-only with acknowledgment",
    Verb.CALLOUT_RESPONSE_ACK: "callout response with acknowledgment",
    Verb.CALLOUT_RESPONSE: "callout response",
    Verb.NAK: "NAK",
    Verb.RESUME_TPIPE: "RESUME TPIPE",
    Verb.SEND_ONLY: "send-only",
}
ARCHITECTURE: Final = (
    "base",
    "with IRM_REROUT_NM/RT_ALTCID",
    "with IRM_TAG_ADAPT and IRM_TAG_MAP",
    "with IRM_MODNAME and IRM_CORTKN",
    "with IRM_SESTKN",
    "with IRM extensions",
)
_SOCKETS: Final = {
    SocketType.TRANSACTION: "transaction socket",
    SocketType.PERSISTENT: "persistent socket",
    SocketType.NON_PERSISTENT: "non-persistent socket",
}
_ENCODINGS: Final = {0: "not Unicode", 1: "UTF-8", 2: "UTF-16"}
_STATUS_FLAGS: Final = {
    CsmFlags.ASYNC_QUEUED: "asynchronous output queued",
    CsmFlags.CONVERSATION: "conversation open",
    CsmFlags.ACK_NEEDED: "ACK or NAK required",
    CsmFlags.LEVEL_VALID: "protocol level valid",
}
_LEVELS: Final = {
    0: "base",
    1: "reserved",
    2: "ACK with NO_WAIT for commit mode 0",
    3: "RACF return code in the RSM",
}


def flags(kind: type[IntFlag], value: int, none: str) -> str:
    """Return IBM's names of the bits that are on, as ``DFS2082 + SYNCONF``; `none` when none is."""
    names = [str(flag.name) for flag in kind if flag and flag & value]
    known = 0
    for flag in kind:
        known |= flag
    rest = value & ~known
    names += [f"X'{rest:02X}' (reserved)"] if rest else []
    return " + ".join(names) or none


def status_flags(value: int) -> str:
    """Return the words for CSM_FLG1 or RSM_FLG1."""
    words = [text for flag, text in _STATUS_FLAGS.items() if flag & value]
    rest = value & 0x0F
    words += [f"X'{rest:02X}' (reserved)"] if rest else []
    return " + ".join(words) or "none"


def protocol_level(value: int, csm_flags: int) -> str:
    """Return the words for CSM_PRLVLFLG."""
    words = f"level {value}: {_LEVELS.get(value, 'not known')}"
    return words if CsmFlags.LEVEL_VALID & csm_flags else f"{words} (not valid)"


def timer(value: int) -> str:
    """Return the words for IRM_TIMER."""
    seconds = timer_seconds(value)
    if seconds is not None:
        return f"{seconds:g} s"
    special = {DEFAULT: "default", NO_WAIT: "NO_WAIT: no waiting", FOREVER: "waits for ever"}
    return special.get(value, "not defined: the default counts")


def resume_option(value: int) -> str:
    """Return the words for IRM_F5 of RESUME TPIPE."""
    return flags(F5, value, "no option: as NOAUTO")


def socket_type(value: int) -> str:
    """Return the words for IRM_SOCT."""
    known = {int(kind): text for kind, text in _SOCKETS.items()}
    return known.get(value, "not defined")


def encoding(value: int) -> str:
    """Return the words for IRM_ES. unverified: the numbers."""
    return _ENCODINGS.get(value, "not defined")


def verb(data: bytes, code: HeaderCode) -> str:
    """Return the words for IRM_F4."""
    try:
        known = Verb(data.decode(code.value))
    except ValueError:
        return "no kind of message"
    return f"{'blank' if known is Verb.SEND_RECEIVE else known.value}: {VERBS[known]}"


def architecture(value: int) -> str:
    """Return the words for IRM_ARCH."""
    return f"level {value}: {ARCHITECTURE[value] if value < len(ARCHITECTURE) else 'not known'}"


def nak_reason(value: int, f0: int) -> str:
    """Return the words for IRM_NAK_RSNCDE."""
    if f0 & F0.NAKRSN:
        return f"reason code {value}"
    return f"{value}, not valid without IRM_F0 NAKRSN" if value else "not used"


def zeros(data: bytes) -> str:
    """Return the words for reserved bytes."""
    return "reserved" if not any(data) else "reserved, but not zeros"


def opaque(data: bytes) -> str:
    """Return the words for a token."""
    return "token" if any(data) else "zeros"


def name(data: bytes, code: HeaderCode) -> str:
    """Return the text of a blank padded name."""
    if not any(data):
        return "zeros"
    try:
        text = code.decode(data)
    except ValueError:
        text = "\x00"
    if not text.isprintable():
        return f"not text in {code.name}"
    return text or "blank"


def text(data: bytes, encoding_name: str) -> str:
    """Return the beginning of a text in quotes, dots for what does not print; or that it is no text."""
    piece = data[: 4 * TEXT_SHOWN].decode(encoding_name, errors="replace")
    shown = piece[:TEXT_SHOWN]
    printing = sum(c.isprintable() and c != "\ufffd" for c in shown)
    if not data or 4 * printing < 3 * len(shown):
        return f"{len(data)} bytes, not text"
    clean = "".join(c if c.isprintable() and c != "\ufffd" else "." for c in shown)
    return f"'{clean.rstrip()}'" + (" ..." if len(data) > len(shown) and len(piece) > len(shown) else "")
