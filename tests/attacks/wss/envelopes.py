"""Envelopes, headers and ids of strange shape."""

from collections.abc import Iterator

from tests.attacks.wss.catalogue import CLIENT, HEADER, MUST, NOW, VERSION, Attack, Sent
from tests.attacks.wss.documents import on_bytes
from tests.attacks.wss.honest import unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.attacks.wss.transforms import SIGNED
from tests.forge.keys import Pki
from tests.forge.message import Message
from tests.forge.names import LAB, SOAP, WSSE, WSU
from tests.forge.signing import Ref

WSS4J = "WSS4J SecurityHeaderTest"


def envelopes() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _envelopes()
    yield from _security_headers()
    yield from _ids()
    yield from _actions()


def _envelopes() -> Iterator[Attack]:
    row = Row("envelope", "the envelope has another shape than SOAP's", "SOAP 1.1, SOAP 1.2; BP 1.1")
    yield row.build("version", on_bytes(lambda c: c.replace(SOAP[11].encode(), b"urn:soap")), VERSION)
    yield row.text(
        "two-payloads", SIGNED, swap("</soap:Body>", f'<lab:echo xmlns:lab="{LAB}"/></soap:Body>'), CLIENT
    )
    yield row.text("no-payload", SIGNED, swap(f'<lab:whoAmI xmlns:lab="{LAB}"/>', ""), CLIENT)
    yield row.text("behind-body", SIGNED, swap("</soap:Body>", "</soap:Body><x:x xmlns:x='urn:x'/>"), CLIENT)
    yield row.text("text-in-body", SIGNED, swap("</soap:Body>", "x</soap:Body>"), CLIENT)
    yield row.text("body-attribute", SIGNED, swap("<soap:Body ", '<soap:Body a="b" '), CLIENT)
    yield row.draft("body-attribute-signed", of(SIGNED, body_attributes=' a="b"'), CLIENT)
    yield row.text(
        "encoding-style", SIGNED, swap("<soap:Body ", '<soap:Body soap:encodingStyle="urn:x" '), CLIENT
    )
    href = f'<lab:echo xmlns:lab="{LAB}"><lab:text href="#x"/></lab:echo>'
    yield row.draft(
        "href", of(SIGNED, body=href, headers_first='<x:x xmlns:x="urn:x" id="x">BOB</x:x>'), CLIENT
    )
    loop = f'<lab:echo xmlns:lab="{LAB}"><lab:text id="x" href="#x"/></lab:echo>'
    yield row.draft("href-loop", of(SIGNED, body=loop), CLIENT)
    unknown = '<x:x xmlns:x="urn:x" soap:mustUnderstand="1"/>'
    yield row.draft("must-understand", of(SIGNED, headers_first=unknown), MUST)
    yield row.draft("must-understand-last", of(SIGNED, headers_last=unknown), MUST)


def _security_headers() -> Iterator[Attack]:
    row = Row("security-header", "there is no Security header for us, or more than one, or an odd one", WSS4J)
    user = Row(row.id, row.title, WSS4J, "username", "username")
    token = lambda _pki: Message("username")  # noqa: E731
    other = f'<wsse:Security xmlns:wsse="{WSSE}"{{}}/>'
    for service, each, draft in (("username", user, token), ("saml20", row, SIGNED)):
        yield each.draft(f"two-{service}", of(draft, headers_last=other.format("")), HEADER)
        yield each.draft(f"two-first-{service}", of(draft, headers_first=other.format("")), HEADER)
        following = ' soap:actor="http://schemas.xmlsoap.org/soap/actor/next"'
        yield each.draft(f"next-{service}", of(draft, headers_last=other.format(following)), HEADER)
        yield each.draft(
            f"empty-actor-{service}", of(draft, headers_last=other.format(' soap:actor=""')), HEADER
        )
        yield each.text(f"none-{service}", draft, _without_security, HEADER)
        actor = swap('soap:mustUnderstand="1"', 'soap:mustUnderstand="1" soap:actor="urn:other"')
        yield each.text(f"for-others-{service}", draft, actor, HEADER)
        case = "http://schemas.xmlsoap.org/soap/actor/NEXT"
        upper = swap('soap:mustUnderstand="1"', f'soap:mustUnderstand="1" soap:actor="{case}"')
        yield each.text(f"next-upper-{service}", draft, upper, HEADER)
        must = swap('soap:mustUnderstand="1"', 'soap:mustUnderstand="true"')
        yield each.text(f"must-understand-{service}", draft, must, HEADER, CLIENT)
        twelve = swap(
            "<wsse:Security ", f'<wsse:Security xmlns:s12="{SOAP[12]}" s12:role="{SOAP[12]}/role/next" '
        )
        yield each.text(f"role-of-12-{service}", draft, twelve, HEADER)
        yield each.text(f"comment-{service}", draft, swap("<wsu:Timestamp", "<!-- --><wsu:Timestamp"), HEADER)
        unknown = '<x:x xmlns:x="urn:x"/>'
        yield each.draft(f"unknown-child-{service}", of(draft, security_last=unknown), HEADER)
    nested = Row(row.id, "the Security header stands inside another block", WSS4J, "username", "username")
    wrap = lambda text: text.replace("<wsse:Security", '<x:x xmlns:x="urn:x"><wsse:Security').replace(  # noqa: E731
        "</wsse:Security>", "</wsse:Security></x:x>"
    )
    yield nested.text("wrapped", token, wrap, HEADER)
    body = f'<lab:echo xmlns:lab="{LAB}"><lab:text>{{}}</lab:text></lab:echo>'
    in_body = lambda text: _without_security(text).replace(  # noqa: E731
        f'<lab:whoAmI xmlns:lab="{LAB}"/>', body.format(_security(text))
    )
    yield nested.text("in-body", token, in_body, HEADER, CLIENT)
    none = Row("header-at-none", "a service without a token gets a Security header", "product", "none", "none")
    bare = f'<wsse:Security xmlns:wsse="{WSSE}"/>'
    yield none.draft("empty", lambda _pki: Message("none", headers_first=bare), HEADER, MUST)
    yield none.draft("username", lambda _pki: Message("username"), HEADER, MUST)
    yield none.draft("assertion", unsigned(20), HEADER, MUST)


