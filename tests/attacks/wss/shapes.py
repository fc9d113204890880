"""Signatures of strange shape: children doubled, added, commented; coverage that leaves out what matters."""

import re
from collections.abc import Iterator

from tests.attacks.wss.catalogue import CHECK, CLIENT, HEADER, TOKEN, Attack
from tests.attacks.wss.honest import Draft, by_both, by_sender, by_sts, unsigned
from tests.attacks.wss.rows import Row, of, swap
from tests.attacks.wss.transforms import SIGNED, STS
from tests.forge.keys import Pki
from tests.forge.message import BODY_ID, TIMESTAMP_ID, Message, named_key
from tests.forge.names import DS, EXC_C14N, WSSE11
from tests.forge.signing import Ref, Shape, signature_text

CRYPTO = "CVE-2025-29774, CVE-2025-29775"
COVERAGE = "CVE-2014-3623, CVE-2015-0227"
BSP = "BSP 1.1"
_STS_SERVICE = {"service": "saml20-sts", "honest": "saml20-sts", "tls_client": "sender"}


def shapes() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _doubled()
    yield from _objects()
    yield from _places()
    yield from _coverage()
    yield from _several_signers()
    yield from _missing()
    yield from _broken_where_none_is_asked()
    yield from _tampered()


def _layout(layout: str) -> Draft:
    return of(SIGNED, shape=Shape(layout=layout))


def _doubled() -> Iterator[Attack]:
    row = Row("doubled", "a part of the signature is there twice, so that two readers read two", CRYPTO)
    fake_info = (
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/><ds:SignatureMethod Algorithm='
        f'"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{Ref(BODY_ID, value="A" * 43 + "=").text(None)}'
        "</ds:SignedInfo>"
    )
    yield row.draft("signed-info-behind", _layout("{info}" + fake_info + "{value}{key_info}"), HEADER)
    yield row.draft("signed-info-last", _layout("{info}{value}{key_info}" + fake_info), HEADER)
    value = "<ds:SignatureValue>AAAA</ds:SignatureValue>"
    yield row.draft("value-before", _layout("{info}" + value + "{value}{key_info}"), HEADER)
    yield row.draft("value-behind", _layout("{info}{value}" + value + "{key_info}"), HEADER)
    yield row.draft("value-missing", _layout("{info}{key_info}"), HEADER)
    yield row.draft("key-info-twice", _layout("{info}{value}{key_info}{key_info}"), HEADER)
    yield row.draft("order", _layout("{value}{info}{key_info}"), HEADER)
    digest = "<ds:DigestValue>AAAA</ds:DigestValue>"

    def edited(variant, edit):
        shape = Shape(references=edit)
        return row.draft(variant, of(SIGNED, shape=shape), HEADER, CHECK)

    yield edited("digest-before", swap("<ds:DigestValue>", digest + "<ds:DigestValue>"))
    yield edited("digest-behind", swap("</ds:DigestValue>", "</ds:DigestValue>" + digest))
    yield edited(
        "digest-method", swap("<ds:DigestMethod ", '<ds:DigestMethod Algorithm="urn:x"/><ds:DigestMethod ')
    )
    yield edited("digest-child", swap("<ds:DigestValue>", "<ds:DigestValue><ds:x/>"))
    method = '<ds:SignatureMethod Algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1"/>'
    yield edited("method", lambda references: method + references)
    c14n = f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
    yield edited("c14n", lambda references: c14n + references)
    yield edited("unknown-in-signed-info", lambda references: references + "<ds:x/>")
    yield edited("text-in-signed-info", lambda references: "x" + references)

    comments = Row("comment-in-signature", "a comment splits a value, so that two readers read two", CRYPTO)
    places = {
        "digest": (r"<ds:DigestValue>(....)", r"<ds:DigestValue>\1<!--AAAA-->"),
        "digest-first": (r"<ds:DigestValue>", "<ds:DigestValue><!--AAAA-->"),
        "value": (r"<ds:SignatureValue>(....)", r"<ds:SignatureValue>\1<!--AAAA-->"),
        "signed-info": (r"<ds:SignedInfo>", "<ds:SignedInfo><!--AAAA-->"),
        "signature": (r"</ds:SignedInfo>", "</ds:SignedInfo><!--AAAA-->"),
        "key-info": (r"<ds:KeyInfo>", "<ds:KeyInfo><!--AAAA-->"),
    }
    for name, (pattern, new) in places.items():
        yield comments.text(name, SIGNED, _first(pattern, new), HEADER)
    sts = Row("comment-in-signature", comments.title, CRYPTO, **_STS_SERVICE)
    for name in ("digest", "value", "signed-info"):
        pattern, new = places[name]
        yield sts.text(f"sts-{name}", STS, _first(pattern, new), HEADER, TOKEN)
    instruction = Row("instruction", "a processing instruction splits a value", CRYPTO)
    yield instruction.text("digest", SIGNED, swap("<ds:DigestValue>", "<ds:DigestValue><?x?>"), CLIENT)
    yield instruction.text("name", SIGNED, swap(">ALICE<", ">ALI<?x?>CE<"), CLIENT)


