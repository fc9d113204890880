"""The console: which address is which page, and who may see it."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from gateway.admin.api.calls import CONVERTERS
from gateway.admin.api.problem import ApiError, not_found
from gateway.admin.console import acting, bundles, callout, certificates, signing, watching
from gateway.admin.console.render import html, rendered, see_other, static
from gateway.admin.console.visit import Visit
from gateway.admin.visit import Means, Visitor

log = logging.getLogger("gateway.admin")

REFRESH_HEADER: Final = "X-Console-Refresh"
"""What the script sends when a page looks again by itself: no sign that anybody is there."""
_STATIC: Final = "/static/"
_PAGES: Final[tuple[tuple[str, str, Callable[..., Response]], ...]] = (
    ("GET", "/", watching.overview),
    ("GET", "/services", watching.listed),
    ("GET", "/services/<name:name>", watching.service),
    ("POST", "/services/<name:name>/start", acting.start),
    ("POST", "/services/<name:name>/stop", acting.stop),
    ("GET", "/services/<name:name>/captured", watching.captured),
    ("POST", "/services/<name:name>/capture", acting.capture),
    ("POST", "/services/<name:name>/capture/end", acting.forget),
    ("GET", "/requests", watching.requests),
    ("GET", "/requests/<hex:request_id>", watching.request),
    ("GET", "/bundles", bundles.listed),
    ("GET", "/bundles/<name:name>", bundles.shown),
    ("POST", "/bundles/<name:name>", bundles.change),
    ("POST", "/bundles/<name:name>/recycle", bundles.recycle),
    ("POST", "/bundles/<name:name>/test", bundles.test),
    ("GET", "/callout", callout.shown),
    ("POST", "/callout/start", callout.start),
    ("POST", "/callout/stop", callout.stop),
    ("GET", "/callout/letters/<hex:letter>", callout.letter),
    ("POST", "/callout/letters", callout.letters),
    ("GET", "/certificates", certificates.shown),
    ("GET", "/configuration", watching.configuration),
    ("GET", "/configuration/check", watching.check),
    ("POST", "/configuration/reload", acting.reload),
)
"""Every page and button behind the sign-in."""


class Pages:
    """What `gateway.admin.visit.Console` asks for. Thread-safe."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._signing = signing.Signing(means)
        rules = [Rule(path, methods=[method], endpoint=page) for method, path, page in _PAGES]
        self._map = Map(rules, converters=dict(CONVERTERS), merge_slashes=False, redirect_defaults=False)

    def answer(self, request: Request, visitor: Visitor | None, peer: str) -> Response:
        """Answer a request for a page. Raises ApiError where there is none, or it cannot be made."""
        if request.path.startswith(_STATIC):
            return _file(request)
        if self._signing.answers(request.path):
            return self._signing.answer(request, visitor, peer)
        if visitor is None:
            return _first_sign_in(request)
        page, parameters = self._found(request)
        return page(Visit(request, self._means.api, visitor.person, visitor.csrf, peer), **parameters)

    def refused(self, request: Request, status: int, text: str) -> Response:
        """Make the page that says why a request is not answered."""
        found = HTTPStatus(status)
        if request.path.startswith(_STATIC):
            return Response(text, found, content_type="text/plain; charset=utf-8")
        said = text[:1].upper() + text[1:]
        return html(rendered("refused.html", title=found.phrase, text=said), found)

    def is_open(self, path: str) -> bool:
        """Tell whether an address is for everybody, though nobody can sign in yet."""
        return path.startswith(_STATIC)

    def from_elsewhere(self, path: str) -> bool:
        """Tell whether other sites may post to this address."""
        return self._signing.from_elsewhere(path)

    def _found(self, request: Request) -> tuple[Callable[..., Response], Mapping[str, Any]]:
        method = "GET" if request.method == "HEAD" else request.method
        try:
            return self._map.bind("console").match(request.path, method)
        except MethodNotAllowed as error:
            allowed = ", ".join(sorted(error.valid_methods or ()))
            text = f"only {allowed} is served here"
            raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, text, headers={"Allow": allowed}) from None
        except NotFound:
            raise not_found("there is no such page") from None


def _file(request: Request) -> Response:
    if request.method not in {"GET", "HEAD"}:
        raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is served here", headers={"Allow": "GET, HEAD"})
    found = static(request.path.removeprefix(_STATIC))
    if found is None:
        raise not_found("there is no such file")
    return found


def _first_sign_in(request: Request) -> Response:
    """Send whoever is not signed in to where that is done, and note where it was meant to go."""
    if request.method not in {"GET", "HEAD"}:
        raise ApiError(HTTPStatus.UNAUTHORIZED, "your session has ended: sign in again")
    return see_other(signing.address(request.full_path.removesuffix("?")))
