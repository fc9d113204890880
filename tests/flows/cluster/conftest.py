"""Two gateways with one set of keys, one Valkey as the Kubernetes manifests configure it, one IMS Connect."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.pki import Pki
from tests.fixtures.running_gateway import RunningGateway
from tests.fixtures.valkey import ValkeyServer, valkey_program
from tests.flows.cluster.proxies import SOURCE, Proxy, haproxy, nginx
from tests.flows.wss.conftest import TICKET_KEY, racf
from tests.flows.wss.scene import Scene
from tests.flows.wss.wiretap import Wiretap
from tests.interop.outside import need
from tests.unit.deploy.manifests import of_kind

PASSWORD = "valkey-password"
STOP_DELAY_SECONDS = 2.5
"""More than HAProxy's inter x fall and nginx's keepalive_timeout, as docs/clusters.md says."""

RATE = 6
RATED = {"lab-secure": {"limits.rate": f"{RATE}/day"}}
"""One service with a rate, counted by all gateways together."""


@dataclass
class DeployedValkey(ValkeyServer):
    """Valkey with the valkey.conf of deploy/kubernetes; port and folders are those of this machine."""

    def _arguments(self, port: int) -> list[str]:
        assert self.pki is not None
        text: str = of_kind("ConfigMap")["imsgw-valkey"]["data"]["valkey.conf"]
        for old, new in {
            "tls-port 6379": f"tls-port {port}",
            "dir /data": f"dir {self.folder}",
            "/etc/valkey/": f"{self.folder}/",
        }.items():
            assert old in text
            text = text.replace(old, new)
        keys = self.folder / "keys"
        keys.mkdir(exist_ok=True)
        pem = self.pki.pem(self.pki.keys.server).read_bytes()
        for name, content in (
            ("tls.crt", pem),
            ("tls.key", pem),
            ("ca.pem", self.pki.keys.ca.read_bytes()),
            ("password.conf", f"requirepass {self.password}\n".encode()),
        ):
            (keys / name).write_bytes(content)
        settings = self.folder / "valkey.conf"
        settings.write_text(text)
        return [str(settings), "--bind", "127.0.0.1"]


@pytest.fixture(scope="package")
def cluster_valkey(tmp_path_factory, pki: Pki) -> Iterator[ValkeyServer]:
    server = DeployedValkey(valkey_program(), tmp_path_factory.mktemp("valkey"), pki=pki, password=PASSWORD)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def cluster(tmp_path_factory, cluster_valkey) -> Iterator[tuple[Scene, Scene]]:
    """Two machines; whoever calls from SOURCE is a trusted proxy."""
    folder = tmp_path_factory.mktemp("cluster")
    replay = cluster_valkey.settings()
    settings = {
        "server.workers": 1,
        "server.trusted_proxies": [f"{SOURCE}/32"],
        "server.client_certificate_header": "X-Client-Cert",
        "server.stop_delay_seconds": STOP_DELAY_SECONDS,
        "sign_on.failures_per_peer": 1000,
        "replay.store": replay.store,
        "replay.password": PASSWORD,
        "replay.truststore": {"path": replay.truststore.path},
    }
    started: list[RunningGateway] = []

    def prepare(home: Path) -> None:
        if started:
            shutil.copytree(started[0].home / "keystores", home / "keystores", dirs_exist_ok=True)

    with racf() as standin, Wiretap(standin.port) as tap:
        bundle = {"ims_connect.port": tap.port, "passticket.key": TICKET_KEY}
        try:
            for name in ("one", "two"):
                made = RunningGateway(
                    folder / name, standin, settings, bundle, RATED, prepare=prepare, assertions=True
                )
                started.append(made)
            for gateway in started:
                gateway.wait_ready()
            one, two = (Scene(gateway, standin, tap) for gateway in started)
            yield one, two
            for scene in (one, two):
                scene.said |= one.said | two.said
                assert not scene.leaks()
        finally:
            for gateway in started:
                gateway.kill()


@pytest.fixture
def behind_haproxy(cluster, tmp_path) -> Iterator[Proxy]:
    need("haproxy")
    with haproxy(tmp_path / "haproxy", [scene.gateway for scene in cluster]) as proxy:
        yield proxy


@pytest.fixture
def behind_nginx(cluster, tmp_path) -> Iterator[Proxy]:
    need("nginx")
    with nginx(tmp_path / "nginx", [scene.gateway for scene in cluster]) as proxy:
        yield proxy
