"""The messages that must be accepted: every attack has one of them that differs in the attack alone."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.attacks.wss.catalogue import NOW, Honest, Sent
from tests.forge.keys import Pki, Signer
from tests.forge.message import Message
from tests.forge.names import MORE, RSA_SHA1, SHA1, WSU, XENC
from tests.forge.signing import Ref, Shape

Draft = Callable[[Pki], Message]
KEYS = ("bst", "pkipath", "issuer-serial", "ski", "thumbprint")
WSA = "http://www.w3.org/2005/08/addressing"
_2007 = "http://www.w3.org/2007/05/xmldsig-more#"


def by_sender(version: int, **changes: Any) -> Draft:
    """Return a message that the sender signed."""
    return lambda pki: Message(f"saml{version}", **{"signed_by": pki.sender, **changes})


def by_somebody(name: str, **changes: Any) -> Draft:
    """Return a message that an identity of the PKI signed."""
    return lambda pki: Message("saml20", signed_by=getattr(pki, name), **changes)


def by_username(**changes: Any) -> Draft:
    """Return a message with a UsernameToken."""
    return lambda _pki: Message("username", **changes)


def by_sts(version: int, **changes: Any) -> Draft:
    """Return a message whose assertion the STS signed."""
    return lambda pki: Message(f"saml{version}", **{"sts": pki.sts, **changes})


def by_both(version: int, **changes: Any) -> Draft:
    """Return a message with both signatures."""
    return lambda pki: Message(f"saml{version}", **{"sts": pki.sts, "signed_by": pki.sender, **changes})


def unsigned(version: int, **changes: Any) -> Draft:
    """Return a message without signatures."""
    return lambda _pki: Message(f"saml{version}", **changes)


def sent(draft: Draft, tls_client: str = "", **how: Any) -> Callable[[Pki], Sent]:
    """Return what builds and sends a draft."""

    def build(pki: Pki) -> Sent:
        message = draft(pki)
        return Sent(message.build(NOW), message.soap, tls_client, **how)

    return build


def honest() -> Iterator[Honest]:
    """Yield all honest messages."""
    yield Honest("none", "none", sent(lambda _pki: Message("none")), user="GWUSER")
    yield Honest("username", "username", sent(lambda _pki: Message("username")))
    yield Honest("username-12", "username", sent(lambda _pki: Message("username", soap=12)))
    for version in (11, 20):
        yield from _of_version(version)
    yield from _of_20()
    yield from _key_forms()
    yield from _algorithms()


def _of_version(version: int) -> Iterator[Honest]:
    kind = f"saml{version}"
    yield Honest(f"{kind}-mtls", f"{kind}-mtls", sent(unsigned(version), "sender"))
    yield Honest(f"{kind}-network", f"{kind}-network", sent(unsigned(version)))
    for reference in ("str", "direct"):
        for soap in (11, 12):
            name = f"{kind}-one-{reference}" + ("-12" if soap == 12 else "")
            draft = by_sender(version, reference=reference, soap=soap)
            yield Honest(name, f"{kind}-one", sent(draft))
    yield Honest(f"{kind}-chain", f"{kind}-chain", sent(by_sender(version)))
    yield Honest(f"{kind}-any", f"{kind}-any", sent(by_sender(version)))
    yield Honest(f"{kind}-sts", f"{kind}-sts", sent(by_sts(version), "sender"))
    yield Honest(f"{kind}-either-sts", f"{kind}-either", sent(by_sts(version), "sender"))
    yield Honest(f"{kind}-either-sender", f"{kind}-either", sent(by_sender(version)))
    yield Honest(f"{kind}-one-both", f"{kind}-one", sent(by_both(version)))
    yield Honest(f"{kind}-sts-both", f"{kind}-sts", sent(by_both(version), "sender"))


def _of_20() -> Iterator[Honest]:
    yield Honest("saml20-sts-https", "saml20-sts-https", sent(by_sts(20)))
    yield Honest("saml20-sts-signed", "saml20-sts-signed", sent(by_both(20)))
    yield Honest("saml20-crl", "saml20-crl", sent(by_sender(20)))
    yield Honest("saml20-any-tls", "saml20-any-tls", sent(by_sender(20)))
    yield Honest("saml20-any-self-signed", "saml20-any", sent(by_somebody("stranger")))
    yield Honest("saml20-ec", "saml20-one", sent(by_somebody("sender_ec")))
    yield Honest("saml20-addressing", "saml20-one", sent(signed_addressing))
    yield Honest("saml20-attribute", "saml20-attribute", sent(by_attribute, "sender"))
    yield Honest("saml20-twins", "saml20-twins", sent(by_sender(20, key="ski")))
    yield Honest("saml20-cdata", "saml20-one", sent(by_sender(20, user="<![CDATA[ALI]]>&#67;E")))
    yield Honest("saml20-lower", "saml20-one", sent(by_sender(20, user="alice")))


def by_attribute(_pki: Pki) -> Message:
    """Return a message whose user is named by an attribute."""
    value = "<saml2:AttributeValue>ALICE</saml2:AttributeValue>"
    attribute = f'<saml2:Attribute Name="uid" NameFormat="urn:forge">{value}</saml2:Attribute>'
    statement = f"<saml2:AttributeStatement>{attribute}</saml2:AttributeStatement>"
    return Message("saml20", user="nobody@forge.test", claims={"statements": statement})


def signed_addressing(pki: Pki) -> Message:
    """Return a message whose WS-Addressing headers are signed too."""
    action = f'<wsa:Action xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="id-action">urn:lab:whoami</wsa:Action>'
    to = f'<wsa:To xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="id-to">https://gateway.example/one</wsa:To>'
    return by_sender(20, headers_first=action + to, more_refs=(Ref("id-action"), Ref("id-to")))(pki)


def _key_forms() -> Iterator[Honest]:
    for key in KEYS:
        yield Honest(f"saml20-{key}", "saml20-one", sent(by_sender(20, key=key)))
    yield Honest("saml20-chain-pkipath", "saml20-chain", sent(by_sender(20, key="pkipath")))
    yield Honest("saml20-sts-no-key", "saml20-sts", sent(by_sts(20, sts_key=""), "sender"))


def _algorithms() -> Iterator[Honest]:
    found = {
        "rsa-sha384": (f"{MORE}rsa-sha384", f"{MORE}sha384"),
        "rsa-sha512": (f"{MORE}rsa-sha512", f"{XENC}sha512"),
        "pss": (f"{_2007}sha256-rsa-MGF1", f"{XENC}sha256"),
    }
    for name, (method, digest) in found.items():
        yield Honest(f"saml20-{name}", "saml20-one", sent(with_algorithms(method, digest)))
    yield Honest("saml20-legacy", "saml20-legacy", sent(with_algorithms(RSA_SHA1, SHA1)))


def with_algorithms(method: str, digest: str, signer: Callable[[Pki], Signer] | None = None) -> Draft:
    """Return a message that is signed with these algorithms."""

    def draft(pki: Pki) -> Message:
        message = by_sender(20, reference="direct", shape=Shape(method))(pki)
        refs = tuple(Ref(each, digest=digest) for each in ("TS-1", message.assertion_id, "id-body"))
        return message.but(refs=refs, signed_by=signer(pki) if signer else pki.sender)

    return draft


HONEST = {each.id: each for each in honest()}
