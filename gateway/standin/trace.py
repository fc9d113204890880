"""One readable line a message and below it each of its fields; at the second level all bytes too.

The bytes come as `gateway.imsconnect.wire.anatomy` shows them, so without passwords, password changes and what
a site's own IRM extensions hold. Lines that belong to the line before them begin with four blanks.
"""

from collections.abc import Callable, Iterable
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.imsconnect.wire import F0, F1, F2, F3, Exit, HeaderCode, InputMessage, OutputMessage, Verb
from gateway.imsconnect.wire.anatomy import Field
from gateway.imsconnect.wire.anatomy_input import input_anatomy
from gateway.imsconnect.wire.anatomy_lines import dump, rows
from gateway.imsconnect.wire.anatomy_output import output_anatomy
from gateway.imsconnect.wire.frame import Kind
from gateway.standin.demands import commit_mode, sync_level

LINES: Final = 1
DUMPS: Final = 2


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

    @property
    def watches(self) -> bool:
        """Tell whether the bytes of inputs are wanted."""
        return self._level >= LINES

    def input(self, connection: int, message: InputMessage, data: bytes) -> None:
        """Write an input message and the bytes that it came as."""
        if self._level >= LINES:
            self._line(connection, f"> {_input(message)}")
            self._explain(tuple(input_anatomy(data)))

    def bad_input(self, connection: int, data: bytes) -> None:
        """Write the bytes of an input that is no message, or not one for now."""
        if self._level >= LINES and data:
            self._line(connection, f"> input of {len(data)} bytes")
            self._explain(tuple(input_anatomy(data)))

    def output(
        self,
        connection: int,
        message: OutputMessage,
        data: bytes,
        exit: Exit | None,  # noqa: A002 - IBM's word
        code: HeaderCode | None,
    ) -> None:
        """Write an output message and the bytes that it is, as this exit sends it."""
        if self._level >= LINES:
            self._line(connection, f"< {_output(message)}, {len(data)} bytes")
            if exit is not None and code is not None:
                self._explain(tuple(output_anatomy(data, exit, code, _structures(message))))

    def _explain(self, fields: tuple[Field, ...]) -> None:
        self._indented(rows(fields, dumps=False))
        if self._level >= DUMPS:
            self._indented(dump(b"".join(found.data for found in fields)))

    def _indented(self, lines: Iterable[str]) -> None:
        assert self._write is not None, "no level without a writer"
        for line in lines:
            self._write(f"    {line}")

    def _line(self, connection: int, text: str) -> None:
        if self._level < LINES or self._write is None:
            return
        time = self._clock.now().strftime("%H:%M:%S.%f")[:-3]
        self._write(f"{time} #{connection} {_printable(text)}")


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
    parts += [f"F0={_flags(irm.f0)}"] if irm.f0 else []
    parts += [f"reason={irm.nak_reason}"] if F0.NAKRSN in irm.f0 else []
    parts += [f"reroute={irm.reroute_name}"] if F3.REROUT in irm.f3 and irm.reroute_name else []
    if irm.verb is not Verb.ACK and message.segments:
        parts.append(f"{len(message.segments)} segments, {sum(map(len, message.segments))} bytes of data")
    return " ".join(parts)


def _flags(flags: F0 | F1 | F3) -> str:
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


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "." for c in text)


def _structures(message: OutputMessage) -> frozenset[Kind]:
    """Return the optional structures of an output, so that data that looks like one is not taken for it."""
    there = {
        Kind.RMM: message.mod_name is not None,
        Kind.GENCID: message.client_id is not None,
        Kind.COR: message.correlation_token is not None,
        Kind.CTLDAT: bool(message.control_data),
        **{Kind(one.id): True for one in message.network},
    }
    return frozenset(kind for kind, is_there in there.items() if is_there)
