"""An identity provider on a site of its own: asks for no password, sends the browser back with a form."""

import base64
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.safexml import parse_trusted
from tests.fixtures.certificates import issue
from tests.fixtures.identity_provider import Answering, IdentityProvider, P


class ProviderServer:
    """Listens on `localhost`, which for browsers is another site than 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.values: tuple[str, ...] = ("ops",)
        self.name = "ANNA"
        key = issue("localhost")
        store = folder / "idp.pem"
        clear = key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
        store.write_bytes(clear + key.pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(store)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.provider = IdentityProvider(address=f"https://localhost:{self._server.server_port}/sso?tenant=1")
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def page(self, request: bytes, state: str) -> str:
        """Return the page that posts the answer to a request."""
        root = parse_trusted(request)
        assert root.tag == f"{{{P}}}AuthnRequest"
        said = Answering(
            root.get("ID") or "",
            root.get("AssertionConsumerServiceURL") or "",
            root.findtext("{*}Issuer") or "",
            name=self.name,
            values=self.values,
        )
        return (
            f'<!DOCTYPE html><title>IdP</title><form method="post" action="{escape(said.address)}">'
            f'<input type="hidden" name="SAMLResponse" value="{self.provider.answer(said)}">'
            f'<input type="hidden" name="RelayState" value="{escape(state)}"><button>Go</button></form>'
            "<script>document.forms[0].submit()</script>"
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                self._answer(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15), query)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._answer(base64.b64decode(form["SAMLRequest"][0]), form)

            def _answer(self, request: bytes, fields: dict[str, list[str]]) -> None:
                page = server.page(request, fields["RelayState"][0]).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


@contextmanager
def provider_server(folder: Path) -> Iterator[ProviderServer]:
    """Run one for as long as the block."""
    server = ProviderServer(folder)
    try:
        yield server
    finally:
        server.close()
