"""Assertions for another time, another service or another way of confirming, and of strange content."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import (
    AUTHENTICATION,
    CHECK,
    HEADER,
    KIND,
    NOW,
    TOKEN,
    Attack,
)
from tests.attacks.wss.freshness import FAR, at
from tests.attacks.wss.honest import by_sender, by_sts, unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.forge.assertions import AUDIENCE, ISSUER, instant
from tests.forge.names import SAML1, SENDER_VOUCHES

CORE = "SAML core"


def purpose() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _conditions()
    yield from _confirmations()
    yield from _issuers()
    yield from _contents()


def _conditions() -> Iterator[Attack]:
    row = Row("conditions", "the assertion is over, not yet valid, or valid for too long", CORE)
    claims = {
        "over": {"not_before": at(minutes=-10), "not_on_or_after": at(seconds=-60)},
        "not-yet": {"not_before": at(seconds=61), "not_on_or_after": at(minutes=10)},
        "ten-years": {"not_on_or_after": "2036-11-22T12:00:00Z"},
        "year-9999": {"not_on_or_after": FAR},
        "order": {"not_before": at(seconds=30), "not_on_or_after": at(seconds=10)},
        "equal": {"not_before": at(seconds=10), "not_on_or_after": at(seconds=10)},
        "issued-in-future": {"issued": at(seconds=120)},
        "no-zone": {"not_on_or_after": at(seconds=300)[:-1]},
        "words": {"not_before": "never"},
        "old-without-end": {"conditions": "", "issued": at(minutes=-10)},
    }
    for version in (11, 20):
        kind = f"saml{version}"
        for name, changes in claims.items():
            for service, honest, draft in (("one", "one-str", by_sender), ("mtls", "mtls", unsigned)):
                each = Row(row.id, row.title, row.source, f"{kind}-{service}", f"{kind}-{honest}", "sender")
                yield each.draft(f"{name}-{kind}-{service}", draft(version, claims=changes), TOKEN)
    two = f'<saml2:Conditions NotOnOrAfter="{at(seconds=300)}"/>'
    yield row.draft("two", by_sender(20, claims={"conditions": two * 2}), TOKEN)
    unknown = '<saml2:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/>'
    yield row.draft("unknown", by_sender(20, claims={"restrictions": unknown}), TOKEN)
    strange = '<x:Condition xmlns:x="urn:x"/>'
    yield row.draft("extension", by_sender(20, claims={"restrictions": strange}), TOKEN)

    audience = Row("audience", "the assertion is for another service", CORE)
    element = {
        11: ("saml:AudienceRestrictionCondition", "saml:Audience"),
        20: ("saml2:AudienceRestriction", "saml2:Audience"),
    }

    def restriction(version: int, *names: str) -> str:
        outer, inner = element[version]
        return f"<{outer}>{''.join(f'<{inner}>{name}</{inner}>' for name in names)}</{outer}>"

    for version in (11, 20):
        kind = f"saml{version}"
        restrictions = {
            "other": restriction(version, "https://other.test"),
            "slash": restriction(version, f"{AUDIENCE}/"),
            "case": restriction(version, AUDIENCE.upper()),
            "prefix": restriction(version, AUDIENCE[:-1]),
            "first-other": restriction(version, "https://other.test") + restriction(version, AUDIENCE),
            "second-other": restriction(version, AUDIENCE) + restriction(version, "https://other.test"),
            "none": restriction(version),
            "empty": restriction(version, ""),
        }
        for name, text in restrictions.items():
            each = Row(audience.id, audience.title, CORE, f"{kind}-one", f"{kind}-one-str")
            yield each.draft(f"{name}-{kind}", by_sender(version, claims={"restrictions": text}), TOKEN)
        sts = Row(audience.id, audience.title, CORE, f"{kind}-sts", f"{kind}-sts", "sender")
        yield sts.draft(f"sts-{kind}", by_sts(version, claims={"audience": "https://other.test"}), TOKEN)


def _confirmations() -> Iterator[Attack]:
    row = Row(
        "confirmation",
        "the assertion is not, or not only, one that its sender vouches for",
        "SAML Token Profile 1.1.1, 3.5",
    )
    for version in (11, 20):
        kind = f"saml{version}"
        spelled = {11: "1.0", 20: "2.0"}[version]
        methods = {
            "bearer": f"urn:oasis:names:tc:SAML:{spelled}:cm:bearer",
            "holder-of-key": f"urn:oasis:names:tc:SAML:{spelled}:cm:holder-of-key",
            "other-version": SENDER_VOUCHES[31 - version],
            "unknown": "urn:unknown",
            "empty": "",
            "upper": SENDER_VOUCHES[version].upper(),
        }
        for name, method in methods.items():
            for service, honest, draft in (("one", "one-str", by_sender), ("mtls", "mtls", unsigned)):
                each = Row(row.id, row.title, row.source, f"{kind}-{service}", f"{kind}-{honest}", "sender")
                yield each.draft(
                    f"{name}-{kind}-{service}", draft(version, claims={"method": method}), KIND, TOKEN
                )
    vouched = f'<saml2:SubjectConfirmation Method="{SENDER_VOUCHES[20]}"/>'
    bearer = '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>'
    both = {"bearer-first": bearer + vouched, "bearer-behind": vouched + bearer, "none": ""}
    for name, text in both.items():
        yield row.draft(name, by_sender(20, claims={"confirmation": text}), KIND, TOKEN)
    one = f"<saml:ConfirmationMethod>{SENDER_VOUCHES[11]}</saml:ConfirmationMethod>"
    other = one.replace("sender-vouches", "bearer")
    old = Row(row.id, row.title, row.source, "saml11-one", "saml11-one-str")
    texts = {"both": one + other, "none": "", "twice-in-one": one.replace("sender", "bearer sender")}
    for name, inside in texts.items():
        text = f"<saml:SubjectConfirmation>{inside}</saml:SubjectConfirmation>"
        yield old.draft(f"saml11-{name}", by_sender(11, claims={"confirmation": text}), KIND, TOKEN)
    yield old.draft("saml11-no-element", by_sender(11, claims={"confirmation": ""}), KIND, TOKEN)
    data = Row("confirmation-data", "the confirmation is for another address, another time or a question", CORE)
    attributes = {
        "recipient": 'Recipient="https://other.test/"',
        "question": 'InResponseTo="_q"',
        "over": f'NotOnOrAfter="{at(seconds=-60)}"',
        "not-yet": f'NotBefore="{at(minutes=5)}"',
        "order": f'NotBefore="{at(seconds=20)}" NotOnOrAfter="{at(seconds=10)}"',
    }
    for name, text in attributes.items():
        inside = f"<saml2:SubjectConfirmationData {text}/>"
        confirmation = vouched.replace("/>", f">{inside}</saml2:SubjectConfirmation>")
        yield data.draft(name, by_sender(20, claims={"confirmation": confirmation}), TOKEN)


def _issuers() -> Iterator[Attack]:
    row = Row("issuer", "the issuer is unknown, missing, or another kind of name", "SAML 2.0 core 2.2.5")
    for version in (11, 20):
        kind = f"saml{version}"
        for name, issuer in (
            ("other", "https://other.test"),
            ("empty", ""),
            ("slash", "https://sts.forge.test/"),
        ):
            for service, honest, draft in (("one", "one-str", by_sender), ("mtls", "mtls", unsigned)):
                each = Row(row.id, row.title, row.source, f"{kind}-{service}", f"{kind}-{honest}", "sender")
                made = draft(version, claims={"issuer": issuer})
                yield each.draft(f"{name}-{kind}-{service}", made, AUTHENTICATION, TOKEN)
    name = "<saml2:Issuer{}>https://sts.forge.test</saml2:Issuer>"
    yield row.draft("none", by_sender(20, claims={"issuer_xml": ""}), TOKEN, AUTHENTICATION)
    yield row.draft("two", by_sender(20, claims={"issuer_xml": name.format("") * 2}), TOKEN, AUTHENTICATION)
    style = ' Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"'
    yield row.draft("format", by_sender(20, claims={"issuer_xml": name.format(style)}), AUTHENTICATION, TOKEN)
    yield row.draft(
        "qualifier",
        by_sender(20, claims={"issuer_xml": name.format(' NameQualifier="q"')}),
        AUTHENTICATION,
        TOKEN,
    )


def _contents() -> Iterator[Attack]:
    row = Row("assertion", "the assertion is of another version, or has what it may not have", CORE)
    now = instant(NOW)
    versions = {
        "2.1": f'ID="{{}}" IssueInstant="{now}" Version="2.1"',
        "1.1": f'ID="{{}}" IssueInstant="{now}" Version="1.1"',
        "none": f'ID="{{}}" IssueInstant="{now}"',
        "no-instant": 'ID="{}" Version="2.0"',
        "no-id": f'IssueInstant="{now}" Version="2.0"',
        "id-no-name": f'ID="a b" IssueInstant="{now}" Version="2.0"',
        "unknown-attribute": f'ID="{{}}" IssueInstant="{now}" Version="2.0" x="y"',
    }
    for name, attributes in versions.items():
        mtls = Row(row.id, row.title, CORE, "saml20-mtls", "saml20-mtls", "sender")
        draft = unsigned(20, claims={"attributes": attributes.format("_x")})
        yield mtls.draft(f"version-{name}", draft, KIND, TOKEN, HEADER)
    old = Row(row.id, row.title, CORE, "saml11-mtls", "saml11-mtls", "sender")
    for name, minor in (("0", "0"), ("2", "2"), ("words", "one")):
        attributes = (
            f'AssertionID="_x" IssueInstant="{now}" Issuer="{ISSUER}" MajorVersion="1" MinorVersion="{minor}"'
        )
        yield old.draft(f"minor-{name}", unsigned(11, claims={"attributes": attributes}), KIND, TOKEN)
    advice = "<saml2:Advice>{}</saml2:Advice>"
    inner = f'<saml2:Assertion ID="_i" IssueInstant="{now}" Version="2.0"/>'
    for name, inside in (
        ("assertion", inner),
        ("reference", "<saml2:AssertionIDRef>_i</saml2:AssertionIDRef>"),
        ("other", "<x:x xmlns:x='urn:x'/>"),
    ):
        yield row.draft(
            f"advice-{name}", by_sender(20, claims={"advice": advice.format(inside)}), HEADER, TOKEN
        )
    statement = (
        '<saml2:AuthnStatement AuthnInstant="{}"{}><saml2:AuthnContext><saml2:AuthnContextClassRef>urn:x'
        "</saml2:AuthnContextClassRef></saml2:AuthnContext></saml2:AuthnStatement>"
    )
    times = {
        "future": statement.format(at(minutes=5), ""),
        "session-over": statement.format(now, f' SessionNotOnOrAfter="{at(seconds=-60)}"'),
        "no-instant": statement.format("", "").replace(' AuthnInstant=""', ""),
        "unknown": "<saml2:Statement/>",
    }
    for name, text in times.items():
        yield row.draft(f"statement-{name}", by_sender(20, claims={"statements": text}), TOKEN)
    for version in (11, 20):
        kind = f"saml{version}"
        each = Row("assertions", "there are two assertions", CORE, f"{kind}-mtls", f"{kind}-mtls", "sender")
        draft = of(unsigned(version), before=_twice)
        yield each.draft(f"two-{kind}", draft, HEADER)
    remote = Row(
        "remote-assertion",
        "the assertion is to be fetched from an address",
        "BSP 1.1 R6608",
        honest="saml20-one-str",
    )
    binding = (
        f'<saml:AuthorityBinding xmlns:saml="{SAML1}" AuthorityKind="samlp:AssertionIDReference" '
        'Location="http://127.0.0.1:9/" Binding="urn:x"/>'
    )
    asked = swap("<wsse:KeyIdentifier", f"{binding}<wsse:KeyIdentifier")
    yield remote.text("authority-binding", by_sender(20), asked, HEADER, CHECK)


def _twice(text: str) -> str:
    """Repeat the assertion with another id."""
    name = "saml2:Assertion" if "<saml2:Assertion" in text else "saml:Assertion"
    start, end = text.index(f"<{name}"), text.index(f"</{name}>") + len(name) + 3
    whole = text[start:end]
    identity = whole.partition('ID="')[2].partition('"')[0]
    return text[:end] + whole.replace(identity, "_second") + text[end:]
