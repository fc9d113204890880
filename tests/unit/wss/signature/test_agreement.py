"""Three judges that share no code but libxml2: libxmlsec, signxml and ours, on messages that each can judge.

And whatever is done to a message, ours ends in a verdict.
"""

import random

import xmlsec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.exceptions import InvalidSignature
from signxml.verifier import SignatureConfiguration, XMLVerifier
from zeep.wsse.signature import BinarySignature, Signature

from gateway.errors import GatewayError
from gateway.safexml import Bounds, parse
from tests.fixtures.certificates import NOW
from tests.unit.wss.signature.making import (
    ASSERTION,
    DS,
    RSA_SHA256,
    SHA256,
    SOAP,
    TIMESTAMP,
    WSSE,
    WSU,
    Hand,
    binary_token,
    by_hand,
    by_xmlsec,
    envelope,
    judged,
    pem,
    signer,
    template,
    xmlsec_verifies,
)
from tests.unit.wss.signature.test_canonical import elements

HOLDER = signer()
ANY = settings(max_examples=60)


def signxml_verifies(message: bytes, references: int) -> bool:
    """Ask signxml; it does not understand this KeyInfo, so the key is handed in."""
    try:
        XMLVerifier().verify(
            message,
            x509_cert=HOLDER.pem.decode(),
            expect_config=SignatureConfiguration(
                location=".//", expect_references=references, verification_time=NOW
            ),
        )
    except InvalidSignature:
        return False
    return True


def body(content):
    return f'<s:Body xmlns:s="{SOAP}" xmlns:u="{WSU}" u:Id="body">{content}</s:Body>'


def signed(content):
    uris = ("#body", "#stamp", "#saml")
    message = envelope(binary_token(HOLDER.der), TIMESTAMP, ASSERTION, template(uris=uris), body=body(content))
    return by_xmlsec(message, HOLDER.key)


@ANY
@given(elements())
def test_all_three_accept_what_libxmlsec_signs(content):
    message = signed(content)
    found = judged(message)
    assert found.refusal is None, found.trail.findings[-1]
    assert xmlsec_verifies(message, HOLDER)
    assert signxml_verifies(message, 3)


def change(root, draw):
    """Do one thing to one node inside a signed part."""
    parts = [*root[1].iter("*"), *root[0][0][1].iter("*"), *root[0][0][2].iter("*")]
    node = parts[draw(st.integers(0, len(parts) - 1))]
    kind = draw(st.sampled_from(["text", "tail", "attribute", "name", "child", "remove", "move"]))
    if kind == "text":
        node.text = (node.text or "") + draw(st.sampled_from(["x", " ", "é"]))
    elif kind == "tail" and node not in (root[1], *root[0][0]):
        node.tail = (node.tail or "") + "y"
    elif kind == "attribute":
        node.set(draw(st.sampled_from(["new", "{urn:z}new"])), "1")
    elif kind == "name" and node is not root[1]:
        node.tag = "{urn:z}renamed"
    elif kind == "remove" and node not in (root[1], *root[0][0]):
        node.getparent().remove(node)
    elif kind == "move" and node not in (root[1], *root[0][0]):
        root[1].append(node)
    else:
        etree.SubElement(node, "child")


@ANY
@given(elements(), st.data())
def test_all_three_agree_on_what_was_altered(content, data):
    message = signed(content)
    root = etree.fromstring(message)  # noqa: TID251
    before = [
        etree.tostring(part, method="c14n", exclusive=True) for part in (root[1], root[0][0][1], root[0][0][2])
    ]
    change(root, data.draw)
    altered = etree.tostring(root)
    again = etree.fromstring(altered)  # noqa: TID251
    after = [
        etree.tostring(part, method="c14n", exclusive=True)
        for part in (again[1], again[0][0][1], again[0][0][2])
    ]
    same = before == after
    found = judged(altered)
    assert (found.refusal is None) is same
    if found.refusal is not None and found.rule == "signature.target":
        return  # an ID went; the others say so in other ways
    assert xmlsec_verifies(altered, HOLDER) is same
    assert signxml_verifies(altered, 3) is same


