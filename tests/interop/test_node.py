"""node-soap with its WSSecurity (npm `soap`)."""

import os
import re
import shutil
import subprocess
from typing import ClassVar

import pytest

from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import SOURCES, OutsideClient, build, lack, need
from tests.interop.promises import ALICE, SOAP, DigestPromises

pytestmark = pytest.mark.interop

OLDEST_NODE = (20, 19)


@pytest.fixture(scope="module")
def client(running_gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> OutsideClient:
    """Install what package-lock.json says, in a temporary copy."""
    need("node", "npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_NODE:
        lack(f"node {version.strip()} is too old for node-soap")
    folder = tmp_path_factory.mktemp("node")
    for source in (SOURCES / "node").iterdir():
        if source.is_file():
            shutil.copy(source, folder)
    build(
        "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder, environment=dict(os.environ)
    )
    return OutsideClient(("node", str(folder / "client.mjs")), running_gateway.https_url, running_gateway.ca)


class TestNodeSoap(DigestPromises):
    victim: ClassVar[str] = "NOAH"

    @SOAP
    def test_a_password_text_may_come_with_a_nonce(self, client: OutsideClient, soap: str) -> None:
        result = client.call(f"secure/whoami/{soap}/nonce", ALICE).result
        assert result is not None
        assert result["user"] == "ALICE"
