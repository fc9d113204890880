"""What people do at console and management API, told to the log: who, what, what came of it. No payload."""

import logging
from dataclasses import asdict, dataclass, replace
from typing import Self

import structlog


@dataclass(frozen=True, slots=True)
class ManagementCall:
    """One call of the management API by a person, over HTTP or at the console."""

    tracking_id: str
    person: str
    how: str
    """"account", "token" or "sso"."""
    role: str
    peer: str
    """Address of the caller."""
    method: str
    path: str
    status: int = 0
    """As HTTP has it: below 400 it was done."""
    reason: str = ""
    """Why it was not done."""

    def ended(self, status: int, reason: str) -> Self:
        """Return it with what came of it."""
        return replace(self, status=status, reason=reason)


@dataclass(frozen=True, slots=True)
class SignInEnded:
    """Somebody tried to sign in, or signed out."""

    tracking_id: str
    person: str
    """The name that was given, cut; empty where none is known."""
    how: str
    peer: str
    outcome: str
    """"signed in", "refused" or "signed out"."""
    reason: str = ""
    """Why, not for who tried."""


class AdminLog:
    """Writes what people do, a line an event."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("gateway.admin")

    def called(self, event: ManagementCall) -> None:
        """Write what was done, or not, and who it was."""
        level = logging.INFO if event.status < 400 else logging.WARNING
        self._log.log(level, "management", **_told(asdict(event)))

    def signed_in(self, event: SignInEnded) -> None:
        """Write who signed in, or tried."""
        level = logging.WARNING if event.outcome == "refused" else logging.INFO
        self._log.log(level, "sign-in", **_told(asdict(event)))


def _told(facts: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in facts.items() if value != ""}
