"""Signatures verify with the right key over the right octets, and with nothing else."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from gateway.wss.algorithms import DIGESTS, REFUSED, SIGNATURES
from tests.fixtures.certificates import issue, key_of_kind
from tests.unit.wss.signature.making import (
    ASSERTION,
    BODY,
    DS,
    MORE,
    OF_BODY,
    TIMESTAMP,
    Hand,
    Reference,
    b64,
    binary_token,
    by_hand,
    by_xmlsec,
    envelope,
    judged,
    prefix_list,
    signer,
    template,
    transform,
    xmlsec_verifies,
)

FAILED, BAD = "FailedCheck", "InvalidSecurityToken"
MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
P521 = ec.generate_private_key(ec.SECP521R1())
RSA_METHODS = [
    uri for uri, algorithm in SIGNATURES.items() if algorithm.kind.value == "RSA" and not algorithm.legacy
]
EC_METHODS = [uri for uri, algorithm in SIGNATURES.items() if algorithm.kind.value == "EC"]


def of_key(key):
    return issue("sender", key=key)


def honest(holder, method, **how) -> bytes:
    return by_hand(Hand(holder, method=method, **how))


# -- algorithms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", RSA_METHODS)
@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-3072"])
def test_rsa_with_each_hash_and_padding(method, kind):
    message = honest(signer(kind), method)
    assert judged(message).refusal is None
    assert xmlsec_verifies(message, signer(kind))


@pytest.mark.parametrize("method", EC_METHODS)
@pytest.mark.parametrize(
    "key", [key_of_kind("ec-p256"), key_of_kind("ec-p384"), P521], ids=lambda key: key.curve.name
)
def test_ecdsa_with_each_hash_and_curve(method, key):
    message = honest(of_key(key), method)
    assert judged(message).refusal is None
    assert xmlsec_verifies(message, of_key(key))


def test_eddsa():
    for key, name in (
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (ed448.Ed448PrivateKey.generate(), "ed448"),
    ):
        holder = of_key(key) if name == "ed25519" else issue("sender", key=key, issuer=signer("ec-p256"))
        message = honest(holder, f"{MORE_2021}eddsa-{name}")
        assert judged(message).refusal is None
        assert judged(message.replace(b">one &amp;", b">two &amp;")).fault == FAILED
        short = Hand(holder, method=f"{MORE_2021}eddsa-{name}", value=b64(b"x" * 63))
        assert judged(by_hand(short)).rule == "signature.octets"


@pytest.mark.parametrize("digest", [uri for uri, digest in DIGESTS.items() if not digest.legacy])
def test_each_digest(digest):
    message = by_hand(Hand(signer(), (Reference("#body", BODY, digest=digest),)))
    assert judged(message).refusal is None
    assert judged(message.replace(b">one &amp;", b">two &amp;")).rule == "signature.digests"


@pytest.mark.parametrize("method", RSA_METHODS)
def test_libxmlsec_signs_what_is_accepted(method):
    holder = signer()
    message = by_xmlsec(
        envelope(binary_token(holder.der), TIMESTAMP, ASSERTION, template(method=method)), holder.key
    )
    assert judged(message).words == ["Body", "Timestamp", "Assertion"]
    assert judged(message.replace(b"ALICE", b"MALIC")).rule == "signature.digests"


def test_sha_1_is_for_services_that_say_so():
    old = Hand(signer(), (Reference("#body", BODY, digest=f"{DS}sha1"),), method=f"{DS}rsa-sha1")
    assert judged(by_hand(old), legacy=True).refusal is None
    assert judged(by_hand(old)).rule == "signature.method"
    mixed = old.but(method=f"{MORE}rsa-sha256")
    assert judged(by_hand(mixed)).rule == "signature.digest"
    assert judged(by_hand(mixed), legacy=True).refusal is None


@pytest.mark.parametrize("uri", sorted(REFUSED))
@pytest.mark.parametrize("legacy", [True, False])
def test_what_is_never_accepted_is_not_accepted_by_a_switch(uri, legacy):
    found = judged(by_hand(Hand(signer(), method=uri)), legacy=legacy)
    assert (found.rule, found.fault) == ("signature.method", "UnsupportedAlgorithm")
    found = judged(by_hand(Hand(signer(), (Reference("#body", BODY, digest=uri),))), legacy=legacy)
    assert (found.rule, found.fault) == ("signature.digest", "UnsupportedAlgorithm")


def test_the_list_and_what_is_never_accepted_do_not_overlap():
    assert not REFUSED & (SIGNATURES.keys() | DIGESTS.keys())


# -- keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "method", "legacy", "accepted"),
    [
        ("rsa-2048", f"{MORE}rsa-sha256", False, True),
        ("rsa-1024", f"{MORE}rsa-sha256", False, False),
        ("rsa-1024", f"{MORE}rsa-sha256", True, True),
        ("ec-p256", f"{MORE}ecdsa-sha256", False, True),
        ("ec-k256", f"{MORE}ecdsa-sha256", False, False),
    ],
)
def test_the_key_is_strong_enough(kind, method, legacy, accepted):
    found = judged(honest(signer(kind), method), legacy=legacy)
    assert (found.refusal is None) is accepted
    if not accepted:
        assert (found.rule, found.fault) == ("key.fits", BAD)


def test_a_small_exponent_needs_the_switch():
    holder = of_key(rsa.generate_private_key(3, 2048))
    assert judged(honest(holder, f"{MORE}rsa-sha256")).rule == "key.fits"
    assert judged(honest(holder, f"{MORE}rsa-sha256"), legacy=True).refusal is None


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("ec-p256", f"{MORE}rsa-sha256"),
        ("rsa-2048", f"{MORE}ecdsa-sha256"),
        ("ed25519", f"{MORE}rsa-sha256"),
        ("rsa-2048", f"{MORE_2021}eddsa-ed25519"),
        ("ed25519", f"{MORE_2021}eddsa-ed448"),
    ],
)
def test_the_key_fits_the_algorithm(kind, method):
    found = judged(by_hand(Hand(signer(kind), method=method, value="AAAA")))
    assert (found.rule, found.fault) == ("key.fits", BAD)


def test_only_the_key_that_trust_chose_counts():
    holder, other = signer(), of_key(rsa.generate_private_key(65537, 2048))
    message = by_hand(Hand(holder))
    assert judged(message, holder).refusal is None
    found = judged(message, other)
    assert (found.rule, found.fault) == ("signature.value", FAILED)


# -- signature values -----------------------------------------------------------------------------------------


def with_value(holder, method, make) -> bytes:
    """A message whose signature value is what `make` makes of the octets of SignedInfo."""
    hand = Hand(holder, method=method)
    return by_hand(hand.but(value=b64(make(hand.signed_info().encode()))))


def test_pss_needs_its_padding_and_its_salt():
    holder = signer()
    method, sha256 = f"{MORE_2007}sha256-rsa-MGF1", hashes.SHA256()

    def pss(salt, digest=sha256):
        scheme = padding.PSS(padding.MGF1(digest), salt_length=salt)
        return with_value(holder, method, lambda octets: holder.key.sign(octets, scheme, sha256))

    assert judged(pss(32)).refusal is None
    assert judged(pss(20)).rule == "signature.value"
    assert judged(pss(0)).rule == "signature.value"
    assert judged(pss(32, hashes.SHA512())).rule == "signature.value"
    plain = with_value(holder, method, lambda octets: holder.key.sign(octets, padding.PKCS1v15(), sha256))
    assert judged(plain).rule == "signature.value"


def test_pkcs_1_needs_the_hash_that_is_named():
    holder = signer()
    other = with_value(
        holder, f"{MORE}rsa-sha256", lambda octets: holder.key.sign(octets, padding.PKCS1v15(), hashes.SHA512())
    )
    assert judged(other).rule == "signature.value"


def test_a_forged_padding_is_refused():
    """Bleichenbacher 2006: hash right behind short padding, junk to the end, which a cube root can make."""
    holder = of_key(rsa.generate_private_key(3, 2048))
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")

    def forge(octets):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(octets)
        block = b"\0\1" + b"\xff" * 8 + b"\0" + prefix + digest.finalize()
        target = int.from_bytes(block + b"\xff" * (256 - len(block)), "big")
        low, high = 0, 1 << 700
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**3 <= target else (low, middle - 1)
        return low.to_bytes(256, "big")

    found = judged(with_value(holder, f"{MORE}rsa-sha256", forge), legacy=True)
    assert (found.rule, found.fault) == ("signature.value", FAILED)


def ecdsa_with(change):
    holder = signer("ec-p256")
    hand = Hand(holder, method=f"{MORE}ecdsa-sha256")
    octets = base64.b64decode(hand.text().split("SignatureValue>")[1][:-5])
    return judged(by_hand(hand.but(value=b64(change(octets[:32], octets[32:])))))


ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda _, two: bytes(32) + two, "signature.octets"),
        (lambda one, _: one + bytes(32), "signature.octets"),
        (lambda *_: bytes(64), "signature.octets"),
        (lambda _, two: ORDER.to_bytes(32, "big") + two, "signature.octets"),
        (lambda one, _: one + ORDER.to_bytes(32, "big"), "signature.octets"),
        (lambda one, two: one + two + b"\0", "signature.octets"),
        (lambda one, two: b"\0" + one + b"\0" + two, "signature.octets"),
        (lambda one, two: b"\x30\x44\x02\x20" + one + b"\x02\x20" + two, "signature.octets"),
        (lambda one, two: two + one, "signature.value"),
    ],
)
def test_ecdsa_values_are_two_numbers_of_the_length_of_the_field(change, rule):
    found = ecdsa_with(change)
    assert (found.rule, found.fault) == (rule, FAILED)


def test_the_other_value_of_ecdsa_verifies_and_is_remembered_as_the_same():
    holder = signer("ec-p256")
    hand = Hand(holder, method=f"{MORE}ecdsa-sha256")
    octets = base64.b64decode(hand.text().split("SignatureValue>")[1][:-5])
    s = int.from_bytes(octets[32:], "big")
    first = judged(by_hand(hand.but(value=b64(octets))))
    second = judged(by_hand(hand.but(value=b64(octets[:32] + (ORDER - s).to_bytes(32, "big")))))
    assert first.covered.signed_info_digest == second.covered.signed_info_digest


# -- what is altered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"one &amp; two", b"one &amp; three", "signature.digests"),
        (b"<q:Ask", b"<q:Ask q:x=''", "signature.digests"),
        (b"urn:q", b"urn:r", "signature.digests"),
        (b"ALICE", b"BOB", "signature.digests"),
        (b"12:05:00Z", b"13:05:00Z", "signature.digests"),
        (b"<ds:SignedInfo", b'<ds:SignedInfo Id="x"', "signature.value"),
        (b"#stamp", b"#saml2", "signature.target"),
        (b"</ds:Reference></ds:SignedInfo>", b"</ds:Reference> </ds:SignedInfo>", "signature.value"),
    ],
)
def test_a_signed_part_that_is_altered_is_refused(old, new, rule):
    message = by_hand(Hand(signer()))
    assert message.count(old) >= 1
    found = judged(message.replace(old, new, 1))
    assert (found.rule, found.fault) == (rule, FAILED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"one &amp; two", b"one &#38; <![CDATA[two]]>"),
        (b'<q:Ask xmlns:q="urn:q">', b"<!-- --><q:Ask xmlns:q='urn:q'  >"),
        (b"<s:Header>", b"<s:Header>\n"),
        (b' Version="2.0">', b" Version='2.0' xmlns:unused='urn:u'\n>"),
    ],
)
def test_another_spelling_of_the_same_canonical_form_is_the_same(old, new):
    message = by_hand(Hand(signer()))
    assert old in message
    assert judged(message.replace(old, new, 1)).refusal is None


def test_references_are_swapped_with_their_digests_or_not_at_all():
    two = Hand(signer(), (Reference("#body", TIMESTAMP), Reference("#stamp", BODY)))
    assert judged(by_hand(two)).rule == "signature.digests"


# -- canonical forms ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", ["relative", "//host/x", "?x", "#x"])
def test_a_relative_namespace_in_a_signed_part_has_no_canonical_form(uri):
    body = BODY.replace('xmlns:q="urn:q">', f'xmlns:q="urn:q"><r:x xmlns:r="{uri}"></r:x>')
    assert "<r:x" in body
    found = judged(by_hand(Hand(signer(), (Reference("#body", body),)), body=body))
    assert (found.rule, found.fault) == ("signature.form", FAILED)


def test_an_ampersand_in_a_namespace_is_refused_since_libxml2_does_not_escape_it():
    body = BODY.replace("urn:q", "urn:q?a&amp;b")
    found = judged(by_hand(Hand(signer(), (Reference("#body", body),)), body=body))
    assert (found.rule, found.fault) == ("signature.form", FAILED)
    body = BODY.replace("one", 'one xmlns:q="a&amp;b"')
    assert judged(by_hand(Hand(signer(), (Reference("#body", body),)), body=body)).refusal is None


def test_a_form_that_is_made_huge_by_declarations_is_refused(monkeypatch):
    long = "urn:" + "x" * 900
    rows = "<l:i/>" * 3000
    body = f'{BODY[:-9]}<q:More xmlns:q="urn:q">{rows}</q:More></s:Body>'
    message = by_hand(Hand(signer(), (OF_BODY,)), body=body).replace(
        b"<s:Envelope", f'<s:Envelope xmlns:l="{long}"'.encode()
    )
    monkeypatch.setattr("gateway.wss.signature.canonical.MAX_OCTETS", 1_000_000)
    found = judged(message)
    assert (found.rule, found.fault, found.trail.findings[-1].detail) == ("signature.form", FAILED, "too long")
    monkeypatch.undo()
    assert judged(message).rule == "signature.digests"


def test_all_forms_together_are_bounded(monkeypatch):
    monkeypatch.setattr("gateway.wss.signature.verify.MAX_OCTETS", 1500)
    assert judged(by_hand(Hand(signer()))).rule == "signature.form"


# -- PrefixList -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefixes", ["s", "wsse wsse11 s", "#default", "#default s q x", "xml s", "none", "q"])
@pytest.mark.parametrize(
    "declarations", ["", ' xmlns="urn:d"', ' xmlns:x="urn:x" xmlns:q="urn:other" xmlns="urn:d"']
)
def test_a_prefix_list_means_what_libxmlsec_takes_it_for(prefixes, declarations):
    holder = signer()
    inner = (
        '<a:b xmlns:a="urn:a" xmlns="urn:e"><c xmlns:q="urn:q3"/><c xmlns=""/>'
        '<q:d xmlns:q="urn:q2" xmlns:x="urn:x"/></a:b>'
    )
    message = envelope(
        binary_token(holder.der), TIMESTAMP, ASSERTION, template(prefixes=prefixes),
        body=BODY.replace("one", inner), declarations=declarations,
    )  # fmt: skip
    signed = by_xmlsec(message, holder.key)
    found = judged(signed)
    assert found.refusal is None, found.trail.findings[-1]


def test_a_prefix_of_the_list_that_is_bound_otherwise_breaks_the_signature():
    holder = signer()
    message = envelope(
        binary_token(holder.der), TIMESTAMP, ASSERTION, template(prefixes="t"), declarations=' xmlns:t="urn:t"'
    )
    signed = by_xmlsec(message, holder.key)
    assert judged(signed).refusal is None
    assert judged(signed.replace(b"urn:t", b"urn:u", 1)).rule == "signature.value"


def test_a_prefix_list_may_repeat_itself_and_name_what_is_not_there():
    reference = Reference("#body", BODY, transform(parameters=prefix_list("  none  none none ")))
    assert judged(by_hand(Hand(signer(), (reference,)))).refusal is None
