"""Reads tests/corpus/wire; how a case is written stands in the README there."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Any

from gateway.exchange import Secret
from gateway.imsconnect.wire import (
    F0,
    F1,
    F2,
    F3,
    F5,
    F6,
    Csm,
    CsmFlags,
    Exit,
    Extension,
    HeaderCode,
    InputMessage,
    Irm,
    NetworkSegment,
    OutputMessage,
    Rsm,
    RsmFlags,
    SocketType,
    Verb,
)

FOLDER = Path(__file__).parents[3] / "corpus" / "wire"
_FLAGS = {"f0": F0, "f1": F1, "f2": F2, "f3": F3, "f5": F5, "f6": F6}


@dataclass(frozen=True)
class Case:
    name: str
    data: bytes
    expected: dict[str, Any]

    @property
    def exit(self) -> Exit:
        return Exit[self.expected["exit"]]

    @property
    def code(self) -> HeaderCode:
        return HeaderCode[self.expected["code"]]


def cases(folder: str) -> list[Case]:
    found = [_case(path) for path in sorted((FOLDER / folder).glob("*.hex"))]
    assert found
    return found


def _case(path: Path) -> Case:
    lines = (line.partition("#")[0] for line in path.read_text().splitlines())
    expected = tomllib.loads(path.with_suffix(".toml").read_text())
    return Case(path.stem, bytes.fromhex("".join(lines)), expected)


def case(folder: str, name: str) -> Case:
    return _case(FOLDER / folder / f"{name}.hex")


def _flags(kind: type[IntFlag], names: Iterable[str]) -> Any:
    value = kind(0)
    for name in names:
        value |= kind[name]
    return value


def input_message(case: Case) -> InputMessage:
    table = dict(case.expected["irm"])
    code = HeaderCode[table.pop("code")]
    fields: dict[str, Any] = {
        "exit": Exit[table.pop("exit")],
        "code": code,
        "socket": SocketType[table.pop("socket")],
        "verb": Verb[table.pop("verb")],
        "password": Secret(table.pop("password", "")),
        "correlation_token": bytes.fromhex(table.pop("correlation_token", "")),
        "session_token": bytes.fromhex(table.pop("session_token", "")),
        "extensions": tuple(
            Extension(e["id"], e["data"].encode(code.value)) for e in table.pop("extensions", ())
        ),
    }
    fields |= {name: _flags(kind, table.pop(name, ())) for name, kind in _FLAGS.items()}
    block = case.expected.get("block")
    return InputMessage(
        Irm(**fields, **table),
        tuple(text.encode(code.value) for text in case.expected.get("segments", ())),
        None if block is None else block.encode(code.value),
    )


def output_message(case: Case) -> OutputMessage:
    table, code = case.expected, case.code.value
    token, block = table.get("correlation_token"), table.get("block")
    csm, rsm = dict(table.get("csm", {})), dict(table.get("rsm", {}))
    return OutputMessage(
        segments=tuple(text.encode(code) for text in table.get("segments", ())),
        block=None if block is None else block.encode(code),
        csm=Csm(_flags(CsmFlags, csm.pop("flags")), **csm) if csm else None,
        rsm=Rsm(flags=_flags(RsmFlags, rsm.pop("flags")), **rsm) if rsm else None,
        mod_name=table.get("mod_name"),
        client_id=table.get("client_id"),
        correlation_token=None if token is None else bytes.fromhex(token),
        network=tuple(NetworkSegment(n["id"], n["data"].encode(code)) for n in table.get("network", ())),
        control_data=tuple(text.encode(code) for text in table.get("control_data", ())),
        control_rest=bytes.fromhex(table.get("control_rest", "")),
    )
