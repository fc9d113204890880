"""Our own metadata, for the identity provider's administrator (OASIS Metadata for SAML 2.0)."""

import base64
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway import tls
from gateway.admin.sso.toolkit import Partners
from gateway.tls.identity_provider import BINDINGS

MEDIA_TYPE: Final = "application/samlmetadata+xml"
_MD: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"


def own_metadata(partners: Partners) -> bytes:
    """Return it as XML: our address, our certificate if requests are signed, and nothing secret.

    Raises StoreError: the key store cannot be read.
    """
    root = etree.Element(
        f"{{{_MD}}}EntityDescriptor", {"entityID": partners.entity_id}, nsmap={"md": _MD, "ds": _DS}
    )
    role = etree.SubElement(
        root,
        f"{{{_MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true" if partners.signs else "false",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": "urn:oasis:names:tc:SAML:2.0:protocol",
        },
    )
    if partners.sso.keystore is not None:
        certificate = tls.read_keystore(partners.sso.keystore).certificate.public_bytes(Encoding.DER)
        key = etree.SubElement(role, f"{{{_MD}}}KeyDescriptor", {"use": "signing"})
        info = etree.SubElement(key, f"{{{_DS}}}KeyInfo")
        data = etree.SubElement(info, f"{{{_DS}}}X509Data")
        etree.SubElement(data, f"{{{_DS}}}X509Certificate").text = base64.b64encode(certificate).decode()
    etree.SubElement(
        role,
        f"{{{_MD}}}AssertionConsumerService",
        {"Binding": BINDINGS["post"], "Location": partners.answer_address, "index": "0", "isDefault": "true"},
    )
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
