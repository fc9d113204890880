"""Inputs of RESUME TPIPE and callouts, laid out by hand."""

from collections.abc import Callable

from gateway.standin import RunningStandin
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    FOREVER,
    NO_WAIT,
    TEN_MS,
    Client,
    ebcdic,
    message,
    until,
)

ONE, AUTO, NOAUTO, NO_OPTION, SWAIT = 0x01, 0x02, 0x04, 0x00, 0x10
SYNC_ONLY, SYNC_AND_ASYNC = 0x80, 0x40
KEEP, REASON = 0x20, 0x10
WANTS_ACK, MORE = 0x30, 0x80

DESCRIPTORS = {"OUT": {"tpipe": "CALLOUT1"}}

MEMBER_TOKEN = bytes.fromhex("0000000012345678")
MESSAGE_TOKEN = bytes.fromhex("00000000ABCDEF01")
TOKEN = bytes.fromhex("00280001C9D4E2F1000000001234567800000000ABCDEF01C3C1D3D3D6E4E3F1E4E2C5D9F1404040")
"""The token of the worked examples: region 1, IMS1, tpipe CALLOUT1, user USER1."""


def resume(option: int = ONE, **fields) -> bytes:
    fields = {"f2": CM0, "f3": CONFIRM, "timer": TEN_MS, "client": "CLIENT01", **fields}
    return message(verb="R", f5=option, **fields)


def resume_sync(option: int = ONE, *, f0: int = SYNC_ONLY, **fields) -> bytes:
    return resume(option, **{"arch": 3, "f0": f0, "reroute": "CALLOUT1", **fields})


def answer(verb: str = "A", **fields) -> bytes:
    return message(verb=verb, **{"f2": CM0, "f3": CONFIRM, "timer": TEN_MS, **fields})


def response(token: bytes, data: bytes | None = b"", verb: str = "L", **fields) -> bytes:
    fields = {"arch": 3, "f2": CM0, "timer": NO_WAIT, "client": "CLIENT09", **fields}
    return message(verb=verb, token=token, block=data, **fields)


def queue(standin: RunningStandin, *texts: str, tpipe: str = "CLIENT01") -> None:
    for text in texts:
        standin.queue_output(tpipe, ebcdic(text))


def waits_forever(client: Client, standin: RunningStandin, tpipe: str = "CALLOUT1") -> None:
    """Have a client wait for everything that comes to a tpipe."""
    client.send(resume_sync(AUTO, f0=SYNC_AND_ASYNC, timer=FOREVER, reroute=tpipe))
    reads(standin, tpipe)


def reads(standin: RunningStandin, tpipe: str, count: int = 1) -> None:
    """Wait until so many RESUME TPIPEs are active or in line at a tpipe."""
    turns: Callable[[], int] = lambda: standin.tpipes.turns.count(tpipe)  # noqa: E731
    until(lambda: turns() == count)
