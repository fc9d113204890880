"""UsernameTokens that say two things, and namespaces that are nearly right."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import AUTHENTICATION, CLIENT, HEADER, KIND, TOKEN, Attack
from tests.attacks.wss.honest import by_sender, unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.forge.message import Message, username_token
from tests.forge.names import SAML1, SAML2, USERNAME_PROFILE, WSSE, WSSE11

RUBY = "CVE-2025-25291, CVE-2025-66567"
USERNAME = "UsernameToken Profile 1.1.1"
CORE = "SAML core"


def usernames() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _username_tokens()
    yield from _prefixes()


def _username_tokens() -> Iterator[Attack]:
    row = Row(
        "username-token",
        "the UsernameToken says two things, or something this service cannot check",
        USERNAME,
        "username",
        "username",
    )

    def token(text: str):
        return lambda _pki: Message("username", claims={"token_xml": text})

    honest = username_token("ALICE", "WONDER1")
    other = username_token("BOB", "BUILDER1")
    name = "<wsse:Username>ALICE</wsse:Username>"
    yield row.draft("two-tokens", token(honest + other), HEADER)
    yield row.draft("same-twice", token(honest * 2), HEADER)
    yield row.draft(
        "two-names", token(honest.replace(name, f"{name}<wsse:Username>BOB</wsse:Username>")), TOKEN
    )
    strange = f'<x:Username xmlns:x="urn:x">BOB</x:Username>{name}'
    yield row.draft("name-of-others", token(honest.replace(name, strange)), TOKEN, HEADER)
    yield row.draft("no-name", token(honest.replace(name, "")), TOKEN)
    two = "</wsse:Password><wsse:Password>BUILDER1</wsse:Password>"
    yield row.draft("two-passwords", token(honest.replace("</wsse:Password>", two)), HEADER)
    start = honest.index("<wsse:Password")
    no_password = honest[:start] + "</wsse:UsernameToken>"
    yield row.draft("no-password", token(no_password), AUTHENTICATION)
    for kind in ("PasswordDigest", "passwordtext", "PasswordText2"):
        yield row.draft(f"type-{kind.lower()}", token(username_token("ALICE", "WONDER1", kind)), KIND)
    https = honest.replace("http://docs", "https://docs")
    yield row.draft("type-https", token(https), KIND)
    yield row.draft(
        "type-name", token(honest.replace(f"{USERNAME_PROFILE}PasswordText", "wsse:PasswordText")), KIND
    )
    yield row.draft("type-qualified", token(honest.replace(" Type=", " wsse:Type=")), TOKEN)
    salt = f'<wsse11:Salt xmlns:wsse11="{WSSE11}">AAAA</wsse11:Salt>'
    yield row.draft("derived", token(username_token("ALICE", "WONDER1", inside=salt)), KIND)
    yield row.draft("assertion-beside", token(honest + _bare_assertion()), HEADER)
    yield row.draft("nested", token(honest.replace(name, name + other)), HEADER, TOKEN)
    nonces = {
        "megabyte": ("AAAA" * 262_144, ""),
        "short": ("AAAA", ""),
        "garbage": ("****", ""),
        "hexadecimal": ("0001020304050607", ' EncodingType="urn:hex"'),
        "child": ("<b/>AAECAwQFBgcICQoLDA0ODw==", ""),
    }
    for variant, (text, attribute) in nonces.items():
        inside = f"<wsse:Nonce{attribute}>{text}</wsse:Nonce><wsu:Created>2026-11-22T11:59:59Z</wsu:Created>"
        draft = token(username_token("ALICE", "WONDER1", inside=inside))
        yield row.draft(f"nonce-{variant}", draft, HEADER, TOKEN)
    two_nonces = "<wsse:Nonce>AAECAwQFBgcICQoLDA0ODw==</wsse:Nonce>" * 2
    yield row.draft("two-nonces", token(username_token("ALICE", "WONDER1", inside=two_nonces)), HEADER)
    saml = Row(
        row.id,
        "a UsernameToken at a service for assertions, and the other way round",
        "product",
        "saml20-mtls",
        "saml20-mtls",
        "sender",
    )
    yield saml.draft("at-saml", lambda _pki: Message("username"), KIND)
    beside = Row(row.id, saml.title, "product", honest="saml20-one-direct")
    yield beside.draft("beside-assertion", by_sender(20, security_last=other), HEADER)
    for version in (11, 20):
        yield row.draft(f"saml{version}-at-username", unsigned(version), KIND)
        swapped = Row(
            "version",
            "an assertion of the other version",
            CORE,
            f"saml{31 - version}-mtls",
            f"saml{31 - version}-mtls",
            "sender",
        )
        yield swapped.draft(f"saml{version}", unsigned(version), KIND)


def _bare_assertion() -> str:
    return f'<saml2:Assertion xmlns:saml2="{SAML2}" ID="_x" Version="2.0" IssueInstant="2026-11-22T12:00:00Z"/>'


def _prefixes() -> Iterator[Attack]:
    row = Row(
        "namespace",
        "a namespace is nearly right, or a prefix is bound to another one inside",
        RUBY,
        "username",
        "username",
    )
    token = lambda _pki: Message("username")  # noqa: E731
    yield row.text(
        "https",
        token,
        lambda text: text.replace(WSSE, WSSE.replace("http:", "https:")),
        "MustUnderstand",
        HEADER,
    )
    yield row.text("upper-case", token, lambda text: text.replace(WSSE, WSSE.upper()), "MustUnderstand", HEADER)
    yield row.text("slash", token, lambda text: text.replace(f'{WSSE}"', f'{WSSE}/"'), "MustUnderstand", HEADER)
    for draft in ("2002/04", "2002/07", "2002/12", "2003/06"):
        old = f"http://schemas.xmlsoap.org/ws/{draft}/secext"
        edit = lambda text, o=old: text.replace(WSSE, o)  # noqa: E731
        yield row.text(f"draft-{draft.replace('/', '-')}", token, edit, "MustUnderstand", HEADER)
    rebound = swap("<wsse:Username>", '<wsse:Username xmlns:wsse="urn:other">')
    yield row.text("rebound-name", token, rebound, TOKEN, HEADER)
    yield row.text(
        "rebound-token", token, swap("<wsse:UsernameToken>", '<wsse:UsernameToken xmlns:wsse="urn:o">'), HEADER
    )
    doubled = swap("<wsse:Password ", '<wsse:Password xmlns:t="urn:t" t:Type="x" ')
    yield row.text("attribute-twice", token, doubled, TOKEN)
    same = swap(
        'wsu:Id="id-body"',
        'wsu:Id="id-body" xmlns:u2="{}" u2:Id="other"'.format(
            "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
        ),
    )
    polluted = Row("namespace", "the same attribute by two prefixes", RUBY)
    yield polluted.text("attribute-by-two-prefixes", by_sender(20, reference="direct"), same, CLIENT)
    saml = Row("namespace", row.title, RUBY, "saml20-mtls", "saml20-mtls", "sender")
    yield saml.text("saml-of-old", unsigned(20), lambda text: text.replace(SAML2, SAML1), KIND, TOKEN, HEADER)
    inner = swap("<saml2:NameID ", '<saml2:NameID xmlns:saml2="urn:other" ')
    yield saml.text("rebound-name-id", unsigned(20), inner, TOKEN)
    protocol = "urn:oasis:names:tc:SAML:2.0:protocol"
    response = of(
        unsigned(20),
        before=lambda text: text.replace(
            "<saml2:Assertion", f'<p:Response xmlns:p="{protocol}"><saml2:Assertion'
        ).replace("</saml2:Assertion>", "</saml2:Assertion></p:Response>"),
    )
    yield saml.draft("in-response", response, HEADER, KIND)
