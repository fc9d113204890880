"""IMS Connect messages laid out by hand from IBM's field tables, not by the codec, and a plain socket.

Layouts: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines; Format of IRM extensions; Format of the complete
status message; Format of the request status message; Format of the request mod message; Format of the
returned client ID message. Worked examples come as bytes from tests/corpus/wire.
"""

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

CORPUS = Path(__file__).parents[2] / "corpus" / "wire"
SECONDS = 20
"""How long a test waits for something that must come."""

CM0, CM1 = 0x40, 0x20
CONFIRM, SYNCPT, PURGE, REROUTE, ORDER, DFS2082, CANCEL = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40, 0x80
TRANSACTION, PERSISTENT, NON_PERSISTENT = 0x00, 0x10, 0x40
THIRTY_SECONDS, TEN_MS, TWENTY_MS, NO_WAIT, FOREVER = 0x45, 0x01, 0x02, 0xE9, 0xFF

END = bytes.fromhex("00040000")


def example(name: str) -> bytes:
    """Return a worked example of the corpus, e.g. `input/07-ack`."""
    lines = (CORPUS / f"{name}.hex").read_text().splitlines()
    return bytes.fromhex("".join(line.partition("#")[0] for line in lines))


def ebcdic(text: str) -> bytes:
    return text.encode("cp037")


def segment(data: bytes) -> bytes:
    return (4 + len(data)).to_bytes(2) + b"\x00\x00" + data


def message(
    *data: bytes,
    verb: str = " ",
    exit_id: str = "*SAMPL1*",
    code: str = "cp037",
    arch: int = 0,
    f0: int = 0,
    f5: int = 0,
    timer: int = THIRTY_SECONDS,
    socket_type: int = PERSISTENT,
    encoding: int = 0,
    client: str = "CLIENT01",
    f1: int = 0,
    f2: int = CM1,
    f3: int = 0,
    transaction: str = "",
    datastore: str = "IMS1",
    lterm: str = "",
    user: str = "",
    group: str = "",
    password: str = "",
    application: str = "",
    reroute: str = "",
    adapter: str = "",
    converter: str = "",
    extensions: tuple[tuple[str, bytes], ...] = (),
    nak_reason: int = 0,
    token: bytes = bytes(40),
    f6: int = 0,
    block: bytes | None = None,
) -> bytes:
    """Return an input message; offsets in comments count from LLLL."""

    def name(text: str) -> bytes:
        return text.ljust(8).encode(code)

    extra = b"".join(
        (12 + len(value)).to_bytes(2) + b"\x00\x00" + kind.encode(code) + value for kind, value in extensions
    )
    irm = bytes((arch, f0)) + exit_id.encode(code)  # 6, 7, 8
    irm += (
        nak_reason.to_bytes(2) + bytes(2) + bytes((f5, timer, socket_type, encoding))
    )  # 16 NAK reason, 18, 20, 21, 22, 23
    irm += name(client) + bytes((f1, f2, f3)) + verb.encode(code)  # 24, 32, 33, 34, 35
    for text in (transaction, datastore, lterm, user, group, password):  # 36, 44, 52, 60, 68, 76
        irm += name(text)
    if arch >= 1 or application:
        irm += name(application)  # 84
    if arch >= 1:
        irm += name(reroute)  # 92
    if arch >= 2:
        irm += name(adapter) + name(converter)  # 100, 108
    if arch >= 3:
        irm += name("") + token  # 116 MOD name, 124 correlation token
    if arch >= 4:
        irm += bytes(8)  # 164
    if arch >= 5:
        irm += (172 if extra else 0).to_bytes(2) + bytes((f6, 0)) + extra  # 172, 174, 176
    irm = (len(irm) + 2).to_bytes(2) + irm  # 4
    answer = b"" if block is None else (4 + len(block)).to_bytes(4) + block
    body = irm + b"".join(map(segment, data)) + answer + END
    return (4 + len(body)).to_bytes(4) + body


def text(*lines: str, **fields) -> bytes:
    """Return an input of EBCDIC text; the first line begins with the transaction code."""
    return message(*map(ebcdic, lines), **fields)


def csm(flags: int = 0x10, level: int = 2, code: str = "cp037") -> bytes:
    return bytes((0, 12, flags, level)) + "*CSMOKY*".encode(code)


def rsm(return_code: int, reason: int, detail: int = 0, code: str = "cp037", name: str = "*REQSTS*") -> bytes:
    codes = return_code.to_bytes(4) + reason.to_bytes(4)
    return bytes((0, 20, 0, detail)) + name.encode(code) + codes


def named(kind: str, value: str, code: str = "cp037") -> bytes:
    """Return an RMM or GENCID."""
    return b"\x00\x14\x00\x00" + kind.encode(code) + value.ljust(8).encode(code)


def correlated(token: bytes, code: str = "cp037") -> bytes:
    """Return the COR of a synchronous callout request."""
    return b"\x00\x34\x00\x00" + "*CORTKN*".encode(code) + token


def network(kind: str, value: bytes, code: str = "cp037") -> bytes:
    """Return a NETSID or NETUID segment."""
    return (16 + len(value)).to_bytes(2) + bytes(2) + kind.encode(code) + bytes(4) + value


def callout(token: bytes, data: bytes, *between: bytes, flags: int = 0x30) -> bytes:
    """Return a synchronous callout request as HWSSMPL1 sends it; `between` COR and the data."""
    return llll(correlated(token), *between, (4 + len(data)).to_bytes(4) + data, csm(flags))


def llll(*structures: bytes) -> bytes:
    """Return an output message of HWSSMPL1."""
    body = b"".join(structures)
    return (4 + len(body)).to_bytes(4) + body


def reply(*lines: str, flags: int = 0x10) -> bytes:
    """Return a good output of EBCDIC text as HWSSMPL1 sends it."""
    return llll(*(segment(ebcdic(line)) for line in lines), csm(flags))


def refusal(return_code: int, reason: int, detail: int = 0) -> bytes:
    return llll(rsm(return_code, reason, detail))


class Client:
    """A socket that says bytes and hears bytes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Close so that the other side gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, count: int) -> bytes:
        """Return exactly so many bytes, fewer when the connection ends before."""
        data = bytearray()
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                break
            data += piece
        return bytes(data)

    def output(self) -> bytes:
        """Return one output message of HWSSMPL1."""
        head = self.read(4)
        return head + self.read(int.from_bytes(head) - 4) if len(head) == 4 else head

    def ask(self, data: bytes) -> bytes:
        self.send(data)
        return self.output()

    def rest(self) -> bytes:
        """Return all that comes until the other side closes."""
        data = b""
        while piece := self.socket.recv(65536):
            data += piece
        return data

    def assert_closed(self) -> None:
        assert self.rest() == b""

    def assert_open(self, **fields) -> None:
        """Prove with a PING that the connection lives and that nothing unread is in it."""
        ping = text("PING IMS_CONNECT", **fields)
        assert self.ask(ping) == reply("HWSC0030I *PING RESPONSE*")


def dumped(lines: list[str]) -> bytes:
    """Return the bytes that a trace of level 2 shows in its dumps."""
    rows = (re.match(r"    [0-9A-Fa-f]{6}  ([0-9A-F ]{35})  [|]", line) for line in lines)
    return bytes.fromhex("".join(row[1] for row in rows if row))


def until(condition: Callable[[], object]) -> None:
    """Wait for something that another thread does."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
