"""What `imsgw check` says of the truststores, revocation lists and names by which services believe signers."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.config.model import Home, SecuritySettings, Service, TrustStore
from gateway.errors import Problem
from gateway.tls.certificates import describe, signing_key_complaint
from gateway.tls.crl import RevocationList, read_crls
from gateway.tls.distinguished import name_key, parse_name
from gateway.tls.stores import StoreError, read_truststore
from gateway.tls.unreadable import UNREADABLE

_CN = "2.5.4.3"


def trust_problems(home: Home, now: datetime) -> Iterator[Problem]:
    """Name what is wrong with how services believe signers: stores, lists, names of certificates."""
    for name, service in home.services.items():
        place = _Place(f"wsdl/{name}/correlator.toml", service.settings.security)
        yield from place.names()
        if place.security.truststore is not None:
            yield from place.store(place.security.truststore, now)
    yield from sorted(
        {problem for service in home.services.values() for problem in _row_problems(home, service)}
    )


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
        yield Problem(file, key, f"{subject} is no subject as RFC 4514 writes it: {error}")
        return
    if len(name) > 1 and any(oid == _CN for oid, _ in name[0]):
        text = f"{subject} reads backwards: RFC 4514 begins with the common name; so it fits nobody"
        yield Problem(file, key, text, warning=True)


@dataclass(frozen=True, slots=True)
class _Place:
    """The table `security` of one service."""

    file: str
    security: SecuritySettings

    def _error(self, key: str, text: str) -> Problem:
        return Problem(self.file, f"security.{key}", text)

    def _warning(self, key: str, text: str) -> Problem:
        return Problem(self.file, f"security.{key}", text, warning=True)

    def names(self) -> Iterator[Problem]:
        """Name patterns of certificates that no certificate can fit, or hardly one."""
        for key in ("senders", "issuer_certificates"):
            for subject in getattr(self.security, key):
                yield from _subject_problems(self.file, f"security.{key}", subject)

    def store(self, store: TrustStore, now: datetime) -> Iterator[Problem]:
        """Name what makes a store or its lists useless, or soon will."""
        try:
            certificates = read_truststore(store)
            facts = [describe(certificate) for certificate in certificates]
        except UNREADABLE as error:
            yield self._error("truststore", str(error))
            return
        if all(one.not_after < now for one in facts):
            yield self._error("truststore", f"{store.path}: all that it holds has expired: nobody is believed")
        else:
            for one in facts:
                if complaint := one.complaint(now):
                    yield self._warning("truststore", complaint)
        yield from self._use(certificates)
        if self.security.crl is not None:
            yield from self._lists(certificates, now)

    def _use(self, certificates: tuple[x509.Certificate, ...]) -> Iterator[Problem]:
        if self.security.trust == "chain" and not any(_is_authority(one) for one in certificates):
            text = "holds no authority: nothing chains to it, and only the certificates in it are believed"
            yield self._warning("truststore", text)
        if self.security.trust != "one":
            return
        for one in certificates:
            weak = signing_key_complaint(one.public_key(), legacy=self.security.legacy_algorithms)
            if weak:
                yield self._warning("truststore", f"{_called(one)} cannot sign messages: it has {weak}")

    def _lists(self, certificates: tuple[x509.Certificate, ...], now: datetime) -> Iterator[Problem]:
        assert self.security.crl is not None, "asked before"
        try:
            lists = [RevocationList.of(crl) for crl in read_crls(self.security.crl)]
        except StoreError as error:
            yield self._error("crl", str(error))
            return
        except UNREADABLE:
            yield self._error("crl", f"{self.security.crl}: a revocation list in it cannot be read")
            return
        for one in lists:
            if complaint := one.complaint(now):
                issuer = one.crl.issuer.rfc4514_string()
                yield self._warning("crl", f"the list of {issuer} {complaint}: its certificates are refused")
        if self.security.trust == "one":
            yield from self._uncovered(certificates, lists)

    def _uncovered(
        self, certificates: tuple[x509.Certificate, ...], lists: list[RevocationList]
    ) -> Iterator[Problem]:
        """Name pinned certificates for which no list counts, since nobody in the store could have signed it."""
        for certificate in certificates:
            issuer = name_key(certificate.issuer)
            issuers = [one for one in certificates if name_key(one.subject) == issuer]
            if any(one.is_of(candidate) for one in lists for candidate in issuers):
                continue
            text = (
                f"covers {_called(certificate)} by no list that its issuer, in the truststore as well, signed"
            )
            yield self._warning("crl", f"{text}: it is refused")


def _has_kind(pattern: str) -> bool:
    return pattern.startswith(("sha256:", "dns:", "uri:", "email:"))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False


def _called(certificate: x509.Certificate) -> str:
    return f"the certificate of {certificate.subject.rfc4514_string() or '(no subject)'}"
