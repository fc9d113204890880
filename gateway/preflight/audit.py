"""Whether the audit trail can be written on this machine, by this user."""

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.audit.making import trail_path
from gateway.config.catalogue import audit as found
from gateway.config.checks.places import GATEWAY_FILE
from gateway.config.model import Home
from gateway.errors import Problem


def audit_problems(home: Home) -> Iterator[Problem]:
    """Name a file that cannot be written; it stands in the way only of who does nothing without a record."""
    audit = home.gateway.audit
    if audit.kind == "file" and (text := _trouble(trail_path(audit, home.state))):
        kind = found.FILE if audit.on_failure == "refuse" else found.LOSS
        yield kind.at(GATEWAY_FILE, "audit.to", text)


def _trouble(path: Path) -> str:
    """Say why a trail cannot be written; empty: it can."""
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            return f"{path} is no regular file"
        if path.exists():
            return "" if os.access(path, os.W_OK) else f"{path} cannot be written by this user"
        folder = next(one for one in path.parents if one.exists())
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    if not folder.is_dir():
        return f"{folder} is no folder"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written by this user"
