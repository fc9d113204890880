"""What a service asks of its callers, and what it shows to others, in sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.config.model import Bundle, ConsumerSettings, ProviderSettings, SecuritySettings

_TOKENS = {"saml11": "SAML 1.1", "saml20": "SAML 2.0"}
_STS_BODY = {
    "sender-signature": "the body needs a signature of the sender as well",
    "tls-client": "the sender shows a TLS client certificate, which protects the body",
    "https": "nothing but HTTPS protects the body, whoever opened the connection",
}
_TRUST = {
    "one": "a certificate is believed when it stands, byte for byte, in the truststore",
    "chain": "a certificate is believed when it chains to an authority in the truststore",
    "any": "every certificate is believed that is valid by itself, whoever it is of",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that holds. `weak`: it is worth a second look."""

    text: str
    weak: bool = False


def policy_in_words(settings: ProviderSettings | ConsumerSettings, bundle: Bundle | None = None) -> list[str]:
    """Return the sentences for a service of either kind; what is worth a second look begins with "Mind: ".

    `bundle`: the one that a provider names.
    """
    sentences = (
        of_provider(settings, bundle) if isinstance(settings, ProviderSettings) else of_consumer(settings)
    )
    return [f"Mind: {one.text}" if one.weak else one.text for one in sentences]


def headline(security: SecuritySettings) -> str:
    """Return what a service asks for, in a few words."""
    if security.token == "none":  # noqa: S105  a kind of token
        return "No token"
    if security.token == "username":  # noqa: S105
        return "UsernameToken"
    by = {"sender": "signed by the sender", "sts": "signed by an STS", "either": "signed"}[security.signed_by]
    return f"{_TOKENS[security.token]}, {by if security.signed else 'unsigned'}"


def of_provider(settings: ProviderSettings, bundle: Bundle | None) -> tuple[Sentence, ...]:
    """Say what a request must show, and who IMS is told is calling."""
    security = settings.security
    if security.token == "none":  # noqa: S105  a kind of token
        sentences = _open(bundle)
    elif security.token == "username":  # noqa: S105
        sentences = _username(security)
    else:
        sentences = _assertion(security, bundle)
    return (*sentences, _validated(settings))


def of_consumer(settings: ConsumerSettings) -> tuple[Sentence, ...]:
    """Say what calls to a web service carry."""
    security = settings.security
    found = []
    if security.saml:
        found.append(
            f"Calls carry an unsigned {_TOKENS[security.token]} assertion that names the IMS user, "
            f"issued by {security.issuer}, valid for {security.lifetime_seconds} s. HTTPS only."
        )
    elif security.token == "username":  # noqa: S105  a kind of token
        found.append("Calls carry a UsernameToken that names the IMS user. HTTPS only.")
    else:
        found.append("Calls carry no security token.")
    if security.basic is not None:
        found.append("They show an HTTP user and password of this service alone.")
    if security.keystore is not None:
        found.append("They show a TLS client certificate of this service alone.")
    if security.authenticator:
        found.append(f"The authentication module {security.authenticator} decides about each call.")
    if settings.addressing:
        found.append("WS-Addressing headers go along; an asynchronous callout keeps its MessageID.")
    return tuple(Sentence(text) for text in found)


# -- kinds of token -----------------------------------------------------------------------------------------


def _open(bundle: Bundle | None) -> Iterator[Sentence]:
    yield Sentence("Callers show no security token; a request that brings a Security header is refused.")
    yield Sentence("The service is served over HTTPS, and over the plain listener where there is one.")
    user = bundle.credentials.user if bundle is not None else ""
    if user:
        yield Sentence(f"IMS is told that the caller is {user}, the user of the bundle.")
    else:
        yield Sentence("IMS is told no user: the bundle has none.")


