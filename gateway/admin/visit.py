"""What the console is given, and what it has to give: the seam between pages and what stands behind them."""

from dataclasses import dataclass, field
from typing import Protocol

from werkzeug.wrappers import Request, Response

from gateway.admin.api.calls import Api
from gateway.admin.desk import Desk
from gateway.admin.roles import Person
from gateway.admin.signin import SignIn


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever has a session."""

    person: Person
    csrf: str = field(repr=False)
    """Goes into every form as `csrf`, or with a script's request as X-CSRF-Token."""


@dataclass(frozen=True, slots=True)
class Means:
    """What pages are made with. Every action of theirs is a call of `api`."""

    desk: Desk
    api: Api
    sign_in: SignIn


class Console(Protocol):
    """The pages. Host, Origin and CSRF token are checked before; headers that are missing are added behind."""

    def answer(self, request: Request, visitor: Visitor | None, peer: str) -> Response:
        """Answer a request for anything but the API. `peer`: address of the browser, for the log."""
        ...

    def refused(self, request: Request, status: int, text: str) -> Response:
        """Make the page that says why a request is not answered; nobody may be signed in."""
        ...

    def is_open(self, path: str) -> bool:
        """Tell whether an address is for everybody, though nobody can sign in yet: styles and the like."""
        ...

    def from_elsewhere(self, path: str) -> bool:
        """Tell whether other sites may post to this address, as an identity provider does."""
        ...
