"""node-soap's WSSecurityCert with an assertion in the header."""

import subprocess

import pytest

from tests.fixtures.in_process import SOAP11, SOAP12
from tests.interop.outside import install_node, plain_environment
from tests.interop.wss import layouts, messages, xmlsec1
from tests.interop.wss.gateways import LAB

pytestmark = pytest.mark.interop

VERSIONS = pytest.mark.parametrize("version", ["11", "20"])


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return install_node(tmp_path_factory.mktemp("node")) / "signed.mjs"


@pytest.fixture
def make(program, partners, tmp_path):
    """Make a message as the library is told to."""

    def made(version, mode="strict", soap=SOAP11, signer=None):
        who = signer or partners.sender
        assertion = tmp_path / "assertion.xml"
        assertion.write_text(layouts.Assertion.new(version).xml)
        files = [str(each) for each in (LAB / "lab.wsdl", who.clear, who.pem, assertion)]
        command = ["node", str(program), *files, mode, "1.2" if soap == SOAP12 else "1.1"]
        done = subprocess.run(command, capture_output=True, env=plain_environment(), timeout=60, check=True)
        return done.stdout

    return made


@VERSIONS
@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
def test_ids_of_the_standards_are_understood(make, vouched, version, soap):
    vouched.accepts(f"Sender{version}Port", make(version, soap=soap), soap)


@VERSIONS
@pytest.mark.parametrize("change", messages.TAMPERED.values(), ids=list(messages.TAMPERED))
def test_what_was_changed_on_the_way_is_refused(make, vouched, partners, tmp_path, version, change):
    good = make(version)
    assert xmlsec1.verifies(good, partners.sender, tmp_path)
    assert not xmlsec1.verifies(change(good), partners.sender, tmp_path)
    vouched.refuses(f"Sender{version}Port", change(good), "FailedCheck")


@VERSIONS
def test_what_the_library_does_unasked_is_refused(make, vouched, version):
    """The assertion is not covered, and Body gets an attribute without a namespace."""
    vouched.refuses(f"Sender{version}Port", make(version, "default"), "Client")


def test_a_stranger_is_refused(make, vouched, partners):
    stranger = make("20", signer=partners.stranger)
    vouched.refuses("Sender20Port", stranger, "FailedAuthentication")
    swapped = messages.certificate_swapped(partners.sender.der)(stranger)
    vouched.refuses("Sender20Port", swapped, "FailedCheck")


def test_a_message_without_its_signature_is_refused(make, vouched):
    vouched.refuses("Sender20Port", messages.signature_removed(make("20")), "InvalidSecurity")


@VERSIONS
def test_an_assertion_may_be_named_by_a_wsu_id(make, vouched, version):
    """The library's idMode writes one on it, an attribute that the schema of SAML does not have."""
    message = make(version, "wssecurity")
    vouched.accepts(f"Sender{version}Port", message)
    vouched.refuses(f"Sender{version}Port", messages.user_changed(make(version, "wssecurity")), "FailedCheck")
