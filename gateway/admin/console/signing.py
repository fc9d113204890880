"""The pages of signing in and out."""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from gateway.admin import cookie
from gateway.admin.api.problem import ApiError
from gateway.admin.console.render import html, rendered, see_other
from gateway.admin.signin import SignInError
from gateway.admin.visit import Means, Visitor
from gateway.exchange import Secret

SIGN_IN: Final = "/signin"
SIGN_OUT: Final = "/signout"
_POSTED_FROM_ELSEWHERE: Final[frozenset[str]] = frozenset()
_OWN: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")
"""A path of ours: nothing that a browser could take for another host (`//host`, a backslash) or drop."""


class Signing:
    """Thread-safe."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def answers(self, path: str) -> bool:
        """Tell whether an address is one of these."""
        return path in {SIGN_IN, SIGN_OUT}

    def from_elsewhere(self, path: str) -> bool:
        """Tell whether other sites may post to this address."""
        return path in _POSTED_FROM_ELSEWHERE

    def answer(self, request: Request, visitor: Visitor | None, peer: str) -> Response:
        """Answer a request for one of these. Raises ApiError."""
        if request.path == SIGN_OUT:
            _only(request, "POST")
            return self._out(request, peer)
        _only(request, "GET", "HEAD", "POST")
        if request.method == "POST":
            return self._in(request, peer)
        if visitor is not None:
            return see_other(own_path(request.args.get("to", "")))
        return self._page(own_path(request.args.get("to", "")))

    def _in(self, request: Request, peer: str) -> Response:
        to = own_path(request.form.get("to", ""))
        password = Secret(request.form.get("password", ""))
        try:
            person = self._means.sign_in.by_password(request.form.get("name", ""), password, peer)
            value = self._means.sign_in.begin(person, peer, cookie.sent(request))
        except SignInError as error:
            return self._page(to, str(error), HTTPStatus.UNAUTHORIZED)
        response = see_other(to)
        cookie.give(response, value)
        return response

    def _out(self, request: Request, peer: str) -> Response:
        self._means.sign_in.end(cookie.sent(request), peer)
        response = see_other(SIGN_IN)
        cookie.take(response)
        return response

    def _page(self, to: str, text: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
        return html(rendered("signin.html", to=to, text=text, sso=""), status)


def own_path(text: str) -> str:
    """Return a path of ours as it is, and the first page for everything else."""
    return text if _OWN.fullmatch(text) and not text.startswith((SIGN_IN, SIGN_OUT)) else "/"


def address(to: str) -> str:
    """Return where signing in leads on to a page."""
    to = own_path(to)
    return SIGN_IN if to == "/" else f"{SIGN_IN}?{urlencode({'to': to})}"


def _only(request: Request, *allowed: str) -> None:
    if request.method not in allowed:
        told = ", ".join(allowed)
        raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, f"only {told} is served here", headers={"Allow": told})
