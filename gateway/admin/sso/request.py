"""The request with which a browser is sent to the identity provider (SAML 2.0 profiles, section 4.1.4.1)."""

import base64
import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from lxml import etree

from gateway.admin.sso.toolkit import Partners
from gateway.tls.identity_provider import BINDINGS

COOKIE: Final = "__Host-imsgw-sso"
"""Binds an answer to the browser that asked; it has to survive the provider's POST, so SameSite=None."""
COOKIE_SECONDS: Final = 600
_MOST_STATE: Final = 80
"""Bytes of a RelayState (SAML 2.0 bindings, sections 3.4.3 and 3.5.3)."""
_P: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_A: Final = "urn:oasis:names:tc:SAML:2.0:assertion"


@dataclass(frozen=True, slots=True)
class Redirect:
    """The browser is sent by its address."""

    location: str


@dataclass(frozen=True, slots=True)
class Form:
    """The browser is sent by a form that it posts."""

    action: str
    fields: tuple[tuple[str, str], ...]


def new_binding() -> str:
    """Return what the cookie is to hold."""
    return secrets.token_urlsafe(32)


def request_id(binding: str) -> str:
    """Return the id of the request that goes with a cookie: only the browser that asked can show it."""
    return "_" + hashlib.sha256(b"AuthnRequest\0" + binding.encode()).hexdigest()


def ask(partners: Partners, binding: str, to: str, now: datetime) -> Redirect | Form:
    """Return how to ask the provider who the person is.

    `to` is the path of ours to go on to; it is kept if it is short. Raises StoreError: the key cannot be read.
    """
    state = to if len(to.encode()) <= _MOST_STATE else "/"
    request = authn_request(partners, request_id(binding), now)
    if partners.sso.request_binding == "post":
        posted = base64.b64encode(_signed(partners, request)).decode()
        return Form(partners.provider.address, (("SAMLRequest", posted), ("RelayState", state)))
    fields = {"SAMLRequest": _deflated(request), "RelayState": state}
    if partners.signs:
        _sign(partners, fields)
    glue = "&" if "?" in partners.provider.address else "?"
    return Redirect(f"{partners.provider.address}{glue}{urlencode(fields)}")


def authn_request(partners: Partners, id_: str, now: datetime) -> bytes:
    """Return the request as XML, not signed."""
    root = etree.Element(
        f"{{{_P}}}AuthnRequest",
        {
            "ID": id_,
            "Version": "2.0",
            "IssueInstant": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "Destination": partners.provider.address,
            "ProtocolBinding": BINDINGS["post"],
            "AssertionConsumerServiceURL": partners.answer_address,
        },
        nsmap={"samlp": _P, "saml": _A},
    )
    etree.SubElement(root, f"{{{_A}}}Issuer").text = partners.entity_id
    return etree.tostring(root)


def _deflated(request: bytes) -> str:
    """Encode it for an address (SAML 2.0 bindings, section 3.4.4.1)."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return base64.b64encode(packer.compress(request) + packer.flush()).decode()


def _signed(partners: Partners, request: bytes) -> bytes:
    if not partners.signs:
        return request
    from onelogin.saml2.utils import OneLogin_Saml2_Utils  # noqa: PLC0415  slow to import

    own = partners.toolkit.get_sp_data()
    made = OneLogin_Saml2_Utils.add_sign(request, own["privateKey"], own["x509cert"])
    return made if isinstance(made, bytes) else str(made).encode()


def _sign(partners: Partners, fields: dict[str, str]) -> None:
    """Add SigAlg and Signature (SAML 2.0 bindings, section 3.4.4.1)."""
    from onelogin.saml2.auth import OneLogin_Saml2_Auth  # noqa: PLC0415  slow to import

    OneLogin_Saml2_Auth(partners.request_data(), old_settings=partners.toolkit).add_request_signature(fields)
    fields["Signature"] = fields.pop(
        "Signature"
    )  # behind what it signs: some providers verify the text as it came
