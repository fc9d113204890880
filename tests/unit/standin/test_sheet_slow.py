"""Clients that do not read what they asked for: OTMA waits for their ACK as long as for anybody's (ACKTO=)."""

import socket

import pytest

from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    FOREVER,
    PURGE,
    Client,
    ebcdic,
    message,
    reply,
    text,
    until,
)
from tests.unit.standin.output_by_hand import ONE, reads, resume

DATA = [bytes(32_000)] * 280
"""More than the buffers between the two ends take."""


@pytest.fixture
def standin(standin_factory):
    return standin_factory(
        ims_connect={"ackto_seconds": 0.3},
        transactions={"ECHO": {"regions": 1}},
        descriptors={"OUT": {"tpipe": "CALLOUT1"}},
    )


@pytest.fixture
def deaf(standin):
    """A client that takes a few bytes only."""
    client = Client.__new__(Client)
    client.socket = socket.socket()
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.socket.settimeout(20)
    client.socket.connect(("127.0.0.1", standin.port))
    with client:
        yield client


def test_commit_mode_1_is_backed_out_and_its_region_free(deaf, connect, standin):
    deaf.send(message(ebcdic("ECHO "), *DATA, f3=CONFIRM))
    until(lambda: standin.seen and standin.seen[0].outcome == "no ACK in time, backed out")
    assert connect(standin).ask(text("ECHO 2", client="CLIENT02")) == reply("2")


@pytest.mark.parametrize(("f3", "fate", "depths"), [(0, "held", {"CLIENT01": 1}), (PURGE, "purged", {})])
def test_commit_mode_0_is_undelivered(deaf, standin, f3, fate, depths):
    deaf.send(message(ebcdic("ECHO "), *DATA, f2=CM0, f3=CONFIRM | f3))
    until(lambda: standin.seen and standin.seen[0].outcome == f"no ACK in time, {fate}")
    assert standin.tpipes.depths == depths
    assert standin.tpipes.in_delivery == 0


def test_output_of_resume_tpipe_goes_back_and_the_next_gets_its_turn(deaf, connect, standin):
    standin.queue_output("OUT1", *DATA)
    fields = {"arch": 1, "reroute": "OUT1", "timer": FOREVER}
    deaf.send(resume(ONE, **fields))
    until(lambda: standin.tpipes.in_delivery == 1)
    other = connect(standin)
    other.send(resume(ONE, client="CLIENT02", **fields))
    head = other.read(8)
    assert head[4:] == (32_004).to_bytes(2) + bytes(2)
    assert standin.seen[0].outcome == "refused 12/81, 0 delivered"
    reads(standin, "OUT1")


def test_without_confirm_the_commit_waits_for_nobody(deaf, connect, standin):
    deaf.send(message(ebcdic("ECHO "), *DATA))
    until(lambda: standin.seen and standin.seen[0].outcome == "answered")
    assert connect(standin).ask(text("ECHO 2", client="CLIENT02")) == reply("2")
