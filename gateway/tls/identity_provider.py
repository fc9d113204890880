"""An identity provider for web single sign-on, as its SAML metadata (OASIS, SAML 2.0) describes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from cryptography import x509

from gateway.errors import GatewayError
from gateway.safexml import Bounds, Element, children, copy, is_element, parse, serialize
from gateway.tls.certificates import signing_key_complaint
from gateway.tls.metadata import MetadataError, read_metadata

Binding = Literal["redirect", "post"]

_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_ENTITY: Final = f"{_MD}EntityDescriptor"
_ROLE: Final = f"{_MD}IDPSSODescriptor"
_PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
BINDINGS: Final[dict[Binding, str]] = {
    "redirect": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
    "post": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
}


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Who it is, where it is asked, whose signatures count."""

    entity_id: str
    address: str
    """Where requests go over the binding that was asked for; HTTPS."""
    certificates: tuple[x509.Certificate, ...]
    """Of its role as identity provider, for signing; at least one, keys strong enough."""
    wants_signed: bool
    """Whether it takes signed requests only."""


def read_identity_provider(data: bytes, entity: str, binding: Binding, now: datetime) -> IdentityProvider:
    """Return the identity provider that metadata describes.

    `entity` is its entityID, "" where there is one only. Raises MetadataError: not metadata, no such provider,
    no HTTPS address for the binding, no longer valid, no certificate with a key that is strong enough.
    """
    found = _entity(data, entity)
    role = next(
        one for one in found.iterchildren(_ROLE) if _PROTOCOL in (one.get("protocolSupportEnumeration") or "")
    )
    alone = copy(found)
    for other in children(alone):
        if not is_element(other) or other.tag != _ROLE:
            alone.remove(other)
    issuers = read_metadata(serialize(alone), now)
    for certificate in issuers[0].certificates:
        if complaint := signing_key_complaint(certificate.public_key(), legacy=False):
            raise MetadataError(f"a certificate for signing has {complaint}")
    return IdentityProvider(
        entity_id=issuers[0].entity_id,
        address=_address(role, binding),
        certificates=issuers[0].certificates,
        wants_signed=(role.get("WantAuthnRequestsSigned") or "").strip() in {"true", "1"},
    )


def _entity(data: bytes, entity: str) -> Element:
    try:
        root = parse(data, Bounds())
    except GatewayError as error:
        raise MetadataError(error.text) from error
    providers = [
        one
        for one in root.iter(_ENTITY)
        if entity in {"", one.get("entityID")}
        and any(_PROTOCOL in (role.get("protocolSupportEnumeration") or "") for role in one.iterchildren(_ROLE))
    ]
    if len(providers) == 1:
        return providers[0]
    what = f"no identity provider {entity}" if entity else "no identity provider"
    raise MetadataError(f"describes {'several identity providers: name one' if providers else what}")


def _address(role: Element, binding: Binding) -> str:
    for service in role.iterchildren(f"{_MD}SingleSignOnService"):
        if service.get("Binding") == BINDINGS[binding]:
            address = (service.get("Location") or "").strip()
            parts = urlsplit(address)
            if parts.scheme == "https" and parts.hostname and not parts.fragment:
                return address
            raise MetadataError(f"its address for the binding {binding} is no HTTPS address")
    raise MetadataError(f"has no address for the binding {binding}")
