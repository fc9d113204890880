"""The Valkey store against a real server: what it keeps, how it is reached, how it fails."""

import socket
import threading

import pytest

from gateway.exchange import Secret
from gateway.replay.backend import StoreDownError
from gateway.replay.valkey import KEY_PREFIX, ValkeyStore
from gateway.tls import StoreError
from gateway.wss.replay import Remembered
from tests.fixtures.pki import truststore
from tests.fixtures.valkey import running_valkey
from tests.unit.replay.entries import NOW, later, once

NEW, SEEN = Remembered.NEW, Remembered.SEEN


@pytest.fixture
def open_valkey():
    opened = []

    def make(server, **changes):
        opened.append(ValkeyStore(server.settings(**changes)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def server(shared_valkey):
    shared_valkey.command("FLUSHALL")
    return shared_valkey


def time_to_live(server, entry):
    return int(server.command("PTTL", KEY_PREFIX + entry.key.hex()).strip().lstrip(b":"))


def test_the_server_forgets_an_entry_a_minute_after_it_stopped_counting(server, open_valkey):
    store, entry = open_valkey(server), once("a", 300)
    assert store.remember([entry], later(0)) is NEW
    assert 300_000 < time_to_live(server, entry) <= 360_000


def test_the_time_to_live_does_not_depend_on_what_the_server_thinks_the_time_is(server, open_valkey):
    store, long_ago = open_valkey(server), later(-1_000_000_000)
    entry = once("a", 300, now=long_ago)
    assert store.remember([entry], long_ago) is NEW
    assert 300_000 < time_to_live(server, entry) <= 360_000
    assert store.remember([entry], long_ago) is SEEN


def test_an_entry_that_has_expired_long_ago_is_no_error(server, open_valkey):
    assert open_valkey(server).remember([once("a", -3600)], NOW) is NEW


def test_the_server_holds_digests_and_times_only(server, open_valkey):
    open_valkey(server).remember([once("a-nonce-to-find")], NOW)
    assert b"a-nonce-to-find" not in server.command("KEYS", "*")
    assert server.command("KEYS", "*").count(KEY_PREFIX.encode()) == 1


def test_a_database_number_is_honoured(server, open_valkey):
    store = open_valkey(server, store=f"valkey://127.0.0.1:{server.port}/3")
    assert store.remember([once("a")], NOW) is NEW
    assert open_valkey(server).remember([once("a")], NOW) is NEW


def test_threads_share_the_store(server, open_valkey):
    store, told = open_valkey(server), []
    barrier = threading.Barrier(8)

    def bring():
        barrier.wait()
        told.append([store.remember([once(f"{turn}")], NOW) for turn in range(30)])

    threads = [threading.Thread(target=bring) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for turn in zip(*told, strict=True):
        assert sorted(answer.value for answer in turn) == ["new"] + ["seen"] * 7


# -- TLS and sign-on ------------------------------------------------------------------------------------------


def test_with_tls_and_password(secure_valkey, open_valkey):
    store = open_valkey(secure_valkey)
    assert [store.remember([once("a")], NOW) for _ in range(2)] == [NEW, SEEN]


def test_a_server_of_a_stranger_is_not_trusted(secure_valkey, open_valkey, pki):
    store = open_valkey(secure_valkey, truststore=truststore(pki.other.ca))
    with pytest.raises(StoreDownError, match="certificate verify failed"):
        store.remember([once("a")], NOW)


def test_without_a_trust_store_the_system_decides(secure_valkey, open_valkey):
    store = open_valkey(secure_valkey, truststore=None)
    with pytest.raises(StoreDownError, match="certificate verify failed"):
        store.remember([once("a")], NOW)


def test_a_certificate_for_another_name_is_not_taken(secure_valkey, open_valkey, pki):
    address = f"valkeys://127.0.0.2:{secure_valkey.port}"
    with _forward("127.0.0.2", secure_valkey.port), pytest.raises(StoreDownError, match="IP address mismatch"):
        open_valkey(secure_valkey, store=address).remember([once("a")], NOW)


class _forward:  # noqa: N801
    """Pass connections on from another loopback address, whose name the certificate does not hold."""

    def __init__(self, host, port):
        self._listener = socket.create_server((host, port))
        self._port = port
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._port)) as upstream:
            other = threading.Thread(target=self._copy, args=(upstream, client))
            other.start()
            self._copy(client, upstream)
            other.join()

    @staticmethod
    def _copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._thread.join(20)
        self._listener.close()


def test_a_trust_store_that_cannot_be_read_is_told_at_once(secure_valkey, tmp_path):
    with pytest.raises(StoreError):
        ValkeyStore(secure_valkey.settings(truststore=truststore(tmp_path / "nowhere.pem")))


def test_a_plain_client_at_a_tls_port_fails(secure_valkey, open_valkey):
    store = open_valkey(secure_valkey, store=f"valkey://127.0.0.1:{secure_valkey.port}", truststore=None)
    with pytest.raises(StoreDownError):
        store.remember([once("a")], NOW)


@pytest.mark.parametrize(
    ("password", "said"),
    [("", "NOAUTH|Authentication required"), ("wrong-password", "WRONGPASS|invalid username")],
)
def test_a_wrong_password_is_a_store_that_is_down_and_is_not_told(secure_valkey, open_valkey, password, said):
    store = open_valkey(secure_valkey, password=Secret(password))
    with pytest.raises(StoreDownError, match=said) as failure:
        store.remember([once("a")], NOW)
    assert "wrong-password" not in str(failure.value)
    assert failure.value.__cause__ is None


def test_a_server_that_repeats_the_password_does_not_get_it_into_the_log(open_valkey, shared_valkey):
    with _answering(b"-ERR what is the-password?\r\n") as port:
        store = open_valkey(shared_valkey, store=f"valkey://127.0.0.1:{port}", password=Secret("the-password"))
        with pytest.raises(StoreDownError, match=r"what is \*\*\*") as failure:
            store.remember([once("a")], NOW)
    assert "the-password" not in repr(failure.value)


def test_a_user_with_little_authority_is_enough(server, open_valkey):
    rules = f"on >secret-word ~{KEY_PREFIX}* -@all +eval +get +set"
    assert server.command("ACL", "SETUSER", "gateway", rules).startswith(b"+OK")
    store = open_valkey(server, user="gateway", password=Secret("secret-word"))
    assert [store.remember([once("a")], NOW) for _ in range(2)] == [NEW, SEEN]
    assert store.advice() == ""


# -- failures -------------------------------------------------------------------------------------------------


def test_a_server_that_was_away_is_used_again(valkey_server, open_valkey):
    store = open_valkey(valkey_server)
    assert store.remember([once("a")], NOW) is NEW
    valkey_server.stop()
    with pytest.raises(StoreDownError, match=f"127.0.0.1:{valkey_server.port}"):
        store.remember([once("b")], NOW)
    valkey_server.start()
    assert store.remember([once("b")], NOW) is NEW
    assert store.remember([once("b")], NOW) is SEEN


def test_a_server_that_was_started_anew_between_two_calls_costs_no_message(valkey_server, open_valkey):
    store = open_valkey(valkey_server)
    assert store.remember([once("a")], NOW) is NEW
    valkey_server.stop()
    valkey_server.start()
    assert store.remember([once("b")], NOW) is NEW


def test_a_server_that_does_not_answer_costs_the_timeout(open_valkey, shared_valkey):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = open_valkey(
            shared_valkey, store=f"valkey://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.05
        )
        with pytest.raises(StoreDownError, match="Timeout"):
            store.remember([once("a")], NOW)


def test_a_replica_that_takes_no_writes_is_a_store_that_is_down(tmp_path, open_valkey):
    with running_valkey(tmp_path, options=("--replicaof", "127.0.0.1 1")) as replica:
        store = open_valkey(replica)
        with pytest.raises(StoreDownError, match=r"READONLY|MASTERDOWN|write against a read only"):
            store.remember([once("a")], NOW)


def test_a_server_without_memory_is_a_store_that_is_down_and_keeps_nothing_half(tmp_path, open_valkey):
    with running_valkey(tmp_path, options=("--maxmemory", "1")) as server:
        store = open_valkey(server)
        with pytest.raises(StoreDownError, match=r"OOM|maxmemory"):
            store.remember([once("a"), once("b")], NOW)
        server.command("CONFIG", "SET", "maxmemory", "0")
        assert store.remember([once("a"), once("b")], NOW) is NEW


@pytest.mark.parametrize(
    "answer",
    [
        b"+OK\r\n",
        b":7\r\n",
        b"$-1\r\n",
        b"*0\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b":x\r\n",
        b"\xff\r\n",
        b"-\r\n",
    ],
)
def test_an_answer_of_something_else_is_a_store_that_is_down(open_valkey, shared_valkey, answer):
    with _answering(answer) as port:
        store = open_valkey(shared_valkey, store=f"valkey://127.0.0.1:{port}")
        with pytest.raises(StoreDownError):
            store.remember([once("a")], NOW)


class _answering:  # noqa: N801
    """Gives one answer to whatever is asked first."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self._answer)
            while connection.recv(65536):
                pass

    def __enter__(self):
        self._thread.start()
        return self._listener.getsockname()[1]

    def __exit__(self, *_):
        self._listener.close()


# -- advice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
def test_a_server_that_may_forget_entries_is_told_of(tmp_path, open_valkey, policy):
    with running_valkey(tmp_path, options=("--maxmemory-policy", policy)) as server:
        assert f"maxmemory-policy {policy}" in open_valkey(server).advice()


def test_of_a_careful_server_there_is_nothing_to_tell(server, open_valkey):
    assert open_valkey(server).advice() == ""
    assert isinstance(open_valkey(server).remember([once("a")], NOW), Remembered)
