"""One row of the table: an address of the API, who may use it, what goes in and what comes out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from gateway.admin.desk import Desk
from gateway.admin.roles import Person, Role

JSON_BYTES: Final = 262_144
"""Longest body in JSON."""
UPLOAD_BYTES: Final = 10_000_000
"""Longest upload; `server.max_request_bytes` may be less."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
M = TypeVar("M", bound=BaseModel)


class Shown(BaseModel):
    """Base of everything that the API gives out."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Asked(BaseModel):
    """Base of everything that the API takes: unknown members and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Query(Asked):
    """Base of what stands behind the question mark: texts, read as what they mean."""

    model_config = ConfigDict(strict=False)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent as the body."""

    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler is given. Role, path and bodies are checked already."""

    desk: Desk
    person: Person
    path: Mapping[str, str]
    query: BaseModel | None
    body: BaseModel | Upload | None
    if_match: str = ""
    """The ETag that the caller has seen; empty: none was sent."""

    def asked(self, model: type[M]) -> M:
        """Return the body, which the row of the table says is of this model."""
        assert isinstance(self.body, model), "the table names the model"
        return self.body

    def queried(self, model: type[M]) -> M:
        """Return what stood behind the question mark."""
        assert isinstance(self.query, model), "the table names the model"
        return self.query

    @property
    def upload(self) -> Upload:
        """The file that was sent."""
        assert isinstance(self.body, Upload), "the table says that it takes files"
        return self.body


@dataclass(frozen=True, slots=True)
class Tagged:
    """A result together with its ETag: what a change must name, so that nobody's change is lost."""

    model: BaseModel
    etag: str
    """Without quotation marks."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row. Its `path` has parameters in werkzeug's way, ``<name:service>``."""

    method: Method
    path: str
    role: Role
    summary: str
    handler: Callable[[Call], BaseModel | Tagged | None]
    """Raises ApiError."""
    output: type[BaseModel] | None
    """None: the answer has no body."""
    input: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    uploads: tuple[str, ...] = ()
    """Media types of files that it takes in place of JSON."""
    status: HTTPStatus = HTTPStatus.OK
    problems: tuple[HTTPStatus, ...] = ()
    """What may come in place of `status`, beyond what every endpoint has."""
    tagged: bool = False
    """The answer has an ETag."""
    conditional: bool = False
    """If-Match is needed."""
    quiet: bool = False
    """POST, but nothing is changed by it: not logged as a change."""
    logged: bool = False
    """GET, but who did it is logged as for a change."""

    @property
    def changes(self) -> bool:
        """Whether the log is told who did it."""
        return self.logged or (self.method != "GET" and not self.quiet)

    @property
    def most_bytes(self) -> int:
        """Longest body."""
        return UPLOAD_BYTES if self.uploads else JSON_BYTES


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call that was done."""

    status: HTTPStatus
    model: BaseModel | None
    etag: str = ""

    def facts(self) -> Any:
        """Return the body as JSON's values, None where there is none."""
        return None if self.model is None else self.model.model_dump(mode="json")
