"""A call of the API, from whoever makes it: HTTP or, in the same process, the console.

Here is the one place where role, parameters and bodies are checked, and where a change is written to the log.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import BaseConverter, Map, Rule

from gateway.admin.api.endpoint import Call, Endpoint, Method, Result, Tagged, Upload
from gateway.admin.api.problem import UNRECORDED, ApiError, not_found, unavailable, unfit
from gateway.admin.desk import Desk
from gateway.admin.roles import Person
from gateway.audit.auditor import NotAuditedError
from gateway.observe.admin_events import AdminLog, ManagementCall

log = logging.getLogger("gateway.admin")

NO_ADDRESS: Final = "the API has no such address; /api/openapi.json describes it"


Body = Mapping[str, Any] | BaseModel | Upload | None
"""What JSON would hold, its model, a file, nothing."""


class _Name(BaseConverter):
    """Names of services and bundles, as `config.read` takes them: no way to leave a folder."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


class _Digits(BaseConverter):
    """Ids of the journal, or beginnings of them."""

    regex = r"[0-9a-f]{1,32}"


CONVERTERS: Final[Mapping[str, type[BaseConverter]]] = {"name": _Name, "hex": _Digits}


class Api:
    """The table at work. Thread-safe."""

    def __init__(self, desk: Desk, table: Sequence[Endpoint]) -> None:
        """`table` holds every endpoint; two with one method and path are a ValueError."""
        self.desk = desk
        self.table = tuple(table)
        if len({(row.method, row.path) for row in self.table}) < len(self.table):
            raise ValueError("two endpoints have the same method and path")
        rules = [Rule(row.path, methods=[row.method], endpoint=row) for row in self.table]
        self._map = Map(rules, converters=dict(CONVERTERS), merge_slashes=False, redirect_defaults=False)
        self._log = AdminLog()

    def find(self, method: str, path: str) -> tuple[Endpoint, Mapping[str, str]]:
        """Return the endpoint of an address, and its parameters. Raises ApiError."""
        try:
            row, parameters = self._map.bind("admin").match(path, "GET" if method == "HEAD" else method)
        except MethodNotAllowed as error:
            allowed = sorted(error.valid_methods or ())
            text = f"only {', '.join(allowed)} is served here"
            headers = {"Allow": ", ".join(allowed)}
            raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, text, headers=headers) from None
        except NotFound:
            raise not_found(NO_ADDRESS) from None
        assert isinstance(row, Endpoint), "the map holds nothing else"
        return row, {name: str(value) for name, value in parameters.items()}

    def call(  # noqa: PLR0913  what HTTP has, by name
        self,
        person: Person,
        method: Method,
        path: str,
        body: Body = None,
        *,
        query: Mapping[str, str] | None = None,
        if_match: str = "",
        peer: str = "",
        tracking_id: str = "",
    ) -> Result:
        """Do what an endpoint does. Raises ApiError.

        `body`: what JSON would hold, or a file; `if_match`: an ETag without quotation marks; `peer` and
        `tracking_id` are for the log.
        """
        row, parameters = self.find(method, path)
        about = ManagementCall(
            tracking_id=tracking_id or uuid4().hex,
            person=person.name,
            how=person.how.value,
            role=person.role.value,
            peer=peer,
            method=method,
            path=path,
        )
        if row.changes:
            self._require_audit()
        try:
            result = self._done(row, person, parameters, _Sent(body, query or {}, if_match))
        except ApiError as error:
            self._tell(row, about, error.status, error.detail)
            raise
        except Exception:
            self._tell(row, about, HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected error")
            raise
        self._tell(row, about, result.status, "")
        return result

    def _done(self, row: Endpoint, person: Person, parameters: Mapping[str, str], sent: "_Sent") -> Result:
        if not person.role.allows(row.role):
            text = f"this needs the role {row.role}; {person.name} has the role {person.role}"
            raise ApiError(HTTPStatus.FORBIDDEN, text)
        if row.conditional and not sent.if_match:
            text = "If-Match is needed: the ETag of what is to be changed"
            raise ApiError(HTTPStatus.PRECONDITION_REQUIRED, text)
        query, body = _query(row, sent.query), _body(row, sent.body)
        made = row.handler(Call(self.desk, person, parameters, query, body, sent.if_match))
        if isinstance(made, Tagged):
            return Result(row.status, made.model, made.etag)
        return Result(row.status, made)

    def _tell(self, row: Endpoint, about: ManagementCall, status: HTTPStatus, reason: str) -> None:
        if not row.changes and status is not HTTPStatus.FORBIDDEN:
            return
        event = about.ended(status.value, reason)
        self._log.called(event)
        try:
            self.desk.audit.called(event)
        except NotAuditedError:
            text = "it was done, and could not be recorded: the audit trail cannot be written"
            raise ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, text) from None

    def _require_audit(self) -> None:
        try:
            self.desk.audit.require()
        except NotAuditedError:
            raise unavailable(UNRECORDED) from None


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came with a call."""

    body: Body
    query: Mapping[str, str]
    if_match: str


def _query(row: Endpoint, query: Mapping[str, str]) -> BaseModel | None:
    if row.query is None:
        if query:
            raise ApiError(HTTPStatus.BAD_REQUEST, "nothing may stand behind the question mark here")
        return None
    try:
        return row.query.model_validate(dict(query))
    except ValidationError as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, _words(error)) from None


def _body(row: Endpoint, body: Body) -> BaseModel | Upload | None:
    if row.uploads:
        if not isinstance(body, Upload) or body.media_type not in row.uploads:
            text = f"the body must be one of {', '.join(row.uploads)}"
            raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, text)
        return body
    if row.input is None:
        if body is not None:
            raise ApiError(HTTPStatus.BAD_REQUEST, "this takes no body")
        return None
    if isinstance(body, row.input):
        return body
    if not isinstance(body, Mapping):
        raise unfit("the body must be an object")
    try:
        return row.input.model_validate_json(json.dumps(body))
    except ValidationError as error:
        raise unfit(_words(error)) from None


def _words(error: ValidationError) -> str:
    """Say what is wrong, by name and never by value: it may be a secret."""
    found = (
        f"{'.'.join(str(part) for part in detail['loc']) or 'it'}: {detail['msg']}"
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    )
    return "; ".join(found)
