"""A gateway and a stand-in in processes of their own, with the lab service, for measurements and long runs."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from gateway import testkeys
from gateway.exchange import Secret
from tests.fixtures.in_process import lay_out
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD

ROOT = Path(__file__).parents[1]
USERS = {"GWUSER": BUNDLE_PASSWORD, "ALICE": "WONDER1", "BOB": "BUILDER1"}


@dataclass
class Stage:
    """The two servers."""

    home: Path
    https: int
    standin_port: int
    ca: Path
    gateway: subprocess.Popen[bytes]
    standin: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        """What the gateway wrote."""
        return (self.home / "gateway.log").read_text(errors="replace")

    def workers(self) -> list[psutil.Process]:
        """The gateway's worker processes."""
        return psutil.Process(self.gateway.pid).children()

    def kill_standin(self) -> None:
        """End the stand-in as a crash would."""
        self.standin.kill()
        self.standin.wait()

    def start_standin(self) -> None:
        """Start it again on the same port."""
        self.standin = _start_standin(self.home)
        _wait_for_port(self.standin_port, self.standin)


def peak_memory(process: psutil.Process) -> int:
    """Return the highest resident set of a process so far, in bytes (VmHWM)."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


@contextmanager
def stage(
    *,
    server: Mapping[str, int | float | str] | None = None,
    pool: int = 32,
    maxsoc: int = 4096,
    racf: bool = True,
) -> Iterator[Stage]:
    """Start both; `server` sets keys of `[server]`, `pool` the sockets of the bundle."""
    folder = Path(tempfile.mkdtemp(prefix="imsgw-bench-"))
    https, admin, standin_port = free_ports(3)
    home = folder / "home"
    settings = {
        "server.https": f"127.0.0.1:{https}",
        "admin.listen": f"127.0.0.1:{admin}",
        **{f"server.{key}": value for key, value in (server or {}).items()},
    }
    lay_out(home, standin_port, settings, {"ims_connect.maxsoc": maxsoc}, {})
    bundle = home / "bundles/ims1.toml"
    bundle.write_text(bundle.read_text().replace("size = 32", f"size = {pool}"))
    config = home / "gateway.toml"
    config.write_text(
        config.read_text().replace(
            "[server]",
            '[server]\nkeystore = { path = "keystores/server.p12",'
            ' password = { env = "IMSGW_KEYSTORE_PASSWORD" } }',
        )
    )
    keys = testkeys.create(home / "keystores", password=Secret(KEYSTORE_PASSWORD))
    _write_standin(home, standin_port, maxsoc, racf)
    standin = _start_standin(home)
    try:
        _wait_for_port(standin_port, standin)
        made = Stage(home, https, standin_port, keys.ca, _start_gateway(home), standin)
        try:
            try:
                _wait_until_ready(made)
            except RuntimeError as error:
                raise RuntimeError(f"{error}; its log says:\n{made.log}") from error
            yield made
        finally:
            _end(made.gateway)
            _end(made.standin)
    finally:
        _end(standin)
        shutil.rmtree(folder)


def _write_standin(home: Path, port: int, maxsoc: int, racf: bool) -> None:
    lines = [
        "[ims_connect]",
        f'listen = "127.0.0.1:{port}"',
        f"maxsoc = {maxsoc}",
        f"racf = {str(racf).lower()}",
    ]
    for user, password in USERS.items():
        lines += [f"[users.{user}]", f'password = "{password}"', 'groups = ["GWGROUP"]']
    (home / "standin.toml").write_text("\n".join(lines) + "\n")


def _start_standin(home: Path) -> subprocess.Popen[bytes]:
    return _start(home, "standin", "standin", "--config", str(home / "standin.toml"))


def _start_gateway(home: Path) -> subprocess.Popen[bytes]:
    return _start(home, "gateway", "serve", "--home", str(home))


def _start(home: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "IMSGW_KEYSTORE_PASSWORD": KEYSTORE_PASSWORD,
        "IMS1_PASSWORD": BUNDLE_PASSWORD,
        "PYTHONPATH": str(ROOT),
    }
    with (home / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    _wait(lambda: _accepts(port), f"nobody listens on {port}", process, seconds)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until_ready(made: Stage) -> None:
    """Wait until every worker is there and the gateway says that it is ready."""
    settings = tomllib.loads((made.home / "gateway.toml").read_text())
    workers = settings["server"].get("workers", 2)

    def ready() -> bool:
        if len(made.workers()) < workers:
            return False
        try:
            address = f"https://localhost:{made.https}/readyz"
            return requests.get(address, verify=str(made.ca), timeout=5).ok
        except requests.RequestException:
            return False

    _wait(ready, "the gateway is not ready", made.gateway, 60)


def _wait(
    condition: Callable[[], bool], trouble: str, process: subprocess.Popen[bytes], seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with {process.returncode}: {trouble}")
        if time.monotonic() > deadline:
            raise RuntimeError(trouble)
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
