"""The pages of single sign-on: off to the identity provider, its answer, our metadata."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from gateway.admin import cookie
from gateway.admin.api.problem import not_found, unavailable
from gateway.admin.console.render import html, rendered
from gateway.admin.console.welcome import only, own_path, sign_in_page
from gateway.admin.sso.flow import RefusedError, SingleSignOn, UnusableError
from gateway.admin.sso.metadata import MEDIA_TYPE
from gateway.admin.sso.request import COOKIE, COOKIE_SECONDS, Form, new_binding
from gateway.admin.sso.seen import Seen
from gateway.admin.sso.toolkit import ANSWER_PATH, METADATA_PATH
from gateway.admin.visit import Means
from gateway.config.sso import SsoSettings

LOGIN_PATH: Final = "/sso/login"


class SsoPages:
    """Thread-safe."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._sso = SingleSignOn(means.desk, means.sign_in, Seen(means.sign_in.store))

    def answers(self, path: str) -> bool:
        """Tell whether an address is one of these."""
        return path in {LOGIN_PATH, ANSWER_PATH, METADATA_PATH}

    def answer(self, request: Request, peer: str) -> Response:
        """Answer a request for one of these. Raises ApiError."""
        sso = self._sso.settings
        if sso is None:
            raise not_found("there is no single sign-on here")
        try:
            if request.path == ANSWER_PATH:
                only(request, "POST")
                return self._answered(sso, request, peer)
            only(request, "GET", "HEAD")
            if request.path == METADATA_PATH:
                return Response(self._sso.metadata(sso), content_type=MEDIA_TYPE)
            return self._off(sso, own_path(request.args.get("to", "")))
        except UnusableError as error:
            raise unavailable(str(error)) from None

    def _off(self, sso: SsoSettings, to: str) -> Response:
        binding = new_binding()
        way = self._sso.ask(sso, binding, to)
        if isinstance(way, Form):
            parts = urlsplit(way.action)
            page = rendered("off.html", name=sso.name, action=way.action, fields=way.fields)
            response = html(page, form_action=f"{parts.scheme}://{parts.netloc}")
        else:
            response = Response("", HTTPStatus.SEE_OTHER, {"Location": way.location}, content_type="text/plain")
        response.set_cookie(
            COOKIE, binding, max_age=COOKIE_SECONDS, path="/", secure=True, httponly=True, samesite="None"
        )
        return response

    def _answered(self, sso: SsoSettings, request: Request, peer: str) -> Response:
        """Begin a session. Our cookie is for our own pages alone, so a page of ours has to lead on."""
        to = own_path(request.form.get("RelayState", ""))
        try:
            binding = request.cookies.get(COOKIE, "")
            recognised = self._sso.recognise(sso, request.form.get("SAMLResponse", ""), binding, peer)
        except RefusedError as error:
            response = sign_in_page(self._means, to, str(error), HTTPStatus.FORBIDDEN)
        else:
            response = html(rendered("arrived.html", to=to))
            cookie.give(response, self._means.sign_in.begin(recognised, peer, cookie.sent(request)))
        response.set_cookie(COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="None")
        return response
