"""Our own certificates: the names that clients call, and the chain that they are shown."""

from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.config.catalogue import certificates as found
from gateway.config.checks.places import GATEWAY_FILE
from gateway.config.model import Home
from gateway.errors import Problem
from gateway.tls.certificates import describe
from gateway.tls.findings import Finding, Use, certificate_findings
from gateway.tls.opened import Opened
from gateway.tls.stores import KeyMaterial
from gateway.tls.unreadable import UNREADABLE

_SHOWN_NAMES: Final = 5


def keystore_findings(material: KeyMaterial, now: datetime, use: Use) -> Iterator[Finding]:
    """Yield what is wrong with the chain of a key store, `use` is that of its own certificate."""
    for one in material.chain:
        yield from certificate_findings(one, now, Use.TRUSTED)
    own = describe(material.certificate).subject
    if material.strays:
        first = describe(material.strays[0]).subject
        text = f"the certificate of {first} does not lead up from that of {own}: one in between is missing"
        yield found.CHAIN, text
    elif not material.chain and not material.rooted and _names_its_issuer(material.certificate):
        issuer = describe(material.certificate).issuer
        whom = "clients that do not have it" if use is Use.SERVER else "servers that do not have it"
        text = f"the certificate of {own} stands alone, and {issuer} issued it: {whom} cannot verify it"
        yield found.CHAIN, text


def _names_its_issuer(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says where to fetch its issuer: public authorities issue by intermediates.

    RFC 5280, section 4.2.2.1. In-house authorities that issue by their root as a rule do not have it.
    """
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return any(one.access_method == AuthorityInformationAccessOID.CA_ISSUERS for one in access)


def name_problems(home: Home, opened: Opened) -> Iterator[Problem]:
    """Name addresses under which clients are told to call us, and that our certificate is not for."""
    gateway = home.gateway
    if gateway.server.keystore is None:
        return
    try:
        names = describe(opened.keys(gateway.server.keystore).certificate).names
    except ValueError:
        return  # told where the store is looked at
    called = (
        ("server.public_url", gateway.server.public_url if _ends_tls_itself(home) else ""),
        ("admin.public_url", gateway.admin.public_url if gateway.admin.listen else ""),
    )
    for key, url in called:
        host = urlsplit(url).hostname if url.startswith("https:") else None
        if host and not bears(names, host):
            has = ", ".join(names[:_SHOWN_NAMES]) + (", ..." if len(names) > _SHOWN_NAMES else "")
            text = (
                f"clients call {host}, and the certificate of server.keystore is for {has or 'no name at all'}"
            )
            yield found.NAMES.at(GATEWAY_FILE, key, text)


def _ends_tls_itself(home: Home) -> bool:
    """Whether clients see our own certificate, and not that of a proxy before us."""
    return bool(home.gateway.server.https) and not home.gateway.server.trusted_proxies


def bears(names: tuple[str, ...], host: str) -> bool:
    """Tell whether a certificate with these alternative names is for a host (RFC 9525, section 6.3).

    A `*` stands for one whole label, the first; addresses are compared as such.
    """
    try:
        address = ip_address(host)
    except ValueError:
        wanted = host.casefold().rstrip(".")
        return any(_fits(name.casefold().rstrip("."), wanted) for name in names)
    return any(_is_address(name, str(address)) for name in names)


def _fits(name: str, host: str) -> bool:
    if not name.startswith("*."):
        return name == host
    label, dot, rest = host.partition(".")
    return bool(label and dot) and rest == name[2:]


def _is_address(name: str, address: str) -> bool:
    try:
        return str(ip_address(name)) == address
    except ValueError:
        return False
