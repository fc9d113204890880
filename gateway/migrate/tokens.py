"""WS-Security token types of the original, as `[security]` of a service."""

from dataclasses import dataclass
from typing import Any, Final

from gateway.config.words import shown
from gateway.migrate.bundles import wanted_store
from gateway.migrate.draft import Draft
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.keyring import KeyRing, UnusableError
from gateway.migrate.values import Reader, UnclearError


@dataclass(frozen=True, slots=True)
class TokenType:
    """One token type."""

    meaning: str
    """Name of its spellings in the mapping table."""
    token: str
    trust: str = ""
    """With a signature: whom it believes; empty: unsigned."""


NONE: Final = TokenType("token_none", "none")
_TYPES: Final = (
    NONE,
    TokenType("token_username", "username"),
    TokenType("token_saml11", "saml11"),
    TokenType("token_saml20", "saml20"),
    TokenType("token_saml11_any", "saml11", "any"),
    TokenType("token_saml11_one", "saml11", "one"),
    TokenType("token_saml20_any", "saml20", "any"),
    TokenType("token_saml20_one", "saml20", "one"),
)


def token_type(entries: list[Entry], name: str, reader: Reader) -> tuple[TokenType, Entry]:
    """Return the token type of a service, and the entry that says it.

    UnclearError: a type that nobody knows, or entries that contradict each other. None of these is guessed: the
    service might let somebody in.
    """
    said: dict[TokenType, Entry] = {}
    for entry in entries:
        text = entry.text(name)
        found = next((one for one in _TYPES if reader.is_one_of(one.meaning, text)), None)
        if found is None:
            raise UnclearError(f"the token type at {entry.at(name)} is none that is known ({shown(text)})")
        if name in entry.said or found is not NONE:
            said.setdefault(found, entry)
    if len(said) > 1:
        places = " and ".join(str(entry.at(name)) for entry in said.values())
        raise UnclearError(f"its operations have different token types, and a service has one ({places})")
    return next(iter(said.items()), (NONE, entries[0]))


def put_security(
    draft: Draft,
    kind: TokenType,
    entry: Entry,
    server: Entry | None,
    keyring: KeyRing,
    *,
    asks_for_certificates: bool,
) -> None:
    """Put `[security]` of a provider. Raises UnclearError: a truststore that is needed cannot be used."""
    if kind is NONE:
        return
    draft.put(("security", "token"), kind.token, entry.at("token"))
    if kind.trust:
        _signed(draft, kind, entry, server, keyring)
    elif kind.token != "username":  # noqa: S105  a kind of token
        _unsigned(draft, asks_for_certificates=asks_for_certificates)


def _unsigned(draft: Draft, *, asks_for_certificates: bool) -> None:
    senders = "mtls" if asks_for_certificates else "network"
    draft.put(("security", "unsigned_senders"), senders)
    service, findings = draft.file.split("/")[1], draft.findings
    if asks_for_certificates:
        text = "the sender of an assertion must show a TLS client certificate"
        draft.change(text, ("security", "unsigned_senders"))
        text = "whose TLS client certificates may vouch for users? Put their names into security.senders of"
        findings.ask(Whom.NETWORK, text, service)
        return
    text = (
        "assertions are unsigned and HTTPS asks for no client certificate: whoever can connect can be any user, "
        f"as in the original (service {service})"
    )
    findings.contradict(text)
    text = 'can senders show TLS client certificates? Then unsigned_senders = "mtls" closes the hole of'
    findings.ask(Whom.NETWORK, text, service)


def _signed(draft: Draft, kind: TokenType, entry: Entry, server: Entry | None, keyring: KeyRing) -> None:
    findings, service = draft.findings, draft.file.split("/")[1]
    draft.put(("security", "signed"), True)
    draft.put(("security", "signed_by"), "sender")
    draft.put(("security", "trust"), kind.trust)
    text = "does the sender sign the message, or an STS the assertion alone? For the latter set signed_by and sts_body of"
    findings.ask(Whom.OWNERS, text, service)
    text = "do signatures use SHA-1 or RSA keys below 2048 bits? They are refused unless legacy_algorithms = true in"
    findings.ask(Whom.OWNERS, text, service)
    if kind.trust == "any":
        text = f'service {service} believes every certificate ("trust any"); "one" or "chain" would name the partners'
        findings.contradict(text, entry.at("token"))
        return
    _pinned(draft, entry, server, keyring, findings)


def _pinned(draft: Draft, entry: Entry, server: Entry | None, keyring: KeyRing, findings: Findings) -> None:
    of = entry if entry.has("truststore") or server is None else server
    if not of.has("truststore"):
        raise UnclearError('"trust one" needs a truststore with the certificate, and none is named')
    try:
        store: dict[str, Any] = keyring.truststore(wanted_store(of, "truststore"))
    except UnusableError as error:
        raise UnclearError(str(error)) from None
    draft.put(("security", "truststore"), store)
    if keyring.authorities_only(store):
        text = (
            "holds certificates of authorities only: a signer's own certificate must stand in it, or, if signers "
            'below them are meant, trust = "chain"'
        )
        draft.change(text, ("security", "truststore"))
        service = draft.file.split("/")[1]
        findings.ask(
            Whom.OWNERS, "which certificate signs the messages? It goes into the truststore of", service
        )
