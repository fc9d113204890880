"""A partner of the demonstration: the web services outside that IMS programs call, over TLS on two ports.

One port asks for no client certificate, the other demands one. By hand, from a copy of the example home with
its test keys: `python -m gateway.demo.partner`.
"""

import os
import socket
import ssl
import sys
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Final, Literal, Self

from gateway import tls
from gateway.config.model import KeyStore, ServerSettings, TrustStore
from gateway.demo.partner_services import PartnerServices, Posted, Visit
from gateway.exchange import Secret

HOST: Final = "127.0.0.1"
PORT: Final = 9445
CERTIFICATE_PORT: Final = 9446
MAX_BYTES: Final = 1_000_000
SECONDS: Final = 30.0
"""How long a caller may be silent."""


@dataclass(frozen=True, slots=True)
class PartnerKeys:
    """What the partner is known by, and knows its callers by."""

    store: Path
    """PKCS#12 with its own key and certificate."""
    password: Secret
    authority: Path
    """PEM: who issues client certificates."""
    basic: Path
    """File with the password of HTTP Basic."""


class Partner:
    """The partner's web services, served from making to the end of the `with`. Raises OSError, StoreError."""

    def __init__(self, keys: PartnerKeys, port: int = PORT, certificate_port: int = CERTIFICATE_PORT) -> None:
        """`port` asks for no client certificate, `certificate_port` demands one."""
        self.services = PartnerServices(_password(keys.basic))
        contexts = [(port, _context(keys, "none")), (certificate_port, _context(keys, "required"))]
        self._servers: list[_Server] = []
        try:
            for number, context in contexts:
                self._servers.append(_listening(number, context, self.services))
        except OSError:
            self._close_servers()
            raise
        self._threads = [
            Thread(target=each.serve_forever, args=(0.05,), name="partner", daemon=True)
            for each in self._servers
        ]
        for thread in self._threads:
            thread.start()

    @property
    def visits(self) -> tuple[Visit, ...]:
        """Every request so far."""
        return self.services.visits

    @property
    def ports(self) -> tuple[int, int]:
        """The port that asks for no client certificate, and the one that demands one."""
        first, second = (int(server.server_address[1]) for server in self._servers)
        return first, second

    def close(self) -> None:
        """Stop serving and close every connection."""
        for server in self._servers:
            server.shutdown()
        for thread in self._threads:
            thread.join()
        self._close_servers()

    def _close_servers(self) -> None:
        for server in self._servers:
            server.hang_up()
            server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()


def _password(path: Path) -> Secret:
    try:
        return Secret(path.read_text().strip())
    except OSError as error:
        raise OSError(
            f"{path} cannot be read: {error.strerror}; imsgw keystore create-test makes it"
        ) from error


def _listening(port: int, context: ssl.SSLContext, services: PartnerServices) -> "_Server":
    try:
        return _Server((HOST, port), context, services)
    except OSError as error:
        raise OSError(
            f"cannot listen on {HOST}:{port}: {error.strerror}; --port and --certificate-port name others"
        ) from error


def _context(keys: PartnerKeys, client_authentication: Literal["none", "required"]) -> ssl.SSLContext:
    return tls.server_context(
        ServerSettings.model_construct(
            keystore=KeyStore.model_construct(path=keys.store, password=keys.password),
            client_truststore=TrustStore.model_construct(path=keys.authority, password=Secret("")),
            client_authentication=client_authentication,
            crypto_policy="modern",
        )
    )


class _Handler(BaseHTTPRequestHandler):
    """Reads one request after another of a connection."""

    protocol_version = "HTTP/1.1"
    timeout = SECONDS
    server: "_Server"
    connection: ssl.SSLSocket

    def do_POST(self) -> None:
        """Serve a SOAP message."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > MAX_BYTES:
            self.close_connection = True
            self.send_error(413)
            return
        posted = Posted(
            path=self.path,
            authorization=self.headers.get("Authorization", ""),
            certificate=self.connection.getpeercert(binary_form=True),
            body=self.rfile.read(int(length)),
        )
        answered = self.server.services.serve(posted)
        self.send_response(answered.status)
        self.send_header("Content-Length", str(len(answered.body)))
        if answered.status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="partner"')
        if answered.body:
            self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.end_headers()
        self.wfile.write(answered.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
        """Say nothing: visits are the record."""


class _Server(ThreadingHTTPServer):
    """A port. A handshake is made in the thread of its connection: nobody waits for a silent caller."""

    daemon_threads = False  # closing waits for them, and leaves no socket open

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, services: PartnerServices) -> None:
        self.services = services
        self._context = context
        self._open: set[socket.socket] = set()
        self._closing = False
        self._lock = Lock()
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, then serve; whoever fails at that is let go."""
        request.settimeout(SECONDS)
        wrap = self._context.wrap_socket
        with suppress(OSError), wrap(request, server_side=True, do_handshake_on_connect=False) as wrapped:
            with self._lock:
                if self._closing:
                    return
                self._open.add(wrapped)
            try:
                wrapped.do_handshake()
                super().finish_request(wrapped, client_address)
            finally:
                with self._lock:
                    self._open.discard(wrapped)

    def hang_up(self) -> None:
        """End every connection, also one that is only just coming."""
        with self._lock:
            self._closing = True
            for each in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)


def main() -> int:
    """Run the partner until Ctrl-C, with the key stores of the folder `keystores`; returns the exit code."""
    parser = ArgumentParser(
        "python -m gateway.demo.partner", description="Web services that IMS programs call."
    )
    parser.add_argument("--port", type=int, default=PORT, help="of services that ask for no client certificate")
    parser.add_argument(
        "--certificate-port", type=int, default=CERTIFICATE_PORT, help="of those that demand one"
    )
    options = parser.parse_args()
    stores = Path("keystores")
    secret = Secret(os.environ.get("IMSGW_KEYSTORE_PASSWORD", ""))
    keys = PartnerKeys(stores / "partner.p12", secret, stores / "ca.pem", stores / "partner.key")
    try:
        with Partner(keys, options.port, options.certificate_port) as partner:
            first, second = partner.ports
            sys.stdout.write(f"https://localhost:{first} and, with client certificates, :{second}\n")
            sys.stdout.flush()
            Event().wait()
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
