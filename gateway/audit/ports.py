"""What the parts of a process ask of the trail, each its own; `gateway.audit.trail.Trail` is all of them."""

from typing import Protocol

from gateway.observe.admin_events import ManagementCall, SignInEnded
from gateway.observe.callout_events import CalloutEnded, CalloutEvent
from gateway.observe.events import RequestEnded, TurnedAway


class RequestAudit(Protocol):
    """For what answers requests."""

    @property
    def open(self) -> bool:
        """Whether requests may be begun."""
        ...

    def require(self) -> None:
        """Raise NotAuditedError where IMS must not be called, as that could not be recorded."""
        ...

    def request(self, event: RequestEnded) -> bool:
        """Record a request before its answer goes out; tell whether that may be a success."""
        ...

    def turned_away(self, event: TurnedAway) -> None:
        """Record a request that HTTP refused. Does not block."""
        ...


class CalloutAudit(Protocol):
    """For what serves callouts."""

    @property
    def open(self) -> bool:
        """Whether callouts may be begun."""
        ...

    def callout(self, event: CalloutEvent) -> None:
        """Record what came of a callout that is no success."""
        ...

    def callout_done(self, event: CalloutEnded) -> None:
        """Record a callout that succeeded, before anybody is told so. Raises NotAuditedError."""
        ...


class AdminAudit(Protocol):
    """For console and management API."""

    def require(self) -> None:
        """Raise NotAuditedError where nothing must be changed, as that could not be recorded."""
        ...

    def called(self, event: ManagementCall) -> None:
        """Record what somebody did. Raises NotAuditedError where it was done."""
        ...

    def signed_in(self, event: SignInEnded) -> None:
        """Record a sign-in, or a sign-out. Raises NotAuditedError for a sign-in that succeeded."""
        ...


class Unaudited:
    """All of them without a trail: for parts that are used by themselves. What serves always has one."""

    open = True

    def require(self) -> None:
        """Nothing is required."""

    def request(self, _event: RequestEnded) -> bool:
        """Record nothing."""
        return True

    def turned_away(self, _event: TurnedAway) -> None:
        """Record nothing."""

    def callout(self, _event: CalloutEvent) -> None:
        """Record nothing."""

    def callout_done(self, _event: CalloutEnded) -> None:
        """Record nothing."""

    def called(self, _event: ManagementCall) -> None:
        """Record nothing."""

    def signed_in(self, _event: SignInEnded) -> None:
        """Record nothing."""
