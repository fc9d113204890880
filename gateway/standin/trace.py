"""One readable line a message, with a hex dump at the second level. Passwords never appear.

An input is dumped as its codec writes it, with the password and what a site's own IRM extensions hold
replaced; so a dump shows every byte but those.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.exchange import Secret
from gateway.imsconnect.wire import (
    F1,
    F2,
    F3,
    Extension,
    InputMessage,
    LocalProtocolError,
    OutputMessage,
    Verb,
    encode_input,
)
from gateway.imsconnect.wire.extensions import NETSID, NETUID
from gateway.standin.demands import Keyword, commit_mode, keyword, sync_level

LINES: Final = 1
DUMPS: Final = 2

_HIDDEN: Final = Secret("********")
_ROW: Final = 16


class Trace:
    """Writes what happens, a line at a time; level 0 writes nothing."""

    def __init__(
        self, level: int = 0, write: Callable[[str], None] | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._level = level if write else 0
        self._write = write
        self._clock = clock

    def note(self, connection: int, text: str) -> None:
        """Write that something happened on a connection."""
        self._line(connection, text)

    def failure(self, connection: int, text: str, error: Exception) -> None:
        """Write that a program of the user's failed, with the place."""
        if self._level < LINES:
            return
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else ""
        self._line(connection, f"{text}: {type(error).__name__}: {error}{place}")

    def input(self, connection: int, message: InputMessage) -> None:
        """Write an input message."""
        if self._level >= LINES:
            self._line(connection, f"> {_input(message)}")
        if self._level >= DUMPS:
            self._dump(_without_password(message))

    def output(self, connection: int, message: OutputMessage, data: bytes) -> None:
        """Write an output message and the bytes that it is."""
        if self._level >= LINES:
            self._line(connection, f"< {_output(message)}, {len(data)} bytes")
        if self._level >= DUMPS:
            self._dump(data)

    def _line(self, connection: int, text: str) -> None:
        if self._level < LINES or self._write is None:
            return
        time = self._clock.now().strftime("%H:%M:%S.%f")[:-3]
        self._write(f"{time} #{connection} {_printable(text)}")

    def _dump(self, data: bytes) -> None:
        assert self._write is not None, "no level without a writer"
        for line in dump(data):
            self._write(f"    {line}")


def dump(data: bytes) -> Iterator[str]:
    """Yield lines of offset, hex, and the text in EBCDIC and ASCII."""
    for start in range(0, len(data), _ROW):
        row = data[start : start + _ROW]
        ebcdic, ascii_ = (_visible(row.decode(code, errors="replace")) for code in ("cp037", "latin-1"))
        yield f"{start:06x}  {row.hex(' ', 4):<35}  |{ebcdic:<{_ROW}}|  |{ascii_:<{_ROW}}|"


def _without_password(message: InputMessage) -> bytes:
    irm = message.irm
    if irm.password:
        irm = replace(irm, password=_HIDDEN)
    # a site's own extension may be the mark of a trusted user
    irm = replace(irm, extensions=tuple(map(_without_mark, irm.extensions)))
    message = replace(message, irm=irm)
    if keyword(message) is Keyword.PASSWORD_CHANGE:
        message = replace(message, segments=(Keyword.PASSWORD_CHANGE.value.encode(irm.code.value),))
    try:
        return encode_input(message)
    except LocalProtocolError as error:
        return f"cannot be shown: {error}".encode("cp037")


def _without_mark(extension: Extension) -> Extension:
    if extension.id in {NETUID, NETSID}:
        return extension
    return replace(extension, data=b"*" * len(extension.data))


def _input(message: InputMessage) -> str:
    irm = message.irm
    parts = [
        irm.verb.name,
        f"{irm.exit.name}/{irm.code.name}",
        f"client={irm.client_id or '(blank)'}",
        f"tran={irm.transaction or '(blank)'}",
        f"datastore={irm.datastore}",
        f"CM{int(commit_mode(irm))}/{sync_level(irm)}",
        f"socket={irm.socket.name}",
        f"timer=X'{irm.timer:02X}'",
        f"user={irm.user or '(blank)'}",
    ]
    parts += [f"group={irm.group}"] if irm.group else []
    parts += [f"lterm={irm.lterm}"] if irm.lterm else []
    parts += [f"adapter={irm.adapter}/{irm.converter}"] if irm.adapter else []
    parts += [f"F1={_flags(irm.f1)}"] if irm.f1 else []
    extra = irm.f3 & ~(F3.SYNCONF | F3.SYNCPT)
    parts += [f"F3={_flags(extra)}"] if extra else []
    parts += ["GENCLID"] if F2.GENCLID in irm.f2 else []
    if irm.verb is not Verb.ACK and message.segments:
        parts.append(f"{len(message.segments)} segments, {sum(map(len, message.segments))} bytes of data")
    return " ".join(parts)


def _flags(flags: F1 | F3) -> str:
    return "+".join(str(flag.name) for flag in type(flags) if flag and flag in flags) or f"X'{int(flags):02X}'"


def _output(message: OutputMessage) -> str:
    if message.rsm is not None:
        kind = "XADPST" if message.rsm.xml_adapter else "RSM"
        text = f"{kind} {message.rsm.return_code}/{message.rsm.reason_code}"
        return text + (f" detail X'{message.rsm.racf_or_otma:02X}'" if message.rsm.racf_or_otma else "")
    assert message.csm is not None, "one of both"
    parts = [f"{len(message.segments)} segments"]
    parts += [f"RMM {message.mod_name}"] if message.mod_name is not None else []
    parts += [f"GENCID {message.client_id}"] if message.client_id is not None else []
    return " ".join([*parts, f"CSM X'{int(message.csm.flags):02X}' level {message.csm.level}"])


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "." for c in text)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "." for c in text)
