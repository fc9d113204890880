"""Why the API did not do something: problem details (RFC 9457)."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from gateway.config.catalogue import action_of
from gateway.errors import Problem

MEDIA_TYPE: Final = "application/problem+json"


UNRECORDED: Final = "the audit trail cannot be written, so nothing is done now; the log says why"
MOST_PROBLEMS: Final = 500
"""Of one answer; a home may have thousands of services, and each of them a warning."""
TOTAL: Final = Field(
    description=f"How many there are. Of more than {MOST_PROBLEMS} the first are told, errors first."
)


class HomeProblem(BaseModel):
    """One mistake or warning in the files of the home, as `imsgw check` tells it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(description="Relative to the home.")
    key: str = Field(description="Dotted path in the file; empty: the file as a whole.")
    text: str
    warning: bool
    check: str = Field(description="Id of the kind of problem; empty where it has none.")
    action: str = Field(description="What to do about it; empty where only the text says it.")

    @classmethod
    def of(cls, problem: Problem) -> "HomeProblem":
        """Put a problem into the API's words."""
        return cls(
            file=problem.file,
            key=problem.key,
            text=problem.text,
            warning=problem.warning,
            check=problem.check,
            action=action_of(problem),
        )

    @classmethod
    def first(cls, problems: Iterable[Problem]) -> "tuple[HomeProblem, ...]":
        """Put problems into the API's words: MOST_PROBLEMS at most, errors first where there are more."""
        found = tuple(problems)
        if len(found) > MOST_PROBLEMS:
            found = tuple(sorted(found, key=lambda problem: problem.warning)[:MOST_PROBLEMS])
        return tuple(cls.of(problem) for problem in found)


class ProblemDetails(BaseModel):
    """Why a request was not done (RFC 9457)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(default="about:blank", description="The status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What is wrong, for people.")
    problems: tuple[HomeProblem, ...] = Field(
        default=(), description="What is wrong with the configuration, where that is why."
    )
    problems_total: int = TOTAL


class ApiError(Exception):
    """A request that was not done; its texts may be shown to whoever asked."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        problems: Iterable[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status.value} {detail}")
        self.status = status
        self.detail = detail
        self.problems = tuple(problems)
        self.headers: Mapping[str, str] = headers or {}

    def details(self) -> ProblemDetails:
        """Return it as the body of an answer."""
        return ProblemDetails(
            title=self.status.phrase,
            status=self.status.value,
            detail=self.detail,
            problems=HomeProblem.first(self.problems),
            problems_total=len(self.problems),
        )

    def facts(self) -> dict[str, Any]:
        """Return the details as JSON's values."""
        return self.details().model_dump(mode="json")


def not_found(what: str) -> ApiError:
    """Say that there is no such thing."""
    return ApiError(HTTPStatus.NOT_FOUND, what)


def conflict(detail: str, problems: Iterable[Problem] = ()) -> ApiError:
    """Say that it does not go with how things are."""
    return ApiError(HTTPStatus.CONFLICT, detail, problems=problems)


def unfit(detail: str, problems: Iterable[Problem] = ()) -> ApiError:
    """Say that what was sent can be read, and is wrong."""
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, detail, problems=problems)


def unavailable(detail: str) -> ApiError:
    """Say that it cannot be done now."""
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})
