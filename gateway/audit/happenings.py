"""Records of what people do, and of what happens to the gateway itself. Pure."""

from dataclasses import dataclass
from typing import Final

from gateway import __version__
from gateway.audit.kinds import FAILED_LOGIN_SEVERITY, Kind, Outcome
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.text import REASON, bounded
from gateway.control.reloaded import Reloaded
from gateway.observe.admin_events import ManagementCall, SignInEnded

_FORBIDDEN = 403
_MISTAKES_TOLD = 3


@dataclass(frozen=True, slots=True)
class Reload:
    """What came of a changed home in one process, and why it was read."""

    told: Reloaded
    why: str


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody changes something from the shell."""

    person: str
    """The user of the operating system."""
    claimed: str
    """Who that person says to be beside it: who became root by sudo."""
    command: str
    """"dead-letters discard"."""
    about: str
    """What it is done to; of what went wrong, why."""
    done: str
    """"begun", "done" or "failed"."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A process that serves began or ended."""

    started: bool
    number: int
    """Of the configuration."""
    digest: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Records can be written again."""

    lost: int
    """Records that could not be written meanwhile."""
    reason: str
    """Why."""
    seconds: float


def of_management(event: ManagementCall, stamp: Stamp) -> AuditRecord:
    """Return the record of a change that somebody made, or was not let make."""
    done = event.status < 400
    kind = Kind.AUTHZ_DENIED if event.status == _FORBIDDEN else Kind.CONFIG
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category="Management",
        severity=kind.value.severity,
        outcome=Outcome.SUCCESS if done else Outcome.FAILURE,
        done="done" if done else "refused",
        tracking_id=bounded(event.tracking_id),
        claimed=bounded(event.person),
        user=bounded(event.person),
        origin=event.how,
        role=event.role,
        source=event.peer,
        listener="admin",
        method=event.method,
        path=bounded(event.path),
        reason=bounded(event.reason, REASON),
        status=event.status,
    )


_OUTCOMES: Final = {"begun": Outcome.UNKNOWN, "done": Outcome.SUCCESS}


def of_command(event: Command, stamp: Stamp) -> AuditRecord:
    """Return the record of a command: one before it changes anything, one behind it."""
    return AuditRecord(
        stamp=stamp,
        kind=Kind.CONFIG,
        category="Command",
        severity=Kind.CONFIG.value.severity,
        outcome=_OUTCOMES.get(event.done, Outcome.FAILURE),
        done=event.done,
        claimed=bounded(event.claimed),
        user=bounded(event.person),
        origin="shell",
        operation=bounded(event.command),
        reason=bounded(event.about, REASON),
    )


def of_sign_in(event: SignInEnded, stamp: Stamp) -> AuditRecord:
    """Return the record of somebody who signed in, tried to, or signed out."""
    kind = Kind.LOGOUT if event.outcome == "signed out" else Kind.LOGIN
    refused = event.outcome == "refused"
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category=event.how,
        severity=FAILED_LOGIN_SEVERITY if refused else kind.value.severity,
        outcome=Outcome.FAILURE if refused else Outcome.SUCCESS,
        done=event.outcome,
        tracking_id=bounded(event.tracking_id),
        claimed=bounded(event.person),
        user="" if refused else bounded(event.person),
        origin=event.how,
        source=event.peer,
        listener="admin",
        reason=bounded(event.reason, REASON),
    )


def of_reload(event: Reload, stamp: Stamp) -> AuditRecord:
    """Return the record of a home that was read anew."""
    told = event.told
    return AuditRecord(
        stamp=stamp,
        kind=Kind.CONFIG,
        category="Reload",
        severity=Kind.CONFIG.value.severity,
        outcome=Outcome.SUCCESS if told.done else Outcome.FAILURE,
        done=told.outcome.value,
        reason=bounded(_why(event), REASON),
        configuration=told.number,
        digest=told.digest,
        milliseconds=told.milliseconds,
    )


def _why(event: Reload) -> str:
    """Return what led to it, and what stands in its way; a mistake is told by its place, never by its value."""
    told = event.told
    mistakes = [f"{one.file}: {one.key}" if one.key else one.file for one in told.problems if not one.warning]
    named = ", ".join(mistakes[:_MISTAKES_TOLD])
    more = f" and {len(mistakes) - _MISTAKES_TOLD} more" if len(mistakes) > _MISTAKES_TOLD else ""
    return "; ".join(filter(None, (event.why, told.reason, f"mistakes in {named}{more}" if named else "")))


def of_lifecycle(event: Lifecycle, stamp: Stamp) -> AuditRecord:
    """Return the record of the begin or the end of a process that serves."""
    kind = Kind.STARTED if event.started else Kind.STOPPED
    return AuditRecord(
        stamp=stamp,
        kind=kind,
        category="Lifecycle",
        severity=kind.value.severity,
        outcome=Outcome.SUCCESS,
        done="started" if event.started else "stopped",
        configuration=event.number,
        digest=event.digest,
        version=__version__,
    )


def of_resumed(event: Resumed, stamp: Stamp) -> AuditRecord:
    """Return the first record behind an outage of the trail."""
    return AuditRecord(
        stamp=stamp,
        kind=Kind.RESUMED,
        category="Audit",
        severity=Kind.RESUMED.value.severity,
        outcome=Outcome.SUCCESS,
        done="resumed",
        reason=bounded(event.reason, REASON),
        milliseconds=round(event.seconds * 1000),
        lost=event.lost,
    )
