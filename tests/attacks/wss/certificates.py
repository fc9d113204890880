"""Certificates that must not be believed, and keys that are not theirs."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import (
    ALGORITHM,
    AUTHENTICATION,
    CHECK,
    TOKEN,
    UNAVAILABLE,
    Attack,
)
from tests.attacks.wss.honest import Draft, by_both, by_sender, by_somebody, by_sts, unsigned
from tests.attacks.wss.rows import Row
from tests.attacks.wss.transforms import SIGNED
from tests.forge.keys import Pki
from tests.forge.message import (
    Message,
    binary_token,
    key_info,
    reference,
)

FAKING = "SAML Raider; WS-Attacker (signature faking)"


def certificates() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _confusion()
    yield from _certificates()
    yield from _chains()
    yield from _senders()


def _confusion() -> Iterator[Attack]:
    row = Row("key-confusion", "one certificate is shown, another key signs", FAKING)
    yield row.draft(
        "genuine-shown", lambda pki: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone)), CHECK
    )
    for key in ("issuer-serial", "ski", "thumbprint", "pkipath"):
        draft = lambda pki, k=key: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone), key=k)  # noqa: E731
        yield row.draft(f"genuine-by-{key}", draft, CHECK)
    yield row.draft("clone-by-ski", by_somebody("clone", key="ski"), CHECK)
    yield row.draft("clone-by-issuer-serial", by_somebody("clone_of_chain", key="issuer-serial"), CHECK)
    yield row.draft("clone-by-thumbprint", by_somebody("clone", key="thumbprint"), UNAVAILABLE)

    def two_tokens(first: str):
        def draft(pki: Pki) -> Message:
            genuine = binary_token(pki.sender.base64, token_id="X509-2")
            forged = binary_token(pki.clone.base64)
            tokens = genuine + forged if first == "genuine" else forged + genuine
            return SIGNED(pki).but(signed_by=pki.clone, key_xml=(tokens, key_info(reference())))

        return draft

    yield row.draft("two-tokens-genuine-first", two_tokens("genuine"), AUTHENTICATION)
    yield row.draft("two-tokens-forged-first", two_tokens("forged"), AUTHENTICATION)
    anybody = Row(row.id, row.title, FAKING, "saml20-any", "saml20-any")
    yield anybody.draft("any", lambda pki: SIGNED(pki).but(signed_by=pki.sender.with_key_of(pki.clone)), CHECK)


def _certificates() -> Iterator[Attack]:
    """All but the last stand in the truststore, so what is wrong with each is all that is wrong."""
    unfit = {
        "expired": "the certificate has expired",
        "future": "the certificate is not valid yet",
        "weak": "the key is RSA-1024",
        "p192": "the key is on the curve P-192",
        "huge": "the key is RSA-16384, which takes a verifier long",
        "low_exponent": "the key has the exponent 3",
        "encipherment": "the certificate is for enciphering",
        "critical": "the certificate has an unknown critical extension",
    }
    for name, title in unfit.items():
        for trust, key in (("one", "bst"), ("one", "ski"), ("any", "bst"), ("chain", "bst")):
            honest = {"one": "saml20-ec", "any": "saml20-any", "chain": "saml20-chain"}[trust]
            row = Row("certificate", title, "RFC 5280; SP 800-131A", f"saml20-{trust}", honest)
            yield row.draft(f"{name}-{trust}-{key}", by_somebody(name, key=key), TOKEN, ALGORITHM)
    for name in ("stranger", "clone", "clone_of_chain", "colleague"):
        row = Row("untrusted", "a certificate that is not in the truststore, some with the same words", FAKING)
        for key in ("bst", "pkipath"):
            if name == "stranger" and key == "pkipath":
                continue
            yield row.draft(f"{name}-{key}", by_somebody(name, key=key), AUTHENTICATION)
        sts = Row(row.id, row.title, FAKING, "saml20-sts-signed", "saml20-sts-signed")
        yield sts.draft(
            f"{name}-sts-signed",
            _both_but(name),
            AUTHENTICATION,
        )


def _both_but(name: str) -> Draft:
    """Return a message with both signatures, that of the sender by somebody else."""
    return lambda pki: by_both(20)(pki).but(signed_by=getattr(pki, name))


def _chains() -> Iterator[Attack]:
    row = Row(
        "chain",
        "a certificate that does not come from the authority, or not rightly",
        "RFC 5280, 6.1",
        "saml20-chain",
        "saml20-chain",
    )
    for name in ("stranger", "clone", "clone_of_chain", "by_sender", "sts"):
        for key in ("bst", "pkipath"):
            if key == "pkipath" and name in {"stranger", "clone", "sts"}:
                continue
            yield row.draft(f"{name}-{key}", by_somebody(name, key=key), AUTHENTICATION)
    yield row.draft("md5", by_somebody("md5"), TOKEN, AUTHENTICATION)
    yield row.draft("sha1", by_somebody("sha1"), TOKEN, AUTHENTICATION)
    yield row.draft("authority-itself", by_somebody("ca"), AUTHENTICATION, TOKEN)
    revoked = Row(
        "revocation",
        "the certificate is revoked, or nobody can tell",
        "RFC 5280, 6.3",
        "saml20-crl",
        "saml20-crl",
    )
    allowed = Row(
        "revocation", "the revocation list is out of date", "RFC 5280, 6.3", "saml20-stale", "saml20-crl"
    )
    yield revoked.draft("listed", by_somebody("revoked"), AUTHENTICATION)
    yield allowed.draft("stale", by_sender(20), AUTHENTICATION)


_BY_CHANNEL = (("mtls", "mtls", unsigned), ("sts", "sts", by_sts), ("either", "either-sts", by_sts))
"""Services where a TLS client certificate vouches: service, honest message, what makes it."""


def _senders() -> Iterator[Attack]:
    row = Row("sender", "the sender is known and may not vouch", "product", "saml20-chain", "saml20-chain")
    yield row.draft("colleague", by_somebody("colleague"), AUTHENTICATION)
    anybody = Row("sender", row.title, "product", "saml20-any-tls", "saml20-any-tls")
    yield anybody.draft("stranger", by_somebody("stranger"), AUTHENTICATION)
    either = Row(
        "sender",
        "the issuer of assertions signs a message as its sender",
        "product",
        "saml20-either",
        "saml20-either-sender",
    )
    yield either.draft("issuer-as-sender", by_somebody("sts"), AUTHENTICATION)
    for version in (11, 20):
        kind = f"saml{version}"
        for service, honest, make in _BY_CHANNEL:
            for client in ("", "colleague", "stranger"):
                each = Row(
                    "channel",
                    "the TLS client certificate is missing, or is that of somebody who may not vouch",
                    "SAML Token Profile 1.1.1, 3.5.2",
                    f"{kind}-{service}",
                    f"{kind}-{honest}",
                    client,
                )
                yield each.draft(f"{service}-{client or 'none'}-{kind}", make(version), AUTHENTICATION)
    stolen = Row(
        "stolen-assertion",
        "a captured assertion in a message of the thief",
        "SAML Token Profile",
        "saml20-sts-signed",
        "saml20-sts-signed",
    )
    yield stolen.draft("resigned", lambda pki: by_both(20)(pki).but(signed_by=pki.colleague), AUTHENTICATION)
    yield stolen.draft("stranger", lambda pki: by_both(20)(pki).but(signed_by=pki.stranger), AUTHENTICATION)
    one = Row(stolen.id, stolen.title, stolen.source, honest="saml20-one-both")
    yield one.draft("resigned-one", lambda pki: by_both(20)(pki).but(signed_by=pki.colleague), AUTHENTICATION)
    bare = Row(
        stolen.id,
        "a captured assertion goes into an unsigned message over the thief's TLS",
        stolen.source,
        "saml20-sts",
        "saml20-sts",
        "colleague",
    )
    yield bare.draft("channel", by_sts(20), AUTHENTICATION)
