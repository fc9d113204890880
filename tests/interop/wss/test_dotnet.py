"""Messages as .NET writes them, signed with openssl: accepted, and nothing that was changed on the way."""

import pytest

from tests.fixtures.in_process import SOAP11, SOAP12
from tests.interop.outside import need
from tests.interop.wss import dotnet, messages

pytestmark = pytest.mark.interop

VERSIONS = pytest.mark.parametrize("version", ["11", "20"])


@pytest.fixture(autouse=True)
def tools():
    need("xmllint", "openssl")


@VERSIONS
@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
@pytest.mark.parametrize("key", ["direct", "thumbprint", "ski", "issuer-serial"])
def test_every_way_to_name_the_key_is_understood(vouched, partners, version, soap, key):
    vouched.accepts(f"Sender{version}Port", dotnet.message(version, partners.sender, key, soap), soap)


@VERSIONS
@pytest.mark.parametrize("change", messages.TAMPERED.values(), ids=list(messages.TAMPERED))
def test_what_was_changed_on_the_way_is_refused(vouched, partners, version, change):
    good = dotnet.message(version, partners.sender)
    vouched.refuses(f"Sender{version}Port", change(good), "FailedCheck")
    vouched.accepts(f"Sender{version}Port", good)


@VERSIONS
def test_a_message_without_its_signature_is_refused(vouched, partners, version):
    bare = messages.signature_removed(dotnet.message(version, partners.sender))
    vouched.refuses(f"Sender{version}Port", bare, "InvalidSecurity")


@VERSIONS
def test_a_stranger_is_refused(vouched, partners, version):
    stranger = dotnet.message(version, partners.stranger)
    vouched.refuses(f"Sender{version}Port", stranger, "FailedAuthentication")
    swapped = messages.certificate_swapped(partners.sender.der)(stranger)
    vouched.refuses(f"Sender{version}Port", swapped, "FailedCheck")


def test_the_form_is_that_which_another_receiver_verifies(partners, tmp_path):
    """Body and Timestamp alone: xmlsec1 has no STR-Transform."""
    octets = dotnet.canonical('<a xmlns="urn:a" xmlns:b="urn:b" z="1"><b:c/></a>')
    assert octets == b'<a xmlns="urn:a" z="1"><b:c xmlns:b="urn:b"></b:c></a>'