def _username(security: SecuritySettings) -> Iterator[Sentence]:
    yield Sentence("Callers show a UsernameToken with user id and password in clear, over HTTPS only.")
    yield Sentence(
        f"A nonce is taken once. Its time may be {security.max_age_seconds} s old, and clocks may differ by "
        f"{security.clock_skew_seconds} s."
    )
    yield from _identity(security)
    if not security.authenticator:
        yield Sentence("RACF judges the password; after a few wrong ones the gateway holds the user back.")


def _assertion(security: SecuritySettings, bundle: Bundle | None) -> Iterator[Sentence]:
    kind = _TOKENS[security.token]
    yield Sentence(f"Callers show a {kind} assertion with sender-vouches confirmation, over HTTPS only.")
    if security.signed:
        yield from _signatures(security)
    elif security.unsigned_senders == "mtls":
        yield Sentence("The assertion is not signed: the sender vouches with a TLS client certificate.")
    else:
        yield Sentence("The assertion is not signed: anyone who can connect may vouch for any user.", weak=True)
    yield from _senders(security)
    yield _listed("Assertions are accepted from", security.issuers, "any issuer", weak=not security.signed)
    yield _audiences(security)
    yield Sentence(
        f"An assertion is valid for at most {security.max_assertion_seconds} s, and clocks may differ by "
        f"{security.clock_skew_seconds} s."
    )
    if security.reuse_assertions:
        yield Sentence("The same assertion may come in many messages.", weak=True)
    if security.legacy_algorithms:
        yield Sentence("SHA-1 and RSA keys from 1024 bits are accepted in signatures.", weak=True)
    yield from _identity(security)
    yield _towards_ims(bundle)


def _signatures(security: SecuritySettings) -> Iterator[Sentence]:
    if security.signed_by in {"sender", "either"}:
        yield Sentence("A signature of the sender covers body, assertion and Timestamp.")
    if security.signed_by in {"sts", "either"}:
        either = "Or the" if security.signed_by == "either" else "The"
        yield Sentence(
            f"{either} assertion carries the signature of its issuer; {_STS_BODY[security.sts_body]}.",
            weak=security.sts_body == "https",
        )
    yield Sentence(
        f"Of signers: {_TRUST[security.trust]}" + (", by a current revocation list." if security.crl else "."),
        weak=security.trust == "any",
    )
    if security.signed_by != "sender" and security.issuer_certificates:
        yield _listed("Assertions may be signed by", security.issuer_certificates, "")


def _senders(security: SecuritySettings) -> Iterator[Sentence]:
    by_certificate = security.signed or security.unsigned_senders == "mtls"
    if by_certificate:
        yield _listed(
            "Who may vouch:", security.senders, "whoever has a certificate that is believed", weak=True
        )


def _audiences(security: SecuritySettings) -> Sentence:
    if security.audiences:
        return _listed("Audiences that mean this service:", security.audiences, "")
    return Sentence("An assertion that names an audience is refused: none means this service.")


def _identity(security: SecuritySettings) -> Iterator[Sentence]:
    if security.authenticator:
        yield Sentence(f"The authentication module {security.authenticator} decides about each caller.")
    if security.users is not None:
        yield Sentence(f"A table of users ({security.users.path.name}) says who is which RACF user.")
    else:
        yield Sentence("The name in the token is the RACF user id.")


def _towards_ims(bundle: Bundle | None) -> Sentence:
    if bundle is not None and bundle.passticket is not None:
        return Sentence("RACF is shown a PassTicket in place of a password.")
    if bundle is not None and bundle.trusted_user is not None:
        return Sentence("IMS Connect's exit is told that the user was authenticated here.")
    return Sentence("IMS Connect is told the user without a password, so it must run with RACF=N.")


def _validated(settings: ProviderSettings) -> Sentence:
    if settings.validate_body:
        return Sentence("The body of each request is checked against the schema of the contract.")
    return Sentence("The body of requests is not checked against the schema of the contract.", weak=True)


def _listed(start: str, values: Sequence[str], otherwise: str, *, weak: bool = False) -> Sentence:
    if values:
        return Sentence(f"{start} {', '.join(values)}.")
    return Sentence(f"{start} {otherwise}.", weak)
