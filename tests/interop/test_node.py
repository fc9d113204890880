"""node-soap with its WSSecurity (npm `soap`)."""

from typing import ClassVar

import pytest

from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import OutsideClient, install_node
from tests.interop.promises import ALICE, SOAP, DigestPromises

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def client(running_gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> OutsideClient:
    folder = install_node(tmp_path_factory.mktemp("node"))
    return OutsideClient(("node", str(folder / "client.mjs")), running_gateway.https_url, running_gateway.ca)


class TestNodeSoap(DigestPromises):
    victim: ClassVar[str] = "NOAH"

    @SOAP
    def test_a_password_text_may_come_with_a_nonce(self, client: OutsideClient, soap: str) -> None:
        result = client.call(f"secure/whoami/{soap}/nonce", ALICE).result
        assert result is not None
        assert result["user"] == "ALICE"
