"""What `imsgw check` says of the truststores, revocation lists and names by which services believe signers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from gateway.config.catalogue import Kind
from gateway.config.catalogue import certificates as stores
from gateway.config.catalogue import trust as found
from gateway.config.model import Home, SecuritySettings, Service, TrustStore
from gateway.errors import Problem
from gateway.exchange import Secret
from gateway.tls.certificates import describe, signing_key_complaint
from gateway.tls.crl import RevocationList
from gateway.tls.distinguished import name_key, parse_name
from gateway.tls.findings import Use, is_authority, misuse, unfit, validity
from gateway.tls.opened import Opened
from gateway.tls.stores import StoreError
from gateway.tls.unreadable import UNREADABLE

_CN = "2.5.4.3"


def trust_problems(home: Home, now: datetime, opened: Opened) -> Iterator[Problem]:
    """Name what is wrong with how services believe signers: stores, lists, names of certificates."""
    known: dict[_Use, tuple[_Finding, ...]] = {}
    for name, service in home.services.items():
        file, security = f"wsdl/{name}/correlator.toml", service.settings.security
        for key in ("senders", "issuer_certificates"):
            for subject in getattr(security, key):
                yield from _subject_problems(file, f"security.{key}", subject)
        if security.truststore is not None:
            use = _Use.of(security, security.truststore)
            if use not in known:
                known[use] = tuple(_Look(security, opened, now).store(security.truststore))
            yield from (kind.at(file, f"security.{key}", text) for kind, key, text in known[use])
    yield from sorted(
        {problem for service in _each_table_once(home) for problem in _row_problems(home, service)}
    )


def _each_table_once(home: Home) -> Iterator[Service]:
    """Yield a service for each table of users; services may share one."""
    seen: set[Path] = set()
    for service in home.services.values():
        table = service.settings.security.users
        if table is not None and table.path not in seen:
            seen.add(table.path)
            yield service


def _row_problems(home: Home, service: Service) -> Iterator[Problem]:
    """Look at the certificates that rows of a table of users name; services may share the table."""
    if service.users is None or service.settings.security.users is None:
        return
    path = service.settings.security.users.path
    file = str(path.relative_to(home.path) if path.is_relative_to(home.path) else path)
    for number, row in enumerate(service.users.rows, start=1):
        if row.certificate:
            yield from _subject_problems(file, f"users.{number}.certificate", row.certificate)


def _subject_problems(file: str, key: str, subject: str) -> Iterator[Problem]:
    """Name a pattern for subjects that no certificate can fit, or hardly one."""
    if _has_kind(subject):
        return
    try:
        name = parse_name(subject)
    except ValueError as error:
        yield found.SUBJECT.at(file, key, f"{subject} is no subject as RFC 4514 writes it: {error}")
        return
    if len(name) > 1 and any(oid == _CN for oid, _ in name[0]):
        text = f"{subject} reads backwards: RFC 4514 begins with the common name; so it fits nobody"
        yield found.BACKWARDS.at(file, key, text)


_Finding = tuple[Kind, str, str]
"""Kind, key of the table `security`, text."""


class _Use(NamedTuple):
    """What decides over the findings about a store: services that agree in it share them."""

    path: Path
    password: Secret
    crl: Path | None
    trust: str
    legacy: bool

    @classmethod
    def of(cls, security: SecuritySettings, store: TrustStore) -> "_Use":
        legacy = security.legacy_algorithms
        return cls(store.path, store.password, security.crl, security.trust, legacy)


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at the truststore and the lists of a table `security`."""

    security: SecuritySettings
    opened: Opened
    now: datetime

    def store(self, store: TrustStore) -> Iterator[_Finding]:
        """Name what makes a store or its lists useless, or soon will."""
        try:
            certificates = self.opened.trusted(store)
            facts = [describe(certificate) for certificate in certificates]
        except UNREADABLE as error:
            yield stores.UNUSABLE, "truststore", str(error)
            return
        if all(one.not_after < self.now for one in facts):
            text = f"{store.path}: all that it holds has expired: nobody is believed"
            yield found.EXPIRED, "truststore", text
        else:
            for one in facts:
                for kind, text in validity(one, self.now):
                    yield kind, "truststore", text
        yield from self._use(certificates)
        if self.security.crl is not None:
            yield from self._lists(certificates)

    def _use(self, certificates: tuple[x509.Certificate, ...]) -> Iterator[_Finding]:
        if self.security.trust == "chain":
            yield from self._authorities(certificates)
        if self.security.trust != "one":
            return
        for one in certificates:
            weak = signing_key_complaint(one.public_key(), legacy=self.security.legacy_algorithms)
            if weak:
                yield found.SIGNING_KEY, "truststore", f"{_called(one)} cannot sign messages: it has {weak}"
            elif not is_authority(one) and (wrong := misuse(one, Use.SIGNER)):
                yield stores.USAGE, "truststore", f"{_called(one)} {wrong}"

    def _authorities(self, certificates: tuple[x509.Certificate, ...]) -> Iterator[_Finding]:
        if not any(is_authority(one) for one in certificates):
            text = "holds no authority: nothing chains to it, and only the certificates in it are believed"
            yield found.NO_AUTHORITY, "truststore", text
        for one in certificates:
            for kind, text in unfit(one, Use.TRUSTED):
                yield kind, "truststore", text

    def _lists(self, certificates: tuple[x509.Certificate, ...]) -> Iterator[_Finding]:
        assert self.security.crl is not None, "asked before"
        try:
            lists = self.opened.lists(self.security.crl)
        except StoreError as error:
            yield found.CRL, "crl", str(error)
            return
        for one in lists:
            if complaint := one.complaint(self.now):
                issuer = one.crl.issuer.rfc4514_string()
                text = f"the list of {issuer} {complaint}: its certificates are refused"
                yield found.CRL_EXPIRED, "crl", text
        if self.security.trust == "one":
            yield from self._uncovered(certificates, lists)

    def _uncovered(
        self, certificates: tuple[x509.Certificate, ...], lists: tuple[RevocationList, ...]
    ) -> Iterator[_Finding]:
        """Name pinned certificates for which no list counts, since nobody in the store could have signed it."""
        for certificate in certificates:
            issuer = name_key(certificate.issuer)
            issuers = [one for one in certificates if name_key(one.subject) == issuer]
            if any(one.is_of(candidate) for one in lists for candidate in issuers):
                continue
            text = (
                f"covers {_called(certificate)} by no list that its issuer, in the truststore as well, signed"
            )
            yield found.CRL_UNCOVERED, "crl", f"{text}: it is refused"


def _has_kind(pattern: str) -> bool:
    return pattern.startswith(("sha256:", "dns:", "uri:", "email:"))


def _called(certificate: x509.Certificate) -> str:
    return f"the certificate of {certificate.subject.rfc4514_string() or '(no subject)'}"