def _first(pattern: str, new: str):
    """Return an edit of the first place where a pattern is found."""
    return lambda text: re.sub(pattern, new, text, count=1)


def _objects() -> Iterator[Attack]:
    row = Row(
        "object",
        "the signature has a ds:Object: a place to hide in, or a Manifest nobody checks",
        f"{BSP} R5403",
    )
    item = f'<ds:Reference URI="#{BODY_ID}"/>'
    contents = {
        "empty": "",
        "manifest": f"<ds:Manifest>{item * 3}</ds:Manifest>",
        "manifest-thousands": f"<ds:Manifest>{item * 5000}</ds:Manifest>",
        "properties": '<ds:SignatureProperties><ds:SignatureProperty Target="#SIG">x</ds:SignatureProperty>'
        "</ds:SignatureProperties>",
    }
    for name, content in contents.items():
        yield row.draft(name, _layout("{info}{value}{key_info}" + f"<ds:Object>{content}</ds:Object>"), HEADER)

    def by_manifest(pki: Pki) -> Message:
        """Sign a Manifest alone, which names the Body."""
        manifest = f'<ds:Manifest Id="MAN">{Ref(BODY_ID, value="A" * 43 + "=").text(None)}</ds:Manifest>'
        shape = Shape(layout="{info}{value}{key_info}" + f"<ds:Object>{manifest}</ds:Object>")
        ref = Ref(
            "MAN", value="A" * 43 + "=", uri='URI="#MAN" Type="http://www.w3.org/2000/09/xmldsig#Manifest"'
        )
        return SIGNED(pki).but(shape=shape, covers=("timestamp", "assertion"), more_refs=(ref,))

    yield row.draft("manifest-instead", by_manifest, HEADER)
    yield row.draft("unknown-child", _layout("{info}{value}{key_info}<x:x xmlns:x='urn:x'/>"), HEADER)
    yield row.draft("text", _layout("{info}x{value}{key_info}"), HEADER)


def _places() -> Iterator[Attack]:
    row = Row("signature-place", "a signature stands where none is expected", "Gajek et al. 2009")
    fake = f'<ds:Signature xmlns:ds="{DS}" Id="FAKE"><ds:SignedInfo/></ds:Signature>'
    spots = {
        "header": {"headers_last": fake},
        "body": {"body": f'<lab:echo xmlns:lab="urn:ims-gateway:lab"><lab:text>{fake}</lab:text></lab:echo>'},
        "wrapped": {"headers_first": f'<x:x xmlns:x="urn:x">{fake}</x:x>'},
        "second-first": {"security_first": fake},
        "second-last": {"security_last": fake},
    }
    for name, change in spots.items():
        yield row.draft(name, of(SIGNED, **change), HEADER, CLIENT)
    other = fake.replace(DS, "http://www.w3.org/2000/09/xmldsig").replace("FAKE", "F2")
    named = Row("signature-place", "an element named Signature in another namespace", "product")
    yield named.draft("other-namespace-besides", of(SIGNED, security_last=other), HEADER)
    yield named.text("other-namespace", SIGNED, lambda text: text.replace(DS + '"', DS[:-1] + '"'), HEADER)
    confirmation = f'<wsse11:SignatureConfirmation xmlns:wsse11="{WSSE11}" Value="AAAA"/>'
    yield Row("signature-confirmation", "a request confirms a signature, which replies do", BSP).draft(
        "request", of(SIGNED, security_last=confirmation), HEADER
    )


