"""The WSGI application on the admin listener: ``/api/…`` is the management API, all else the console.

Whatever comes is judged here in one order: the name it came under, whether anybody could sign in at all, who
sends it, whether one of our own pages had it sent. Only then it goes to a table of endpoints or to pages.
"""

import logging
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final
from uuid import uuid4

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from gateway.admin import cookie
from gateway.admin.accounts import UnusableError
from gateway.admin.api.calls import Api
from gateway.admin.api.endpoint import UPLOAD_BYTES
from gateway.admin.api.http import ApiOverHttp
from gateway.admin.api.problem import UNRECORDED, ApiError, unavailable
from gateway.admin.api.table import TABLE
from gateway.admin.console.pages import REFRESH_HEADER, Pages
from gateway.admin.desk import Desk
from gateway.admin.origin import is_localhost, require_host, require_own_page, require_token
from gateway.admin.passwords import BusyError
from gateway.admin.ports import Gateway
from gateway.admin.signin import SignIn
from gateway.admin.store import StoreError
from gateway.admin.visit import Console, Means, Visitor
from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import AdminAudit, Unaudited
from gateway.clock import Clock
from gateway.config.model import AdminSettings
from gateway.web.environ import TRACKING_ID, Environ, StartResponse
from gateway.web.message import TRACKING_HEADER
from gateway.web.peer import peer_of

log = logging.getLogger("gateway.admin")

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: with that, browsers send forms with the Origin null (Fetch Standard, 3.2)
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer, unless it brings its own: runs nothing, is framed by nobody, is kept nowhere."""
STRICT: Final = ("Strict-Transport-Security", "max-age=31536000")
"""Not for the name localhost: browsers would go by it for every port, and so for other programs there."""
MOST_BYTES: Final = UPLOAD_BYTES + 65_536
"""Of any body; endpoints take less where they can."""
AT_ONCE: Final = 16
"""Requests in work here at most, or a quarter of the worker's threads: some take seconds, and whoever may look
must not have all threads of a worker wait, which SOAP requests need."""
_AT_ONCE_AT_LEAST: Final = 8
NOBODY: Final = (
    "there are no accounts yet: imsgw admin account NAME --role operator makes one, "
    "imsgw admin token NAME --role viewer a token"
)


class AdminRequest(Request):
    """A request within bounds: a form has few fields, files apart."""

    max_content_length = MOST_BYTES
    max_form_memory_size = 262_144
    max_form_parts = 200


class AdminApplication:
    """Built once a worker, after the fork; lives across reloads. Thread-safe."""

    def __init__(  # noqa: PLR0913, PLR0917  each is a thing of its own
        self,
        gateway: Gateway,
        settings: AdminSettings,
        home: Path,
        state: Path,
        clock: Clock,
        environ: Mapping[str, str],
        audit: AdminAudit | None = None,
    ) -> None:
        """Take of `settings` the address that the listener was bound to; all else is asked for anew later.

        Without an `audit` nothing is recorded.
        """
        self._desk = Desk(gateway, home, state, clock, environ, audit or Unaudited())
        self._listen = settings.listen
        threads = self._desk.configuration.gateway.server.threads
        self._room = BoundedSemaphore(max(_AT_ONCE_AT_LEAST, min(AT_ONCE, threads // 4)))
        self._sign_in = SignIn(self._desk)
        self.api = Api(self._desk, TABLE)
        self._over_http = ApiOverHttp(self.api, self._sign_in)
        self._console = _console(Means(self._desk, self.api, self._sign_in))

    def close(self) -> None:
        """Let go of files."""
        self._sign_in.close()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        request = AdminRequest(environ)
        tracking_id = environ.get(TRACKING_ID) or uuid4().hex
        try:
            response = self._answer(request, tracking_id)
        except ApiError as error:
            response = self._refused(request, error)
        except Exception:
            log.exception("unexpected error tracking_id=%s", tracking_id)
            response = self._refused(request, _unexpected(tracking_id))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not is_localhost(request):
            response.headers.setdefault(*STRICT)
        response.headers.setdefault(TRACKING_HEADER, tracking_id)
        return response(environ, start_response)

    def _answer(self, request: Request, tracking_id: str) -> Response:
        """Return the answer. Raises ApiError for whatever is not done."""
        if not self._room.acquire(blocking=False):
            raise unavailable("too many requests for console and management API at this moment; try again")
        try:
            return self._routed(request, tracking_id)
        except UnusableError:
            raise unavailable("the file of accounts cannot be used; the log says why") from None
        except StoreError as error:
            log.error("%s", error)  # noqa: TRY400  the text says it all
            raise unavailable("sessions cannot be kept; the log says why") from None
        except NotAuditedError:
            raise unavailable(UNRECORDED) from None
        except BusyError:
            raise unavailable("too many sign in at this moment; try again") from None
        except RequestEntityTooLarge:
            text = f"the body is longer than {MOST_BYTES} bytes, or has too many parts"
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text) from None
        except HTTPException as error:
            raise ApiError(HTTPStatus(error.code or 500), error.description or error.name) from None
        finally:
            self._room.release()

    def _routed(self, request: Request, tracking_id: str) -> Response:
        settings = self._desk.settings
        require_host(request, self._listen, settings)
        if not self._sign_in.possible() and not (self._console and self._console.is_open(request.path)):
            raise ApiError(HTTPStatus.FORBIDDEN, NOBODY)
        peer = peer_of(request.environ, self._desk.configuration.gateway.server).address
        if _of_api(request.path):
            return self._over_http.answer(request, peer, tracking_id, settings)
        if self._console is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "no such address")
        if not self._console.from_elsewhere(request.path):
            require_own_page(request, settings)
        used = REFRESH_HEADER not in request.headers
        session = self._sign_in.session(cookie.sent(request), used=used)
        if session is None:
            return self._console.answer(request, None, peer)
        if not self._console.from_elsewhere(request.path):
            require_token(request, session.csrf)
        return self._console.answer(request, Visitor(session.person, session.csrf), peer)

    def _refused(self, request: Request, error: ApiError) -> Response:
        if _of_api(request.path) or self._console is None:
            return self._over_http.refused(error)
        response = self._console.refused(request, error.status, error.detail)
        response.headers.update(error.headers)
        return response


def _unexpected(tracking_id: str) -> ApiError:
    text = f"unexpected error; the log says more under {tracking_id}"
    return ApiError(HTTPStatus.INTERNAL_SERVER_ERROR, text)


def _of_api(path: str) -> bool:
    return path == "/api" or path.startswith("/api/")


def _console(means: Means) -> Console | None:
    return Pages(means)
