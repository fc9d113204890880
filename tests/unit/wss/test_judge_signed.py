"""What a thief may make of a captured message, and what may stand beside a signature and means nothing."""

import base64
from datetime import timedelta

import pytest

from gateway.envelope import read_envelope
from gateway.safexml import Bounds, parse
from gateway.tls.trusted import TrustedKeys
from gateway.wss.judge import judge
from gateway.wss.policy import Policy, SignedBy, StsBody, TransportFacts, Trust
from gateway.wss.replay import Remembered
from gateway.wss.verdict import TokenKind, Vouching
from tests.forge.assertions import AUDIENCE
from tests.forge.keys import Pki
from tests.forge.message import (
    BODY_ID,
    TIMESTAMP_ID,
    TOKEN_ID,
    Message,
    binary_token,
    key_info,
    reference,
    timestamp,
)
from tests.forge.names import WSSE, WSU
from tests.forge.signing import Ref, Shape, str_reference
from tests.forge.surgery import Surgery
from tests.fuzz.wss_cases import NOW

SKEW, AGE = timedelta(seconds=60), timedelta(seconds=300)
P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the curve."""


class Memory:
    """A store as it should be: an entry counts before its time."""

    def __init__(self):
        self.until = {}

    def remember(self, entries, now):
        if any(self.until.get(entry.key, now) > now for entry in entries):
            return Remembered.SEEN
        self.until |= {entry.key: entry.until for entry in entries}
        return Remembered.NEW


@pytest.fixture(scope="module")
def pki():
    return Pki()


@pytest.fixture
def ask(pki):
    """Ask one service of one store; keyword arguments are its policy."""
    memory = Memory()
    keys = TrustedKeys(tuple(each.certificate for each in (pki.sender, pki.sender_ec, pki.sts)))

    def asked(data, *, now=NOW, certificate=None, **policy):
        policy = {"signed_by": SignedBy.SENDER, "audiences": frozenset({AUDIENCE}), **policy}
        facts = TransportFacts(tls=True, certificate=certificate)
        settings = Policy(TokenKind.SAML20, SKEW, AGE, **policy)
        return judge(read_envelope(parse(data, Bounds())), settings, facts, now, keys, memory)

    return asked


def broken(verdict):
    assert verdict.claims is None
    return verdict.findings[-1].rule.id


# -- the same message again -----------------------------------------------------------------------------------


def test_a_message_does_not_come_again_as_long_as_it_is_fresh(pki, ask):
    lasting = timestamp("2026-11-22T12:00:00Z", "2026-11-22T20:00:00Z")
    message = Message("saml20", signed_by=pki.sender, timestamp=lasting)
    data = message.but(claims={"not_on_or_after": "2026-11-22T20:00:00Z"}).build(NOW)
    forgotten = NOW + AGE + SKEW
    assert ask(data).claims
    assert broken(ask(data, now=forgotten - timedelta(microseconds=1))) == "replay.new"
    assert broken(ask(data, now=forgotten)) == "timestamp.fresh"


def twin(value):
    """Return the other signature of ECDSA that fits: (r, n - s)."""
    r, s = (int.from_bytes(half) for half in (value[:32], value[32:]))
    return r.to_bytes(32) + (P256 - s).to_bytes(32)


def test_another_spelling_of_the_signature_does_not_make_it_another_message(pki, ask):
    kept = []
    shape = Shape(value=lambda value: kept.append(value) or base64.b64encode(value).decode())
    data = Message("saml20", signed_by=pki.sender_ec, shape=shape).build(NOW)
    written = base64.b64encode(kept[-1])
    assert ask(data).claims
    for other in (
        base64.b64encode(twin(kept[-1])),
        b" ".join(written[at : at + 10] for at in range(0, len(written), 10)),
        b"<![CDATA[%b]]>" % written,
        b"&#%d;%b" % (written[0], written[1:]),
    ):
        assert broken(ask(data.replace(written, other))) == "replay.new"


def test_what_is_not_signed_does_not_make_it_another_message(pki, ask):
    data = Message("saml20", signed_by=pki.sender).build(NOW)
    assert ask(data).claims
    for old, new in (
        (b"<soap:Header>", b'<soap:Header><x:Trace xmlns:x="urn:x">2</x:Trace>'),
        (b' soap:mustUnderstand="1"', b""),
        (b' Id="SIG"', b' Id="SIG-2"'),
        (b"<ds:Signature ", b"\n<ds:Signature "),
        (b"</wsse:Security>", binary_token(pki.stranger.base64, token_id="B").encode() + b"</wsse:Security>"),
        (b"<soap:Envelope ", b'<soap:Envelope xmlns:q="urn:q" '),
    ):
        changed = data.replace(old, new, 1)
        assert changed != data
        assert broken(ask(changed)) == "replay.new"
    assert broken(ask(data.decode().encode("utf-16"))) == "replay.new"


def test_a_stranger_s_signature_does_not_make_an_assertion_fresh(pki, ask):
    service = {"signed_by": SignedBy.STS, "sts_body": StsBody.HTTPS}
    message = Message("saml20", sts=pki.sts)
    first = message.build(NOW)
    assert ask(first, **service).claims
    assert broken(ask(first, **service)) == "replay.new"
    covering = message.but(signed_by=pki.stranger, covers=("body", "timestamp")).build(NOW)
    again = Surgery(covering)
    again.assertion.getparent().replace(again.assertion, Surgery(first).assertion)
    assert broken(ask(again.bytes(), **service)) == "replay.new"


# -- signatures that the policy does not rely on --------------------------------------------------------------


def test_a_stranger_s_signature_vouches_for_nobody(pki, ask):
    service = {"signed_by": SignedBy.STS, "sts_body": StsBody.TLS_CLIENT}
    data = Message("saml20", sts=pki.sts, signed_by=pki.stranger).build(NOW)
    assert broken(ask(data, **service)) == "sender.authenticated"
    claims = ask(data, certificate=pki.sender.certificate, **service).claims
    assert (claims.vouching, claims.attesting) == (Vouching.TLS_CERTIFICATE, pki.sender.certificate)


def test_an_assertion_that_a_stranger_signed_has_no_issuing_certificate(pki, ask):
    message = Message("saml20", sts=pki.stranger, signed_by=pki.sender)
    for signed_by in (SignedBy.SENDER, SignedBy.EITHER):
        assert ask(message.build(NOW), signed_by=signed_by).claims.issuing is None
        message = message.but(fresh_id="_another")
    service = {"signed_by": SignedBy.STS, "sts_body": StsBody.SENDER_SIGNATURE}
    assert broken(ask(message.build(NOW), **service)) == "trust.one"


def test_either_does_not_let_a_trusted_assertion_save_a_stranger_s_message_signature(pki, ask):
    data = Message("saml20", sts=pki.sts, signed_by=pki.stranger).build(NOW)
    certificate = pki.sender.certificate
    assert broken(ask(data, signed_by=SignedBy.EITHER, certificate=certificate)) == "trust.one"


def test_either_with_bodies_that_senders_sign_does_not_take_one_that_none_signed(pki, ask):
    service = {"signed_by": SignedBy.EITHER, "sts_body": StsBody.SENDER_SIGNATURE}
    data = Message("saml20", sts=pki.sts, signed_by=pki.sender).build(NOW)
    stripped = Surgery(data)
    stripped.security.remove(stripped.signature)
    stripped.body[0].tag = "{urn:x}Forged"
    for certificate in (None, pki.sender.certificate):
        assert broken(ask(stripped.bytes(), certificate=certificate, **service)) == "signature.needed"
    assert ask(data, **service).claims


def test_either_over_https_alone_takes_a_message_once_without_its_sender_s_signature_too(pki, ask):
    service = {"signed_by": SignedBy.EITHER, "sts_body": StsBody.HTTPS}
    data = Message("saml20", sts=pki.sts, signed_by=pki.sender).build(NOW)
    stripped = Surgery(data)
    stripped.security.remove(stripped.signature)
    stripped.body[0].tag = "{urn:x}Forged"
    assert ask(data, **service).claims
    assert broken(ask(stripped.bytes(), **service)) == "replay.new"


def test_a_certificate_of_a_version_that_does_not_exist_is_refused(pki, ask):
    der = pki.sender.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x30", 1)
    assert der != pki.sender.der
    content = binary_token(base64.b64encode(der).decode())
    for trust in Trust:
        data = Message("saml20", signed_by=pki.sender, key_xml=(content, key_info(reference()))).build(NOW)
        assert broken(ask(data, trust=trust)) == "key.token"


# -- what is covered ------------------------------------------------------------------------------------------


def test_a_signed_header_that_is_called_action_is_not_taken_for_the_one_of_addressing(pki, ask):
    def with_header(namespace):
        header = f'<a:Action xmlns:a="{namespace}" xmlns:wsu="{WSU}" wsu:Id="id-a">urn:x</a:Action>'
        message = Message("saml20", signed_by=pki.sender, headers_first=header, more_refs=(Ref("id-a"),))
        return ask(message.build(NOW)).claims.covered

    assert "Action" in with_header("http://www.w3.org/2005/08/addressing")
    assert with_header("urn:other") == ("Timestamp", "Assertion", "Body", "{urn:other}Action")


@pytest.mark.parametrize("wrapped", ["Header", "Body"])
def test_a_signed_part_of_a_part_is_not_the_part(pki, ask, wrapped):
    """The sender signs the payload, or a Timestamp elsewhere, and not what is used."""
    payload = f'<x xmlns:wsu="{WSU}" wsu:Id="id-inner"/>'
    refs = [Ref(TIMESTAMP_ID), Ref(BODY_ID)]
    message = Message("saml20", signed_by=pki.sender, body=payload)
    token = str_reference("STR-1", message.assertion_id)
    assert ask(message.but(refs=(*refs, token)).build(NOW)).claims
    if wrapped == "Body":
        refs = [Ref(TIMESTAMP_ID), Ref("id-inner")]
    else:
        header = f'<w:W xmlns:w="urn:w"><w:V xmlns:wsu="{WSU}" wsu:Id="id-inner"/></w:W>'
        message = message.but(headers_first=header, body="<x/>")
        refs.append(Ref("id-inner"))
    assert broken(ask(message.but(refs=(*refs, token)).build(NOW))) == "signature.targets"


def test_a_certificate_that_is_signed_in_place_of_the_assertion_does_not_cover_it(pki, ask):
    """The STR is led to the token: what STR-Transform covers is what it points to."""
    led = (
        f'<wsse:SecurityTokenReference xmlns:wsse="{WSSE}" wsu:Id="STR-1">{reference()}'
        "</wsse:SecurityTokenReference>"
    )
    refs = (Ref(TIMESTAMP_ID), Ref(BODY_ID), str_reference("STR-1", TOKEN_ID))
    message = Message("saml20", signed_by=pki.sender, str_xml=led, refs=refs)
    assert broken(ask(message.build(NOW))) == "signature.coverage"
    whole = message.but(refs=(*refs, Ref(message.assertion_id))).build(NOW)
    assert ask(whole).claims.covered[-2:] == ("BinarySecurityToken", "Assertion")


@pytest.mark.parametrize(
    "cut",
    ["10<!-- -->0", "100<!-- -->", "<!-- -->100", "10<!----><!---->0", "1<a/><!---->00", "1<a/>0<!----><a/>"],
)
def test_a_comment_that_cuts_a_signed_text_is_refused(pki, ask, cut):
    """The digest stays the same, and what a program reads does not."""
    whole = cut.replace("<!-- -->", "").replace("<!---->", "")
    data = Message("saml20", signed_by=pki.sender, body=f"<pay><amount>{whole}</amount></pay>").build(NOW)
    # the same digits may stand in a certificate
    changed = data.replace(f"<amount>{whole}<".encode(), f"<amount>{cut}<".encode())
    assert broken(ask(changed)) == "signature.whole-text"
    assert ask(data).claims


def test_comments_between_elements_of_a_signed_body_are_borne_with(pki, ask):
    body = "<pay><!-- Optional: -->\n <to>BOB</to> <!-- to whom --></pay>"
    data = Message("saml20", signed_by=pki.sender, body=f"<!-- a -->{body}<!-- z -->").build(NOW)
    assert ask(data).claims


def test_trust_any_takes_whoever_signs_and_still_covers(pki, ask):
    data = Message("saml20", signed_by=pki.stranger).build(NOW)
    assert ask(data, trust=Trust.ANY).claims.attesting == pki.stranger.certificate
    assert broken(ask(data.replace(b"whoAmI", b"whoAreU"), trust=Trust.ANY)) == "signature.digests"
