"""A gateway and a stand-in in processes of their own, with the lab service, for measurements and long runs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from gateway import testkeys
from gateway.exchange import Secret
from tests.fixtures.in_process import lay_out
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD, free_ports

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
                _wait_for_port(https, made.gateway)
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
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with {process.returncode} instead of listening on {port}")
        if any(c.laddr.port == port for c in psutil.net_connections("tcp4") if c.status == psutil.CONN_LISTEN):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nobody listens on {port}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