def _coverage() -> Iterator[Attack]:
    row = Row("coverage", "a good signature covers less than what is used", COVERAGE)
    parts = ("timestamp", "assertion", "body")
    for left in range(1, 7):
        covers = tuple(part for bit, part in enumerate(parts) if left >> bit & 1)
        if len(covers) == 3:
            continue
        for version in (11, 20):
            draft = by_sender(version, covers=covers)
            yield Row(row.id, row.title, row.source, f"saml{version}-one", f"saml{version}-one-str").draft(
                f"{'-'.join(covers)}-saml{version}", draft, CHECK, HEADER
            )
    harmless = '<x:x xmlns:x="urn:x" Id="harmless"/>'
    yield row.draft("harmless-header", of(SIGNED, headers_first=harmless, refs=(Ref("harmless"),)), CHECK)
    yield row.draft("token-alone", of(SIGNED, refs=(Ref("X509-1"),)), CHECK)
    yield row.draft(
        "payload",
        of(SIGNED, body=_named_payload(), covers=("timestamp", "assertion"), more_refs=(Ref("pay"),)),
        CHECK,
        HEADER,
    )
    yield row.draft(
        "envelope", of(SIGNED, envelope_attributes=' Id="env"', refs=(Ref("env"),)), CHECK, HEADER, CLIENT
    )

    def subject_only(pki: Pki) -> Message:
        message = SIGNED(pki)
        edit = swap("<saml2:Subject>", '<saml2:Subject Id="sub">')
        return message.but(before=edit, refs=(Ref("sub"), Ref(BODY_ID), Ref(TIMESTAMP_ID)))

    yield row.draft("subject-alone", subject_only, CHECK, HEADER, TOKEN)
    sts = Row("coverage", row.title, row.source, "saml20-sts-signed", "saml20-sts-signed")
    yield sts.draft("sts-signed-without-body", by_both(20, covers=("timestamp", "assertion")), CHECK)


def _named_payload() -> str:
    return '<lab:whoAmI xmlns:lab="urn:ims-gateway:lab" Id="pay"/>'


def _several_signers() -> Iterator[Attack]:
    row = Row(
        "two-signatures", "two signatures cover together what one must", "SAML Token Profile 1.1.1, 3.5.2"
    )

    def two(first: str, second: str) -> Draft:
        def draft(pki: Pki) -> Message:
            message = SIGNED(pki)
            other = getattr(pki, second)
            token, named = named_key(other, "bst")

            def add(text: str) -> str:
                text = text.replace(
                    "</wsse:Security>", f"{{{{two}}}}{token.replace('X509-1', 'X509-2')}</wsse:Security>"
                )
                refs = (Ref(BODY_ID),)
                return signature_text(
                    text, "{{two}}", refs, named.replace("X509-1", "X509-2"), other, Shape(id="SIG2")
                )

            return message.but(signed_by=getattr(pki, first), covers=("timestamp", "assertion"), after=add)

        return draft

    yield row.draft("one-sender", two("sender", "sender"), HEADER, CHECK)
    yield row.draft("two-senders", two("sender", "sender_ec"), HEADER, CHECK)
    yield row.draft("stranger-body", two("sender", "stranger"), HEADER, CHECK)


