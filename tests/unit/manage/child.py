"""A change made by a process of its own, which a test may limit, kill or run beside another."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fixtures.running_gateway import REPOSITORY
from tests.unit.manage.conftest import ENVIRON

_HEAD = """
import os, signal, sys, time
from pathlib import Path
from gateway.manage import bundles, services
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError

home = Path(sys.argv[1])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def installed(activate=lambda: ()):
    return Installation(home, home / "var", dict(os.environ), activate)
"""


DEPLOYING = """
from gateway.manage import deploy, sources
from gateway.manage.deploying import Wanted
"""
"""For code that deploys: it takes a second to import."""


def start(home: Path, code: str) -> subprocess.Popen[str]:
    """Start Python with the functions of `gateway.manage`, `home`, `installed()` and `die()` at hand."""
    return subprocess.Popen(
        [sys.executable, "-c", _HEAD + code, str(home)],
        env={**os.environ, **ENVIRON, "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    with start(home, code) as process:
        out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)
