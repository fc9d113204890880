"""Syslog receivers and collectors tried, against real TLS listeners, which are sent nothing."""

import socket
from threading import Thread
from types import SimpleNamespace

import pytest
from cryptography import x509

from gateway.config.audit import AuditSettings
from gateway.config.model import ServerSettings, TelemetrySettings
from gateway.preflight.online import try_all
from gateway.preflight.online_receivers import receiver_tries
from tests.fixtures.pki import truststore
from tests.fixtures.ports import free_port
from tests.fixtures.running_gateway import wait_until
from tests.unit.preflight.online import LOCAL, PATIENCE, authority, context_of, server

ELSEWHERE = x509.SubjectAlternativeName([x509.DNSName("siem.example.com")])
WAYS = ("syslog", "collector")


class Listener:
    """Takes connections one after the other, with TLS where there is a context, and keeps what they say."""

    def __init__(self, context=None):
        self._context = context
        if context:
            # the client hangs up right after its handshake; with tickets that it never read it would reset the
            # connection, and what it said, which is nothing, would be an error here
            context.num_tickets = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.said = []
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            plain.settimeout(PATIENCE)
            try:
                with self._context.wrap_socket(plain, server_side=True) if self._context else plain as one:
                    self.said.append(one.recv(4096))
            except OSError:  # the client did not like our certificate
                plain.close()

    def close(self):
        """Take no more connections."""
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, which a close alone would not
        self._socket.close()
        self._thread.join(PATIENCE)


@pytest.fixture
def listening():
    made = []

    def make(context=None):
        made.append(Listener(context))
        return made[-1]

    yield make
    for one in made:
        one.close()


def home(audit=None, telemetry=None):
    gateway = SimpleNamespace(
        audit=audit or AuditSettings(), telemetry=telemetry or TelemetrySettings(), server=ServerSettings()
    )
    return SimpleNamespace(gateway=gateway)


def tried(way, port, trusted=None, *, tls=True, **more):
    """Try one receiver or collector at this port of localhost."""
    stores = {"truststore": trusted} if trusted else {}
    if way == "syslog":
        audit = AuditSettings(to=f"syslog+{'tls' if tls else 'tcp'}://localhost:{port}", **stores, **more)
        what = home(audit=audit)
    else:
        url = f"http{'s' if tls else ''}://localhost:{port}/v1/traces"
        what = home(telemetry=TelemetrySettings(traces=url, **stores, **more))
    (found,) = try_all(tuple(receiver_tries(what)), seconds=PATIENCE)
    return found


def ids(found):
    return [problem.check for problem in found.problems]


@pytest.fixture
def trusting(tmp_path):
    def make(holder):
        path = tmp_path / "trusted.pem"
        path.write_bytes(holder.pem)
        return truststore(path)

    return make


def test_where_records_stay_here_and_no_traces_are_made_there_is_nothing_to_try():
    assert list(receiver_tries(home())) == []
    assert list(receiver_tries(home(audit=AuditSettings(to="file:audit.log")))) == []


@pytest.mark.parametrize(("way", "key"), [("syslog", "audit.to"), ("collector", "telemetry.traces")], ids=WAYS)
def test_one_whose_certificate_fits_is_described_and_sent_nothing(listening, trusting, way, key):
    ca = authority()
    listener = listening(context_of(server(ca)))
    found = tried(way, listener.port, trusting(ca))
    assert ids(found) == []
    assert found.done
    assert found.found.shown.subject == "CN=server"
    assert (found.what.kind, found.what.address) == (way, f"localhost:{listener.port}")
    assert (found.what.file, found.what.key) == ("gateway.toml", key)
    wait_until(lambda: listener.said, "the end of the connection")
    assert listener.said == [b""]


@pytest.mark.parametrize("way", WAYS)
def test_one_without_tls_is_connected_with_and_sent_nothing(listening, way):
    listener = listening()
    found = tried(way, listener.port, tls=False)
    assert (ids(found), found.found.said, found.found.shown) == ([], ("connected",), None)
    wait_until(lambda: listener.said, "the end of the connection")
    assert listener.said == [b""]


@pytest.mark.parametrize("way", WAYS)
def test_one_of_another_authority_is_not_trusted(listening, trusting, way):
    found = tried(way, listening(context_of(server(authority("other")))).port, trusting(authority()))
    assert ids(found) == ["online.untrusted"]
    assert not found.done
    assert "issued by CN=other" in found.problems[0].text


@pytest.mark.parametrize("way", WAYS)
def test_one_with_another_name_is_told(listening, trusting, way):
    ca = authority()
    found = tried(way, listening(context_of(server(ca, names=ELSEWHERE))).port, trusting(ca))
    assert ids(found) == ["online.server-name"]
    assert "is for siem.example.com, not for localhost" in found.problems[0].text


def test_the_name_of_the_settings_is_the_one_that_a_receiver_s_certificate_must_bear(listening, trusting):
    ca = authority()
    listener = listening(context_of(server(ca, names=ELSEWHERE)))
    assert ids(tried("syslog", listener.port, trusting(ca), server_name="siem.example.com")) == []
    local = listening(context_of(server(ca, names=LOCAL)))
    found = tried("syslog", local.port, trusting(ca), server_name="siem.example.com")
    assert ids(found) == ["online.server-name"]


@pytest.mark.parametrize("way", WAYS)
def test_where_nobody_listens_that_is_told(way):
    assert ids(tried(way, free_port())) == ["online.connect"]


@pytest.mark.parametrize("way", WAYS)
def test_one_that_speaks_no_tls_is_told(listening, trusting, way):
    listener = listening()
    assert ids(tried(way, listener.port, trusting(authority()))) == ["online.tls"]