def _missing() -> Iterator[Attack]:
    row = Row("downgrade", "the signature that the service asks for is not there", "McIntosh, Austel 2005")
    for version in (11, 20):
        for name in ("one", "chain", "any", "sts", "either"):
            honest = {"one": "one-str", "either": "either-sts"}.get(name, name)
            service = Row(
                row.id, row.title, row.source, f"saml{version}-{name}", f"saml{version}-{honest}", "sender"
            )
            yield service.draft(f"saml{version}-{name}", unsigned(version), HEADER)
    only = Row(row.id, "there is a signature, and not the one that is asked for", row.source)
    yield only.draft("sts-for-sender", by_sts(20), HEADER)
    sts = Row(row.id, only.title, row.source, **_STS_SERVICE)
    yield sts.draft("sender-for-sts", by_sender(20), HEADER)
    both = Row(row.id, only.title, row.source, "saml20-sts-signed", "saml20-sts-signed", "sender")
    yield both.draft("sts-without-sender", by_sts(20), HEADER)
    yield both.draft("sender-without-sts", by_sender(20), HEADER)
    removed = Row(row.id, "the signature is cut out of an honest message", row.source)
    cut = re.compile(r"<ds:Signature .*?</ds:Signature>")
    yield removed.text("removed", SIGNED, lambda text: cut.sub("", text), HEADER)
    sts_removed = Row(row.id, removed.title, row.source, **_STS_SERVICE)
    yield sts_removed.text("removed-sts", STS, lambda text: cut.sub("", text), HEADER)


def _broken_where_none_is_asked() -> Iterator[Attack]:
    row = Row(
        "ignored-signature", "a signature is there, is not asked for, and does not verify", "SAML Token Profile"
    )
    user = swap(">ALICE<", ">BOB<")
    for service in ("saml20-mtls", "saml20-network"):
        each = Row(row.id, row.title, row.source, service, service, "sender")
        name = service.partition("-")[2]
        yield each.text(f"sender-{name}", SIGNED, user, CHECK)
        yield each.text(f"sts-{name}", STS, user, CHECK)
        yield each.draft(f"hmac-{name}", of(SIGNED, shape=Shape(f"{DS}hmac-sha1")), "UnsupportedAlgorithm")
    sts = Row(row.id, row.title, row.source, "saml20-sts", "saml20-sts-both", "sender")
    yield sts.text("body-at-sts", by_both(20), swap('">' + "ALICE", '">' + "BOB"), CHECK)
    yield sts.text("timestamp-at-sts", by_both(20), swap("11:59:59", "11:59:58"), CHECK)
    one = Row(row.id, row.title, row.source, honest="saml20-one-both")
    resigned = by_both(20)
    yield one.draft("sts-at-sender", of(resigned, between=swap(">ALICE<", ">BOB<")), CHECK)


def _other_first(name):
    """Return an edit that changes the first character of an element's text."""

    def changed(match):
        return match[1] + ("B" if match[2] == "A" else "A")

    return lambda text: re.sub(f"(<ds:{name}>)(.)", changed, text, count=1)


def _tampered() -> Iterator[Attack]:
    row = Row("tampered", "one byte of what is signed is changed", "XML Signature 1.1", honest="saml20-one-str")
    edits = {
        "body": swap("<lab:whoAmI ", "<lab:notify "),
        "body-attribute": swap('wsu:Id="id-body"', 'wsu:Id="id-body" xmlns:x="urn:x" x:a="b"'),
        "body-text": swap("</soap:Body>", " </soap:Body>"),
        "user": swap(">ALICE<", ">BOB<"),
        "user-case": swap(">ALICE<", ">ALICe<"),
        "issuer": swap("https://sts.forge.test", "https://sts.forge.tesT"),
        "end": swap('NotOnOrAfter="2026-11-22T12:05', 'NotOnOrAfter="2026-11-22T12:06'),
        "timestamp": swap("12:05:00.000Z</wsu:Expires>", "12:06:00.000Z</wsu:Expires>"),
        "digest": _other_first("DigestValue"),
        "value": _other_first("SignatureValue"),
        "prefix": lambda text: text.replace("lab:", "lab2:").replace("xmlns:lab=", "xmlns:lab2="),
    }
    for version in (11, 20):
        each = Row(row.id, row.title, row.source, f"saml{version}-one", f"saml{version}-one-str")
        for name, edit in edits.items():
            codes = (CHECK, "FailedAuthentication") if name == "issuer" else (CHECK,)
            yield each.text(f"{name}-saml{version}", by_sender(version), edit, *codes)
        sts = Row(row.id, row.title, row.source, f"saml{version}-sts", f"saml{version}-sts", "sender")
        for name in ("user", "end", "digest", "value"):
            yield sts.text(f"sts-{name}-saml{version}", by_sts(version), edits[name], CHECK)
