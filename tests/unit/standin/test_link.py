"""How a connection ends, and clients that do not read or write as they should."""

import socket

from tests.unit.standin.by_hand import (
    SECONDS,
    Client,
    csm,
    ebcdic,
    llll,
    message,
    refusal,
    segment,
    text,
    until,
)


def test_the_refusal_arrives_although_the_client_went_on_sending(client):
    client.send(text("ECHO 1", datastore="NONE") + text("ECHO 2") * 20)
    assert client.output() == refusal(8, 72)
    client.assert_closed()


def test_a_client_that_stops_sending_and_reads_on_counts_as_gone(client, standin):
    client.send(text("SLEEP 60000"))
    client.socket.shutdown(socket.SHUT_WR)
    client.assert_closed()
    assert [seen.transaction for seen in standin.seen] == ["SLEEP"]


def test_a_long_reply_waits_for_a_slow_reader(connect, standin):
    data = [bytes((number,)) * 32_000 for number in range(200)]
    client: Client = connect(standin)
    request = message(ebcdic("ECHO "), *data)
    client.send(request)
    until(lambda: standin.seen and standin.seen[0].outcome == "answered")
    assert client.output() == llll(*map(segment, data), csm())
    client.assert_open()


def test_a_client_that_never_reads_does_not_hold_the_stop_up(connect, standin):
    client: Client = connect(standin)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send(message(ebcdic("ECHO "), *[bytes(32_000)] * 300))
    until(lambda: standin.seen and standin.seen[0].outcome == "answered")
    standin.stop()
    assert standin.connections == 0


def test_while_ims_works_not_everything_is_read(connect, standin):
    client: Client = connect(standin)
    client.send(text("SLEEP 60000"))
    until(lambda: standin.seen)
    client.socket.setblocking(False)
    sent = 0
    try:
        while sent < 200_000_000:
            sent += client.socket.send(bytes(1_000_000))
    except BlockingIOError:
        pass
    finally:
        client.socket.settimeout(SECONDS)
    assert sent < 200_000_000
