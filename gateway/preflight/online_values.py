"""What the tries of `imsgw check --online` give and get."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.clock import Clock
from gateway.config.catalogue import Kind
from gateway.errors import Problem


@dataclass(frozen=True, slots=True)
class Shown:
    """A finished handshake, and the certificate that the other side showed in it."""

    version: str
    cipher: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_after: datetime
    sha256: str

    def __str__(self) -> str:
        return f"{self.version} {self.cipher}, {self.subject}, valid until {self.not_after:%Y-%m-%d}"

    def facts(self, now: datetime) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "version": self.version,
            "cipher": self.cipher,
            "subject": self.subject,
            "issuer": self.issuer,
            "names": list(self.names),
            "not_after": self.not_after.isoformat(),
            "days_left": (self.not_after - now).days,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """What one try found."""

    said: tuple[str, ...] = ()
    """What went well, in words."""
    wrong: tuple[tuple[Kind, str], ...] = ()
    shown: Shown | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """One address that the home names, and how it is tried."""

    kind: str
    """`ims-connect`, `valkey`, `postgresql`, `ldap`, `syslog`, `collector`, `service` or `proxy`."""
    name: str
    """Of the bundle, or of the service; empty for what belongs to the gateway as a whole."""
    address: str
    """For people: ``host:port``."""
    file: str
    """Where the home names it, with the key."""
    key: str
    run: Callable[["Terms"], Found]
    """Ends by the deadline as far as it can; does not raise for what it finds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one try."""

    clock: Clock
    now: datetime
    """The time that certificates are judged by."""
    deadline: float
    """On the clock's monotonic scale, in seconds."""

    @property
    def left(self) -> float:
        """Seconds that are left, at least a moment."""
        return max(self.deadline - self.clock.monotonic(), 0.001)


@dataclass(frozen=True, slots=True)
class Tried:
    """How a try ended."""

    what: Try
    found: Found
    milliseconds: int

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, as lines of `imsgw check`."""
        place = self.what
        told = f"{place.name} {place.address}".strip() if place.kind == "service" else place.address
        return tuple(kind.at(place.file, place.key, f"{told}: {text}") for kind, text in self.found.wrong)

    @property
    def done(self) -> bool:
        """Whether nothing is wrong that is more than a warning."""
        return all(problem.warning for problem in self.problems)

    def facts(self, now: datetime) -> dict[str, Any]:
        """Return it as JSON's values."""
        shown = self.found.shown
        return {
            "kind": self.what.kind,
            "name": self.what.name,
            "address": self.what.address,
            "done": self.done,
            "milliseconds": self.milliseconds,
            "said": list(self.found.said),
            "tls": shown.facts(now) if shown is not None else None,
        }
