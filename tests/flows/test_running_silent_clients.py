"""Clients that connect and then say nothing more hold nobody up, and do not stay."""

import socket
import ssl
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.fixtures.calling import PATIENCE, Caller, closed, text_of, trusting
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import wait_until

OF_EACH_KIND = 14
DEADLINES = {f"server.{step}_seconds": 4.0 for step in ("handshake", "header", "body", "keepalive")}
"""Long enough for all to be connected and others to be served, before the first is closed."""
HEAD = (
    b"POST /imssoap/services/LabPort HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
    b"Content-Length: 1000\r\n"
)


def client_hello(context):
    """Return the first bytes a TLS client sends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


def plain(gateway, data):
    sock = socket.create_connection(("127.0.0.1", gateway.http_port), timeout=PATIENCE)
    sock.sendall(data)
    return sock


def secure(gateway, data):
    """Connect to the HTTPS port without TLS of our own, and send these bytes."""
    sock = socket.create_connection(("127.0.0.1", gateway.https_port), timeout=PATIENCE)
    sock.sendall(data)
    return sock


def handshaken(gateway, data):
    """Connect to the HTTPS port, shake hands, send these bytes."""
    raw = socket.create_connection(("127.0.0.1", gateway.https_port), timeout=PATIENCE)
    sock = trusting(gateway.ca).wrap_socket(raw, server_hostname="localhost")
    sock.sendall(data)
    return sock


def silences(gateway):
    """Return the kinds of silence: who makes one, and the HTTP status that ends it, None for a mere close."""
    hello = client_hello(trusting(gateway.ca))
    return {
        "nothing at all": (lambda: plain(gateway, b""), None),
        "no handshake": (lambda: secure(gateway, b""), None),
        "half a handshake": (lambda: secure(gateway, hello[:100]), None),
        "half a header": (lambda: handshaken(gateway, HEAD), b"408"),
        "half a body": (lambda: handshaken(gateway, HEAD + b"\r\n<half>"), b"408"),
    }


def test_many_silent_clients_hold_nobody_up_and_are_closed_after_their_deadlines(gateway_factory, standin):
    settings = {"server.workers": 1, "server.threads": 2, "server.waiting": 0, **DEADLINES}
    gateway = gateway_factory(standin, settings)
    with ExitStack() as stack:
        silent = [
            (kind, stack.enter_context(make()), status)
            for kind, (make, status) in silences(gateway).items()
            for _ in range(OF_EACH_KIND)
        ]
        for number in range(5):
            with Caller(gateway.https_url, gateway.ca) as caller:
                assert text_of(caller.post("LabPort", work("echo", f"{number}"))) == f"{number}"
                assert caller.get("/healthz").status == 200
        ends = Counter((kind, status, closed(sock)[9:12] or None) for kind, sock, status in silent)
    assert ends == {(kind, status, status): OF_EACH_KIND for kind, (_, status) in silences(gateway).items()}
    assert len(standin.seen) == 5


def test_a_client_that_drips_its_header_byte_by_byte_is_ended_by_the_same_deadline(gateway_factory, standin):
    gateway = gateway_factory(standin, {"server.workers": 1, **DEADLINES})
    with plain(gateway, b"GET /healthz HTTP/1.1\r\nX: ") as sock:
        sock.settimeout(0.05)
        got = bytearray()

        def ended():
            try:
                sock.sendall(b"x")
                data = sock.recv(4096)
            except TimeoutError:
                return False
            except (BrokenPipeError, ConnectionResetError):
                return True
            got.extend(data)
            return not data

        wait_until(ended, "the end of a client that drips")
    assert b" 408 " in bytes(got)


def test_a_kept_connection_that_stays_idle_is_closed_and_its_client_simply_connects_again(
    gateway_factory, standin
):
    gateway = gateway_factory(standin, {"server.workers": 1, **DEADLINES, "server.keepalive_seconds": 0.2})
    with handshaken(gateway, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as sock:
        assert closed(sock).startswith(b"HTTP/1.1 200 ")
    with Caller(gateway.https_url, gateway.ca) as caller:
        assert caller.get("/healthz").status == 200
