"""The API described to programs: OpenAPI 3.1, made of the table and nothing else."""

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, RootModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from gateway import __version__
from gateway.admin import cookie
from gateway.admin.api.calls import CONVERTERS
from gateway.admin.api.endpoint import Endpoint
from gateway.admin.api.problem import MEDIA_TYPE, ProblemDetails
from gateway.admin.origin import CSRF_HEADER

PATH: Final = "/api/openapi.json"
_PARAMETER: Final = re.compile(r"<(\w+):(\w+)>")
_REFERENCE: Final = "#/components/schemas/{model}"
_JSON: Final = "application/json"
_ALWAYS: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


_Schemas = Mapping[Any, Mapping[str, Any]]
"""By model and mode ("validation": what goes in, "serialization": what comes out)."""


class OpenApi(RootModel[dict[str, Any]]):
    """A description in OpenAPI 3.1."""


def document(table: Sequence[Endpoint]) -> dict[str, Any]:
    """Return the description of a table, as JSON's values."""
    schemas, definitions = models_json_schema(list(_models(table)), ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for row in table:
        path = _PARAMETER.sub(r"{\2}", row.path)
        paths.setdefault(path, {})[row.method.lower()] = _operation(row, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "IMS Gateway: management",
            "version": __version__,
            "description": "What the console does, and commands do, for programs. Whoever changes something "
            "needs the role operator; each change is written to the log with the name of who made it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The admin listener"}],
        "security": [{"token": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {"schemas": definitions.get("$defs", {}), "securitySchemes": _SCHEMES},
    }


_SCHEMES: Final = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Made by `imsgw admin token NAME --role viewer|operator`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookie.NAME,
        "description": "Of a browser that has signed in at the console.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "With a session, for every method but GET: the token that the console's forms hold.",
    },
}


def _models(table: Sequence[Endpoint]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield ProblemDetails, "serialization"
    for row in table:
        if row.output is not None:
            yield row.output, "serialization"
        if row.input is not None:
            yield row.input, "validation"


def _operation(row: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": _name(row),
        "summary": row.summary,
        "description": f"Role: {row.role}.",
        "tags": [row.path.split("/")[2].partition(".")[0]],
        "responses": dict(_responses(row, schemas)),
    }
    if parameters := [*_path_parameters(row), *_query_parameters(row), *_conditions(row)]:
        told["parameters"] = parameters
    if row.input is not None:
        content = {_JSON: {"schema": schemas[row.input, "validation"]}}
        told["requestBody"] = {"required": True, "content": content}
    elif row.uploads:
        told["requestBody"] = {"required": True, "content": {media_type: {} for media_type in row.uploads}}
    return told


def _name(row: Endpoint) -> str:
    path = _PARAMETER.sub(r"\2", row.path).removeprefix("/api/").replace("/", "_").replace(".", "_")
    return f"{row.method.lower()}_{path}"


def _responses(row: Endpoint, schemas: _Schemas) -> Iterator[tuple[str, dict[str, Any]]]:
    done: dict[str, Any] = {"description": "Done."}
    if row.output is not None:
        done["content"] = {_JSON: {"schema": schemas[row.output, "serialization"]}}
    if row.tagged:
        done["headers"] = {"ETag": {"required": True, "schema": {"type": "string"}}}
    yield str(row.status.value), done
    may = {*_ALWAYS, *row.problems}
    if "<" in row.path:
        may.add(HTTPStatus.NOT_FOUND)
    if row.input is not None or row.uploads:
        may.add(HTTPStatus.UNPROCESSABLE_ENTITY)
    if row.conditional:
        may |= {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED}
    content = {MEDIA_TYPE: {"schema": schemas[ProblemDetails, "serialization"]}}
    for status in sorted(may):
        yield str(status.value), {"description": status.phrase, "content": content}


def _path_parameters(row: Endpoint) -> Iterator[dict[str, Any]]:
    for kind, name in _PARAMETER.findall(row.path):
        schema = {"type": "string", "pattern": f"^{CONVERTERS[kind].regex}$"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query_parameters(row: Endpoint) -> Iterator[dict[str, Any]]:
    if row.query is None:
        return
    schema = row.query.model_json_schema(ref_template=_REFERENCE)
    defined = schema.get("$defs", {})
    for name, field in schema["properties"].items():
        inner = {**defined[field["$ref"].rpartition("/")[2]], **field} if "$ref" in field else dict(field)
        inner.pop("$ref", None)
        told = {"name": name, "in": "query", "schema": inner}
        if text := inner.pop("description", ""):
            told["description"] = text
        yield told


def _conditions(row: Endpoint) -> Iterator[dict[str, Any]]:
    if row.conditional:
        text = "The ETag of what is to be changed, so that nobody's change is lost."
        schema = {"type": "string", "pattern": '^"[!#-~]+"$'}
        yield {"name": "If-Match", "in": "header", "required": True, "schema": schema, "description": text}
