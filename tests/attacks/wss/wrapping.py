"""Signature wrapping: what was signed is somewhere in the message, and something else is where it is used."""

from collections.abc import Callable, Iterator
from functools import partial

from lxml import etree

from tests.attacks.wss.catalogue import (
    CHECK,
    CLIENT,
    HEADER,
    NOW,
    UNAVAILABLE,
    Attack,
    Build,
    Sent,
    faults,
)
from tests.attacks.wss.honest import WSA, by_sender, signed_addressing
from tests.forge.keys import Pki
from tests.forge.message import BODY_ID, TIMESTAMP_ID, Message
from tests.forge.names import DS, LAB, SOAP, WSU
from tests.forge.surgery import Surgery, after, before, clone, replace, with_id

MCINTOSH = "McIntosh, Austel 2005"
GRUSCHKA = "Gruschka, Lo Iacono 2009"
GAJEK = "Gajek et al. 2009"
CLOUD = "Somorovsky et al. 2011"
NONE = {11: "urn:nobody", 12: f"{SOAP[12]}/role/none"}
NEXT = {11: "http://schemas.xmlsoap.org/soap/actor/next", 12: f"{SOAP[12]}/role/next"}

Operation = Callable[[Surgery], None]


def operated(draft: Callable[[Pki], Message], *operations: Operation, tls_client: str = "") -> Build:
    """Return what builds an honest message and changes it when it is signed."""

    def build(pki: Pki) -> Sent:
        message = draft(pki)
        surgery = Surgery(message.build(NOW))
        for operation in operations:
            operation(surgery)
        return Sent(surgery.bytes(), message.soap, tls_client)

    return build


def wrapping() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _bodies()
    yield from _timestamps()
    yield from _headers()
    yield from _order()
    yield from _optional()


def attack(
    name: str,
    variant: str,
    title: str,
    source: str,
    build: Build,
    *codes: str,
    version: int = 20,
    soap: int = 11,
) -> Attack:
    honest = f"saml{version}-one-str" + ("-12" if soap == 12 else "")
    return Attack(name, variant, title, source, f"saml{version}-one", honest, build, faults(*codes))


# -- W1, W2: the body -----------------------------------------------------------------------------------------


def evil_body(surgery: Surgery, body_id: str | None) -> None:
    """Put another Body in place; the genuine one is left to whoever asks for it."""
    forged = clone(surgery.body)
    forged[0].tag = f"{{{LAB}}}echo"
    for attribute in list(forged.attrib):
        del forged.attrib[attribute]
    if body_id:
        forged.set(f"{{{WSU}}}Id", body_id)
    replace(surgery.body, forged)


def _body_into(place: str, body_id: str | None, surgery: Surgery) -> None:
    """Move the genuine Body into the Header."""
    evil_body(surgery, body_id)
    role = NEXT if place == "header-next" else NONE
    which = 12 if "2003" in surgery.soap else 11
    if place.startswith("header"):
        wrapper = surgery.wrapper(must="0") if place == "header" else surgery.wrapper(actor=role[which])
        surgery.header.append(wrapper)
    elif place == "first-header":
        wrapper = surgery.wrapper()
        surgery.header.insert(0, wrapper)
    elif place == "security":
        wrapper = surgery.wrapper()
        surgery.security.append(wrapper)
    elif place == "security-itself":
        wrapper = surgery.security
    elif place == "header-itself":
        wrapper = surgery.header
    else:
        wrapper = clone(surgery.wrapper(f"{{{DS}}}Object"))
        surgery.signature.append(wrapper)
    wrapper.append(surgery.body)


def _bodies() -> Iterator[Attack]:
    places = ("header", "header-none", "header-next", "first-header", "security", "security-itself", "object")
    title = "the signed Body is moved into a wrapper, and another Body stands in its place"
    for version, soap in ((11, 11), (20, 11), (20, 12)):
        for place in places:
            for body_id, kind in ((None, "no-id"), ("id-other", "other-id")):
                variant = f"{place}-{kind}-saml{version}-soap{soap}"
                build = operated(by_sender(version, soap=soap), partial(_body_into, place, body_id))
                yield attack("w1", variant, title, MCINTOSH, build, CHECK, HEADER, version=version, soap=soap)
            build = operated(by_sender(version, soap=soap), partial(_body_into, place, BODY_ID))
            yield attack(
                "w2",
                f"{place}-saml{version}-soap{soap}",
                "the same, and both Bodies have the same id",
                CLOUD,
                build,
                HEADER,
                version=version,
                soap=soap,
            )
    build = operated(by_sender(20), partial(_body_into, "header-itself", None))
    yield attack("w1", "header-itself", title, MCINTOSH, build, CLIENT, CHECK, HEADER)


# -- W3: the Timestamp ----------------------------------------------------------------------------------------


def _fresh_timestamp(place: str, stamp_id: str | None, surgery: Surgery) -> None:
    forged = with_id(clone(surgery.timestamp), stamp_id)
    forged[0].text, forged[1].text = "2026-11-22T12:00:00Z", "2026-11-22T12:04:00Z"
    replace(surgery.timestamp, forged)
    if place == "header":
        wrapper = surgery.wrapper()
        surgery.header.append(wrapper)
    elif place == "security":
        wrapper = surgery.wrapper()
        surgery.security.append(wrapper)
    else:
        wrapper = surgery.another_security("urn:somebody")
        surgery.header.append(wrapper)
    wrapper.append(surgery.timestamp)


