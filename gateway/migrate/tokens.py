"""WS-Security token types of the original, as `[security]` of a service."""

from dataclasses import dataclass
from typing import Final

from gateway.config.words import shown
from gateway.migrate.bundles import wanted_store
from gateway.migrate.draft import Draft
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Whom
from gateway.migrate.keyring import KeyRing
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


_OF_SIGNERS: Final = (
    "does the sender sign the message, or an STS the assertion alone? The latter needs signed_by, sts_body.",
    "do signatures use SHA-1 or RSA keys below 2048 bits? They need legacy_algorithms.",
)


def token_type(entries: list[Entry], name: str, reader: Reader) -> tuple[TokenType, Entry]:
    """Return the token type of a service, and the entry that says it.

    A service has one: where some of its entries say nothing, what the others say holds for all. UnclearError: a
    type that nobody knows, or two of them. Nothing of that is guessed: the service might let somebody in.
    """
    said: dict[TokenType, Entry] = {}
    for entry in entries:
        text = entry.text(name)
        found = next((one for one in _TYPES if reader.is_one_of(one.meaning, text)), None)
        if found is None:
            raise UnclearError(f"the token type at {entry.at(name)} is none that is known ({shown(text)})")
        if name in entry.said or found is not NONE:
            said.setdefault(found, entry)
    if len(said) > 1 and (blank := said.pop(NONE, None)) is not None:
        kind, other = next(iter(said.items()))
        where = other.at(name)
        text = f"its other operations have a token type ({where}), and a service has one: {kind.token} for all"
        reader.findings.contradict(text, blank.at(name))
    if len(said) > 1:
        places = " and ".join(str(entry.at(name)) for entry in said.values())
        raise UnclearError(f"its operations have different token types, and a service has one ({places})")
    return next(iter(said.items()), (NONE, entries[0]))


@dataclass(frozen=True, slots=True)
class SecurityMaker:
    """Puts `[security]` of providers."""

    server: Entry | None
    keyring: KeyRing
    asks_for_certificates: bool
    """Whether HTTPS asks clients for their certificates."""

    def put(self, draft: Draft, kind: TokenType, entry: Entry) -> None:
        """Put the table. Raises UnclearError: a truststore that is needed cannot be used."""
        if kind is NONE:
            return
        draft.put(("security", "token"), kind.token, entry.at("token"))
        if kind.trust:
            self._signed(draft, kind, entry)
        elif kind.token != "username":  # noqa: S105  a kind of token
            self._unsigned(draft)

    def _unsigned(self, draft: Draft) -> None:
        service, findings = draft.file.split("/")[1], draft.findings
        draft.put(("security", "unsigned_senders"), "mtls" if self.asks_for_certificates else "network")
        if self.asks_for_certificates:
            text = "the sender of an assertion must show a TLS client certificate"
            draft.change(text, ("security", "unsigned_senders"))
            text = "whose TLS client certificates may vouch for users? Their names go into security.senders."
            findings.ask(Whom.NETWORK, text, service)
            return
        text = (
            "assertions are unsigned and HTTPS asks for no client certificate: whoever can connect can be any "
            f"user, as in the original (service {service})"
        )
        findings.contradict(text)
        text = 'can senders show TLS client certificates? Then unsigned_senders = "mtls" closes the hole.'
        findings.ask(Whom.NETWORK, text, service)

    def _signed(self, draft: Draft, kind: TokenType, entry: Entry) -> None:
        findings, service = draft.findings, draft.file.split("/")[1]
        draft.put(("security", "signed"), True)
        draft.put(("security", "signed_by"), "sender")
        draft.put(("security", "trust"), kind.trust)
        for text in _OF_SIGNERS:
            findings.ask(Whom.OWNERS, text, service)
        if kind.trust == "any":
            text = (
                f'service {service} believes every certificate ("trust any"); "one" or "chain" names partners'
            )
            findings.contradict(text, entry.at("token"))
        else:
            self._pinned(draft, entry)

    def _pinned(self, draft: Draft, entry: Entry) -> None:
        of = entry if entry.has("truststore") or self.server is None else self.server
        if not of.has("truststore"):
            draft.put(("security", "truststore"), {"path": "keystores/missing-signers.pem"})
            raise UnclearError('"trust one" needs a truststore with the certificate, and none is named')
        made = self.keyring.truststore(wanted_store(of, "truststore"))
        draft.put(("security", "truststore"), made.store)
        if made.problem:
            raise UnclearError(made.problem)
        if self.keyring.authorities_only(made):
            text = (
                "holds certificates of authorities only: a signer's own must stand in it, or, if signers "
                'below them are meant, trust = "chain"'
            )
            draft.change(text, ("security", "truststore"))
            text = "which certificate signs the messages? It goes into security.truststore."
            draft.findings.ask(Whom.OWNERS, text, draft.file.split("/")[1])
