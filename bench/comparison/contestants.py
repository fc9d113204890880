"""Who is compared: how each is built and started, what it needs, what it verifies, which versions it is."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as distribution
from pathlib import Path
from typing import Final

from bench.comparison import home, processes
from bench.comparison.messages import AUDIENCE, USER
from bench.comparison.place import KEYSTORE_PASSWORD, PLAIN, SERVICES, USERS, Place, version
from bench.comparison.processes import BenchError, Server
from tests.fixtures.ports import free_port
from tests.interop.outside import SOURCES, install_node

PEERS: Final = Path(__file__).parents[1] / "peers"
BUILT: Final = home.ROOT / "build/bench"
JAVA: Final = home.ROOT / "build/java/lib"
Start = Callable[[Place, bool, Server], Server]


@dataclass(frozen=True)
class Contestant:
    """One server that is compared; the text after `replay` stands in the table."""

    name: str
    start: Start
    tools: Mapping[str, str]
    """What it needs: a command or file, and the Debian package that has it."""
    versions: Callable[[], str]
    services: Sequence[str] = SERVICES
    replay: bool = False
    """Whether a message is good once: then none is sent twice."""
    compiles: bool = False
    """Whether it gets faster for a while, as what runs often is compiled."""

    def missing(self) -> list[str]:
        """Name what is not here, with the package to install."""
        return [f"{tool} (Debian: {package})" for tool, package in self.tools.items() if not _found(tool)]


def _found(tool: str) -> bool:
    return Path(tool).exists() if "/" in tool else shutil.which(tool) is not None


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def _folder(name: str, place: Place, tls: bool) -> Path:
    return place.folder_of(f"{name}-{'https' if tls else 'http'}")


def _verification(place: Place) -> tuple[list[str], list[str]]:
    """Return the arguments that tell a peer whom to trust, and what to expect."""
    return [str(place.senders.ca), str(place.senders.first)], [AUDIENCE, USER, USERS[USER]]


# -- ours, and bare Spyne -----------------------------------------------------------------------------------


def _gateway(place: Place, tls: bool, standin: Server) -> Server:
    return home.start(f"gateway-{'https' if tls else 'http'}", place, standin, home.Shape(tls=tls))


def _spyne(place: Place, tls: bool, _standin: Server) -> Server:
    port = free_port()
    options = [
        "--no-control-socket",
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "8",
        "--keep-alive",
        "75",
    ]
    if tls:
        options += ["--certfile", str(place.certificate), "--keyfile", str(place.key)]
    command = [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}"]
    target = "bench.peers.spyne_echo:application"
    log = _folder("spyne", place, tls) / "log"
    return processes.start("spyne", port, log, [*command, target], {"PYTHONPATH": str(home.ROOT)})


# -- gSOAP --------------------------------------------------------------------------------------------------


def _gsoap(place: Place, tls: bool, _standin: Server) -> Server:
    program = BUILT / "gsoap"
    if not _newer(program / "server", PEERS / "gsoap"):
        _run("sh", str(PEERS / "gsoap/build.sh"), str(program))
    folder, port = _folder("gsoap", place, tls), free_port()
    own = folder / "server.pem"
    own.write_bytes(place.key.read_bytes() + place.certificate.read_bytes())
    trust, wanted = _verification(place)
    command = [str(program / "server"), str(port), *trust, str(own) if tls else "-", *wanted]
    return processes.start("gsoap", port, folder / "log", command, {})


def _newer(built: Path, sources: Path) -> bool:
    newest = max(each.stat().st_mtime for each in sources.iterdir() if each.is_file())
    return built.exists() and built.stat().st_mtime > newest


# -- node ---------------------------------------------------------------------------------------------------


def _node(place: Place, tls: bool, _standin: Server) -> Server:
    folder, port = _folder("node", place, tls), free_port()
    install_node(folder)
    shutil.copy(PEERS / "node/server.mjs", folder)
    trust, wanted = _verification(place)
    own = [str(place.key), str(place.certificate)] if tls else ["-", "-"]
    wsdl = home.ROOT / "tests/homes/lab/lab.wsdl"
    command = ["node", str(folder / "server.mjs"), str(wsdl), str(port), *trust, *own, *wanted]
    return processes.start("node", port, folder / "log", command, {})


def _node_versions() -> str:
    lock = json.loads((SOURCES / "node/package-lock.json").read_text())["packages"]
    parts = [f"{name} {lock[f'node_modules/{name}']['version']}" for name in ("soap", "xml-crypto")]
    return ", ".join([f"node {version('node', '--version')}", *parts])


# -- WSS4J --------------------------------------------------------------------------------------------------


def _wss4j(place: Place, tls: bool, _standin: Server) -> Server:
    _run("sh", "build.sh", folder=SOURCES / "java")
    classes = BUILT / "wss4j"
    if not _newer(classes / "Server.class", PEERS / "java"):
        _run("javac", "-cp", f"{JAVA}/*", "-d", str(classes), str(PEERS / "java/Server.java"))
    port = free_port()
    trust, wanted = _verification(place)
    own = [str(place.keystore) if tls else "-", KEYSTORE_PASSWORD]
    path = f"{classes}:{JAVA}/*"
    command = [
        "java",
        "-Dsun.net.httpserver.nodelay=true",
        "-cp",
        path,
        "Server",
        str(port),
        *trust,
        *own,
        *wanted,
    ]
    return processes.start("wss4j", port, _folder("wss4j", place, tls) / "log", command, {})


def _wss4j_versions() -> str:
    jars = [each.stem for each in JAVA.glob("wss4j-ws-security-dom-*.jar")] + [
        each.stem for each in JAVA.glob("xmlsec-*.jar")
    ]
    return ", ".join([version("java", "--version"), *jars])


def _python(*names: str) -> str:
    python = ".".join(str(part) for part in sys.version_info[:3])
    return ", ".join([f"Python {python}", *(f"{name} {distribution(name)}" for name in names)])


CONTESTANTS: Final = (
    Contestant(
        "gateway", _gateway, {}, lambda: _python("ims-gateway", "gunicorn", "spyne", "lxml"), replay=True
    ),
    Contestant("spyne", _spyne, {}, lambda: _python("spyne", "gunicorn", "lxml"), (PLAIN,)),
    Contestant(
        "gsoap",
        _gsoap,
        {
            "soapcpp2": "gsoap",
            "cc": "gcc",
            "pkg-config": "pkg-config",
            f"{os.environ.get('GSOAP_SHARE', '/usr/share/gsoap')}/plugin/wsseapi.c": "libgsoap-dev",
        },
        lambda: f"gSOAP {version('soapcpp2', '-V')}, {version('openssl', 'version').partition(' (')[0]}",
    ),
    Contestant("node", _node, {"node": "nodejs", "npm": "npm"}, _node_versions, compiles=True),
    Contestant(
        "wss4j",
        _wss4j,
        {
            "java": "default-jre-headless",
            "javac": "default-jdk-headless",
            "mvn": "maven",
            "flock": "util-linux",
        },
        _wss4j_versions,
        compiles=True,
    ),
)
