"""gSOAP with its wsse plugin: a client in C, generated from the live contract."""

import re
import shutil
from pathlib import Path
from typing import ClassVar

import pytest

from tests.fixtures.running_gateway import RunningGateway
from tests.interop.outside import SOURCES, OutsideClient, build, lack, need
from tests.interop.promises import DigestPromises

pytestmark = pytest.mark.interop

SHARE = Path("/usr/share/gsoap")


def save_contract(gateway: RunningGateway, port: str, folder: Path) -> None:
    """Save the live WSDL and, by the addresses in it, its schemas; wsdl2h would not verify the certificate."""
    address = f"{gateway.https_url}/imssoap/services/{port}"
    wsdl = gateway.fetch(f"{address}?wsdl").decode()
    assert f'location="{address}"' in wsdl, "the contract does not carry the live address"
    schemas = re.findall(rf'schemaLocation="({re.escape(address)}\?xsd=([\w.-]+))"', wsdl)
    assert schemas, "the contract does not import its schema from the live address"
    for url, name in schemas:
        (folder / name).write_bytes(gateway.fetch(url))
        wsdl = wsdl.replace(f'schemaLocation="{url}"', f'schemaLocation="{name}"')
    (folder / "phonebook.wsdl").write_text(wsdl)


@pytest.fixture(scope="module")
def client(running_gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> OutsideClient:
    """Generate and compile."""
    need("wsdl2h", "soapcpp2", "cc", "pkg-config")
    if not (SHARE / "plugin" / "wsseapi.c").exists():
        lack(f"the wsse plugin is not in {SHARE} (tests/interop/install-tools.sh installs it)")
    folder = tmp_path_factory.mktemp("gsoap")
    shutil.copytree(SOURCES / "gsoap", folder, dirs_exist_ok=True)
    save_contract(running_gateway, "PhoneBookPort", folder)
    build("sh", "build.sh", ".", folder=folder)
    return OutsideClient((str(folder / "client"),), running_gateway.https_url, running_gateway.ca)


class TestGsoap(DigestPromises):
    victim: ClassVar[str] = "GUS"

    def test_a_fault_code_is_in_the_namespace_of_the_standard(self, client: OutsideClient) -> None:
        """gSOAP shows a QName with the prefix of its own table, whatever prefix came."""
        assert client.run("secure/whoami/1.1/none")["fault"]["code"] == "wsse:InvalidSecurity"
        assert client.run("secure/whoami/1.2/none")["fault"]["subcode"] == "wsse:InvalidSecurity"
