"""The messages of the comparison are what they claim to be, as libraries see it that had no part in them."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from bench.comparison import messages
from bench.wss import verify_with

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sender():
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sender")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    return messages.Sender(key, b64encode(made).decode())


def verify(message, sender):
    pem = sender.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    verify_with(
        etree.fromstring(message.data),  # noqa: TID251  what others see
        xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem),
    )


def test_a_signed_message_verifies_with_the_sender_s_key(sender):
    verify(messages.signed("hello", sender, NOW), sender)


@pytest.mark.parametrize(
    ("old", "new"),
    [(">hello<", ">hallo<"), (">ALICE<", ">BOB<"), ("Z</wsu:Expires>", "9Z</wsu:Expires>")],
    ids=["body", "assertion", "timestamp"],
)
def test_each_part_is_covered_by_the_signature(sender, old, new):
    changed = messages.signed("hello", sender, NOW).changed(old, new)
    with pytest.raises(xmlsec.Error):
        verify(changed, sender)


def test_what_is_signed_stands_in_the_message_in_canonical_form(sender):
    message = messages.signed("hello", sender, NOW)
    root = etree.fromstring(message.data)  # noqa: TID251
    targets = [reference.get("URI").lstrip("#") for reference in root.iter(f"{{{messages.DS}}}Reference")]
    assert len(targets) == 3
    for target in targets:
        (part,) = root.xpath("//*[@ID=$id or @*[local-name()='Id']=$id]", id=target)
        assert etree.tostring(part, method="c14n", exclusive=True, with_tail=False) in message.data


def test_no_two_signed_messages_are_alike(sender):
    made = {messages.signed("hello", sender, NOW).data for _ in range(5)}
    assert len(made) == 5


def test_what_is_not_there_cannot_be_forged(sender):
    with pytest.raises(ValueError, match="no >BOB<"):
        messages.signed("hello", sender, NOW).changed(">BOB<", ">EVE<")


@pytest.mark.parametrize(
    "message", [messages.plain("hello"), messages.username("hello", "secret")], ids=["plain", "username"]
)
def test_a_message_holds_its_text(message):
    root = etree.fromstring(message.data)  # noqa: TID251
    assert root.findtext(f".//{{{messages.LAB}}}text") == message.text == "hello"
