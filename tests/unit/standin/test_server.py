"""The whole stand-in: many clients, stop and start, TLS."""

import asyncio
import resource
import socket
import ssl
import threading
from contextlib import suppress

import pytest
import trustme

from gateway.standin import RunningStandin, Standin
from tests.fixtures.standin import standin_config
from tests.unit.standin.by_hand import reply, text, until

MANY = 2000


async def _sleeper(port: int, number: int, everybody: asyncio.Barrier) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await everybody.wait()
        writer.write(text(f"SLEEP 500 N{number}", client=f"C{number}"))
        head = await reader.readexactly(4)
        return head + await reader.readexactly(int.from_bytes(head) - 4)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.slow
def test_two_thousand_sockets_sleep_at_once(standin_factory):
    standin = standin_factory()

    async def crowd() -> list[bytes]:
        everybody = asyncio.Barrier(MANY)
        return await asyncio.gather(*(_sleeper(standin.port, n, everybody) for n in range(MANY)))

    answers = asyncio.run(crowd())
    assert answers == [reply(f"500 N{number}") for number in range(MANY)]
    assert len({seen.connection for seen in standin.seen}) == MANY


def test_as_many_files_may_be_open_as_the_system_allows(standin):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard


class TestStopAndStart:
    def test_a_stopped_stand_in_takes_no_connection(self, standin, connect):
        client = connect(standin)
        client.assert_open()
        standin.stop()
        client.assert_closed()
        with pytest.raises(ConnectionRefusedError):
            connect(standin)

    def test_it_comes_back_on_the_same_port(self, standin, connect):
        port = standin.port
        for _ in range(3):
            standin.restart()
            assert standin.port == port
            connect(standin).assert_open()

    def test_ims_keeps_its_data_and_the_record_goes_on(self, standin, connect):
        connect(standin).ask(text("IVTNO     DELETE  LAST1"))
        standin.restart()
        connect(standin).ask(text("ECHO 1"))
        assert "LAST1" not in standin.book.entries
        assert [(seen.number, seen.connection) for seen in standin.seen] == [(1, 1), (2, 2)]

    def test_a_client_that_waits_is_cut_off(self, standin, connect):
        client = connect(standin)
        client.send(text("SLEEP 60000"))
        until(lambda: standin.seen)
        standin.stop()
        client.assert_closed()

    def test_to_stop_twice_is_to_stop(self, standin):
        standin.stop()
        standin.stop()

    def test_the_record_can_be_emptied(self, standin, connect):
        client = connect(standin)
        client.ask(text("ECHO 1"))
        standin.forget()
        client.ask(text("ECHO 2"))
        assert [seen.number for seen in standin.seen] == [2]

    def test_only_the_latest_inputs_are_kept(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"keep_seen": 2})
        client = connect(standin)
        for number in range(4):
            client.ask(text(f"ECHO {number}"))
        assert [seen.number for seen in standin.seen] == [3, 4]


def test_a_port_in_use_is_an_os_error(standin):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = standin_config(ims_connect={"listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        with pytest.raises(OSError, match="in use"):
            asyncio.run(Standin(config).start())


def test_a_thread_that_cannot_listen_ends(standin):
    threads = threading.active_count()
    config = standin_config(ims_connect={"listen": f"127.0.0.1:{standin.port}"})
    with pytest.raises(OSError, match="in use"):
        RunningStandin(config)
    assert threading.active_count() == threads


def test_ipv6(standin_factory):
    standin = standin_factory(ims_connect={"listen": "[::1]:0"})
    with socket.create_connection(("::1", standin.port), timeout=20) as client:
        client.sendall(text("ECHO 1"))
        assert client.recv(len(reply("1"))) == reply("1")


class TestTls:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA(key_type=trustme.KeyType.RSA)

    @pytest.fixture
    def tls(self, authority, tmp_path):
        key = authority.issue_cert("localhost", key_type=trustme.KeyType.RSA)
        key.private_key_and_cert_chain_pem.write_to_path(tmp_path / "ims.pem")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        return {"keystore": {"path": "ims.pem"}}

    def ask(self, standin, context: ssl.SSLContext) -> bytes:
        with (
            socket.create_connection(("127.0.0.1", standin.port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            secured.sendall(text("ECHO 1"))
            answer = secured.recv(4096)
            while len(answer) < 4 or len(answer) < int.from_bytes(answer[:4]):
                piece = secured.recv(4096)
                if not piece:
                    break
                answer += piece
            return answer

    def test_the_port_speaks_tls(self, standin_factory, authority, tls):
        standin = standin_factory(ims_connect={"tls": tls})
        context = ssl.create_default_context()
        authority.configure_trust(context)
        assert self.ask(standin, context) == reply("1")

    def test_a_client_certificate_can_be_demanded(self, standin_factory, authority, tls):
        standin = standin_factory(ims_connect={"tls": {**tls, "client_truststore": {"path": "ca.pem"}}})
        context = ssl.create_default_context()
        authority.configure_trust(context)
        with suppress(ssl.SSLError, ConnectionError):
            assert self.ask(standin, context) == b""
        assert standin.seen == ()
        authority.issue_cert("client@example.com", key_type=trustme.KeyType.RSA).configure_cert(context)
        assert self.ask(standin, context) == reply("1")

    def test_plain_bytes_are_not_answered(self, standin_factory, connect, tls):
        standin = standin_factory(ims_connect={"tls": tls})
        client = connect(standin)
        client.send(text("ECHO 1"))
        answer = client.rest()
        assert reply("1") not in answer
        assert standin.seen == ()

    def test_a_handshake_under_way_does_not_outlive_the_stop(self, standin_factory, connect, tls):
        standin = standin_factory(ims_connect={"tls": tls})
        client = connect(standin)
        client.send(b"\x16\x03\x01")
        until(lambda: standin.standin._listener.arriving)
        standin.stop()
        with suppress(ConnectionResetError):
            client.assert_closed()


def test_clients_that_come_while_it_stops_leave_nothing_open(standin_factory, connect):
    for _ in range(20):
        standin = standin_factory()
        connect(standin)
        standin.close()
