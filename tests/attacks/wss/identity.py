"""Who the message says is calling: text that two readers read differently, and names that are nobody's."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import AUTHENTICATION, HEADER, KIND, TOKEN, Attack
from tests.attacks.wss.honest import by_sender, by_sts, by_username, unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.forge.message import Message
from tests.forge.names import SENDER_VOUCHES, UNSPECIFIED

DUO = "CVE-2017-11427, CVE-2018-0489"
RUBY = "CVE-2025-25291, CVE-2025-66567"
USERNAME = "UsernameToken Profile 1.1.1"
CORE = "SAML core"
NBSP, FULL_WIDTH, CYRILLIC, ZERO_WIDTH = "\u00a0", "\uff21LICE", "\u0410LICE", "\u200bALICE"

WRONG_NAMES = {
    "empty": "",
    "nine": "ALICEALIC",
    "cut-to-eight": "ALICE" + "X" * 4,
    "inner-space": "AL ICE",
    "nbsp": f"ALICE{NBSP}",
    "nbsp-first": f"{NBSP}ALICE",
    "zero-width": ZERO_WIDTH,
    "full-width": FULL_WIDTH,
    "cyrillic": CYRILLIC,
    "long-s": "ALICE\u017f",
    "dotless-i": "AL\u0131CE",
    "sharp-s": "ALI\u00df",
    "combining": "A\u0301LICE",
    "right-to-left": "\u202eALICE",
    "inner-newline": "ALI&#10;CE",
    "inner-tab": "ALI&#9;CE",
    "next-line": "ALICE&#x85;",
    "delete": "ALICE&#x7f;",
    "dash": "AL-ICE",
    "paragraph": "ALICE\u00a7",
    "asterisk": "*",
    "path": "../ALICE",
    "quote": "ALICE'--",
    "long": "A" * 100_000,
    "byte-order-mark": "\ufeffALICE",
}


def identity() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _comments()
    yield from _names()
    yield from _name_forms()
    yield from _subjects()
    yield from _attributes()


def _comments() -> Iterator[Attack]:
    row = Row(
        "comment-in-name",
        "a comment cuts the name in two; the canonical form, and so the signature, has none",
        DUO,
    )
    for version in (11, 20):
        kind = f"saml{version}"
        one = Row(row.id, row.title, DUO, f"{kind}-one", f"{kind}-one-str")
        cut = swap(">ALICE<", ">ALI<!-- -->CE<")
        yield one.text(f"signed-{kind}", by_sender(version), cut, TOKEN)
        yield one.text(f"behind-{kind}", by_sender(version), swap(">ALICE<", ">ALICE<!-- --><"), TOKEN)
        sts = Row(row.id, row.title, DUO, f"{kind}-sts", f"{kind}-sts", "sender")
        yield sts.text(f"sts-{kind}", by_sts(version), cut, TOKEN)
        mtls = Row(row.id, row.title, DUO, f"{kind}-mtls", f"{kind}-mtls", "sender")
        yield mtls.text(f"mtls-{kind}", unsigned(version), cut, TOKEN)
        issuer = swap("sts.forge.test", "sts.forge<!-- -->.test")
        if version == 20:
            yield one.text("issuer", by_sender(20), issuer, TOKEN)
            yield one.text(
                "audience", by_sender(20), swap("gateway.example/", "gateway.example<!-- -->/"), TOKEN
            )
    user = Row(row.id, row.title, DUO, "username", "username")
    token = lambda _pki: Message("username")  # noqa: E731
    yield user.text("username", token, swap(">ALICE<", ">ALI<!-- -->CE<"), TOKEN)
    yield user.text("password", token, swap(">WONDER1<", ">WONDER1<!-- -->x<"), TOKEN)
    yield user.text("header", token, swap("<wsse:UsernameToken>", "<!-- --><wsse:UsernameToken>"), HEADER)
    child = Row("element-in-name", "an element cuts the name in two", DUO)
    yield child.draft("name-id", by_sender(20, user="ALICE<b/>"), TOKEN)
    yield child.draft("first", by_sender(20, user="<b/>ALICE"), TOKEN)
    child_user = Row(child.id, child.title, DUO, "username", "username")
    yield child_user.draft("username", lambda _pki: Message("username", user="ALI<b/>CE"), TOKEN)
    yield child_user.draft("password", lambda _pki: Message("username", password="WON<b/>DER1"), TOKEN)


def _names() -> Iterator[Attack]:
    row = Row("user-id", "a name that folds, cuts or looks like a user id and is none", "RACF; Unicode TR 36")
    for name, text in WRONG_NAMES.items():
        for version in (11, 20):
            each = Row(row.id, row.title, row.source, f"saml{version}-one", f"saml{version}-one-str")
            yield each.draft(f"{name}-saml{version}", by_sender(version, user=text), AUTHENTICATION)
        user = Row(row.id, row.title, row.source, "username", "username")
        yield user.draft(f"{name}-username", by_username(user=text), AUTHENTICATION)
    user = Row("user-id", "a password that cannot be one", "RACF", "username", "username")
    for name, text in {
        "empty": "",
        "nine": "WONDER1XX",
        "full-width": "\uff37ONDER1",
        "newline": "WONDER&#10;",
    }.items():
        yield user.draft(f"password-{name}", by_username(password=text), AUTHENTICATION)


def _name_forms() -> Iterator[Attack]:
    row = Row(
        "name-format", "the name is of a kind that only a table of users can turn into a user", "SAML core 8.3"
    )
    one = "urn:oasis:names:tc:SAML:1.1:nameid-format:"
    two = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
    for uri in ("X509SubjectName", "emailAddress", "WindowsDomainQualifiedName"):
        for version in (11, 20):
            each = Row(row.id, row.title, row.source, f"saml{version}-one", f"saml{version}-one-str")
            draft = by_sender(version, claims={"format": one + uri})
            yield each.draft(f"{uri.lower()}-saml{version}", draft, AUTHENTICATION, KIND)
    for uri in ("persistent", "transient", "entity", "kerberos", "encrypted"):
        yield row.draft(uri, by_sender(20, claims={"format": two + uri}), KIND, AUTHENTICATION)
    yield row.draft("unknown", by_sender(20, claims={"format": "urn:unknown"}), KIND, AUTHENTICATION)


def _subjects() -> Iterator[Attack]:
    row = Row("subjects", "two names, of which two readers take two", CORE)
    other = f'<saml2:NameID Format="{UNSPECIFIED}">BOB</saml2:NameID>'
    honest = f'<saml2:NameID Format="{UNSPECIFIED}">ALICE</saml2:NameID>'
    yield row.draft("two-names", by_sender(20, claims={"name": honest + other}), TOKEN)
    yield row.draft("no-name", by_sender(20, claims={"name": ""}), TOKEN)
    confirmation = f'<saml2:SubjectConfirmation Method="{SENDER_VOUCHES[20]}"/>'
    subject = f"<saml2:Subject>{honest}{confirmation}</saml2:Subject>"
    yield row.draft("two-subjects", by_sender(20, claims={"subject": subject * 2}), TOKEN)
    yield row.draft("no-subject", by_sender(20, claims={"subject": ""}), TOKEN)
    base = '<saml2:BaseID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/>'
    yield row.draft("base-id", by_sender(20, claims={"name": base}), KIND)
    attesting = f'<saml2:SubjectConfirmation Method="{SENDER_VOUCHES[20]}">{honest}</saml2:SubjectConfirmation>'
    yield row.draft(
        "attesting-entity-alone", by_sender(20, claims={"name": "", "confirmation": attesting}), TOKEN
    )
    strange = honest.replace("saml2:", "x:").replace("<x:NameID", '<x:NameID xmlns:x="urn:x"')
    yield row.draft("other-namespace", by_sender(20, claims={"name": strange + honest}), TOKEN)

    saml11 = Row(
        "subjects",
        "the statements of an assertion are about two subjects",
        CORE,
        "saml11-one",
        "saml11-one-str",
    )
    method = f"<saml:ConfirmationMethod>{SENDER_VOUCHES[11]}</saml:ConfirmationMethod>"

    def statement(name: str) -> str:
        return (
            '<saml:AuthenticationStatement AuthenticationInstant="2026-11-22T11:59:00Z"'
            ' AuthenticationMethod="urn:x">'
            f"<saml:Subject>{name}<saml:SubjectConfirmation>{method}</saml:SubjectConfirmation></saml:Subject>"
            "</saml:AuthenticationStatement>"
        )

    def identifier(user: str, extra: str = f' Format="{UNSPECIFIED}"') -> str:
        return f"<saml:NameIdentifier{extra}>{user}</saml:NameIdentifier>"

    alice = statement(identifier("ALICE"))
    seconds = {
        "user": identifier("BOB"),
        "format": identifier("ALICE", ' Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"'),
        "qualifier": identifier("ALICE", f' Format="{UNSPECIFIED}" NameQualifier="q"'),
        "none": "",
    }
    for name, second in seconds.items():
        draft = by_sender(11, claims={"statements": alice + statement(second)})
        yield saml11.draft(f"saml11-{name}-behind", draft, TOKEN)
        draft = by_sender(11, claims={"statements": statement(second) + alice})
        yield saml11.draft(f"saml11-{name}-before", draft, TOKEN)
    yield saml11.draft("saml11-no-statement", by_sender(11, claims={"statements": ""}), TOKEN, KIND)


def _attributes() -> Iterator[Attack]:
    row = Row(
        "attribute",
        "the attribute that names the user is there twice, or has two values",
        CORE,
        "saml20-attribute",
        "saml20-attribute",
        "sender",
    )

    def draft(*attributes: str):
        inside = "".join(attributes)
        statement = f"<saml2:AttributeStatement>{inside}</saml2:AttributeStatement>"
        return of(unsigned(20), user="nobody@forge.test", claims={"statements": statement})

    yield row.draft("two-values", draft(attribute("ALICE", "BOB")), AUTHENTICATION, TOKEN)
    yield row.draft("same-value-twice", draft(attribute("ALICE", "ALICE")), AUTHENTICATION, TOKEN)
    yield row.draft("two-attributes", draft(attribute("ALICE"), attribute("BOB")), AUTHENTICATION, TOKEN)
    yield row.draft("no-value", draft(attribute()), AUTHENTICATION, TOKEN)
    yield row.draft("other-name", draft(attribute("ALICE", name="UID")), AUTHENTICATION, TOKEN)
    yield row.draft("other-format", draft(attribute("ALICE", form="urn:other")), AUTHENTICATION, TOKEN)
    yield row.draft("comment", draft(attribute("ALI<!-- -->CE")), AUTHENTICATION, TOKEN)
    yield row.draft("child", draft(attribute("<x xmlns='urn:x'>ALICE</x>")), AUTHENTICATION, TOKEN)


def attribute(*values: str, name: str = "uid", form: str = "urn:forge") -> str:
    """Return an attribute of SAML 2.0."""
    inside = "".join(f"<saml2:AttributeValue>{value}</saml2:AttributeValue>" for value in values)
    return f'<saml2:Attribute Name="{name}" NameFormat="{form}">{inside}</saml2:Attribute>'
