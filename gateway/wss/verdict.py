"""What the judge hands back, and the trail on which the rules leave their findings."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from cryptography import x509

from gateway.errors import GatewayError, SecurityError, WssFault
from gateway.exchange import Secret
from gateway.wss.rules import Finding, Rule


class TokenKind(Enum):
    """The kind of identity token; one kind a service."""

    NONE = "none"
    USERNAME = "username"
    SAML11 = "saml11"
    SAML20 = "saml20"

    @property
    def saml(self) -> bool:
        """Whether the token is an assertion."""
        return self in {TokenKind.SAML11, TokenKind.SAML20}


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an assertion."""

    name: str
    space: str
    """AttributeNamespace of SAML 1.1, NameFormat of SAML 2.0; empty when absent."""
    values: tuple[str, ...]


class Vouching(Enum):
    """What authenticates whoever sent the message."""

    PASSWORD = "password"  # noqa: S105  a word
    SIGNATURE = "signature"
    TLS_CERTIFICATE = "tls-certificate"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the message says is calling; believed only as far as the token's kind proves it."""

    token: TokenKind
    user: str = ""
    """As written in the token, not yet a RACF user id."""
    password: Secret = field(default_factory=lambda: Secret(""))
    name_format: str = ""
    """Format of the name of an assertion; empty when absent."""
    qualifier: str = ""
    """NameQualifier of the name of an assertion; empty when absent."""
    issuer: str = ""
    """Issuer of an assertion."""
    assertion_id: str = ""
    attributes: tuple[Attribute, ...] = ()
    vouching: Vouching = Vouching.NOTHING
    attesting: x509.Certificate | None = None
    """The certificate of the attesting entity: of the message signature, or of the TLS client."""
    issuing: x509.Certificate | None = None
    """The certificate that verified the assertion's own signature."""
    covered: tuple[str, ...] = ()
    """What verified signatures covered, in words: Body, Assertion, Timestamp, ..."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The ordered findings, and either claims or a refusal."""

    findings: tuple[Finding, ...]
    claims: Claims | None = None
    refusal: GatewayError | None = None
    claimed: str = ""
    """The name in the token as far as one was read, proven or not: for the record, never to act on."""

    @property
    def accepted(self) -> bool:
        """Whether the message may go on."""
        return self.claims is not None


class RuleBrokenError(Exception):
    """Ends the judgement: a rule is broken. Never leaves the package."""

    def __init__(self, refusal: GatewayError) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


class Trail:
    """Collects findings in order; a rule that is not met ends the judgement."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []
        self.claimed = ""
        """The name in the token, once it is read."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings so far."""
        return tuple(self._findings)

    def met(self, rule: Rule, detail: str = "") -> None:
        """Note that a rule is met."""
        self._findings.append(Finding(rule, met=True, detail=detail) if detail else rule.is_met)

    def all_met(self, findings: Iterable[Finding]) -> None:
        """Note what several rules found that are met: their `is_met`, in order."""
        self._findings.extend(findings)

    def broken(self, rule: Rule, detail: str, refusal: GatewayError | WssFault) -> RuleBrokenError:
        """Note that a rule is broken and return the exception to raise.

        A failed check and a failed sign-on are told in the standard's words alone: reasons would help forgers.
        """
        self._findings.append(Finding(rule, met=False, detail=detail))
        private = f"{rule.id}: {detail}"
        if refusal is WssFault.FAILED_AUTHENTICATION:
            return RuleBrokenError(SecurityError.sign_on(private))
        if isinstance(refusal, WssFault):
            if rule.told and refusal is not WssFault.FAILED_CHECK:
                return RuleBrokenError(SecurityError.shape(refusal, rule.text, private))
            return RuleBrokenError(SecurityError.header(refusal, private))
        refusal.private = refusal.private or private
        return RuleBrokenError(refusal)

    def require(self, rule: Rule, ok: bool, detail: str, refusal: GatewayError | WssFault) -> None:
        """Note the rule as met, or raise with `detail` as the reason."""
        if not ok:
            raise self.broken(rule, detail, refusal)
        self._findings.append(rule.is_met)
