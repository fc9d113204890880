"""Security settings that have no effect beside the others."""

from collections.abc import Iterator

from gateway.config.catalogue import reach as found
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, SecuritySettings
from gateway.errors import Problem

_OF_ASSERTIONS = (
    "unsigned_senders",
    "senders",
    "issuers",
    "audiences",
    "max_assertion_seconds",
    "reuse_assertions",
)
_OF_SIGNATURES = (
    "signed_by",
    "sts_body",
    "trust",
    "truststore",
    "crl",
    "issuer_certificates",
    "legacy_algorithms",
)


def without_effect(home: Home) -> Iterator[Problem]:
    """Name keys that were set to something and do nothing: whoever wrote them expects more."""
    for service in home.services.values():
        security = service.settings.security
        for key, reason in _idle(security):
            if getattr(security, key) != SecuritySettings.model_fields[key].default:
                text = f"has no effect: {reason}"
                yield found.EFFECT.at(correlator_file(service.name), f"security.{key}", text)


def _idle(security: SecuritySettings) -> Iterator[tuple[str, str]]:
    """Yield keys that nothing asks, each with the reason."""
    if not security.saml:
        for key in (*_OF_ASSERTIONS, *_OF_SIGNATURES):
            yield key, "it goes with a SAML token"
    elif security.signed:
        yield from _idle_signed(security)
    else:
        for key in _OF_SIGNATURES:
            yield key, "it goes with signed = true"
        if security.unsigned_senders == "network":
            yield "senders", 'unsigned_senders = "network" lets everybody vouch'
    if security.token == "none":  # noqa: S105  a kind of token
        for key in ("users", "authenticator", "authenticator_options"):
            yield key, "there is no token to look at"


def _idle_signed(security: SecuritySettings) -> Iterator[tuple[str, str]]:
    yield "unsigned_senders", "it goes with signed = false"
    if security.signed_by == "sender":
        yield "sts_body", 'it goes with signed_by = "sts" or "either"'
        yield "issuer_certificates", 'it goes with signed_by = "sts" or "either"'
    if security.signed_by == "sts" and security.sts_body == "https":
        yield "senders", 'sts_body = "https" lets everybody send'
    if security.trust == "any":
        yield "truststore", 'it goes with trust = "one" or "chain"'
        yield "crl", 'it goes with trust = "one" or "chain"'
