"""The IMS request message prefix (IRM): every field of the fixed and the user portion.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.exchange import Secret
from gateway.imsconnect.wire.errors import InputViolation
from gateway.imsconnect.wire.extensions import Extension, decode_extensions
from gateway.imsconnect.wire.flags import F0, F1, F2, F3, F5, F6, SocketType, Verb
from gateway.imsconnect.wire.header import NAME_LENGTH, Exit, HeaderCode

MAX_ARCH: Final = 5
MIN_IRM_LENGTH: Final = 80
"""IRM_LEN of HWSSMPL0 and HWSSMPL1 at least: the fields up to IRM_RACF_PW."""
IRM_LENGTHS: Final = (80, 96, 112, 160, 168, 172)
"""IRM_LEN by architecture level, without extensions."""
IRM_LENGTH_WITH_APPLICATION: Final = 88
"""IRM_LEN at level 0 when IRM_APPL_NM is there."""

# Offsets count from LLLL, as in IBM's tables; the IRM itself starts at 4.
IRM_START: Final = 4
IRM_ARCH: Final = 6
IRM_F0: Final = 7
IRM_ID: Final = 8
IRM_NAK_RSNCDE: Final = 16
IRM_F5: Final = 20
IRM_TIMER: Final = 21
IRM_SOCT: Final = 22
IRM_ES: Final = 23
IRM_F1: Final = 32
IRM_F2: Final = 33
IRM_F3: Final = 34
IRM_F4: Final = 35
IRM_EXTN_OFF: Final = 172
IRM_F6: Final = 174  # unverified: IRM_F6 is taken to be the byte behind IRM_EXTN_OFF


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field stands: the attribute of `Irm`, IBM's name, offset from LLLL, first level, length."""

    attribute: str
    name: str
    offset: int
    arch: int = 0
    length: int = NAME_LENGTH

    def present(self, arch: int, irm_length: int) -> bool:
        """Tell whether an IRM of this level and length holds the field: none beyond IRM_LEN is ever read."""
        return arch >= self.arch and self.offset + self.length <= IRM_START + irm_length


PASSWORD: Final = Place("password", "IRM_RACF_PW", 76)
TEXTS: Final = (
    Place("client_id", "IRM_CLIENTID", 24),
    Place("transaction", "IRM_TRNCOD", 36),
    Place("datastore", "IRM_IMSDESTID", 44),
    Place("lterm", "IRM_LTERM", 52),
    Place("user", "IRM_RACF_USERID", 60),
    Place("group", "IRM_RACF_GRNAME", 68),
    PASSWORD,
    Place("application", "IRM_APPL_NM", 84),
    Place("reroute_name", "IRM_REROUT_NM", 92, 1),
    Place("adapter", "IRM_TAG_ADAPT", 100, 2),
    Place("converter", "IRM_TAG_MAP", 108, 2),
    # unverified: IRM_MODNAME before IRM_CORTKN; consistent with the lengths of level 3
    Place("mod_name", "IRM_MODNAME", 116, 3),
)
TOKENS: Final = (
    Place("correlation_token", "IRM_CORTKN", 124, 3, 40),
    Place("session_token", "IRM_SESTKN", 164, 4),
)
F6_PLACE: Final = Place("f6", "IRM_F6", IRM_F6, 5, 1)
EXTN_OFF_PLACE: Final = Place("extensions", "IRM_EXTN_OFF", IRM_EXTN_OFF, 5, 2)
BYTES: Final = (
    ("IRM_ARCH", IRM_ARCH, "arch"),
    ("IRM_F0", IRM_F0, "f0"),
    ("IRM_F5", IRM_F5, "f5"),
    ("IRM_TIMER", IRM_TIMER, "timer"),
    ("IRM_SOCT", IRM_SOCT, "socket"),
    ("IRM_ES", IRM_ES, "encoding"),
    ("IRM_F1", IRM_F1, "f1"),
    ("IRM_F2", IRM_F2, "f2"),
    ("IRM_F3", IRM_F3, "f3"),
)
"""Fields of one byte."""


@dataclass(frozen=True, slots=True)
class Irm:
    """One IRM. Texts are without padding, an empty text is a blank field; tokens empty are binary zeros.

    A field that needs a higher level than `arch` reads as blank and cannot be sent.
    """

    exit: Exit
    code: HeaderCode = HeaderCode.EBCDIC
    arch: int = 0
    """IRM_ARCH, 0 to 5: which fields exist."""
    f0: F0 = F0.NONE
    nak_reason: int = 0
    """IRM_NAK_RSNCDE, valid with F0.NAKRSN."""
    f5: F5 = F5.NONE
    timer: int = 0
    """IRM_TIMER, the code byte of `timer.encode_timer`."""
    socket: SocketType = SocketType.PERSISTENT
    encoding: int = 0
    """IRM_ES."""
    client_id: str = ""
    f1: F1 = F1.NONE
    f2: F2 = F2.NONE
    f3: F3 = F3.NONE
    verb: Verb = Verb.SEND_RECEIVE
    transaction: str = ""
    datastore: str = ""
    lterm: str = ""
    user: str = ""
    group: str = ""
    password: Secret = field(default=Secret(""), repr=False)
    application: str = ""
    """IRM_APPL_NM, for PassTickets."""
    application_field: bool = False
    """At level 0 only: send IRM_APPL_NM even when it is blank (IRM_LEN 88 instead of 80)."""
    reroute_name: str = ""
    """IRM_REROUT_NM; on RESUME TPIPE the same bytes are IRM_RT_ALTCID (level 1)."""
    adapter: str = ""
    """IRM_TAG_ADAPT (level 2)."""
    converter: str = ""
    """IRM_TAG_MAP (level 2)."""
    mod_name: str = ""
    """IRM_MODNAME (level 3)."""
    correlation_token: bytes = b""
    """IRM_CORTKN, 40 opaque bytes or empty (level 3)."""
    session_token: bytes = b""
    """IRM_SESTKN, 8 opaque bytes or empty (level 4)."""
    f6: F6 = F6.NONE
    """IRM_F6 (level 5)."""
    extensions: tuple[Extension, ...] = ()
    """Level 5, with F0.EXTENS."""


