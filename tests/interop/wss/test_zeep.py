"""zeep with an assertion in the header, signed by its own means and by a plug-in of a user."""

# mypy: disable-error-code="attr-defined"
import pytest
import xmlsec
from lxml import etree
from zeep import Client
from zeep.wsse import BinarySignature, Compose, Signature

from tests.interop.wss import layouts, messages, xmlsec1
from tests.interop.wss.gateways import LAB
from tests.interop.zeep.signing import Vouching, VouchingSignature

pytestmark = pytest.mark.interop

VERSIONS = pytest.mark.parametrize("version", ["11", "20"])
MODERN = {"signature_method": xmlsec.Transform.RSA_SHA256, "digest_method": xmlsec.Transform.SHA256}


def message_of(wsse):
    """Return what zeep would send for an Echo."""
    client = Client(str(LAB / "lab.wsdl"), wsse=wsse)
    return etree.tostring(client.create_message(client.service, "Echo", text="hello"))


@pytest.fixture
def make(partners):
    """Make a message that is signed as it is to be."""

    def made(version, signer=None):
        who = signer or partners.sender
        return message_of(VouchingSignature(layouts.Assertion.new(version).xml, who.clear, who.pem))

    return made


@VERSIONS
def test_a_plug_in_covers_everything(make, vouched, version):
    vouched.accepts(f"Sender{version}Port", make(version))


@VERSIONS
@pytest.mark.parametrize("change", messages.TAMPERED.values(), ids=list(messages.TAMPERED))
def test_what_was_changed_on_the_way_is_refused(make, vouched, version, change):
    vouched.refuses(f"Sender{version}Port", change(make(version)), "FailedCheck")


def test_a_message_without_its_signature_is_refused(make, vouched):
    bare = messages.signature_removed(make("20"))
    vouched.refuses("Sender20Port", bare, "InvalidSecurity")


def test_a_stranger_is_refused(make, vouched, partners):
    stranger = make("20", partners.stranger)
    vouched.refuses("Sender20Port", stranger, "FailedAuthentication")
    swapped = messages.certificate_swapped(partners.sender.der)(stranger)
    vouched.refuses("Sender20Port", swapped, "FailedCheck")


@VERSIONS
def test_an_unsigned_assertion_is_accepted_where_that_is_enough(vouched, version):
    message = message_of(Vouching(layouts.Assertion.new(version).xml))
    vouched.accepts(f"Unsigned{version}Port", message)
    vouched.refuses(f"Sender{version}Port", message, "InvalidSecurity")


@VERSIONS
@pytest.mark.parametrize("signature", [BinarySignature, Signature])
def test_zeep_s_own_signature_does_not_cover_the_assertion(vouched, partners, tmp_path, version, signature):
    """What it covers is sound: xmlsec1 verifies it, and the gateway finds the key."""
    files = str(partners.sender.clear), str(partners.sender.pem)
    own = Compose([Vouching(layouts.Assertion.new(version).xml), signature(*files, **MODERN)])
    message = message_of(own)
    assert xmlsec1.verifies(message, partners.sender, tmp_path)
    reason = vouched.refuses(f"Sender{version}Port", message, "FailedCheck")
    assert "not covered: Assertion" in reason


def test_the_algorithms_that_zeep_takes_unasked_are_too_old(vouched, partners):
    files = str(partners.sender.clear), str(partners.sender.pem)
    own = Compose([Vouching(layouts.Assertion.new("20").xml), BinarySignature(*files)])
    vouched.refuses("Sender20Port", message_of(own), "UnsupportedAlgorithm")
