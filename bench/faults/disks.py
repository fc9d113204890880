"""Small file systems that can be full: a tmpfs of so many bytes, and a file in it that takes what is left."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096


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
