"""Wrapping by headers of others, XPath, token references and elements that may hold anything."""

from collections.abc import Iterator
from functools import partial

from lxml import etree

from tests.attacks.wss.catalogue import (
    ALGORITHM,
    CHECK,
    CLIENT,
    HEADER,
    KIND,
    NOW,
    TOKEN,
    UNAVAILABLE,
    Attack,
    Sent,
)
from tests.attacks.wss.honest import by_sender
from tests.attacks.wss.wrapping import CLOUD, GAJEK, NEXT, attack, operated
from tests.forge.keys import Pki
from tests.forge.message import BODY_ID, STR_ID, Message, saml_str
from tests.forge.names import DS, EXC_C14N, SAML1, SOAP, WSSE
from tests.forge.signing import Ref, by_id, canonical, transforms
from tests.forge.surgery import Surgery, after, before, clone, replace, with_id, with_user


def redirecting() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _other_security()
    yield from _xpath()
    yield from _redirected()
    yield from _hidden()


def _other_security() -> Iterator[Attack]:
    title = "a second Security header brings another assertion"

    def second(actor: str, first: bool, assertion_id: str | None, surgery: Surgery) -> None:
        other = surgery.another_security(actor)
        other.append(with_id(with_user(clone(surgery.assertion), "BOB"), assertion_id))
        (before if first else after)(surgery.security, other)

    for version in (11, 20):
        for actor, name in (("", "none"), (NEXT[11], "next"), ("urn:somebody", "other")):
            for first in (True, False):
                variant = f"{name}-{'before' if first else 'behind'}-saml{version}"
                build = operated(by_sender(version), partial(second, actor, first, "_evil"))
                yield attack("w7", variant, title, GAJEK, build, HEADER, version=version)
        build = operated(by_sender(version), partial(second, "urn:somebody", True, None))
        yield attack("w7", f"other-no-id-saml{version}", title, GAJEK, build, HEADER, version=version)

    def genuine_away(surgery: Surgery) -> None:
        other = surgery.another_security("urn:somebody")
        after(surgery.security, other)
        forged = with_id(with_user(clone(surgery.assertion), "BOB"), "_evil")
        replace(surgery.assertion, forged)
        other.append(surgery.assertion)

    build = operated(by_sender(20), genuine_away)
    title = "the signed assertion goes into the header of another actor, ours has a forged one"
    yield attack("w7", "genuine-away", title, GAJEK, build, HEADER, UNAVAILABLE, CHECK)


def _xpath() -> Iterator[Attack]:
    """A sender signs by XPath; a receiver that takes it may look for the wrong element."""
    expressions = {
        "xpath": '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath xmlns:soap='
        f'"{SOAP[11]}">ancestor-or-self::soap:Body</ds:XPath></ds:Transform>',
        "filter2": '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><f:XPath xmlns:f='
        f'"http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect" xmlns:soap="{SOAP[11]}">'
        "//soap:Body</f:XPath></ds:Transform>",
    }
    for name, transform in expressions.items():
        for uri, kind in (('URI=""', "whole"), (f'URI="#{BODY_ID}"', "id")):
            ref = Ref("", transforms(transform, EXC_C14N), _body_octets, uri=uri)
            build = operated(by_sender(20, covers=("timestamp", "assertion"), more_refs=(ref,)))
            title = "the Body is found by XPath, whose prefixes others bind"
            yield attack("w8", f"{name}-{kind}", title, GAJEK, build, ALGORITHM, HEADER)


def _body_octets(root):
    return canonical(by_id(root, BODY_ID))


