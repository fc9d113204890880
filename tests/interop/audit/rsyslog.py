"""A real rsyslog: an ordinary process that takes syslog over TLS and writes what it gets into a file."""

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

from tests.fixtures.pki import Pki
from tests.fixtures.ports import free_port
from tests.interop.outside import lack, need

Driver = Literal["ossl", "gtls"]
Clients = Literal["anon", "x509/certvalid"]
START_SECONDS = 30


@dataclass
class Rsyslog:
    """One receiver; ended and started again, it listens at the same port and goes on in the same file."""

    folder: Path
    pki: Pki
    driver: Driver = "ossl"
    clients: Clients = "anon"
    held_seconds: float = 0
    """How long it holds what it has received in memory before it writes it; a kill loses that."""
    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()
    """Before its command: where it is to run."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def output(self) -> Path:
        return self.folder / "messages"

    def start(self) -> None:
        """Start it; return when it takes connections. A line that it was killed over is ended first."""
        if self.output.exists() and not self.output.read_bytes().endswith(b"\n"):
            with self.output.open("ab") as file:
                file.write(b"\n")
        configuration = self.folder / "rsyslog.conf"
        configuration.write_text(self.configuration())
        program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
        command = [*self.prefix, program, "-n", "-f", str(configuration), "-i", str(self.folder / "pid")]
        for _ in range(3):  # somebody else may hold the port for a moment
            (self.folder / "pid").unlink(missing_ok=True)
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(command, stdout=log, stderr=log)
            if self._listens():
                return
            self.kill()
        pytest.fail((self.folder / "log").read_text(errors="replace")[-4000:])

    def stop(self) -> None:
        """End it in order."""
        self._end("terminate")

    def kill(self) -> None:
        """End it as a power failure would: what it held in memory is gone."""
        self._end("kill")

    def messages(self) -> list[bytes]:
        """Return what it has written, line by line; a line that it was killed over is left out."""
        whole, _, _ = self.output.read_bytes().rpartition(b"\n") if self.output.exists() else (b"", b"", b"")
        return whole.split(b"\n") if whole else []

    def keys(self) -> tuple[Path, Path]:
        """Return a file with its key and certificate, and one with the authorities."""
        keys = self.folder / "key.pem"
        keys.write_bytes(self.pki.pem(self.pki.keys.server).read_bytes())
        ca = self.folder / "ca.pem"
        ca.write_bytes(self.pki.keys.ca.read_bytes())
        return keys, ca

    def _end(self, how: Literal["terminate", "kill"]) -> None:
        if self.process is not None:
            getattr(self.process, how)()
            self.process.wait(timeout=START_SECONDS)
            self.process = None

    def _listens(self) -> bool:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection((self.host, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
                continue
            return True
        return False

    def configuration(self) -> str:
        """Return its configuration; its keys are copied beside it, where AppArmor may let it read."""
        keys, ca = self.keys()
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        return dedent(f"""
            global(
                workDirectory="{work}"
                maxMessageSize="64k"
                parser.escapeControlCharactersOnReceive="off"
                defaultNetstreamDriverCAFile="{ca}"
                defaultNetstreamDriverCertFile="{keys}"
                defaultNetstreamDriverKeyFile="{keys}"
            )
            main_queue(queue.dequeueSlowdown="{int(self.held_seconds * 1e6)}" queue.dequeueBatchSize="8192")
            module(load="imtcp")
            input(
                type="imtcp" port="{self.port}" address="{self.host}"
                streamDriver.name="{self.driver}" streamDriver.mode="1" streamDriver.authMode="{self.clients}"
            )
            template(name="whole" type="string" string="%rawmsg%\\n")
            action(type="omfile" file="{self.output}" template="whole")
            """)


def need_rsyslog(driver: Driver) -> None:
    need("rsyslogd")
    if not any(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
        lack(f"rsyslog has no driver {driver} (tests/interop/install-tools.sh installs it)")
