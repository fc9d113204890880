"""Health and metrics of the callout process: what is answered, and that nobody keeps others from an answer."""

import http.client
import socket
import ssl
from contextlib import ExitStack, closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import testkeys
from gateway.callout import health
from gateway.callout.health import HealthListener, Pages
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import KeyStore, ServerSettings
from gateway.exchange import Secret
from gateway.tls import server_tls
from tests.fixtures.running_gateway import wait_until


class State:
    def __init__(self):
        self.unready = ""
        self.page = lambda: b"imsgw_x 1.0\n"

    def metrics(self):
        return self.page()

    def listening(self, tls=None, listen="127.0.0.1:0"):
        pages = Pages(lambda: self.unready, self.metrics)
        return closing(HealthListener(listen, pages, tls, SYSTEM_CLOCK))


@pytest.fixture
def state():
    return State()


@pytest.fixture
def plain(state):
    with state.listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return testkeys.create(folder, password=Secret("keys-for-tests"))


def tls_of(keys):
    store = KeyStore(path=keys.server, password=Secret("keys-for-tests"))
    return server_tls(ServerSettings(keystore=store), client_certificates=False)


def get(listener, path, method="GET", context=None):
    host, port = listener.address
    if context is None:
        connection = http.client.HTTPConnection(host, port, timeout=20)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=20, context=context)
    with closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type"), answer.read().decode()


def raw(listener, data):
    """Send bytes, return all that comes back before the connection ends or breaks."""
    got = b""
    with socket.create_connection(listener.address, 20) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                got += chunk
        except OSError:
            pass
    return got


PLAIN = "text/plain; charset=utf-8"


def test_a_process_that_lives_says_so(plain):
    assert get(plain, "/healthz") == (200, PLAIN, "alive\n")


def test_readiness_tells_why_not(plain, state):
    assert get(plain, "/readyz") == (200, PLAIN, "ready\n")
    state.unready = "ims1/CALL1 is in state trouble: connection refused"
    assert get(plain, "/readyz") == (503, PLAIN, f"not ready: {state.unready}\n")
    assert get(plain, "/healthz")[0] == 200


def test_metrics_are_in_the_text_format_of_prometheus(plain):
    assert get(plain, "/metrics") == (200, "text/plain; version=0.0.4; charset=utf-8", "imsgw_x 1.0\n")


def test_a_page_that_cannot_be_made_is_an_error_without_details(plain, state, caplog):
    def broken():
        raise RuntimeError("SECRET")

    state.page = broken
    status, _, text = get(plain, "/metrics")
    assert (status, "SECRET" in text, "SECRET" in caplog.text) == (500, False, True)
    assert get(plain, "/healthz")[0] == 200


def test_a_query_changes_nothing(plain):
    assert get(plain, "/readyz?verbose=1")[0] == 200


@pytest.mark.parametrize("path", ["/", "/healthz/", "/METRICS", "/metrics/../healthz", "/%68ealthz"])
def test_there_is_nothing_else(plain, path):
    assert get(plain, path)[0] == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/x"])
def test_head_is_get_without_the_body(plain, path):
    assert get(plain, path, "HEAD")[:2] == get(plain, path)[:2]
    assert get(plain, path, "HEAD")[2] == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "XYZ"])
def test_other_methods_are_refused(plain, method):
    assert get(plain, "/healthz", method)[0] == 405


