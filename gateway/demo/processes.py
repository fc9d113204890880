"""The programs that the demonstration runs as users do: `imsgw serve`, `imsgw callout`, and commands."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from gateway.clock import SYSTEM_CLOCK

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 40.0
LOG_TAIL: Final = 4000
"""Characters of a log that are shown when something went wrong."""


@dataclass(frozen=True, slots=True)
class Programs:
    """How `imsgw` is run for one home."""

    home: Path
    secrets: Mapping[str, str]
    """Environment variables with what the configuration leaves to them."""

    def start(self, command: str) -> "Program":
        """Start `imsgw COMMAND` for the home; what it writes goes to a file there."""
        log = self.home / f"{command}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603  our own program
                self._line(command),
                env=self._environment(),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop the program gracefully
            )
        return Program(process, log)

    def run(self, *command: str) -> "Done":
        """Run `imsgw COMMAND ...` for the home to its end."""
        done = subprocess.run(  # noqa: S603  our own program
            self._line(*command),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def _line(self, *command: str) -> list[str]:
        return [sys.executable, "-m", "gateway", *command, "--home", str(self.home)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.secrets, "IMSGW_STATE": str(self.home / "var")}


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    exit_code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs until it is stopped."""

    process: subprocess.Popen[bytes]
    log: Path

    def is_ready(self, address: str, ca: Path) -> bool:
        """Wait until the address answers 200; False when the program ends before that, or takes too long."""
        deadline = SYSTEM_CLOCK.monotonic() + START_SECONDS
        pause = threading.Event()
        while self.process.poll() is None and SYSTEM_CLOCK.monotonic() < deadline:
            try:
                if requests.get(address, verify=str(ca), timeout=5).ok:
                    return True
            except requests.RequestException:
                pass  # not listening yet
            pause.wait(0.1)
        return False

    @property
    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-LOG_TAIL:]

    def stop(self) -> None:
        """Stop it gracefully, or otherwise after a while."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
