"""What a layer could not cost less than: its work done by a library, and nothing else around it."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from statistics import median
from typing import Any, Final

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from bench.comparison.messages import Message, Sender, plain, signed
from bench.comparison.race import text_of
from bench.peers.spyne_echo import application
from bench.wss import verify_with

SECONDS: Final = 0.05
"""CPU time of one round."""


def microseconds(work: Callable[[], object], count_of_rounds: int) -> float:
    """Return the CPU time of a work: the median of rounds."""
    rounds: list[float] = []
    for _ in range(count_of_rounds):
        count, began, ended = 0, time.process_time(), 0.0
        while ended - began < SECONDS:
            for _ in range(20):
                work()
            count += 20
            ended = time.process_time()
        rounds.append((ended - began) / count * 1e6)
    return round(median(rounds), 1)


def floors(sender: Sender, now: datetime, rounds: int) -> Mapping[str, float]:
    """Return the floors, by what is done."""
    return {name: microseconds(work, rounds) for name, work in _works(sender, now)}


def _works(sender: Sender, now: datetime) -> Iterator[tuple[str, Callable[[], object]]]:
    bare, vouched = plain(text_of(1)), signed(text_of(1), sender, now)
    yield "lxml parses a message of 1.3 KB", lambda: etree.fromstring(bare.data)  # noqa: TID251  compared with
    yield "lxml parses a signed message", lambda: etree.fromstring(vouched.data)  # noqa: TID251
    yield "python-xmlsec verifies a signed message, key known, parse included", _verifier(vouched, sender)
    yield "OpenSSL verifies RSA-2048 alone", _raw(sender)
    yield "SHA-256 of 5 KB", lambda: sha256(vouched.data)
    yield "bare Spyne echoes 1.3 KB, WSGI only", _spyne(bare)
    entry = {f"member{number}": "a value of some length" for number in range(40)}
    yield "json writes an entry of 40 members", lambda: json.dumps(entry)


def _verifier(message: Message, sender: Sender) -> Callable[[], object]:
    key = xmlsec.Key.from_memory(_pem(sender), xmlsec.constants.KeyDataFormatPem)
    return lambda: verify_with(etree.fromstring(message.data), key)  # noqa: TID251  compared with


def _pem(sender: Sender) -> bytes:
    return sender.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _raw(sender: Sender) -> Callable[[], object]:
    public, value = sender.key.public_key(), sender.key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    return lambda: public.verify(value, b"x", padding.PKCS1v15(), hashes.SHA256())


def _spyne(message: Message) -> Callable[[], object]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "CONTENT_TYPE": "text/xml; charset=utf-8",
        "CONTENT_LENGTH": str(len(message.data)),
        "wsgi.url_scheme": "http",
    }

    def echo() -> bytes:
        asked = {**environ, "wsgi.input": BytesIO(message.data)}
        return b"".join(application(asked, lambda *_: None))

    if message.text.encode() not in echo():
        raise AssertionError("Spyne does not echo")
    return echo
