"""The chain from a certificate to a truststore (RFC 5280, section 6), by `cryptography.x509.verification`.

The library's own profile is that of the public web. Certificates of senders are made in-house: they often have
no subject alternative name and no identifiers, so the profile for them is our own, and what it leaves open
(KeyUsage of authorities, kinds of name constraints) is demanded here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from gateway.tls.unreadable import UNREADABLE

MAX_DEPTH: Final = 5
"""Authorities between the signer and the certificate of the store, at most."""


class ChainError(ValueError):
    """No chain leads from the certificate to the store; says why, for operators."""


def build_chain(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    """Return a chain, leaf first, certificate of the store last; all of it valid at `now`.

    Revocation is not looked at. The authorities of the chain have RSA of 2048 bits or more or NIST curves and
    sign with SHA-256 or better: the library takes nothing else, whatever `legacy_algorithms` says. Raises
    ChainError.
    """
    if not anchors:
        raise ChainError("the truststore is empty")
    try:
        builder = verification.PolicyBuilder().store(verification.Store(list(anchors))).time(now)
        builder = builder.max_chain_depth(MAX_DEPTH)
        builder = builder.extension_policies(ca_policy=_AUTHORITY, ee_policy=ExtensionPolicy.permit_all())
        return tuple(builder.build_client_verifier().verify(leaf, list(intermediates)).chain)
    except verification.VerificationError as error:
        raise ChainError(str(error)) from error
    except UNREADABLE as error:
        raise ChainError("a certificate of the chain cannot be read") from error


def _is_authority(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("a certificate of the chain is not that of an authority")


def _may_issue(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority of the chain may not sign certificates")


def _constrains(
    _policy: Policy, _certificate: x509.Certificate, constraints: x509.NameConstraints | None
) -> None:
    """Refuse name constraints that the library would pass over: all but those of hosts and addresses."""
    if constraints is None:
        return
    trees = [*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())]
    if not all(isinstance(tree, x509.DNSName | x509.IPAddress) for tree in trees):
        raise ValueError("an authority of the chain has name constraints of a kind that is not supported")


_AUTHORITY: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_issue)
    .may_be_present(x509.NameConstraints, Criticality.AGNOSTIC, _constrains)
)