def _redirected() -> Iterator[Attack]:
    title = "the STR leads to the signed assertion, which is elsewhere; ours is forged"
    for version in (11, 20):
        for place in ("header", "security", "object", "other-security"):
            for kind in ("other-id", "same-id", "no-id"):
                build = operated(by_sender(version), partial(_away, place, kind))
                variant = f"{place}-{kind}-saml{version}"
                yield attack("w9", variant, title, CLOUD, build, HEADER, CHECK, UNAVAILABLE, version=version)

    def two_strs(surgery: Surgery) -> None:
        forged = with_id(with_user(clone(surgery.assertion), "BOB"), "_evil")
        before(surgery.assertion, forged)
        other = clone(surgery.str)
        other[0].text = "_evil"
        before(surgery.str, other)

    build = operated(by_sender(20), two_strs)
    yield attack("w9", "two-strs", "two STRs with one id lead to two assertions", CLOUD, build, HEADER)

    def retargeted(surgery: Surgery) -> None:
        forged = with_id(with_user(clone(surgery.assertion), "BOB"), "_evil")
        replace(surgery.assertion, forged)
        surgery.str[0].text = "_evil"

    build = operated(by_sender(20), retargeted)
    title = "the STR, whose own text is not signed, is led to a forged assertion"
    yield attack("w9", "retargeted", title, CLOUD, build, CHECK)

    def str_to_str(pki: Pki) -> Message:
        strs = saml_str(20, "STR-2", direct=True)
        return by_sender(20, fresh_id="_f", str_xml=strs + saml_str(20, "_f", "STR-2"))(pki)

    title = "an STR leads to another STR, which leads to the assertion"
    yield attack("w9", "str-to-str", title, CLOUD, operated(str_to_str), HEADER, CHECK, UNAVAILABLE)

    def loop(pki: Pki) -> Sent:
        message = by_sender(20)(pki)
        text = message.build(NOW).decode()
        looped = text.replace(
            f">{message.assertion_id}</wsse:KeyIdentifier>", f">{STR_ID}</wsse:KeyIdentifier>"
        )
        return Sent(looped.encode())

    title = "an STR leads to an STR, round and round"
    yield attack("w9", "loop", title, "WSS4J testRecursiveKeyReferencesDOS", loop, HEADER, CHECK, UNAVAILABLE)


def _away(place: str, kind: str, surgery: Surgery) -> None:
    """Put a forged assertion in place and the genuine one somewhere else."""
    genuine_id = surgery.assertion.get("ID") or surgery.assertion.get("AssertionID")
    forged_id = {"other-id": "_evil", "same-id": genuine_id, "no-id": None}[kind]
    replace(surgery.assertion, with_id(with_user(clone(surgery.assertion), "BOB"), forged_id))
    if place == "header":
        wrapper = surgery.wrapper()
        surgery.header.append(wrapper)
    elif place == "security":
        wrapper = surgery.wrapper()
        surgery.security.append(wrapper)
    elif place == "object":
        wrapper = etree.SubElement(surgery.signature, f"{{{DS}}}Object")
    else:
        wrapper = surgery.another_security("urn:somebody")
        surgery.header.append(wrapper)
    wrapper.append(surgery.assertion)


def _hidden() -> Iterator[Attack]:
    title = "the signed assertion hides in an element that may hold anything; ours is forged"
    places = {
        "object": (HEADER, CHECK),
        "key-info": (HEADER, KIND),
        "embedded": (HEADER, KIND),
        "advice": (HEADER, TOKEN),
        "confirmation-data": (HEADER, TOKEN),
        "attribute-value": (HEADER, TOKEN),
        "body": (HEADER, CHECK, CLIENT),
        "bst": (HEADER, TOKEN),
    }
    for version in (11, 20):
        for place, codes in places.items():
            build = operated(by_sender(version), partial(_hide, place))
            yield attack("w10", f"{place}-saml{version}", title, CLOUD, build, *codes, version=version)


def hiding_place(forged, place):
    """Return a new element inside a forged assertion that may hold another; itself for "straight"."""
    namespace = etree.QName(forged).namespace

    def under(parent, *names):
        for name in names:
            parent = etree.SubElement(parent, f"{{{namespace}}}{name}")
        return parent

    if place == "advice":
        advice = etree.Element(f"{{{namespace}}}Advice")
        after(forged.find(f"{{{namespace}}}Conditions"), advice)
        return advice
    if place == "confirmation-data":
        return under(next(forged.iter(f"{{{namespace}}}SubjectConfirmation")), "SubjectConfirmationData")
    if place == "attribute-value":
        statement = under(forged, "AttributeStatement")
        if namespace == SAML1:
            statement.append(clone(next(forged.iter(f"{{{SAML1}}}Subject"))))
        attribute = under(statement, "Attribute")
        old = {"AttributeName": "a", "AttributeNamespace": "urn:a"}
        attribute.attrib.update(old if namespace == SAML1 else {"Name": "a"})
        return under(attribute, "AttributeValue")
    return forged


def _hide(place, surgery):
    forged = with_id(with_user(clone(surgery.assertion), "BOB"), "_evil")
    replace(surgery.assertion, forged)
    if place == "object":
        wrapper = etree.SubElement(surgery.signature, f"{{{DS}}}Object")
    elif place == "key-info":
        wrapper = surgery.signature.find(f"{{{DS}}}KeyInfo")
    elif place == "embedded":
        wrapper = etree.SubElement(surgery.str, f"{{{WSSE}}}Embedded")
    elif place == "body":
        wrapper = surgery.body[0]
    elif place == "bst":
        wrapper = surgery.security.find(f"{{{WSSE}}}BinarySecurityToken")
    else:
        wrapper = hiding_place(forged, place)
    wrapper.append(surgery.assertion)