@ANY
@given(elements())
def test_what_is_only_written_otherwise_is_accepted_by_all(content):
    root = etree.fromstring(signed(content))  # noqa: TID251
    root[0].text = "\n  "
    root[0][0].append(etree.Comment(" between the parts "))
    message = etree.tostring(root, encoding="UTF-16")
    assert judged(message).refusal is None


# -- zeep -----------------------------------------------------------------------------------------------------


def zeep_signs(kind, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_bytes(pem(HOLDER.key))
    certificate.write_bytes(HOLDER.pem)
    plugin = kind(
        str(key),
        str(certificate),
        signature_method=xmlsec.Transform.RSA_SHA256,
        digest_method=xmlsec.Transform.SHA256,
    )
    root = etree.fromstring(envelope(TIMESTAMP, ASSERTION))  # noqa: TID251
    made, _ = plugin.apply(root, {})
    return etree.tostring(made)


def test_what_zeep_signs_is_accepted_and_its_altered_sibling_is_not(tmp_path):
    for kind in (Signature, BinarySignature):
        message = zeep_signs(kind, tmp_path)
        assert RSA_SHA256.encode() in message
        assert SHA256.encode() in message
        found = judged(message)
        assert found.refusal is None, found.trail.findings[-1]
        assert sorted(found.words) == ["Body", "Timestamp"]
        assert found.located.certificates == (HOLDER.certificate,)
        assert judged(message.replace(b">one &amp;", b">two &amp;")).rule == "signature.digests"


# -- whatever comes -------------------------------------------------------------------------------------------

MESSAGE = by_hand(Hand(HOLDER))
LETTERS = b"<>/\"'=&#; ABCxyz019:-+\xc3\xa9"


def judged_or_malformed(message: bytes):
    """Judge what gets past the parser; anything but a verdict is an error of ours."""
    try:
        root = parse(message, Bounds())
    except GatewayError:
        return None
    return judged(message) if root.find(f".//{{{WSSE}}}Security/{{{DS}}}Signature") is not None else None


@settings(max_examples=300)
@given(st.integers(0, len(MESSAGE) - 1), st.integers(0, 40), st.binary(max_size=12))
def test_any_bytes_anywhere_end_in_a_verdict(place, length, put):
    judged_or_malformed(MESSAGE[:place] + put + MESSAGE[place + length :])


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_any_letters_in_the_signature_end_in_a_verdict(chance: random.Random):
    start, end = MESSAGE.index(b"<ds:Signature "), MESSAGE.index(b"</ds:Signature>")
    message = bytearray(MESSAGE)
    for _ in range(chance.randint(1, 3)):
        message[chance.randint(start, end)] = chance.choice(LETTERS)
    found = judged_or_malformed(bytes(message))
    assert found is None or found.refusal is not None or bytes(message) == MESSAGE or same_values(message)


def same_values(message):
    """Whether only the spelling changed: a quote for the other, white space in a value."""
    one, other = (etree.fromstring(bytes(text)) for text in (MESSAGE, message))  # noqa: TID251
    signature = f"{{{DS}}}Signature"
    texts = [
        [
            ("".join((node.text or "").split()), sorted(node.items()))
            for node in root.find(f".//{signature}").iter()
        ]
        for root in (one, other)
    ]
    return texts[0] == texts[1]


@settings(max_examples=200)
@given(st.data())
def test_any_move_of_nodes_ends_in_a_verdict_and_never_in_more_than_was_signed(data):
    root = etree.fromstring(MESSAGE)  # noqa: TID251
    for _ in range(data.draw(st.integers(1, 3))):
        nodes = list(root.iter("*"))[1:]
        node, place = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
        if place is node or node in place.iterancestors():
            continue
        place.insert(data.draw(st.integers(0, 3)), node)
    security = root.find(".//{*}Security")
    if security is None or security.find(f"{{{DS}}}Signature") is None:
        return
    message = etree.tostring(root)
    found = judged(message)
    if found.refusal is None:
        assert xmlsec_verifies(message, HOLDER)
        canonical = [
            etree.tostring(part, method="c14n", exclusive=True).decode() for part in found.covered.elements
        ]
        assert canonical == [reference.octets for reference in Hand(HOLDER).references]
