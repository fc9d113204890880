"""Hostile HTTP for the fuzz tests: the raw corpus, mutated, and its cuts into pieces."""

import random
from collections.abc import Iterator
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "corpus" / "http"
_LARGEST_SEED = 5000
_TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b",", b";", b"0", b"-1", b"ffffffffffffffff", b"chunked",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n", b"Content-Length: 99999999\r\n",
    b"Host: a\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\nConnection: upgrade\r\n",
    b"HTTP/1.0", b"HTTP/9.9", b"%00", b"%", b"\xff\xfe", b"0\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
)  # fmt: skip


def seeds() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(CORPUS.glob("*.raw"))]
    return [data for data in found if len(data) <= _LARGEST_SEED]


def hostile(choose: random.Random, seed: list[bytes]) -> bytes:
    """Return random bytes now and then, else one of the corpus or two in a row, mutated."""
    if choose.random() < 0.1:
        return choose.randbytes(choose.randrange(1, 400))
    data = bytearray(choose.choice(seed))
    if choose.random() < 0.2:
        data += choose.choice(seed)
    for _ in range(choose.randrange(5)):
        _mutate(data, choose)
    return bytes(data)


def _mutate(data: bytearray, choose: random.Random) -> None:
    at = choose.randrange(len(data) + 1)
    end = min(len(data), at + choose.randrange(1, 20))
    match choose.randrange(6):
        case 0:
            data[at:at] = choose.choice(_TOKENS)
        case 1:
            del data[at:end]
        case 2:
            data[at:at] = data[at:end]
        case 3 if at < len(data):
            data[at] ^= 1 << choose.randrange(8)
        case 4:
            data[at:end] = choose.choice(_TOKENS)
        case _:
            del data[at:]


def pieces(data: bytes, choose: random.Random) -> Iterator[bytes]:
    """Cut the bytes somewhere, as a network may."""
    position = 0
    while position < len(data):
        size = choose.choice((1, 2, 7, 64, 4096))
        yield data[position : position + size]
        position += size
