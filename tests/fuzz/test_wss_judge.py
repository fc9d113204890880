"""The judge tells of any message what it thinks, and raises nothing: IMSGW_FUZZ_EXAMPLES messages of each kind.

Here the genuine signer signs what is strange, so that what comes after the cryptography is tried too.
"""

import base64
import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.wss.policy import SignedBy, Trust
from tests.forge.message import Message, binary_token, key_info, pki_path, reference, x509_data
from tests.forge.names import PKI_PATH, SAML1, SAML2
from tests.forge.signing import Shape, tree
from tests.fuzz import wss_moves
from tests.fuzz.wss_cases import ASSERTIONS, NOW, Seeds, signed_parts

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
DRAWN = min(EXAMPLES, 10_000)  # Hypothesis remembers what it drew
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


@pytest.fixture(scope="module")
def seeds():
    return Seeds()


@pytest.fixture(scope="module")
def judges(seeds):
    """Seeds by name; they have policy, keys and a way to be asked."""
    return {seed.name: seed for seed in seeds.all}


def named_users(data):
    root = tree(data)
    names = root.iter(f"{{{SAML1}}}NameIdentifier", f"{{{SAML2}}}NameID")
    return {"".join(name.itertext()).strip(" \t\r\n") for name in names}


def test_what_a_genuine_sender_signs_is_judged_whatever_it_looks_like(seeds, judges):
    choose = random.Random(SEED)
    accepted = 0

    def strange(text):
        root = tree(text)
        for _ in range(choose.choice(wss_moves.COUNTS)):
            choose.choice(wss_moves.MOVES)(choose, root)
        return etree.tostring(root, encoding="unicode")

    for _ in range(EXAMPLES):
        version, form = choose.choice((11, 20)), choose.choice(("str", "direct"))
        message = Message(f"saml{version}", signed_by=seeds.pki.sender, reference=form, before=strange)
        try:
            data = message.build(NOW)
        except (LookupError, ValueError, etree.LxmlError):
            continue  # what is to be signed, or the place of the signature, is gone
        verdict, _ = judges[f"saml{version}-plain-{form}"].judged(data, known=False)
        if verdict is not None and verdict.claims is not None:
            accepted += 1
            assert signed_parts(data, body=True)
            assert verdict.claims.user in named_users(data)
    assert accepted


def test_references_that_a_genuine_sender_signs_are_judged_whatever_they_look_like(seeds, judges):
    choose = random.Random(SEED)
    outcomes = set()

    def strange(references):
        data = references.encode()
        for _ in range(choose.randint(1, 3)):
            data = choose.choice((wss_moves.cut, wss_moves.declare, wss_moves.rewrite))(choose, data)
        return data.decode("utf-8", "replace")

    for _ in range(EXAMPLES):
        version = choose.choice((11, 20))
        message = Message(f"saml{version}", signed_by=seeds.pki.sender, shape=Shape(references=strange))
        try:
            data = message.build(NOW)
        except (LookupError, ValueError, etree.LxmlError):
            continue
        verdict, _ = judges[f"saml{version}-plain-str"].judged(data, known=False)
        if verdict is not None:
            outcomes.add(verdict.findings[-1].rule.id)
            if verdict.claims is not None:
                assert signed_parts(data, body=True)
    assert len(outcomes) > 3


def spoiled(choose, octets):
    """Return DER with some bytes changed, cut out or doubled."""
    data = bytearray(octets)
    for _ in range(choose.choice((1, 1, 2, 5))):
        start = choose.randrange(len(data))
        kind = choose.randrange(4)
        if kind < 2:
            data[start] = choose.choice((0, 0xFF, 0x30, 0x80, data[start] ^ (1 << choose.randrange(8))))
        elif kind == 2:
            del data[start : start + choose.choice((1, 2, 20))]
        else:
            data[start:start] = data[start : start + choose.choice((1, 5, 50))]
    return bytes(data)


@pytest.mark.parametrize("trust", [Trust.ANY, Trust.CHAIN, Trust.ONE])
def test_certificates_with_changed_bytes_raise_nothing(seeds, judges, trust):
    choose, pki = random.Random(SEED), seeds.pki
    judge = judges[
        {Trust.ANY: "saml20-any", Trust.CHAIN: "saml20-chain", Trust.ONE: "saml20-both-sender"}[trust]
    ]
    assert (judge.policy.trust, judge.policy.signed_by) == (trust, SignedBy.SENDER)
    chosen = {"bst": pki.sender.base64, "pkipath": pki_path(pki.ca.der, pki.sender.der)}
    outcomes = set()
    message = Message("saml20", signed_by=pki.sender, sts=pki.sts)
    places = {
        "bst": message.but(key_xml=(binary_token("{{der}}"), key_info(reference()))).build(NOW),
        "pkipath": message.but(
            key_xml=(binary_token("{{der}}", PKI_PATH), key_info(reference(kind=PKI_PATH)))
        ).build(NOW),
        "sts": message.but(sts_key=f"<ds:KeyInfo>{x509_data('{{der}}')}</ds:KeyInfo>", covers=("body",)).build(
            NOW
        ),
        "data": message.but(key_xml=("", key_info(x509_data("{{der}}", pki.ca.base64)))).build(NOW),
    }
    for _ in range(EXAMPLES):
        place = choose.choice(list(places))
        octets = base64.b64decode(chosen.get(place, pki.sender.base64))
        made = base64.b64encode(spoiled(choose, octets))
        verdict, _ = judge.judged(places[place].replace(b"{{der}}", made), known=False)
        outcomes.add(verdict.findings[-1].rule.id)
    assert len(outcomes) > 2


TIMES = r"[0-9]{1,5}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,12})?(Z|[+-][0-9]{2}:[0-9]{2})?"
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")


@settings(max_examples=DRAWN)
@given(st.text(CHARACTERS, max_size=40) | st.from_regex(TIMES, fullmatch=True), st.integers(0, 2**32))
def test_any_text_in_any_place_of_a_header_raises_nothing(seeds, text, seed):
    choose = random.Random(seed)
    signed = choose.random() < 0.5
    judge = choose.choice(seeds.all if signed else seeds.unsigned)
    root = tree(judge.message)
    element = choose.choice(list(root[0].iter("*")))
    if element.keys() and choose.random() < 0.6:
        element.set(choose.choice(element.keys()), text)
    else:
        element.text = text
    data = etree.tostring(root, encoding="UTF-8")
    verdict, _ = judge.judged(data, known=signed)
    if signed and verdict is not None and verdict.claims is not None:
        assert judge.check(data) == "accepted: the same"


@settings(max_examples=DRAWN)
@given(st.integers(0, 2**32))
def test_assertions_that_nobody_signed_are_read_whatever_they_look_like(seeds, seed):
    choose = random.Random(seed)
    judge = choose.choice(seeds.unsigned)
    root = tree(judge.message)
    for _ in range(choose.choice(wss_moves.COUNTS)):
        assertion = next(root.iter(*ASSERTIONS), root)
        if len(assertion):
            choose.choice(wss_moves.MOVES)(choose, assertion)
    data = etree.tostring(root, encoding="UTF-8")
    verdict, _ = judge.judged(data, known=False)
    if verdict is not None and verdict.claims is not None:
        assert verdict.claims.user in named_users(data)