def _without_security(text: str) -> str:
    return text.replace(_security(text), "")


def _security(text: str) -> str:
    start, end = text.index("<wsse:Security "), text.index("</wsse:Security>") + len("</wsse:Security>")
    return text[start:end]


def _ids() -> Iterator[Attack]:
    row = Row("ids", "one id for two elements, of one attribute or of two", "Somorovsky et al. 2012")
    attributes = {
        "wsu": f'xmlns:wsu="{WSU}" wsu:Id',
        "xml": "xml:id",
        "upper": "ID",
        "mixed": "Id",
        "lower": "id",
    }
    for name, attribute in attributes.items():
        for value in ("id-body", "TS-1", "SIG", "X509-1"):
            block = f'<x:x xmlns:x="urn:x" {attribute}="{value}"/>'
            for place in ("headers_first", "headers_last"):
                draft = of(SIGNED, **{place: block})
                yield row.draft(f"{name}-{value.lower()}-{place.partition('_')[2]}", draft, HEADER, CLIENT)

    def of_assertion(attribute: str):
        def draft(pki: Pki) -> Message:
            message = SIGNED(pki)
            return message.but(headers_first=f'<x:x xmlns:x="urn:x" {attribute}="{message.assertion_id}"/>')

        return draft

    for name, attribute in attributes.items():
        yield row.draft(f"{name}-assertion", of_assertion(attribute), HEADER)
    payload = f'<lab:whoAmI xmlns:lab="{LAB}" {{}}="{{}}"/>'
    for name, attribute in attributes.items():
        if name == "wsu":
            continue
        yield row.draft(
            f"payload-{name}-of-timestamp",
            of(SIGNED, body=payload.format(attribute, "TS-1")),
            HEADER,
            CLIENT,
        )
    two = of(SIGNED, body_attributes="", before=swap('wsu:Id="TS-1"', 'wsu:Id="TS-1" Id="TS-2"'))
    yield row.draft("two-of-one", of(two, refs=None, more_refs=(Ref("TS-2"),)), HEADER)
    yield row.text("not-a-name", SIGNED, lambda text: text.replace("id-body", "id body"), HEADER, CLIENT)
    yield row.text("long", SIGNED, lambda text: text.replace("id-body", "i" * 5000), HEADER)


def _actions() -> Iterator[Attack]:
    row = Row(
        "action", "the action promises another operation than the body", "WS-Attacker (SOAPAction spoofing)"
    )

    def spoofed(pki: Pki) -> Sent:
        return Sent(SIGNED(pki).build(NOW), headers={"soapaction": '"urn:lab:echo"'})

    yield row.build("soap-action", spoofed, CLIENT)
    wsa = '<wsa:Action xmlns:wsa="http://www.w3.org/2005/08/addressing">urn:lab:echo</wsa:Action>'
    yield row.draft("wsa-action", of(SIGNED, headers_first=wsa), CLIENT)
    victim = '<wsa:{0} xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>http://127.0.0.1:9/x</wsa:Address></wsa:{0}>'
    addressing = Row("reply-to", "the reply is to go to a victim", "WS-Attacker (WS-Addressing spoofing)")
    action = wsa.replace("urn:lab:echo", "urn:lab:whoami")
    for name in ("ReplyTo", "FaultTo"):
        draft = of(SIGNED, headers_first=action + victim.format(name))
        yield addressing.draft(
            name.lower(), draft, "OnlyAnonymousAddressSupported", "InvalidAddressingHeader", CLIENT
        )
