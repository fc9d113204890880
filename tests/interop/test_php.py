"""PHP's SoapClient with a Security header made by hand."""

import subprocess
from typing import ClassVar

import pytest

from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import SOURCES, OutsideClient, lack, need
from tests.interop.promises import Promises

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def client(running_gateway: RunningGateway) -> OutsideClient:
    """A script: nothing to build."""
    need("php")
    modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    if not {"soap", "openssl"} <= set(modules):
        lack("PHP has no soap module (tests/interop/install-tools.sh installs it)")
    command = ("php", str(SOURCES / "php" / "client.php"))
    return OutsideClient(command, running_gateway.https_url, running_gateway.ca)


class TestPhp(Promises):
    victim: ClassVar[str] = "PAM"
    shows_subcode: ClassVar[bool] = False
