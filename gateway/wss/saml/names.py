"""Names of SAML beyond the assertion itself: elements in both versions, methods and formats as URIs.

Sources: OASIS SAML 1.1 core, sections 2 and 7; SAML 2.0 core, sections 2 and 8. URIs are compared exactly.
"""

from typing import Final

from gateway.wss.names import SAML1, SAML2

XS: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE: Final = f"{{{XSI}}}type"
XSI_NIL: Final = f"{{{XSI}}}nil"

SENDER_VOUCHES_11: Final = "urn:oasis:names:tc:SAML:1.0:cm:sender-vouches"
SENDER_VOUCHES_20: Final = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"

_FORMAT_11: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
UNSPECIFIED: Final = f"{_FORMAT_11}unspecified"
X509_SUBJECT: Final = f"{_FORMAT_11}X509SubjectName"
EMAIL: Final = f"{_FORMAT_11}emailAddress"
WINDOWS: Final = f"{_FORMAT_11}WindowsDomainQualifiedName"
ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"

USER_ITSELF: Final = frozenset({"", UNSPECIFIED})
"""Formats of a name that may be the user id itself; empty: none was given."""
NAME_FORMATS: Final = USER_ITSELF | {X509_SUBJECT, EMAIL, WINDOWS}
"""Formats of a name that can lead to a user; the others of this set than `USER_ITSELF` need a mapping."""


def saml1(local: str) -> str:
    """Return the Clark name of an element of SAML 1.1."""
    return f"{{{SAML1}}}{local}"


def saml2(local: str) -> str:
    """Return the Clark name of an element of SAML 2.0."""
    return f"{{{SAML2}}}{local}"
