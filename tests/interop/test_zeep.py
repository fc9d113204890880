"""zeep, the usual SOAP client of Python."""

import sys
from typing import ClassVar

import pytest

from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import SOURCES, OutsideClient
from tests.interop.promises import ALICE, SOAP, DigestPromises

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def client(running_gateway: RunningGateway) -> OutsideClient:
    """zeep is a dependency of the project: nothing to build."""
    command = (sys.executable, str(SOURCES / "zeep" / "client.py"))
    return OutsideClient(command, running_gateway.https_url, running_gateway.ca)


class TestZeep(DigestPromises):
    victim: ClassVar[str] = "ZOE"

    @SOAP
    def test_headers_of_ws_addressing_are_understood(self, client: OutsideClient, soap: str) -> None:
        result = client.call(f"secure/whoami/{soap}/addressed", ALICE).result
        assert result is not None
        assert result["user"] == "ALICE"
