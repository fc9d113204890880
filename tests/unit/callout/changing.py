"""A home in a folder, and what a test wants of its reloads."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.callout.in_force import InForce
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Home
from gateway.config.read import read_home
from gateway.config.watched import Fingerprint, fingerprint, named_files
from gateway.control.reloaded import Reloaded
from gateway.errors import Problem
from gateway.preflight.snapshot import Snapshot

GATEWAY = """
[server]
https = ""
http = "127.0.0.1:1"
[callout]
watch_seconds = {seconds}
"""
BUNDLE = """
[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
exit = "HWSSMPL1"
[credentials]
user = "GWUSER"
password = {{ file = "{secret}" }}
[callout]
tpipes = ["CALL1"]
truststore = {{ path = "trusted" }}
"""


def home_in(tmp_path: Path) -> Path:
    """Write a home, and beside it the file of a secret."""
    home = tmp_path / "home"
    for part in ("bundles", "wsdl", "trusted"):
        (home / part).mkdir(parents=True)
    (home / "trusted" / "ca.pem").write_text("PEM")
    (tmp_path / "password").write_text("SECRET")
    (home / "gateway.toml").write_text(GATEWAY.format(seconds=5))
    (home / "bundles" / "ims1.toml").write_text(BUNDLE.format(secret=tmp_path / "password"))
    return home


def touched(path: Path, text: str) -> None:
    """Write a file so that its time differs, however coarse the file system's clock is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def change(folder: Path, seconds: float = 7) -> None:
    touched(folder / "gateway.toml", GATEWAY.format(seconds=seconds))


class Changing:
    """A home in force; what reading, taking and telling do is the test's."""

    def __init__(self, folder: Path, warnings: tuple[Problem, ...] = ()) -> None:
        self.folder = folder
        self.warnings = warnings
        self.reads = 0
        self.taken: list[Home] = []
        self.told: list[Reloaded] = []
        self.read_error: Exception | None = None
        self.take_error: Exception | None = None
        self.cannot_follow: tuple[str, ...] = ()
        self.reading: Callable[[], Home] = self.home
        self.in_force = InForce(
            "callout 1",
            *self._loaded(),
            read=self._read,
            take=self._take,
            told=lambda told, _at: self.told.append(told),
            clock=SYSTEM_CLOCK,
        )

    def home(self) -> Home:
        return read_home(self.folder, environ={})

    def _read(self) -> tuple[Snapshot, Fingerprint]:
        self.reads += 1
        if self.read_error:
            raise self.read_error
        return self._loaded()

    def _loaded(self) -> tuple[Snapshot, Fingerprint]:
        named = named_files(self.home()) if self.folder.exists() else frozenset()
        look = fingerprint(self.folder, named)
        now = datetime(2026, 11, 22, tzinfo=UTC)
        return Snapshot(1, f"digest {self.reads}", now, self.reading(), {}, {}, self.warnings), look

    def _take(self, home: Home, contracts: Mapping[str, Any]) -> tuple[str, ...]:
        assert contracts == {}
        if self.take_error:
            raise self.take_error
        self.taken.append(home)
        return self.cannot_follow

    @property
    def seconds(self) -> list[float]:
        """`callout.watch_seconds` of the homes that came into force."""
        return [home.gateway.callout.watch_seconds for home in self.taken]
