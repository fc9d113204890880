"""A small home without mistakes, and processes that say what a test wants them to say."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import Problem
from gateway.manage.installation import Installation
from tests.fixtures.running_gateway import REPOSITORY

BUNDLE = """# How IMS1 is reached.
[ims_connect]
host = "127.0.0.1"      # the LPAR
port = 9999
datastore = "IMS1"
pool = { size = 4, wait_seconds = 5 }   # four

[credentials]
user = "GWUSER"
password = { env = "IMS1_PASSWORD" }
"""
ENVIRON = {"IMS1_PASSWORD": "GWPASS1"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one bundle and one service, `lab`."""
    folder = tmp_path / "home"
    (folder / "bundles").mkdir(parents=True)
    (folder / "gateway.toml").write_text(
        '[server]\nhttps = ""\nhttp = "127.0.0.1:8080"\n[admin]\nlisten = ""\n[callout]\nlisten = ""\n'
    )
    (folder / "bundles/ims1.toml").write_text(BUNDLE)
    shutil.copytree(REPOSITORY / "tests/homes/lab", folder / "wsdl/lab")
    return folder


@pytest.fixture
def installation(home: Path) -> Installation:
    """The home, with nothing running on it."""
    return Installation(home, home / "var", ENVIRON)


@dataclass
class Processes:
    """Stands in for what runs: says what it is told to say, and keeps the files as they were when asked."""

    home: Path
    answers: list[tuple[Reloaded, ...]] = field(default_factory=list)
    """One for each time it is asked; after those it takes everything."""
    seen: list[dict[str, bytes]] = field(default_factory=list)

    def activate(self) -> tuple[Reloaded, ...]:
        self.seen.append(files_of(self.home))
        return self.answers.pop(0) if self.answers else (in_force(),)


@pytest.fixture
def processes(home: Path) -> Processes:
    return Processes(home)


@pytest.fixture
def running(home: Path, processes: Processes) -> Installation:
    """The home, with `processes` running on it."""
    return Installation(home, home / "var", ENVIRON, processes.activate)


def in_force() -> Reloaded:
    return Reloaded("serve 1", Outcome.IN_FORCE, 2, "0" * 16)


def refused(*problems: Problem) -> Reloaded:
    return Reloaded("serve 1", Outcome.REFUSED, 1, "0" * 16, problems)


def failed(reason: str) -> Reloaded:
    return Reloaded("callout 1", Outcome.FAILED, 1, "0" * 16, reason=reason)


def files_of(home: Path) -> dict[str, bytes]:
    """Return every file of a home but those of the state folder."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and path.relative_to(home).parts[0] != "var"
    }
