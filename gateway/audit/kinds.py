"""What can stand in the trail: the kinds of events, each with the id that security tools know it by.

Ids are an interface: they are never given a second meaning, as mappings in QRadar, ArcSight and others rest on
them. docs/audit.md has the table.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final


class Outcome(StrEnum):
    """What came of it, in ECS's words (event.outcome)."""

    SUCCESS = "success"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    """It was asked for, and nobody can tell whether it was done."""


@dataclass(frozen=True, slots=True)
class About:
    """What is the same for all events of a kind."""

    id: str
    """LEEF's EventID, CEF's class id; in lower case with hyphens ECS's event.action."""
    name: str
    """For people, without anything that other fields say (CEF)."""
    severity: int
    """1 to 10, as QRadar has it; CEF takes the same."""
    categories: tuple[str, ...]
    """ECS's event.category."""
    types: tuple[str, ...]
    """ECS's event.type."""


class Kind(Enum):
    """The kinds of events."""

    INVOKE = About("Invoke", "Request carried out", 1, ("api",), ("access", "allowed"))
    AUTH_FAILURE = About("AuthFailure", "Caller not authenticated", 6, ("authentication",), ("start",))
    AUTHZ_DENIED = About("AuthzDenied", "Caller not allowed", 6, ("iam",), ("info",))
    THREAT = About("ThreatBlocked", "Attack or flood refused", 7, ("intrusion_detection",), ("denied",))
    REFUSED = About("RequestRefused", "Request refused", 3, ("api",), ("access", "denied"))
    BACKEND = About("BackendError", "System behind the gateway failed", 5, ("api",), ("access", "info"))
    DEAD_LETTER = About("DeadLetter", "Callout given up", 6, ("api",), ("access", "info"))
    LATE = About("LateAnswer", "Answer came too late", 4, ("api",), ("access", "info"))
    CONFIG = About("ConfigChange", "Configuration changed", 5, ("configuration",), ("change",))
    LOGIN = About("AdminLogin", "Sign-in of a person", 4, ("authentication",), ("start",))
    LOGOUT = About("AdminLogout", "Sign-out of a person", 2, ("authentication",), ("end",))
    STARTED = About("GatewayStarted", "Gateway started", 4, ("process",), ("start",))
    STOPPED = About("GatewayStopped", "Gateway stopped", 4, ("process",), ("end",))
    RESUMED = About("AuditResumed", "Audit trail goes on after an outage", 6, ("configuration",), ("info",))


FAILED_LOGIN_SEVERITY: Final = 6
"""Of a sign-in, or a change, that was refused."""
