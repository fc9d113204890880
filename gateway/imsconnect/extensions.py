"""The IRM extensions that a caller asks for: the distributed identity, and the mark of a trusted user.

Source: Format of IRM extensions; Distributed network security credential support and OTMA; Trusted-user support
for IMS Connect messages, which leaves it to the site what the mark is.
"""

from gateway.errors import GatewayError, M
from gateway.exchange import Caller
from gateway.imsconnect.wire import Extension, HeaderCode
from gateway.imsconnect.wire.extensions import DATA_LIMITS, NETSID, NETUID

_CODE = HeaderCode.EBCDIC


def extensions_of(caller: Caller) -> tuple[Extension, ...]:
    """Return the extensions, in the code of our headers.

    Raises GatewayError(M.NETWORK_IDENTITY) for a name or issuer that cannot be told: cut or with characters
    replaced it could be somebody else's, and it is what IMS's records will say.
    """
    found = [
        Extension(name, _identity(name, what, text))
        for name, what, text in (
            (NETUID, "name", caller.network_user),
            (NETSID, "issuer", caller.network_session),
        )
        if text
    ]
    if caller.trusted is not None:
        found.append(Extension(caller.trusted.extension, caller.trusted.value.reveal().encode(_CODE.value)))
    return tuple(found)


def _identity(extension: str, what: str, text: str) -> bytes:
    limit = DATA_LIMITS[extension][0]
    try:
        data = text.encode(_CODE.value)
    except UnicodeEncodeError as error:
        raise _refused(what, f"character {error.start + 1} is not in code page 37") from None
    if not text.isprintable():
        raise _refused(what, "it has control characters")
    if len(data) > limit:
        raise _refused(what, f"it has {len(data)} characters, at most {limit}")
    return data


def _refused(what: str, reason: str) -> GatewayError:
    return GatewayError(M.NETWORK_IDENTITY, {"what": what, "reason": reason})
