"""The pages of signing in and out."""

from http import HTTPStatus
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from gateway.admin import cookie
from gateway.admin.console.render import see_other
from gateway.admin.console.sso_pages import SsoPages
from gateway.admin.console.welcome import SIGN_IN, SIGN_OUT, only, own_path, sign_in_page
from gateway.admin.signin import SignInError
from gateway.admin.sso.toolkit import ANSWER_PATH
from gateway.admin.visit import Means, Visitor
from gateway.exchange import Secret


class Signing:
    """Thread-safe."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._sso = SsoPages(means)

    def answers(self, path: str) -> bool:
        """Tell whether an address is one of these."""
        return path in {SIGN_IN, SIGN_OUT} or self._sso.answers(path)

    def from_elsewhere(self, path: str) -> bool:
        """Tell whether other sites may post to this address."""
        return path == ANSWER_PATH

    def answer(self, request: Request, visitor: Visitor | None, peer: str) -> Response:
        """Answer a request for one of these. Raises ApiError."""
        if self._sso.answers(request.path):
            return self._sso.answer(request, peer)
        if request.path == SIGN_OUT:
            only(request, "POST")
            return self._out(request, peer)
        only(request, "GET", "HEAD", "POST")
        if request.method == "POST":
            return self._in(request, peer)
        if visitor is not None:
            return see_other(own_path(request.args.get("to", "")))
        ended = "Your session has ended: sign in again." if cookie.sent(request) else ""
        return self._page(own_path(request.args.get("to", "")), ended)

    def _in(self, request: Request, peer: str) -> Response:
        to = own_path(request.form.get("to", ""))
        password = Secret(request.form.get("password", ""))
        try:
            recognised = self._means.sign_in.by_password(request.form.get("name", ""), password, peer)
            value = self._means.sign_in.begin(recognised, peer, cookie.sent(request))
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
        return sign_in_page(self._means, to, text, status)


def address(to: str) -> str:
    """Return where signing in leads on to a page."""
    to = own_path(to)
    return SIGN_IN if to == "/" else f"{SIGN_IN}?{urlencode({'to': to})}"
