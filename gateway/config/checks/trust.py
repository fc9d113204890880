"""Whom services believe: settings that let more people in than whoever wrote them may think, or nobody."""

from collections.abc import Callable, Iterator

from gateway.config.catalogue import Kind, reach
from gateway.config.catalogue import trust as found
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, SecuritySettings, ServerSettings
from gateway.errors import Problem

_Found = Iterator[tuple[Kind, str, str]]
"""Kind of finding, key of the table `security`, and what is to be said of it."""

_NO_CERTIFICATES = (
    'the gateway never sees a TLS client certificate: server.client_authentication is "none", and there is no '
    "server.client_certificate_header"
)


def vouching(home: Home) -> Iterator[Problem]:
    """Name settings of assertions that let anybody vouch for any user."""
    yield from _told(home, _doubts)


def nobody(home: Home) -> Iterator[Problem]:
    """Name services whose senders can never prove who they are, so that every message is refused."""
    yield from _told(home, _dead_ends)


def _told(home: Home, judge: Callable[[SecuritySettings, ServerSettings], _Found]) -> Iterator[Problem]:
    for service in home.services.values():
        security = service.settings.security
        if security.saml:
            for kind, key, text in judge(security, home.gateway.server):
                yield kind.at(correlator_file(service.name), f"security.{key}", text)


def _asks_for_certificates(server: ServerSettings) -> bool:
    """Tell whether a client's certificate can reach the gateway: by its own listener or through a proxy."""
    by_listener = bool(server.https) and server.client_authentication != "none"
    return by_listener or bool(server.client_certificate_header)


def _dead_ends(security: SecuritySettings, server: ServerSettings) -> _Found:
    if _asks_for_certificates(server):
        return
    if not security.signed and security.unsigned_senders == "mtls":
        yield reach.SENDERS, "unsigned_senders", f'"mtls" refuses every message: {_NO_CERTIFICATES}'
    if security.signed and security.signed_by == "sts" and security.sts_body == "tls-client":
        yield reach.SENDERS, "sts_body", f'"tls-client" refuses every message: {_NO_CERTIFICATES}'


def _doubts(security: SecuritySettings, server: ServerSettings) -> _Found:
    yield from _senders(security, server)
    if not security.signed:
        if security.unsigned_senders == "network":
            text = '"network": whoever can connect may speak for any user'
            yield found.NETWORK, "unsigned_senders", text
        return
    yield from _trust(security, server)
    yield from _issuers(security, server)
    if security.legacy_algorithms:
        yield (
            found.LEGACY,
            "legacy_algorithms",
            "SHA-1 and RSA from 1024 bits are accepted: whoever spends enough can forge signatures",
        )


def _trust(security: SecuritySettings, server: ServerSettings) -> _Found:
    if security.trust != "any":
        return
    text = (
        '"any": everybody can make a certificate that is accepted; it says who signed, not whether we know them'
    )
    if _pinned(security):
        text = f"{text}. The fingerprints that are listed keep others out, nothing else does"
    elif not _asks_for_certificates(server):
        text = f"{text}. Nothing else authenticates senders either: whoever can connect may speak for any user"
    yield found.ANY, "trust", text
    if any(not sender.startswith("sha256:") for sender in security.senders):
        yield (
            found.ANY_NAMES,
            "senders",
            'with trust = "any" everybody can put these names into a certificate; sha256: names one',
        )


def _pinned(security: SecuritySettings) -> bool:
    """Tell whether fingerprints say which certificates may sign."""
    listed = security.issuer_certificates if security.signed_by == "sts" else security.senders
    fingerprints = bool(listed) and all(entry.startswith("sha256:") for entry in listed)
    return fingerprints and security.signed_by != "either"


def _senders(security: SecuritySettings, server: ServerSettings) -> _Found:
    if security.senders:
        return
    by_sender = security.signed and security.signed_by != "sts"
    if by_sender and security.trust == "chain":
        text = "is empty: every certificate that chains to the truststore may speak for any user"
        yield found.SENDERS, "senders", text
    by_channel = (
        security.sts_body == "tls-client" and security.signed_by != "sender"
        if security.signed
        else security.unsigned_senders == "mtls"
    )
    if by_channel and _asks_for_certificates(server):
        text = "is empty: every client certificate that TLS accepts may speak for any user"
        yield found.SENDERS, "senders", text


def _issuers(security: SecuritySettings, server: ServerSettings) -> _Found:
    if security.signed_by == "sender":
        return
    if security.sts_body == "https":
        text = '"https": nothing shows who sent a message, and whoever has an assertion can use it'
        yield found.UNPROTECTED, "sts_body", text
        if security.signed_by == "either":
            text = (
                "where an STS signed the assertion, a sender's signature can be taken off and the body changed"
            )
            yield found.UNPROTECTED, "signed_by", f'"either" with sts_body = "https": {text}'
        if security.reuse_assertions:
            text = "whoever has an assertion can send any number of messages until it ends"
            yield found.UNPROTECTED, "reuse_assertions", text
    by_channel = security.signed_by == "either" and security.sts_body == "tls-client"
    if by_channel and not _asks_for_certificates(server):
        text = f'"tls-client" refuses every message that the sender did not sign: {_NO_CERTIFICATES}'
        yield found.UNSEEN, "sts_body", text
    if security.issuer_certificates:
        return
    if security.trust == "chain":
        yield (
            found.ISSUERS,
            "issuer_certificates",
            "is empty: every certificate that chains to the truststore may issue assertions",
        )
    elif security.trust == "one" and security.sts_body == "sender-signature":
        yield (
            found.ISSUERS,
            "issuer_certificates",
            "is empty: every sender in the truststore may issue assertions to himself, for any user",
        )
