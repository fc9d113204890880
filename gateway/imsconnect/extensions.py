"""The IRM extensions that a caller asks for: distributed identity, mark of a trusted user, tracking id.

Source: Format of IRM extensions; Distributed network security credential support and OTMA; Trusted-user support
for IMS Connect messages, which leaves it to the site what the mark is; -tracking: Configure SOAP Gateway-to-IMS
transaction tracking IDs.
"""

from contextlib import suppress
from typing import Final

from gateway.errors import GatewayError, M
from gateway.exchange import TrackingMark, TrustedMark
from gateway.imsconnect.values import Credentials
from gateway.imsconnect.wire import Extension, HeaderCode
from gateway.imsconnect.wire.extensions import DATA_LIMITS, NETSID, NETUID, TRCKID

LONGEST_TRCKID: Final = 40
"""Bytes of a tracking id that IBM's SOAP Gateway sends; a longer one it replaces by one of its own.

unverified: that this is also what HWSSOAP1 takes, and what it does with more.
"""
_LONGEST_OF_A_SITE: Final = 128
"""Bytes of a tracking id in an extension of the site's own."""
_NAMES: Final = {HeaderCode.EBCDIC: "37", HeaderCode.ASCII: "US-ASCII"}


def extensions_of(
    credentials: Credentials, code: HeaderCode = HeaderCode.EBCDIC, tracking: TrackingMark | None = None
) -> tuple[Extension, ...]:
    """Return the extensions, in the code of the headers.

    Raises GatewayError(M.NETWORK_IDENTITY) for a name or issuer that cannot be told: cut or with characters
    replaced it could be somebody else's, and it is what IMS's records will say. The same holds of a tracking id
    (M.INTERACTION).
    """
    mark = credentials.trusted
    if mark is None and tracking is None and not credentials.network_user and not credentials.network_session:
        return ()
    found = [
        Extension(name, _identity(name, what, text, code))
        for name, what, text in (
            (NETUID, "name", credentials.network_user),
            (NETSID, "issuer", credentials.network_session),
        )
        if text
    ]
    if mark is not None:
        found.append(Extension(mark.extension, _mark(mark, code)))
    if tracking is not None:
        found.append(Extension(tracking.extension, _tracking(tracking, code)))
    return tuple(found)


def longest_tracking_id(extension: str) -> int:
    """Return how many characters of a tracking id an extension holds."""
    return LONGEST_TRCKID if extension == TRCKID else _LONGEST_OF_A_SITE


def _tracking(mark: TrackingMark, code: HeaderCode) -> bytes:
    longest = longest_tracking_id(mark.extension)
    if 0 < len(mark.value) <= longest and mark.value.isascii() and mark.value.isprintable():
        return mark.value.encode(code.value)
    words = f"a tracking id in {mark.extension} is 1 to {longest} printable ASCII characters"
    raise GatewayError(M.INTERACTION, {"rule": "trackingID", "text": words})


def _mark(mark: TrustedMark, code: HeaderCode) -> bytes:
    with suppress(UnicodeEncodeError):
        return mark.value.reveal().encode(code.value)
    # out here, as an error of the codec bears the whole text
    words = f"its value has a character that is not in code page {_NAMES[code]}"
    raise GatewayError(M.INTERACTION, {"rule": "trustedMark", "text": words})


def _identity(extension: str, what: str, text: str, code: HeaderCode) -> bytes:
    limit = DATA_LIMITS[extension][0]
    try:
        data = text.encode(code.value)
    except UnicodeEncodeError as error:
        raise _refused(what, f"character {error.start + 1} is not in code page {_NAMES[code]}") from None
    if not text.isprintable():
        raise _refused(what, "it has control characters")
    if len(data) > limit:
        raise _refused(what, f"it has {len(data)} characters, at most {limit}")
    return data


def _refused(what: str, reason: str) -> GatewayError:
    return GatewayError(M.NETWORK_IDENTITY, {"what": what, "reason": reason})
