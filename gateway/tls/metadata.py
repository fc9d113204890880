"""Certificates with which an identity provider or a security token service signs, out of its SAML metadata.

OASIS Metadata for SAML 2.0. The document comes from a file, and nothing that it points to is fetched. Its own
signature is not checked: get it over a way that you trust, and compare the fingerprints.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509

from gateway.errors import GatewayError
from gateway.safexml import Bounds, Element, copy, parse, serialize
from gateway.tls.unreadable import UNREADABLE

_MD: Final = "{urn:oasis:names:tc:SAML:2.0:metadata}"
_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ENTITY: Final = f"{_MD}EntityDescriptor"
_KEY: Final = f"{_MD}KeyDescriptor"
_CERTIFICATE: Final = f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate"
_SIGNING_ROLES: Final = frozenset({f"{_MD}AttributeAuthorityDescriptor", f"{_MD}AuthnAuthorityDescriptor"})
_STS: Final = "SecurityTokenServiceType"
"""Type of a RoleDescriptor in WS-Federation 1.2, section 3.1.2.1, as AD FS and others write it."""


class MetadataError(ValueError):
    """The metadata cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class IssuerCertificates:
    """One entity of the metadata that issues assertions."""

    entity_id: str
    """What stands as Issuer in its assertions: for `security.issuers`."""
    certificates: tuple[x509.Certificate, ...]
    """Those with which it signs; in the order of the document, each once."""


def read_metadata(data: bytes, now: datetime) -> tuple[IssuerCertificates, ...]:
    """Return the issuers that a metadata document describes.

    Looked at are the roles of an identity provider, of an attribute or authentication authority and of a token
    service, and of their keys those for signing or for any use. Raises MetadataError: not metadata, no longer
    valid, nobody who issues assertions in it.
    """
    try:
        root = parse(data, Bounds())
    except GatewayError as error:
        raise MetadataError(error.text) from error
    if root.tag not in (_ENTITY, f"{_MD}EntitiesDescriptor"):
        raise MetadataError(
            "the root element is no EntityDescriptor or EntitiesDescriptor of SAML 2.0 metadata"
        )
    found = tuple(_issuer(entity) for entity in root.iter(_ENTITY) if _valid(entity, now) and _roles(entity))
    if not found:
        raise MetadataError("describes nobody who issues assertions")
    return found


def _valid(entity: Element, now: datetime) -> bool:
    """Require that neither the entity nor a group around it is past its validUntil."""
    for element in (entity, *entity.iterancestors()):
        text = element.get("validUntil")
        if text is None:
            continue
        try:
            until = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise MetadataError("a validUntil that is no time") from error
        if (until if until.tzinfo else until.replace(tzinfo=UTC)) <= now:
            raise MetadataError(f"the metadata was valid until {text}: get it anew")
    return True


def _roles(entity: Element) -> list[Element]:
    """Return the roles in which the entity issues assertions."""
    return [role for role in entity.iterchildren(f"{_MD}*") if _issues(role)]


def _issues(role: Element) -> bool:
    if role.tag == f"{_MD}RoleDescriptor":
        return (role.get(_TYPE) or "").rpartition(":")[2] == _STS
    return role.tag in _SIGNING_ROLES or role.tag == f"{_MD}IDPSSODescriptor"


def _issuer(entity: Element) -> IssuerCertificates:
    entity_id = entity.get("entityID")
    if not entity_id:
        raise MetadataError("an entity without entityID")
    texts = [*_of_provider(entity), *_of_other_roles(entity)]
    certificates = tuple(dict.fromkeys(_certificate(text, entity_id) for text in texts))
    if not certificates:
        raise MetadataError(f"{entity_id} names no certificate for signing")
    return IssuerCertificates(entity_id, certificates)


def _of_provider(entity: Element) -> list[str]:
    """Return what the library reads of an identity provider's role.

    It takes a key for encryption as the one for signing where there is no other, so those are taken out first.
    """
    from onelogin.saml2.idp_metadata_parser import (  # noqa: PLC0415  stays out of what serves
        OneLogin_Saml2_IdPMetadataParser,
    )

    alone = copy(entity)
    for key in [key for key in alone.iter(_KEY) if key.get("use") == "encryption"]:
        role = key.getparent()
        assert role is not None, "it was found below the entity"
        role.remove(key)
    provider = OneLogin_Saml2_IdPMetadataParser.parse(serialize(alone)).get("idp", {})
    if "x509cert" in provider:
        return [provider["x509cert"]]
    return list(provider.get("x509certMulti", {}).get("signing", ()))


def _of_other_roles(entity: Element) -> Iterator[str]:
    for role in _roles(entity):
        if role.tag == f"{_MD}IDPSSODescriptor":
            continue
        for key in role.iterchildren(_KEY):
            if key.get("use") in (None, "signing"):
                yield from (str(one.xpath("string()")) for one in key.iterfind(_CERTIFICATE))


def _certificate(text: str, entity_id: str) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, *UNREADABLE) as error:
        raise MetadataError(f"a certificate of {entity_id} cannot be read") from error
