"""One look at a page, or one press of a button: who it is, and what the gateway is at that moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from pydantic import BaseModel
from werkzeug.wrappers import Request, Response

from gateway.admin.api.calls import Api
from gateway.admin.api.endpoint import Method, Result
from gateway.admin.console.render import html, rendered
from gateway.admin.origin import CSRF_FIELD
from gateway.admin.ports import Gateway, Worker
from gateway.admin.roles import Person, Role
from gateway.preflight.snapshot import Snapshot


@dataclass(frozen=True)
class Visit:
    """Immutable; what is asked of the gateway is asked once."""

    request: Request
    api: Api
    person: Person
    csrf: str = field(repr=False)
    peer: str = ""

    @property
    def gateway(self) -> Gateway:
        """The running gateway."""
        return self.api.desk.gateway

    @cached_property
    def snapshot(self) -> Snapshot:
        """The configuration in force."""
        return self.gateway.snapshot()

    @cached_property
    def workers(self) -> Sequence[Worker]:
        """The workers, oldest first."""
        return sorted(self.gateway.workers(), key=lambda worker: (worker.started, worker.pid))

    @cached_property
    def now(self) -> datetime:
        """The time that all of the page goes by."""
        return self.api.desk.clock.now()

    @property
    def operates(self) -> bool:
        """Whether the person may change things."""
        return self.person.role.allows(Role.OPERATOR)

    def asked(self, name: str, default: str = "") -> str:
        """Return what stands in the address behind the question mark."""
        return self.request.args.get(name, default)[:200]

    def sent(self, name: str) -> str:
        """Return a field of the form."""
        return self.request.form.get(name, "")

    def call(
        self,
        method: Method,
        path: str,
        body: Mapping[str, Any] | BaseModel | None = None,
        *,
        query: Mapping[str, str] | None = None,
        if_match: str = "",
    ) -> Result:
        """Have the API do something in this person's name. Raises ApiError."""
        return self.api.call(self.person, method, path, body, query=query, if_match=if_match, peer=self.peer)

    def page(self, template: str, *, status: HTTPStatus = HTTPStatus.OK, **context: Any) -> Response:
        """Return a page within the frame."""
        return html(rendered(template, visit=self, csrf=self._csrf_field, **context), status)

    def _csrf_field(self) -> Markup:
        """Return what every form of ours has in it."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, self.csrf)

    def address(self, **changed: str | int | None) -> str:
        """Return the address of this page with some of its questions changed; None takes one out."""
        asked = {name: value[:200] for name, value in self.request.args.items()}
        for name, value in changed.items():
            asked.pop(name, None)
            if value is not None and value != "":
                asked[name] = str(value)
        return self.request.path + (f"?{urlencode(asked)}" if asked else "")