def _timestamps() -> Iterator[Attack]:
    title = "the signed Timestamp is moved away, and a fresh one stands in its place"
    for place in ("header", "security", "other-security"):
        for stamp_id, kind in ((None, "no-id"), ("TS-2", "other-id"), (TIMESTAMP_ID, "same-id")):
            build = operated(by_sender(20), partial(_fresh_timestamp, place, stamp_id))
            codes = (HEADER,) if kind == "same-id" else (CHECK, HEADER)
            yield attack("w3", f"{place}-{kind}", title, GRUSCHKA, build, *codes)

    def two(surgery: Surgery) -> None:
        forged = with_id(clone(surgery.timestamp), "TS-2")
        before(surgery.timestamp, forged)

    yield attack(
        "w3",
        "two",
        "a fresh Timestamp stands beside the signed one",
        GRUSCHKA,
        operated(by_sender(20), two),
        HEADER,
    )


# -- W4: headers ----------------------------------------------------------------------------------------------


def _header_away(local: str, header_id: str | None, surgery: Surgery) -> None:
    genuine = surgery.header.find(f"{{{WSA}}}{local}")
    forged = with_id(clone(genuine), header_id)
    forged.text = "urn:lab:echo" if local == "Action" else "https://gateway.example/other"
    replace(genuine, forged)
    wrapper = surgery.wrapper()
    surgery.header.append(wrapper)
    wrapper.append(genuine)


def _headers() -> Iterator[Attack]:
    for local in ("Action", "To"):
        for header_id, kind in ((None, "no-id"), (f"id-{local.lower()}", "same-id")):
            build = operated(signed_addressing, partial(_header_away, local, header_id))
            yield Attack(
                "w4",
                f"{local.lower()}-{kind}",
                "a signed WS-Addressing header is moved away, and another stands in its place",
                MCINTOSH,
                "saml20-one",
                "saml20-addressing",
                build,
                faults(HEADER) if kind == "same-id" else faults(CHECK, CLIENT, HEADER),
            )

    def added(surgery: Surgery) -> None:
        reply = etree.SubElement(surgery.header, f"{{{WSA}}}ReplyTo")
        etree.SubElement(reply, f"{{{WSA}}}Address").text = f"{WSA}/anonymous"

    yield Attack(
        "w4",
        "added",
        "an unsigned WS-Addressing header is added to signed ones",
        MCINTOSH,
        "saml20-one",
        "saml20-addressing",
        operated(signed_addressing, added),
        faults(CHECK),
    )


# -- W5, W6, W7: order, optional elements, other headers ------------------------------------------------------


def _two_bodies(how: str, surgery: Surgery) -> None:
    forged = clone(surgery.body)
    for attribute in list(forged.attrib):
        del forged.attrib[attribute]
    if how == "other-namespace":
        forged.tag = "{urn:other}Body"
    (after if how == "behind" else before)(surgery.body, forged)


def _order() -> Iterator[Attack]:
    for how in ("before", "behind", "other-namespace"):
        build = operated(by_sender(20), partial(_two_bodies, how))
        yield attack("w5", how, "a second Body stands beside the signed one", GAJEK, build, CLIENT)

    def header_behind(surgery: Surgery) -> None:
        surgery.root.append(surgery.header)

    def two_headers(surgery: Surgery) -> None:
        before(surgery.header, clone(surgery.header))

    build = operated(by_sender(20), header_behind)
    yield attack("w5", "header-behind", "the Header stands behind the Body", GAJEK, build, CLIENT)
    build = operated(by_sender(20), two_headers)
    yield attack("w5", "two-headers", "there are two Headers", GAJEK, build, CLIENT)


def _optional() -> Iterator[Attack]:
    title = "the signed Timestamp goes under the header of another actor, so that ours has none"

    def gone(actor: str, surgery: Surgery) -> None:
        other = surgery.another_security(actor)
        surgery.header.append(other)
        other.append(surgery.timestamp)

    for soap, name in ((11, "nobody"), (12, "none")):
        build = operated(by_sender(20, soap=soap), partial(gone, NONE[soap]))
        yield attack("w6", f"{name}-soap{soap}", title, MCINTOSH, build, HEADER, CHECK, soap=soap)
    for soap in (11, 12):
        build = operated(by_sender(20, soap=soap), partial(gone, NEXT[soap]))
        yield attack("w6", f"next-soap{soap}", title, MCINTOSH, build, HEADER, soap=soap)

    def removed(surgery: Surgery) -> None:
        surgery.security.remove(surgery.timestamp)

    build = operated(by_sender(20), removed)
    yield attack(
        "w6", "removed", "the signed Timestamp is taken away", MCINTOSH, build, HEADER, UNAVAILABLE, CHECK
    )


# -- W8: namespaces and XPath ---------------------------------------------------------------------------------


# -- W9: the STR ----------------------------------------------------------------------------------------------


# -- W10: elements that may hold anything ---------------------------------------------------------------------
