"""What a SAML assertion says, as values; the same for both versions."""

from dataclasses import dataclass
from datetime import datetime

from gateway.safexml import Element
from gateway.wss.verdict import Attribute, TokenKind


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One SubjectConfirmation by sender-vouches, with its SubjectConfirmationData; 1.1 has none of the data."""

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    recipient: str | None = None
    """None: the assertion names no recipient."""
    answers: bool = False
    """It carries InResponseTo: it was made for another protocol than ours."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """When the subject was authenticated, by one statement."""

    at: datetime
    session_until: datetime | None = None
    """SessionNotOnOrAfter of SAML 2.0."""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a subject: NameIdentifier or NameID, white space at both ends gone."""

    text: str
    format: str
    """Empty when absent."""
    qualifier: str
    """NameQualifier, empty when absent."""


@dataclass(frozen=True, slots=True)
class Window:
    """The Conditions of an assertion, without the times of its confirmations."""

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audiences: tuple[frozenset[str], ...] = ()
    one_time: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Assertion:
    """One assertion whose shape is in order; nothing here is believed yet."""

    element: Element
    kind: TokenKind
    id: str
    issuer: str
    issued: datetime
    """IssueInstant."""
    not_before: datetime | None
    not_on_or_after: datetime | None
    """Of the Conditions; None: they do not say."""
    audiences: tuple[frozenset[str], ...]
    """One set for each restriction: all must be met, each by one of its audiences."""
    one_time: bool
    """OneTimeUse of SAML 2.0 or DoNotCacheCondition of 1.1."""
    user: str
    """The name of the subject, not empty."""
    name_format: str
    """One of `names.NAME_FORMATS`."""
    qualifier: str
    """NameQualifier, empty when absent."""
    attributes: tuple[Attribute, ...]
    """In document order; two statements may name the same attribute."""
    confirmations: tuple[Confirmation, ...]
    authentications: tuple[Authentication, ...]
    signature: Element | None
    """The ds:Signature that is a child of the assertion; not looked into."""
