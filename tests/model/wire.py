"""Inputs of the model as bytes and bytes as what the model says, both by IBM's tables and not by the codec."""

from typing import Any

from tests.model.said import Closed, Data, Input, Request, Rsm, Said
from tests.unit.standin import by_hand
from tests.unit.standin.by_hand import CM0, CM1, ebcdic

_OPTIONS = {"": 0, "ONE": 0x01, "AUTO": 0x02, "NOAUTO": 0x04, "SWAIT": 0x10}
_KINDS = {"async": 0, "sync": 0x80, "both": 0x40}
_RSM, _CSM, _COR = ebcdic("*REQSTS*"), ebcdic("*CSMOKY*"), ebcdic("*CORTKN*")


def encode(said: Input) -> bytes:
    """Return an input message."""
    fields: dict[str, Any] = {
        "verb": said.verb,
        "client": said.client,
        "datastore": said.store,
        "timer": said.timer,
        "socket_type": by_hand.PERSISTENT if said.persistent else by_hand.TRANSACTION,
        "arch": said.arch,
        "f0": _f0(said),
        "f1": 0x02 if said.no_wait else 0,
        "f2": CM0 if said.mode == 0 else CM1,
        "f3": _f3(said),
        "f5": _OPTIONS[said.option],
        "reroute": said.name,
        "lterm": said.lterm,
        "nak_reason": said.reason or 0,
        "token": (said.token or bytes(40)) if said.verb in {"L", "M"} and said.broken != "token" else bytes(40),
    }
    if said.verb in {"L", "M"}:
        error = said.reason is not None or said.keep
        data = by_hand.message(block=None if error else ebcdic(said.text), **fields)
    else:
        data = by_hand.message(*_segments(said), **fields)
    return _broken(data, said.broken)


def _f0(said: Input) -> int:
    flags = _KINDS[said.kinds] if said.verb == "R" else 0
    return flags | (0x20 if said.keep else 0) | (0x10 if said.reason is not None else 0)


def _f3(said: Input) -> int:
    bits = {
        0x01: said.confirm,
        0x04: said.purge,
        0x08: said.reroute,
        0x20: said.ignore_purg,
        0x40: said.dfs2082,
        0x80: said.take_over,
    }
    return sum(bit for bit, on in bits.items() if on)


def _segments(said: Input) -> tuple[bytes, ...]:
    if said.broken == "no data" or said.verb in {"A", "N", "D", "R", "C"}:
        return ()
    if said.program == "PING":
        return (ebcdic("PING IMS_CONNECT"),)
    code = f"{said.program:<8} " if said.program else ""
    return (ebcdic(code + said.text),)


def _broken(data: bytes, how: str) -> bytes:
    if how == "irm length":
        return data[:4] + b"\x00\x10" + data[6:]
    if how == "no end":
        return data[:-4] + b"\x00\x05\x00\x00"
    if how == "exit":
        return data[:8] + ebcdic("*NOBODY*") + data[16:]
    return data


def listen(client: by_hand.Client) -> Said:
    """Return the next thing that IMS Connect says on a socket."""
    try:
        head = client.read(4)
        if not head:
            return Closed()
        return decode(client.read(int.from_bytes(head) - 4))
    except ConnectionResetError:
        return Closed()


def decode(body: bytes) -> Said:
    """Return what an output message of HWSSMPL1 says, its LLLL taken off."""
    lines: list[str] = []
    token = request = None
    while body:
        kind = body[4:12]
        length = int.from_bytes(body[:2])
        if kind == _RSM:
            assert length == len(body) == 20, body.hex()
            return Rsm(int.from_bytes(body[12:16]), int.from_bytes(body[16:20]))
        if kind == _CSM:
            assert length == len(body) == 12, body.hex()
            assert body[3] == 2, "protocol level"
            if token is None:
                return Data(tuple(lines), body[2])
            return Request(request or "", token, body[2])
        if kind == _COR:
            assert length == 52, body.hex()
            token = body[12:52]
        elif token is not None:
            length = int.from_bytes(body[:4])
            request = text(body[4:length])
        else:
            lines.append(text(body[4:length]))
        body = body[length:]
    raise AssertionError("an output message without CSM and RSM")


def text(data: bytes) -> str:
    """Return EBCDIC text; of a message of IMS its number alone, for the words are the stand-in's own."""
    words = data.decode("cp037")
    return words.split(" ", 1)[0] if words.startswith("DFS") else words
