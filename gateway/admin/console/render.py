"""Templates to pages. Whatever is put into one is escaped; what is missing is an error and no empty place."""

import hashlib
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from werkzeug.wrappers import Response

from gateway import __version__
from gateway.admin.console import numbers
from gateway.config.catalogue import action_of

_PACKAGE: Final = "gateway.admin.console"
STATIC: Final[dict[str, str]] = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""Files that are served as they are, and their types."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing within a page runs or paints but our own files. The other headers are those of every answer."""
_CSP: Final = "Content-Security-Policy"


def html(text: str, status: HTTPStatus = HTTPStatus.OK, *, form_action: str = "") -> Response:
    """Return a page that runs and loads nothing but what is ours.

    `form_action`: an origin to which its form may go, beside our own.
    """
    ours = "form-action 'self'"
    policy = POLICY.replace(ours, f"{ours} {form_action}") if form_action else POLICY
    return Response(text, status, {_CSP: policy}, content_type="text/html; charset=utf-8")


def see_other(path: str) -> Response:
    """Send the browser to a page of ours, by GET."""
    return Response("", HTTPStatus.SEE_OTHER, {"Location": path}, content_type="text/plain")


def static(name: str) -> Response | None:
    """Return a file of the console; None when there is none of that name.

    Its address changes with its content, so browsers may keep it.
    """
    if name not in STATIC:
        return None
    headers = {_CSP: POLICY, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_content(name), HTTPStatus.OK, headers, content_type=STATIC[name])


def rendered(template: str, **context: Any) -> str:
    """Return a template filled in."""
    return _environment().get_template(template).render(context)


def asset(name: str) -> str:
    """Return the address of a file of the console."""
    return f"/static/{name}?v={hashlib.sha256(_content(name)).hexdigest()[:12]}"


@cache
def _content(name: str) -> bytes:
    return files(_PACKAGE).joinpath("static", name).read_bytes()


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(asset=asset, version=__version__, NONE=numbers.NONE)
    made.filters.update(
        number=numbers.number,
        percent=numbers.percent,
        milliseconds=numbers.milliseconds,
        ago=numbers.ago,
        clock=numbers.clock_time,
        moment=numbers.day_and_time,
        action=action_of,
    )
    return made
