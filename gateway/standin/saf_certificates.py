"""From a client certificate to a RACF user, as SAFCheck of AT-TLS does it (classes DIGTCERT and DIGTNMAP).

An exact certificate comes before any filter. A filter gives the end of the subject's or issuer's name that is
least specific, ``OU=Sales,O=Example`` for everybody of that unit; the one that says most wins, one on both
names before one on the subject, that before one on the issuer.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.errors import ConfigError, Problem
from gateway.tls.distinguished import NameKey, name_key, parse_name

SHAPES: Final = "sha256:<64 hexadecimal digits>, subject:NAME, issuer:NAME, or subject:NAME issuer:NAME"

_EXACT: Final = re.compile(r"sha256:([0-9A-Fa-f]{64})")
_FILTER: Final = re.compile(r"(?:subject:(?P<subject>.+?))?(?:\s*issuer:(?P<issuer>.+))?")


@dataclass(frozen=True, slots=True)
class CertificateFilter:
    """Which certificates are a user's. Names are sequences of RDNs, most general first."""

    fingerprint: bytes = b""
    subject: NameKey = ()
    issuer: NameKey = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a filter in one of the `SHAPES`. Raises ValueError."""
        if exact := _EXACT.fullmatch(text):
            return cls(fingerprint=bytes.fromhex(exact[1]))
        match = _FILTER.fullmatch(text)
        if match is None or not (match["subject"] or match["issuer"]):
            raise ValueError(f"a certificate is given as {SHAPES}")
        subject, issuer = (parse_name(match[part]) if match[part] else () for part in ("subject", "issuer"))
        return cls(subject=subject, issuer=issuer)

    def matches(self, certificate: x509.Certificate) -> bool:
        """Tell whether this is one of the certificates."""
        if self.fingerprint:
            return certificate.fingerprint(SHA256()) == self.fingerprint
        subject, issuer = name_key(certificate.subject), name_key(certificate.issuer)
        return subject[: len(self.subject)] == self.subject and issuer[: len(self.issuer)] == self.issuer

    @property
    def weight(self) -> tuple[bool, bool, int, int]:
        """The greater of two that match wins."""
        both = bool(self.subject and self.issuer)
        return bool(self.fingerprint), both, len(self.subject), len(self.issuer)


class CertificateUsers:
    """The users by their certificates."""

    def __init__(self, filters: Mapping[str, Iterable[str]]) -> None:
        """Read the filters, texts by user. Raises ConfigError for two users with the same one."""
        found: dict[CertificateFilter, str] = {}
        for user, texts in filters.items():
            for text in texts:
                before = found.setdefault(CertificateFilter.parse(text), user)
                if before != user:
                    why = f"{text} is already {before}'s"
                    raise ConfigError((Problem("", f"users.{user}.certificates", why),))
        self._found = found

    def user_of(self, certificate: x509.Certificate) -> str:
        """Return whose certificate this is; empty: nobody's."""
        matching = [one for one in self._found if one.matches(certificate)]
        return self._found[max(matching, key=lambda one: one.weight)] if matching else ""
