"""Namespaces and URIs of WS-Security (OASIS WSS 1.1.1, errata of November 2012 included)."""

from typing import Final

_OASIS_2004: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"

WSSE: Final = f"{_OASIS_2004}wssecurity-secext-1.0.xsd"
WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
WSU: Final = f"{_OASIS_2004}wssecurity-utility-1.0.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
SAML1: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2: Final = "urn:oasis:names:tc:SAML:2.0:assertion"

SECURITY: Final = f"{{{WSSE}}}Security"
USERNAME_TOKEN: Final = f"{{{WSSE}}}UsernameToken"
USERNAME: Final = f"{{{WSSE}}}Username"
PASSWORD: Final = f"{{{WSSE}}}Password"
NONCE: Final = f"{{{WSSE}}}Nonce"
CREATED: Final = f"{{{WSU}}}Created"
EXPIRES: Final = f"{{{WSU}}}Expires"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
WSU_ID: Final = f"{{{WSU}}}Id"
SALT: Final = f"{{{WSSE11}}}Salt"
ITERATION: Final = f"{{{WSSE11}}}Iteration"

IDENTITY_TOKENS: Final = frozenset(
    {
        USERNAME_TOKEN,
        f"{{{SAML1}}}Assertion",
        f"{{{SAML2}}}Assertion",
        f"{{{SAML2}}}EncryptedAssertion",
    }
)
"""Elements of a Security header that say who is calling."""

_UTP: Final = f"{_OASIS_2004}username-token-profile-1.0#"
PASSWORD_TEXT: Final = f"{_UTP}PasswordText"
PASSWORD_DIGEST: Final = f"{_UTP}PasswordDigest"
BASE64_BINARY: Final = f"{_OASIS_2004}soap-message-security-1.0#Base64Binary"
