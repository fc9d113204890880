"""The health check of the image, run as the image runs it: a process of its own, standard library only."""

import os
import runpy
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

SCRIPT = Path(__file__).parents[3] / "deploy" / "healthcheck.py"

Serve = Callable[..., int]
Probe = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def _serving(status: int, context: ssl.SSLContext | None) -> Iterator[int]:
    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server on the loopback address; return its port."""
    with ExitStack() as stack:
        yield lambda status=200, context=None: stack.enter_context(_serving(status, context))


@pytest.fixture
def unknown_authority() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("gateway.example").configure_cert(context)
    return context


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    """Run the health check on a home with this gateway.toml."""

    def run(toml: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "gateway.toml").write_text(toml)
        environment = {"PATH": os.environ["PATH"], "IMSGW_HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-I", SCRIPT, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    return run


def _closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def test_a_gateway_that_answers_200_is_healthy(serve: Serve, probe: Probe):
    done = probe(f'[server]\nhttp = "127.0.0.1:{serve()}"\n[admin]\nlisten = ""\n')
    assert (done.returncode, done.stderr) == (0, "")


def test_a_gateway_that_answers_another_status_is_not_healthy(serve: Serve, probe: Probe):
    port = serve(status=503)
    done = probe(f'[server]\nhttp = "127.0.0.1:{port}"\n[admin]\nlisten = ""\n')
    assert (done.returncode, done.stderr) == (1, f"http 127.0.0.1:{port}: HTTP status 503\n")


def test_a_gateway_that_is_not_there_is_not_healthy_and_shows_no_stack_trace(probe: Probe):
    done = probe(f'[admin]\nlisten = "127.0.0.1:{_closed_port()}"\n')
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_listener_that_does_not_speak_http_is_not_healthy(probe: Probe):
    def refuse_politely() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"220 not a web server\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse_politely)
        thread.start()
        done = probe(f'[server]\nhttp = "127.0.0.1:{listener.getsockname()[1]}"\n[admin]\nlisten = ""\n')
        thread.join()
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_the_admin_listener_is_asked_first_whoever_signed_its_certificate(
    serve: Serve, probe: Probe, unknown_authority: ssl.SSLContext
):
    admin = serve(context=unknown_authority)
    done = probe(f'[server]\nhttp = "127.0.0.1:{serve(status=500)}"\n[admin]\nlisten = "0.0.0.0:{admin}"\n')
    assert (done.returncode, done.stderr) == (0, "")


def test_the_https_listener_is_asked_when_there_is_no_other(
    serve: Serve, probe: Probe, unknown_authority: ssl.SSLContext
):
    port = serve(context=unknown_authority)
    done = probe(f'[server]\nhttps = "127.0.0.1:{port}"\n[admin]\nlisten = ""\n')
    assert (done.returncode, done.stderr) == (0, "")


def test_a_home_whose_only_listener_demands_client_certificates_cannot_be_asked(probe: Probe):
    done = probe('[server]\nclient_authentication = "required"\n[admin]\nlisten = ""\n')
    assert (done.returncode, done.stderr) == (1, "no listener answers health without a client certificate\n")


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("0.0.0.0:9443", ("https", "127.0.0.1", 9443)),
        ("[::]:9443", ("https", "::1", 9443)),
        ("[fd00::1]:19443", ("https", "fd00::1", 19443)),
        ("10.1.2.3:9443", ("https", "10.1.2.3", 9443)),
        ("gateway.example:9443", ("https", "gateway.example", 9443)),
    ],
)
def test_the_probe_asks_the_address_that_the_listener_has(listen: str, asked: tuple[str, str, int]):
    listeners = runpy.run_path(str(SCRIPT))["listeners"]
    assert listeners({"admin": {"listen": listen}})[0] == asked


@pytest.mark.parametrize("host", [None, "", "0.0.0.0"])
def test_without_settings_the_listeners_are_those_of_the_product(
    monkeypatch: pytest.MonkeyPatch, host: str | None
):
    monkeypatch.delenv("IMSGW_LISTEN_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("IMSGW_LISTEN_HOST", host)
    listeners = runpy.run_path(str(SCRIPT))["listeners"]
    assert listeners({}) == [("https", "127.0.0.1", 9443), ("https", "127.0.0.1", 8443)]


def test_the_host_of_the_environment_is_asked_where_settings_name_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("IMSGW_LISTEN_HOST", "10.1.2.3")
    listeners = runpy.run_path(str(SCRIPT))["listeners"]
    found = listeners({"server": {"https": "127.0.0.1:18443"}})
    assert found == [("https", "10.1.2.3", 9443), ("https", "127.0.0.1", 18443)]


# -- the callout process --------------------------------------------------------------------------------------


def test_callout_is_asked_where_it_listens_and_nobody_else(serve: Serve, probe: Probe):
    toml = f'[server]\nhttp = "127.0.0.1:{serve(status=500)}"\n[admin]\nlisten = ""\n'
    done = probe(f'{toml}[callout]\nlisten = "127.0.0.1:{serve()}"\n', "callout")
    assert (done.returncode, done.stderr) == (0, "")


def test_callout_that_answers_another_status_is_not_healthy(serve: Serve, probe: Probe):
    port = serve(status=503)
    done = probe(f'[callout]\nlisten = "127.0.0.1:{port}"\n', "callout")
    assert (done.returncode, done.stderr) == (1, f"http 127.0.0.1:{port}: HTTP status 503\n")


def test_with_a_keystore_callout_is_asked_over_https(
    serve: Serve, probe: Probe, unknown_authority: ssl.SSLContext
):
    port = serve(context=unknown_authority)
    toml = f'[server]\nkeystore = {{ path = "x" }}\n[callout]\nlisten = "0.0.0.0:{port}"\n'
    done = probe(toml, "callout")
    assert (done.returncode, done.stderr) == (0, "")


def test_callout_that_listens_nowhere_cannot_be_asked(probe: Probe):
    done = probe('[callout]\nlisten = ""\n', "callout")
    assert done.returncode == 1
    assert "no listener answers health" in done.stderr


def test_without_settings_callout_listens_as_the_product_does(monkeypatch: pytest.MonkeyPatch):
    listeners = runpy.run_path(str(SCRIPT))["callout_listeners"]
    monkeypatch.delenv("IMSGW_LISTEN_HOST", raising=False)
    assert listeners({}) == [("http", "127.0.0.1", 9444)]
    monkeypatch.setenv("IMSGW_LISTEN_HOST", "10.1.2.3")
    assert listeners({"server": {"keystore": {}}}) == [("https", "10.1.2.3", 9444)]
