"""What every part of management has at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from gateway.admin.ports import Gateway
from gateway.audit.ports import AdminAudit, Unaudited
from gateway.clock import Clock
from gateway.config.model import AdminSettings, Home


@dataclass(frozen=True, slots=True)
class Desk:
    """The running gateway, and where its files are. One a worker; it lives across reloads."""

    gateway: Gateway
    home: Path
    """The folder, as it is on the disk now; what is in force is `configuration`."""
    state: Path
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)
    """For `{ env = "NAME" }` in files of the home."""
    audit: AdminAudit = field(default_factory=Unaudited, repr=False, compare=False)
    """Where what people do is recorded."""
    judging: Lock = field(default_factory=Lock, repr=False, compare=False)
    """Held by who reads the whole home: thousands of services take seconds, so one does it at a time."""

    @property
    def configuration(self) -> Home:
        """What is in force at this moment; ask once and keep it where two answers must fit each other."""
        return self.gateway.snapshot().home

    @property
    def settings(self) -> AdminSettings:
        """`[admin]` as it is in force."""
        return self.configuration.gateway.admin
