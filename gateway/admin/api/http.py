"""The API over HTTP: who is asking, what the body holds, and answers in JSON."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from pydantic import BaseModel
from werkzeug.wrappers import Request, Response

from gateway.admin import cookie
from gateway.admin.api.calls import Api
from gateway.admin.api.endpoint import Endpoint, Method, Result, Upload
from gateway.admin.api.problem import MEDIA_TYPE, ApiError, unfit
from gateway.admin.origin import require_own_page, require_token
from gateway.admin.roles import How, Person
from gateway.admin.signin import SignIn
from gateway.config.model import AdminSettings
from gateway.mediatype import parse_media_type

JSON: Final = "application/json"
_EXACT: Final = 2.0**53
"""Whole numbers beyond are not exact as numbers with a point."""
_REALM: Final = {"WWW-Authenticate": 'Bearer realm="imsgw"'}


class ApiOverHttp:
    """Thread-safe."""

    def __init__(self, api: Api, sign_in: SignIn) -> None:
        self._api = api
        self._sign_in = sign_in

    def answer(self, request: Request, peer: str, tracking_id: str, settings: AdminSettings) -> Response:
        """Answer a request for an address of the API. Raises ApiError."""
        person = self._person(request, peer, settings)
        row, _ = self._api.find(cast("Method", request.method), request.path)
        # what comes from somebody who may not do it is not even read
        body = _body(request, row) if person.role.allows(row.role) else None
        result = self._api.call(
            person,
            row.method,
            request.path,
            body,
            query=_query(request),
            if_match=_if_match(request),
            peer=peer,
            tracking_id=tracking_id,
        )
        return _answered(result)

    def refused(self, error: ApiError) -> Response:
        """Put an error into an answer."""
        body = error.details().model_dump_json()
        return Response(body, error.status, dict(error.headers), content_type=MEDIA_TYPE)

    def _person(self, request: Request, peer: str, settings: AdminSettings) -> Person:
        """Return who is asking. Raises ApiError."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            person = self._sign_in.by_token(token.strip()) if scheme.lower() == "bearer" else None
            if person is None:
                self._sign_in.refused("", How.TOKEN, peer, "unknown or expired token")
                raise ApiError(
                    HTTPStatus.UNAUTHORIZED,
                    "the token is not accepted: it is unknown, or has expired",
                    headers=_REALM,
                )
            return person
        session = self._sign_in.session(cookie.sent(request))
        if session is None:
            text = "a token is needed: Authorization: Bearer ...; imsgw admin token makes one"
            raise ApiError(HTTPStatus.UNAUTHORIZED, text, headers=_REALM)
        require_own_page(request, settings)
        require_token(request, session.csrf)
        return session.person


def _answered(result: Result) -> Response:
    body = b"" if result.model is None else result.model.model_dump_json().encode()
    response = Response(body, result.status, content_type=JSON)
    if result.model is None:
        del response.headers["Content-Type"]
    if result.etag:
        response.set_etag(result.etag)
    return response


def _body(request: Request, row: Endpoint) -> Mapping[str, Any] | BaseModel | Upload | None:
    length = request.content_length or 0
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Encoding is not accepted")
    if row.uploads:
        return Upload(_media_type(request), _data(request, row))
    if row.input is None:
        return {} if length else None
    if _media_type(request) != JSON:
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the body must be {JSON}")
    return _json(_data(request, row))


def _data(request: Request, row: Endpoint) -> bytes:
    """Return the body; what is too long is not read where its length is told, and is not looked at anyhow."""
    length = request.content_length or 0
    data = b"" if length > row.most_bytes else request.get_data()
    if max(length, len(data)) > row.most_bytes:
        text = f"the body is longer than {row.most_bytes} bytes"
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)
    return data


def _json(data: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(
            data.decode(), parse_float=_number, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError):
        raise ApiError(HTTPStatus.BAD_REQUEST, "the body is no JSON, or has a member twice") from None
    if not isinstance(found, dict):
        raise unfit("the body must be an object")
    return found


def _number(text: str) -> float:
    """Return a whole number for one written with a point: JSON has one kind of number only (RFC 8259, 6)."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is there twice")
    return found


def _media_type(request: Request) -> str:
    try:
        return parse_media_type(request.headers.get("Content-Type", "")).type
    except ValueError:
        return ""


def _query(request: Request) -> Mapping[str, str]:
    found = request.args.to_dict(flat=False)
    twice = [name for name, values in found.items() if len(values) > 1]
    if twice:
        raise ApiError(HTTPStatus.BAD_REQUEST, "a parameter is there twice")
    return {name: values[0] for name, values in found.items()}


def _if_match(request: Request) -> str:
    """Return the one ETag of If-Match, without quotation marks; weak ones do not count (RFC 9110, 13.1.1)."""
    if "If-Match" not in request.headers:
        return ""
    tags = request.if_match.as_set()
    if request.if_match.star_tag or len(tags) != 1:
        raise ApiError(HTTPStatus.BAD_REQUEST, "If-Match must be one ETag")
    return next(iter(tags))
