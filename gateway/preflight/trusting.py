"""Lists of senders and issuers against the truststores they would have to come from: entries that fit nobody.

Only where a truststore says for certain who can come: `trust = "one"`, and a listener that pins certificates.
With an authority in the store anybody may come whom it issued a certificate.
"""

from collections.abc import Iterator
from functools import cache

from cryptography import x509

from gateway.config.catalogue import reach, trust
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, SecuritySettings, TrustStore
from gateway.errors import Problem
from gateway.tls.findings import is_authority
from gateway.tls.opened import Opened
from gateway.tls.unreadable import UNREADABLE
from gateway.wss.senders import is_sender

_List = tuple[str, tuple[x509.Certificate, ...], bool]
"""Key of the list, the certificates that can come, and whether nobody else's message is taken."""


def list_problems(home: Home, opened: Opened) -> Iterator[Problem]:
    """Name entries of lists that no certificate of the truststore fits, and lists that fit none."""
    pinned = _pinned_clients(home, opened)
    fits = cache(_fits)  # services often have the same lists over the same stores
    for name, service in home.services.items():
        file, security = correlator_file(name), service.settings.security
        for key, certificates, needed in _lists(security, pinned, opened) if security.saml else ():
            entries = getattr(security, key)
            idle = [entry for entry in entries if not fits(entry, certificates)]
            if entries and len(idle) == len(entries) and needed:
                text = "none of these is in the truststore: every message is refused"
                yield reach.TRUSTED.at(file, f"security.{key}", text)
                continue
            for entry in idle:
                text = f"{entry} names no certificate of the truststore: it fits nobody"
                yield trust.IDLE_NAME.at(file, f"security.{key}", text)


def _lists(security: SecuritySettings, pinned: tuple[x509.Certificate, ...], opened: Opened) -> Iterator[_List]:
    """Yield the lists of which it is known who can come."""
    if not security.signed:
        if security.unsigned_senders == "mtls" and pinned:
            yield "senders", pinned, True
        return
    signers = _certificates(security.truststore, opened) if security.trust == "one" else ()
    if signers and security.signed_by != "sender":
        yield "issuer_certificates", signers, security.signed_by == "sts"
    if security.signed_by == "sender" or security.sts_body == "sender-signature":
        if signers:
            yield "senders", signers, True
    elif security.signed_by == "sts" and security.sts_body == "tls-client" and pinned:
        yield "senders", pinned, True


def _pinned_clients(home: Home, opened: Opened) -> tuple[x509.Certificate, ...]:
    """Return the client certificates that the listener takes, where it takes only those; otherwise none."""
    server = home.gateway.server
    if server.client_authentication == "none" or server.client_certificate_header:
        return ()
    certificates = _certificates(server.client_truststore, opened)
    return () if any(is_authority(one) for one in certificates) else certificates


def _certificates(store: TrustStore | None, opened: Opened) -> tuple[x509.Certificate, ...]:
    try:
        return opened.trusted(store) if store is not None else ()
    except UNREADABLE:
        return ()  # told where the store is looked at


def _fits(entry: str, certificates: tuple[x509.Certificate, ...]) -> bool:
    return any(is_sender(one, (entry,)) for one in certificates)
