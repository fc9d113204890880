"""What all ways of signing in share: the page that begins with it, and where it may lead."""

import re
from http import HTTPStatus
from typing import Final

from werkzeug.wrappers import Request, Response

from gateway.admin.api.problem import ApiError
from gateway.admin.console.render import html, rendered
from gateway.admin.visit import Means

SIGN_IN: Final = "/signin"
SIGN_OUT: Final = "/signout"
SSO: Final = "/sso/"
_OWN: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")
"""A path of ours: nothing that a browser could take for another host (`//host`, a backslash) or drop."""


def sign_in_page(means: Means, to: str, text: str = "", status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the page; `text`: why the last try failed, `to`: the path of ours to go on to."""
    sso = means.desk.settings.sso
    return html(rendered("signin.html", to=to, text=text, sso=sso.name if sso else ""), status)


def own_path(text: str) -> str:
    """Return a path of ours as it is, and the first page for everything else."""
    return text if _OWN.fullmatch(text) and not text.startswith((SIGN_IN, SIGN_OUT, SSO)) else "/"


def only(request: Request, *allowed: str) -> None:
    """Refuse other methods. Raises ApiError."""
    if request.method not in allowed:
        told = ", ".join(allowed)
        raise ApiError(HTTPStatus.METHOD_NOT_ALLOWED, f"only {told} is served here", headers={"Allow": told})
