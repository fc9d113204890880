"""TLS to IMS Connect: one gateway with a bundle for each way it can be, real handshakes behind."""

import shutil
import socket
import ssl
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.exchange import Secret
from gateway.standin import RunningStandin
from gateway.testkeys import TestAuthority
from tests.fixtures.calling import PATIENCE, Caller, header_of, pem_of, text_of
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import deploy_lab, with_settings
from tests.fixtures.standin import USERS, standin_config

pytestmark = pytest.mark.xdist_group("running backend tls")  # they share a gateway

PASSWORD = "store-pass"


class AlertingPort:
    """A port that wants a client certificate and says by a TLS alert what it has against one.

    AT-TLS does so; the stand-in's asyncio closes without a word. `seen` are the bytes of messages.
    """

    def __init__(self, certificate, ca) -> None:
        self.seen = b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.load_verify_locations(ca)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):  # the listener was shut down
            while True:
                sock, _ = self._listener.accept()
                self._shake_hands(sock)

    def _shake_hands(self, sock) -> None:
        with (
            sock.dup() as raw,
            self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) as tls,
        ):
            raw.settimeout(PATIENCE)
            try:
                tls.do_handshake()
                self.seen += tls.recv(1)
            except ssl.SSLError:
                with suppress(OSError):  # unread bytes would make the close a reset, which overtakes the alert
                    while raw.recv(65_536):
                        pass

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Key stores of the partners of a handshake, and what each side trusts."""
    folder = tmp_path_factory.mktemp("ims-keys")
    authority, stranger = TestAuthority(name="mainframe CA"), TestAuthority(name="another CA")
    made = {
        "server": authority.issue("IMS Connect", ("127.0.0.1",), Secret(PASSWORD)),
        "far": authority.issue("IMS Connect", ("ims.example",), Secret(PASSWORD)),
        "expired": authority.issue("IMS Connect", ("127.0.0.1",), Secret(PASSWORD), timedelta(days=-1)),
        "ours": authority.issue("gateway", (), Secret(PASSWORD)),
        "strange": stranger.issue("gateway", (), Secret(PASSWORD)),
    }
    for name, store in made.items():
        (folder / f"{name}.p12").write_bytes(store)
    for name, ca in {"ca": authority, "other-ca": stranger}.items():
        (folder / f"{name}.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))
    return folder


def key(folder, name):
    return {"path": str(folder / f"{name}.p12"), "password": PASSWORD}


@pytest.fixture(scope="module")
def standins(stores):
    """Ports of IMS Connect: plain, TLS, TLS with certificates of various kinds, TLS that wants ours."""
    tables = {
        "plain": None,
        "tls": {"keystore": key(stores, "server")},
        "far": {"keystore": key(stores, "far")},
        "expired": {"keystore": key(stores, "expired")},
        "mutual": {
            "keystore": key(stores, "server"),
            "client_truststore": {"path": str(stores / "ca.pem")},
        },
    }
    running = {}
    try:
        for name, tls in tables.items():
            port = {"racf": True, **({"tls": tls} if tls else {})}
            running[name] = RunningStandin(standin_config(ims_connect=port, users=USERS))
        running["alerting"] = AlertingPort(pem_of(stores / "server.p12", PASSWORD), stores / "ca.pem")
        yield running
    finally:
        for standin in running.values():
            standin.close()


TRUST = {"truststore": {"path": "keystores/ims/ca.pem"}}
OURS = {"keystore": {"path": "keystores/ims/ours.p12", "password": PASSWORD}}
STRANGE = {"keystore": {"path": "keystores/ims/strange.p12", "password": PASSWORD}}
OTHER_TRUST = {"truststore": {"path": "keystores/ims/other-ca.pem"}}

GOOD = {
    "one-way": ("tls", TRUST),
    "our-key-not-asked-for": ("tls", TRUST | OURS),
    "mutual": ("mutual", TRUST | OURS),
    "named": ("far", TRUST | {"server_name": "ims.example"}),
}
"""Bundle: where it goes, and its `tls`."""
UNREACHABLE, LOST = "IGW2001E", "IGW2003E"
JUDGED_LATE = f"{UNREACHABLE} {LOST}"
"""TLS 1.3: our handshake is done, and the message may be sent, before the other side judges our certificate. A
close that is seen before is no outcome to wonder about, nor is an alert; a close behind the message is."""
BAD = {
    "wrong-ca": (
        "tls",
        OTHER_TRUST,
        UNREACHABLE,
        "certificate refused: unable to get local issuer certificate",
    ),
    "wrong-name": ("far", TRUST, UNREACHABLE, "certificate refused: IP address mismatch"),
    "another-name": ("tls", TRUST | {"server_name": "ims.example"}, UNREACHABLE, "Hostname mismatch"),
    "expired": ("expired", TRUST, UNREACHABLE, "certificate refused: certificate has expired"),
    "tls-to-a-plain-port": ("plain", TRUST, UNREACHABLE, "TLS handshake"),
    "plain-to-a-tls-port": ("tls", None, LOST, "closed after 0 bytes of a reply"),
    "no-key-of-ours": ("mutual", TRUST, JUDGED_LATE, "closed"),
    "key-of-a-stranger": ("mutual", TRUST | STRANGE, JUDGED_LATE, "closed"),
    "no-key-and-alert": ("alerting", TRUST, UNREACHABLE, "want"),
    "stranger-and-alert": ("alerting", TRUST | STRANGE, UNREACHABLE, ""),
}
"""The same, with the message for the caller and words of the reason in the log."""


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, standins, stores):
    def prepare(home):
        shutil.copytree(stores, home / "keystores/ims")
        example = (home / "bundles/ims1.toml").read_text()
        for name, (standin, tls, *_) in {**GOOD, **BAD}.items():
            settings = {
                "ims_connect.port": standins[standin].port,
                "ims_connect.pool": {"size": 2, "connect_seconds": 1.5},
                **({"ims_connect.tls": tls} if tls else {}),
            }
            (home / f"bundles/{name}.toml").write_text(with_settings(example, settings))
            deploy_lab(home, f"lab-{name}", f"Lab-{name}", {"bundle": name})

    return module_gateway_factory(standins["plain"], {"server.workers": 1}, prepare=prepare)


@pytest.fixture
def caller(gateway):
    with Caller(gateway.https_url, gateway.ca) as caller:
        yield caller


@pytest.mark.parametrize("name", GOOD)
def test_ims_connect_is_reached_over_tls(caller, standins, name):
    standin = standins[GOOD[name][0]]
    before = len(standin.seen)
    for text in ("first", "over the same socket"):
        assert text_of(caller.post(f"Lab-{name}", work("echo", text))) == text
    assert [seen.user for seen in standin.seen[before:]] == ["GWUSER", "GWUSER"]
    assert len({seen.connection for seen in standin.seen[before:]}) == 1


@pytest.mark.parametrize("name", BAD)
def test_ims_connect_that_is_not_as_configured_gets_no_message_and_the_log_says_why(
    gateway, caller, standins, name
):
    where, _, message, reason = BAD[name]
    before = len(standins[where].seen)
    reply = caller.post(f"Lab-{name}", work("echo", "not for you"))
    assert (reply.status, reply.fault_code) == (500, "Server")
    assert reply.message_id in message.split()
    assert len(standins[where].seen) == before
    entry = gateway.request(header_of(reply.headers, "x-tracking-id"))
    assert reason in entry["reason"]
    assert f"127.0.0.1:{standins[where].port}" in entry["reason"], (
        "an operator must see which IMS Connect it is"
    )
    assert "certificate" not in reply.fault_text
    assert f"{standins[where].port}" not in reply.fault_text
    assert entry["reached_ims_connect"] == (reply.message_id == LOST), "what cannot be known is told as reached"
    assert PASSWORD not in gateway.log
