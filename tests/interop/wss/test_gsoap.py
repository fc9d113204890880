"""gSOAP's wsse plugin with an assertion in the header."""

import shutil
import subprocess

import pytest

from tests.interop.outside import SOURCES, build, lack, need, plain_environment
from tests.interop.test_gsoap import SHARE
from tests.interop.wss import messages
from tests.interop.wss.gateways import AUDIENCE, ISSUER, LAB

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Generate and compile."""
    need("wsdl2h", "soapcpp2", "cc", "pkg-config")
    if not (SHARE / "plugin" / "wsseapi.c").exists():
        lack(f"the wsse plugin is not in {SHARE} (tests/interop/install-tools.sh installs it)")
    folder = tmp_path_factory.mktemp("gsoap")
    shutil.copytree(SOURCES / "gsoap", folder, dirs_exist_ok=True)
    shutil.copy(LAB / "lab.wsdl", folder)
    build("sh", "build.sh", ".", "lab", "signed", folder=folder)
    return folder / "signed"


@pytest.fixture
def make(program, partners):
    def made(mode):
        files = [str(partners.sender.clear), str(partners.sender.pem)] if mode == "wsu" else []
        command = [str(program), ISSUER, AUDIENCE, "ALICE", mode, *files]
        done = subprocess.run(command, capture_output=True, env=plain_environment(), timeout=60, check=True)
        return done.stdout

    return made


def test_an_unsigned_assertion_is_accepted_where_that_is_enough(make, vouched):
    vouched.accepts("Unsigned20Port", make("plain"))
    vouched.refuses("Sender20Port", make("plain"), "InvalidSecurity")
    vouched.refuses("Mtls20Port", make("plain"), "FailedAuthentication")


def test_an_assertion_that_the_plugin_signs_is_accepted(make, vouched):
    """It names it by a wsu:Id, an attribute that the schema of SAML does not have."""
    vouched.accepts("Sender20Port", make("wsu"))
    vouched.refuses("Sender20Port", messages.user_changed(make("wsu")), "FailedCheck")
    vouched.refuses("Sender20Port", messages.signature_removed(make("wsu")), "InvalidSecurity")
