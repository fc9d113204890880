"""The one cookie: the id of a session."""

from typing import Final

from werkzeug.wrappers import Request, Response

NAME: Final = "__Host-imsgw"
"""Browsers take a cookie with this prefix only with Secure, Path=/ and no Domain (RFC 6265bis, 4.1.3.2)."""


def sent(request: Request) -> str:
    """Return what the browser holds; empty where it holds none."""
    return request.cookies.get(NAME, "")


def give(response: Response, value: str) -> None:
    """Have the browser keep a session's id until it is closed."""
    response.set_cookie(NAME, value, path="/", secure=True, httponly=True, samesite="Strict")


def take(response: Response) -> None:
    """Have the browser forget it."""
    response.set_cookie(NAME, "", max_age=0, path="/", secure=True, httponly=True, samesite="Strict")
