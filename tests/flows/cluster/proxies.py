"""HAProxy and nginx with the files of deploy/: their addresses and file names are replaced, nothing else."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.calling import PATIENCE, pem_of
from tests.fixtures.ports import free_port
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY, RunningGateway, wait_until

SOURCE = "127.0.0.2"
"""What the proxies that end TLS call the gateways from."""
_HAPROXY_LINE = re.compile(r"\bgateways/(\S+) (?:-?\d+/)+[+-]?\d+ (-?\d+) \d+ \S \S (\S{4}) ")
"""Of `option httplog`: server, status, how it ended."""
_NGINX_LINE = re.compile(r'" (\d{3}) [\d.]+ to (\S+(?:, \S+)*) (\S+(?:, \S+)*)$', re.MULTILINE)


def filled(file: str, changes: Mapping[str, str]) -> str:
    """Return the text of an example file with values of this machine; each is there to be replaced."""
    text = (REPOSITORY / "deploy" / file).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{file} has no {old}"
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Passed:
    """One request as the proxy tells of it."""

    server: str
    status: int
    ended: str


@dataclass
class Proxy:
    """A running proxy; `port` is where clients come in."""

    port: int
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where clients come in."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self.log_file.read_text(errors="replace")

    def is_up(self, server: str) -> bool:
        """Tell whether HAProxy last said of a server that it is up."""
        said = re.findall(rf"Server gateways/{server} is (UP|DOWN)", self.log)
        return not said or said[-1] == "UP"


def passed_by_haproxy(proxy: Proxy, since: int = 0) -> list[Passed]:
    """Return the requests that HAProxy told of, from a place of its log on."""
    return [Passed(one[1], int(one[2]), one[3]) for one in _HAPROXY_LINE.finditer(proxy.log[since:])]


def passed_by_nginx(proxy: Proxy) -> list[tuple[int, str, str]]:
    """Return status, gateways asked, and their statuses, of each request."""
    return [(int(one[1]), one[2], one[3]) for one in _NGINX_LINE.finditer(proxy.log)]


def _files(folder: Path, gateway: RunningGateway, etc: str) -> dict[str, str]:
    """Lay the key and the authorities out, and return how the example names them."""
    (folder / "server.pem").write_bytes(pem_of(gateway.keys.server).read_bytes())
    for name in ("clients.pem", "gateways.pem"):
        (folder / name).write_bytes(gateway.ca.read_bytes())
    return {f"{etc}/{path}": f"{folder}/{path}" for path in ("server.pem", "clients.pem", "gateways.pem")}


def _places(gateways: list[RunningGateway], port: int) -> dict[str, str]:
    found = {f"10.1.0.1{n}:8443": f"127.0.0.1:{one.https_port}" for n, one in enumerate(gateways, 1)}
    return found | {"10.1.0.5:443": f"127.0.0.1:{port}", "gateway.example.com": "localhost"}


@contextmanager
def haproxy(folder: Path, gateways: list[RunningGateway], file: str = "haproxy.cfg") -> Iterator[Proxy]:
    """Run HAProxy with one of its example files."""
    folder.mkdir()
    port = free_port()
    changes = _places(gateways, port)
    files = _files(folder, gateways[0], "/etc/haproxy")
    if file == "haproxy.cfg":
        changes |= {**files, "source 10.1.0.5": f"source {SOURCE}"}
    else:
        changes["/etc/haproxy/gateways.pem"] = files["/etc/haproxy/gateways.pem"]
    settings = folder / file
    settings.write_text(filled(f"haproxy/{file}", changes))
    with _running(["haproxy", "-db", "-f", str(settings)], folder / "output", port) as proxy:
        wait_until(lambda: proxy.log.count("Proxy soap started") or "Proxy" not in proxy.log, "HAProxy")
        yield proxy


@contextmanager
def nginx(folder: Path, gateways: list[RunningGateway]) -> Iterator[Proxy]:
    """Run nginx with its example file, within a main file that keeps it to one folder."""
    folder.mkdir()
    port = free_port()
    changes = _places(gateways, port) | _files(folder, gateways[0], "/etc/nginx")
    changes |= {"proxy_bind 10.1.0.5;": f"proxy_bind {SOURCE};", "/var/log/nginx/imsgw.log": f"{folder}/access"}
    (folder / "imsgw.conf").write_text(filled("nginx/imsgw.conf", changes))
    kept = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log info;\n"
        f"events {{ worker_connections 256; }}\nhttp {{ {kept} include {folder}/imsgw.conf; }}\n"
    )
    command = ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    (folder / "access").touch()
    with _running(command, folder / "output", port) as proxy:
        proxy.log_file = folder / "access"
        yield proxy


@contextmanager
def _running(command: list[str], output: Path, port: int) -> Iterator[Proxy]:
    with output.open("wb") as log:
        process = subprocess.Popen(
            [*ENDED_WITH_US, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    proxy = Proxy(port, output, process)
    try:
        wait_until(lambda: _listens(proxy), "the proxy")
        yield proxy
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _listens(proxy: Proxy) -> bool:
    assert proxy.process.poll() is None, proxy.log
    table = Path("/proc/net/tcp").read_text()
    return f":{proxy.port:04X} 00000000:0000 0A" in table
