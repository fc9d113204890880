"""Connections between calls: kept for a little, never when something came that nobody asked for."""

import contextlib
import socket

import pytest

from gateway.soap.outbound.connection import Connection, Origin
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.pool import IDLE_SECONDS, Connections
from gateway.soap.outbound.sockets import BoundedSocket

HERE = Origin("http", "here.example", 80)
THERE = Origin("http", "there.example", 80)


class Connector:
    """Opens connections to nowhere; `ends` are the other ends."""

    def __init__(self):
        self.ends = []

    def open(self, origin, limits):
        here, there = socket.socketpair()
        sock = BoundedSocket(fileno=here.detach())
        sock.limits = limits
        connection = Connection(origin)
        connection.put_on(sock, sock)
        self.ends.append(there)
        return connection


@pytest.fixture
def connector():
    made = Connector()
    yield made
    for end in made.ends:
        end.close()


@pytest.fixture
def pool(connector, clock):
    with contextlib.closing(Connections(connector, clock, most_idle=2)) as made:
        yield made


def limits(clock):
    return Limits(clock, begin_by=2000, end_by=2000, connect_seconds=1, most_bytes=1024)


def test_an_idle_connection_is_taken_again_for_the_same_origin_only(pool, clock):
    first = pool.take(HERE, limits(clock))
    pool.give_back(first)
    other = pool.take(THERE, limits(clock))
    assert other is not first
    other.close()
    now = limits(clock)
    assert pool.take(HERE, now) is first
    assert first.sock.limits is now
    first.close()


def test_nobody_gets_a_connection_that_somebody_else_uses(pool, clock):
    one, two = pool.take(HERE, limits(clock)), pool.take(HERE, limits(clock))
    assert one is not two
    one.close()
    two.close()


@pytest.mark.parametrize("what", ["closed", "said something"])
def test_a_connection_that_is_not_quiet_is_dropped(pool, clock, connector, what):
    first = pool.take(HERE, limits(clock))
    pool.give_back(first)
    connector.ends[0].close() if what == "closed" else connector.ends[0].sendall(b"HTTP/1.1 408\r\n")
    second = pool.take(HERE, limits(clock))
    assert second is not first
    assert first.sock is None
    second.close()


def test_a_connection_is_not_kept_longer_than_servers_keep_theirs(pool, clock, connector):
    first = pool.take(HERE, limits(clock))
    pool.give_back(first)
    clock.move(IDLE_SECONDS + 0.1)
    second = pool.take(THERE, limits(clock))
    assert first.sock is None
    assert connector.ends[0].recv(1) == b""
    second.close()


def test_so_many_are_kept_and_no_more(pool, clock):
    made = [pool.take(HERE, limits(clock)) for _ in range(3)]
    for one in made:
        pool.give_back(one)
    assert [one.sock is None for one in made] == [False, False, True]


def test_closing_closes_the_idle_ones_at_once_and_the_others_when_they_come_back(pool, clock):
    idle, used = pool.take(HERE, limits(clock)), pool.take(HERE, limits(clock))
    pool.give_back(idle)
    pool.close()
    assert idle.sock is None
    assert used.sock is not None
    pool.give_back(used)
    assert used.sock is None