def test_an_answer_ends_its_connection_and_is_not_kept_anywhere(plain):
    answer = raw(plain, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert b"\r\nCache-Control: no-store\r\n" in answer
    assert b"Server:" not in answer
    assert answer.endswith(b"\r\n\r\nalive\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"GET",
        b"GET /healthz\x00 HTTP/1.1\r\n\r\n\xff",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_does_no_harm(plain, data):
    assert b"200" not in raw(plain, data)[:20]
    assert get(plain, "/healthz")[0] == 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.binary(max_size=300))
def test_no_bytes_do_harm(plain, data):
    raw(plain, data + b"\r\n\r\n")
    assert get(plain, "/healthz")[0] == 200


def test_silent_clients_keep_nobody_from_an_answer(plain):
    with ExitStack() as silent:
        for _ in range(health._MOST_CONNECTIONS + 10):
            silent.enter_context(socket.create_connection(plain.address, 20))
        assert [get(plain, "/healthz")[0] for _ in range(5)] == [200] * 5


def test_silent_clients_are_given_up(plain, monkeypatch):
    monkeypatch.setattr(health, "_SECONDS", 0.3)
    with socket.create_connection(plain.address, 20) as silent:
        assert silent.recv(1) == b""


def test_a_client_that_sends_byte_by_byte_has_one_deadline_for_all(plain, monkeypatch):
    monkeypatch.setattr(health, "_SECONDS", 0.3)
    with socket.create_connection(plain.address, 20) as slow:

        def cut_off():
            try:
                slow.sendall(b"G")
            except OSError:
                return True
            return False

        wait_until(cut_off, "the end of the connection")
    assert get(plain, "/healthz")[0] == 200


def test_a_client_that_reads_nothing_is_given_up(plain, state, monkeypatch):
    monkeypatch.setattr(health, "_SECONDS", 0.3)
    state.page = lambda: b"x" * 20_000_000
    room = plain._server._room
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(plain.address)
        deaf.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        wait_until(lambda: room._value < health._MOST_CONNECTIONS, "the connection is in work")
        wait_until(lambda: room._value == health._MOST_CONNECTIONS, "the connection is given up")


# -- TLS ------------------------------------------------------------------------------------------------------


def test_with_the_servers_keystore_it_is_https(state, keys):
    context = ssl.create_default_context(cafile=str(keys.ca))
    with state.listening(tls_of(keys)) as listener:
        assert get(listener, "/readyz", context=context) == (200, PLAIN, "ready\n")
        assert not raw(listener, b"GET /healthz HTTP/1.1\r\n\r\n").startswith(b"HTTP")
        assert get(listener, "/readyz", context=context)[0] == 200


def test_old_tls_is_refused(state, keys):
    context = ssl.create_default_context(cafile=str(keys.ca))
    with state.listening(tls_of(keys)) as listener:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert get(listener, "/readyz", context=context)[0] == 200
        context.set_ciphers("AES256-SHA")
        with pytest.raises(OSError, match=r"(?i)ssl|reset"):
            get(listener, "/readyz", context=context)


def test_clients_that_never_finish_their_handshake_keep_nobody_out(state, keys):
    context = ssl.create_default_context(cafile=str(keys.ca))
    with state.listening(tls_of(keys)) as listener, ExitStack() as silent:
        for _ in range(health._MOST_CONNECTIONS):
            silent.enter_context(socket.create_connection(listener.address, 20)).sendall(b"\x16\x03")
        assert [get(listener, "/healthz", context=context)[0] for _ in range(5)] == [200] * 5


def test_a_new_certificate_counts_from_the_next_connection_on(state, keys, tmp_path):
    other = testkeys.create(tmp_path, password=Secret("keys-for-tests"))
    context = ssl.create_default_context(cafile=str(other.ca))
    with state.listening(tls_of(keys)) as listener:
        with pytest.raises(ssl.SSLCertVerificationError):
            get(listener, "/healthz", context=context)
        listener.renew(tls_of(other))
        assert get(listener, "/healthz", context=context)[0] == 200
        listener.renew(None)  # TLS does not become plain while it runs
        assert get(listener, "/healthz", context=context)[0] == 200


# -- addresses ------------------------------------------------------------------------------------------------


def test_an_address_in_use_is_an_error(plain, state):
    host, port = plain.address
    with pytest.raises(OSError, match="in use"):
        state.listening(listen=f"{host}:{port}")


def test_it_listens_on_ipv6_too(state):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with state.listening(listen="[::1]:0") as listener:
        assert get(listener, "/healthz")[0] == 200


def test_once_closed_nobody_listens(state):
    with state.listening() as listener:
        address = listener.address
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)
