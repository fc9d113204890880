"""Disks that are full: a tmpfs of so many bytes, and a file in it that takes what is left.

Here the disk of the gateway's state; the journal's is in callouts.py, that of the audit in audit.py.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.messages import with_nonce
from bench.faults.scene import scene
from gateway.errors import M

BLOCK = 4096
STATE_BYTES = 12_000_000


@dataclass(frozen=True)
class SmallDisk:
    """A mounted file system."""

    folder: Path

    def fill(self) -> None:
        """Take every byte that is left."""
        size = BLOCK * 64
        with self._ballast.open("ab", buffering=0) as ballast:
            while size:
                try:
                    ballast.write(bytes(size))
                except OSError:
                    size //= 2

    def relieve(self) -> None:
        """Give it all back."""
        self._ballast.unlink(missing_ok=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount one of so many bytes. Needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},mode=0700"
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "imsgw-fault", folder], check=True, capture_output=True
    )
    try:
        yield SmallDisk(folder)
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "-l", folder], check=True, capture_output=True)


def can_mount() -> bool:
    """Tell whether this process may mount file systems: root, and not in a container without the right to."""
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "imsgw-fault", "/mnt"], check=False, capture_output=True
    )
    return tried.returncode == 0


def state_full(pace: Pace) -> Ledger:
    with (
        TemporaryDirectory(prefix="imsgw-disk-") as folder,
        small_disk(Path(folder) / "state", STATE_BYTES) as disk,
        scene({"server.state": str(disk.folder)}) as made,
    ):
        before = set(made.gateway.workers)
        how: dict[str, Any] = {"service": "SecureLabPort", "make": with_nonce, "copies": True}
        ledger = made.under(disk.fill, disk.relieve, pace.seconds, **how)
        ledger.require(set(made.gateway.workers) == before, "a worker has died")
    ledger.require(M.REPLAY_STORE.id in ledger.refused, "no message met the full disk")
    return ledger


FAULTS = (
    Fault(
        "state-disk-full",
        "What cannot be remembered is refused, no copy is executed, no worker dies; with room all is served.",
        "The state folder is on a small file system that is filled to the last byte; each message comes twice.",
        state_full,
        needs="root",
    ),
)
