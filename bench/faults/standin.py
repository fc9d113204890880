"""The stand-in as a process of its own, which can be killed, stopped and started again; it notes executions."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.faults.noted import FILE
from tests.fixtures.callout import toml
from tests.fixtures.ports import free_port
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY
from tests.fixtures.standin import USERS

START_SECONDS = 30
PROGRAMS = {"ECHO": {"program": "bench.faults.noted:Echo"}}


class StandinProcess:
    """`imsgw standin`; `tables` are further ones of its configuration, `prefix` stands before its command."""

    def __init__(
        self,
        folder: Path,
        tables: Mapping[str, Any] | None = None,
        *,
        host: str = "127.0.0.1",
        prefix: Sequence[str] = (),
    ) -> None:
        self.host, self.port = host, free_port()
        self._folder = folder
        self._prefix = prefix
        self._tables = dict(tables or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True, **more: Any) -> None:
        """Start it and return when it listens; `more` are tables for this life of it."""
        connect = {"listen": f"{self.host}:{self.port}", "racf": True, "maxsoc": 4096, "application": "IMSAPPL"}
        tables = {"users": USERS, "transactions": PROGRAMS, **self._tables, **more}
        tables["ims_connect"] = {**connect, **tables.get("ims_connect", {})}
        config = self._folder / "standin.toml"
        config.write_text("".join(f"{name} = {toml(value)}\n" for name, value in tables.items()))
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), FILE: str(self._book)}
        with (self._folder / "standin.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *ENDED_WITH_US,
                    *self._prefix,
                    *(sys.executable, "-m", "gateway", "standin", "--config", str(config)),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.wait_listening()

    def wait_listening(self) -> None:
        """Return when somebody can connect."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError(
            f"the stand-in does not listen:\n{(self._folder / 'standin.log').read_text()[-2000:]}"
        )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP hangs it, SIGCONT lets it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()

    @property
    def executions(self) -> Counter[str]:
        """How often IMS executed each message, by its text."""
        return Counter(self._book.read_text().split() if self._book.exists() else [])

    @property
    def _book(self) -> Path:
        return self._folder / "executions.txt"