def irm_length(arch: int, *, with_application: bool = False) -> int:
    """Return IRM_LEN of an IRM of this level without extensions."""
    if arch == 0 and with_application:
        return IRM_LENGTH_WITH_APPLICATION
    return IRM_LENGTHS[arch]


def decode_irm(
    data: bytes,
    exit: Exit,  # noqa: A002 - IBM's word
    code: HeaderCode,
    refuse: Callable[[str, int, int], InputViolation],
) -> tuple[Irm, int]:
    """Return the IRM of the message `data` (which starts with LLLL) and the offset of what follows it.

    `exit` and `code` are what IRM_ID says. `data` holds the fixed and the user portion up to IRM_RACF_PW at
    least. Raises what `refuse` makes of reason, return code and reason code.
    """
    length = int.from_bytes(data[IRM_START : IRM_START + 2])
    end = IRM_START + length
    # four bytes at least must follow: the end marker
    if length < MIN_IRM_LENGTH or end + 4 > len(data):
        raise refuse(f"IRM_LEN {length} in a message of {len(data)} bytes", 4, 6)
    arch = data[IRM_ARCH]
    if arch > MAX_ARCH:
        raise refuse(f"IRM_ARCH {arch}", 4, 9)
    texts: dict[str, Any] = {
        p.attribute: _get_text(data, p, code, refuse) for p in TEXTS if p.present(arch, length)
    }
    tokens: dict[str, Any] = {p.attribute: _get_token(data, p) for p in TOKENS if p.present(arch, length)}
    irm = Irm(
        exit,
        code,
        arch,
        F0(data[IRM_F0]),
        int.from_bytes(data[IRM_NAK_RSNCDE : IRM_NAK_RSNCDE + 2]),
        F5(data[IRM_F5]),
        data[IRM_TIMER],
        _get_socket_type(data, refuse),
        data[IRM_ES],
        f1=F1(data[IRM_F1]),
        f2=F2(data[IRM_F2]),
        f3=F3(data[IRM_F3]),
        verb=_get_verb(data, code, refuse),
        password=Secret(texts.pop("password")),
        application_field=arch == 0 and "application" in texts,
        f6=F6(data[IRM_F6]) if F6_PLACE.present(arch, length) else F6.NONE,
        extensions=_get_extensions(data[:end], arch, code, refuse),
        **texts,
        **tokens,
    )
    return irm, end


def peek_verb(data: bytes, code: HeaderCode) -> Verb | None:
    """Return the kind of message that starts with these bytes, None when it cannot be told."""
    try:
        return Verb(data[IRM_F4 : IRM_F4 + 1].decode(code.value))
    except ValueError:
        return None


def _get_verb(data: bytes, code: HeaderCode, refuse: Callable[[str, int, int], InputViolation]) -> Verb:
    verb = peek_verb(data, code)
    if verb is None:
        raise refuse(f"IRM_F4 X'{data[IRM_F4]:02X}'", 4, 9)
    return verb


def _get_socket_type(data: bytes, refuse: Callable[[str, int, int], InputViolation]) -> SocketType:
    try:
        return SocketType(data[IRM_SOCT])
    except ValueError:
        raise refuse(f"IRM_SOCT X'{data[IRM_SOCT]:02X}'", 4, 9) from None


def _get_text(
    data: bytes, place: Place, code: HeaderCode, refuse: Callable[[str, int, int], InputViolation]
) -> str:
    try:
        return code.decode(data[place.offset : place.offset + place.length])
    except ValueError:
        raise refuse(f"{place.name} is not text", 4, 9) from None


def _get_token(data: bytes, place: Place) -> bytes:
    token = data[place.offset : place.offset + place.length]
    return token if any(token) else b""


def _get_extensions(
    irm: bytes, arch: int, code: HeaderCode, refuse: Callable[[str, int, int], InputViolation]
) -> tuple[Extension, ...]:
    if not irm[IRM_F0] & F0.EXTENS:
        return ()
    present = EXTN_OFF_PLACE.present(arch, len(irm) - IRM_START)
    offset = int.from_bytes(irm[IRM_EXTN_OFF : IRM_EXTN_OFF + 2]) if present else 0
    if offset == 0:
        raise refuse("IRM_EXTN_OFF is zero although IRM_F0 says there are extensions", 4, 114)
    if offset < IRM_LENGTHS[MAX_ARCH] or IRM_START + offset >= len(irm):
        raise refuse(f"IRM_EXTN_OFF {offset} in an IRM of {len(irm) - IRM_START} bytes", 4, 113)
    return decode_extensions(irm[IRM_START + offset :], code, refuse)
