"""What one service demands of every message, and what a connection proves."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from cryptography import x509

from gateway.config.model import SecuritySettings
from gateway.wss.verdict import TokenKind


class SignedBy(Enum):
    """Whose signature a signed assertion needs."""

    NOBODY = "nobody"
    SENDER = "sender"
    STS = "sts"
    EITHER = "either"


class StsBody(Enum):
    """What protects the body where the signature is that of an STS."""

    SENDER_SIGNATURE = "sender-signature"
    TLS_CLIENT = "tls-client"
    HTTPS = "https"


class Trust(Enum):
    """Which signers are believed."""

    ANY = "any"
    ONE = "one"
    CHAIN = "chain"


class UnsignedSenders(Enum):
    """Who may vouch without a signature."""

    MTLS = "mtls"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Policy:
    """What one service demands of every message."""

    token: TokenKind
    clock_skew: timedelta
    max_age: timedelta
    max_assertion: timedelta = timedelta(days=1)
    signed_by: SignedBy = SignedBy.NOBODY
    sts_body: StsBody = StsBody.TLS_CLIENT
    trust: Trust = Trust.ONE
    unsigned_senders: UnsignedSenders = UnsignedSenders.MTLS
    senders: tuple[str, ...] = ()
    issuer_certificates: tuple[str, ...] = ()
    issuers: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    reuse_assertions: bool = False
    legacy_algorithms: bool = False

    @classmethod
    def of(cls, settings: SecuritySettings) -> "Policy":
        """Return the policy that a correlator's `[security]` table states."""
        return cls(
            token=TokenKind(settings.token),
            clock_skew=timedelta(seconds=settings.clock_skew_seconds),
            max_age=timedelta(seconds=settings.max_age_seconds),
            max_assertion=timedelta(seconds=settings.max_assertion_seconds),
            signed_by=SignedBy(settings.signed_by) if settings.signed else SignedBy.NOBODY,
            sts_body=StsBody(settings.sts_body),
            trust=Trust(settings.trust),
            unsigned_senders=UnsignedSenders(settings.unsigned_senders),
            senders=settings.senders,
            issuer_certificates=settings.issuer_certificates,
            issuers=frozenset(settings.issuers),
            audiences=frozenset(settings.audiences),
            reuse_assertions=settings.reuse_assertions,
            legacy_algorithms=settings.legacy_algorithms,
        )


@dataclass(frozen=True, slots=True)
class TransportFacts:
    """What the connection proves, after trusted proxies were believed."""

    tls: bool
    certificate: x509.Certificate | None = None
    """The TLS client certificate, verified by the TLS layer or by a trusted proxy."""
    endpoint: str = ""
    """The address as the caller sees it, for Recipient; empty: unknown."""
