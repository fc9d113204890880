"""The IMS request message prefix (IRM): every field of the fixed and the user portion.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for HWSSMPL0,
HWSSMPL1, and user-written message exit routines.
"""

from dataclasses import dataclass

from gateway.exchange import Secret
from gateway.imsconnect.wire.extensions import Extension
from gateway.imsconnect.wire.flags import F0, F1, F2, F3, F5, F6, SocketType, Verb
from gateway.imsconnect.wire.header import Exit, HeaderCode

_NO_PASSWORD = Secret("")


@dataclass(frozen=True, slots=True)
class Irm:
    """One IRM. Texts are without padding, an empty text is a blank field; tokens empty are binary zeros.

    Fields of a level above `arch` are not sent and read as blank.
    """

    exit: Exit
    code: HeaderCode = HeaderCode.EBCDIC
    arch: int = 0
    """IRM_ARCH, 0 to 5: which fields exist."""
    f0: F0 = F0(0)
    nak_reason: int = 0
    """IRM_NAK_RSNCDE, valid with F0.NAKRSN."""
    f5: F5 = F5(0)
    timer: int = 0
    """IRM_TIMER, the code byte of `timer.encode_timer`."""
    socket: SocketType = SocketType.PERSISTENT
    encoding: int = 0
    """IRM_ES."""
    client_id: str = ""
    f1: F1 = F1(0)
    f2: F2 = F2(0)
    f3: F3 = F3(0)
    verb: Verb = Verb.SEND_RECEIVE
    transaction: str = ""
    datastore: str = ""
    lterm: str = ""
    user: str = ""
    group: str = ""
    password: Secret = _NO_PASSWORD
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
    f6: F6 = F6(0)
    """IRM_F6 (level 5)."""
    extensions: tuple[Extension, ...] = ()
    """Level 5, with F0.EXTENS."""
