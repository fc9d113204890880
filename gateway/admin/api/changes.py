"""Changes of the home: made by `gateway.manage`, brought into force by the running gateway."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from pydantic import Field

from gateway.admin.api.endpoint import Shown
from gateway.admin.api.problem import TOTAL, ApiError, HomeProblem
from gateway.admin.api.status import ReloadedProcess
from gateway.admin.desk import Desk
from gateway.manage.installation import Installation
from gateway.manage.results import Change, ManageError, Why

_STATUS: Final = {
    Why.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Why.EXISTS: HTTPStatus.CONFLICT,
    Why.WRONG: HTTPStatus.UNPROCESSABLE_ENTITY,
    Why.CHANGED: HTTPStatus.PRECONDITION_FAILED,
    Why.IN_USE: HTTPStatus.CONFLICT,
    Why.REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    Why.CANNOT_WRITE: HTTPStatus.CONFLICT,
    Why.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Why.UNREACHABLE: HTTPStatus.BAD_GATEWAY,
}
UNDONE: Final = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.CONFLICT,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What may come in place of a change."""


class ChangeShown(Shown):
    """A change that was made."""

    changed: bool = Field(description="false: everything was as wanted already.")
    in_force: bool = Field(description="Whether the running processes serve it now.")
    files: tuple[str, ...] = Field(description="What was written, moved or removed, relative to the home.")
    processes: tuple[ReloadedProcess, ...]
    problems: tuple[HomeProblem, ...] = Field(
        description="Errors that were there before and still are: the change is written, but not in force."
    )
    problems_total: int = TOTAL
    notes: tuple[str, ...]

    @classmethod
    def of(cls, change: Change) -> "ChangeShown":
        """Put it into the API's words."""
        return cls(
            changed=change.changed,
            in_force=change.in_force,
            files=change.files,
            processes=tuple(ReloadedProcess.of(one) for one in change.processes),
            problems=HomeProblem.first(change.problems),
            problems_total=len(change.problems),
            notes=change.notes,
        )


def installation(desk: Desk) -> Installation:
    """Return what changes are made to: the home on the disk, and the gateway that takes it."""
    return Installation(desk.home, desk.state, desk.environ, desk.gateway.reload, desk.clock)


@contextmanager
def told() -> Iterator[None]:
    """Raise ApiError for what `gateway.manage` did not do."""
    try:
        yield
    except ManageError as error:
        raise ApiError(_STATUS[error.why], error.text, problems=error.problems) from None
