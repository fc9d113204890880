"""What a signature says, once its shape is in order."""

from dataclasses import dataclass
from enum import Enum

from gateway.safexml import Element
from gateway.wss.algorithms import SignatureAlgorithm


class Role(Enum):
    """Where a signature stands, which decides what it may say."""

    MESSAGE = "message"
    """A child of our Security header, by the sender."""
    STS = "sts"
    """A child of the assertion, by its issuer."""


class Transform(Enum):
    """What is done with the target of a reference before it is digested."""

    EXC_C14N = "exc-c14n"
    STR = "STR-Transform"
    ENVELOPED = "enveloped-signature, exc-c14n"


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceShape:
    """One ds:Reference."""

    id: str
    target: Element
    """The element with this ID; with STR-Transform that is the SecurityTokenReference."""
    digest: str
    """Name of the digest algorithm in hashlib."""
    value: bytes
    """DigestValue; as long as the algorithm makes them."""
    transform: Transform
    prefixes: tuple[str, ...]
    """InclusiveNamespaces PrefixList, each once."""
    token: Element | None = None
    """What an STR-Transform stands for, when that is an element of our header."""

    @property
    def covers(self) -> Element | None:
        """The element that is signed; None where it is a certificate that the message only names."""
        return self.token if self.transform is Transform.STR else self.target


@dataclass(frozen=True, slots=True, eq=False)
class SignatureShape:
    """One ds:Signature whose shape is in order."""

    element: Element
    signed_info: Element
    prefixes: tuple[str, ...]
    algorithm: SignatureAlgorithm
    value: bytes
    references: tuple[ReferenceShape, ...]
    key_info: Element | None
    role: Role
    legacy: bool
    """Whether SHA-1 and weaker RSA keys are accepted."""
