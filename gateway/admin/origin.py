"""Where a request comes from: by which name the browser sees us, and whether one of our own pages sent it."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from gateway.admin.api.problem import ApiError
from gateway.config.model import AdminSettings, parse_listen

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"


def require_host(request: Request, listen: str, settings: AdminSettings) -> None:
    """Refuse names that are not ours: by them a page elsewhere could pose as us (DNS rebinding).

    An IP address and `localhost` need no list: no page elsewhere has such a name. Raises ApiError with 421.
    """
    host = _name(request.environ.get("HTTP_HOST", ""))
    ours = {"localhost", parse_listen(listen)[0].lower() if listen else "", _name_of_url(settings.public_url)}
    if host is None or not (_is_address(host) or host in ours - {""}):
        text = "the admin listener is not known by this name; [admin] public_url names it"
        raise ApiError(HTTPStatus.MISDIRECTED_REQUEST, text)


def is_localhost(request: Request) -> bool:
    """Tell whether the browser calls us localhost."""
    return _name(request.environ.get("HTTP_HOST", "")) == "localhost"


def require_own_page(request: Request, settings: AdminSettings) -> None:
    """Refuse what a page of another site had the browser send. Raises ApiError with 403."""
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    if origin is None:
        own = request.headers.get("Sec-Fetch-Site") == "same-origin"
    else:
        own = origin in {f"https://{request.environ.get('HTTP_HOST', '')}", _origin(settings.public_url)} - {""}
    if not own:
        raise ApiError(HTTPStatus.FORBIDDEN, "the request does not come from a page of this console")


def require_token(request: Request, csrf: str) -> None:
    """Refuse a change without the session's token. Raises ApiError with 403."""
    if request.method in SAFE:
        return
    shown = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not hmac.compare_digest(shown.encode(), csrf.encode()):
        raise ApiError(HTTPStatus.FORBIDDEN, "the form is not of this session any more: load the page again")


def _name(host: str) -> str | None:
    """Return the name in a Host header without the port; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if not host or parts.netloc != host or "@" in host:
        return None
    return (parts.hostname or "").rstrip(".") or None


def _name_of_url(url: str) -> str:
    return (urlsplit(url).hostname or "") if url else ""


def _origin(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
