"""Syslog messages by RFC 5424 and their frames by RFC 5425 and 6587: pure, bytes out.

    SYSLOG-MSG   = "<" PRIVAL ">1" SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
                   SP STRUCTURED-DATA SP MSG
    SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG

Receivers that read lines get SYSLOG-MSG LF instead.

MSG is a record as its format wrote it (JSON, LEEF, CEF), in UTF-8 and *without* a byte order mark. RFC 5424
(section 6.4) would have a mark before text that is declared as UTF-8; what has none is MSG-ANY, octets whose
encoding the header leaves open, which is as valid. We leave it out because receivers do not take it off:
what reads JSON, LEEF or CEF after them wants `{`, `LEEF:` or `CEF:` in the first place.

Whatever a record holds, one record is one line and one frame: control characters become spaces (a tab stays, as
it parts the fields of LEEF), and the octet count is that of the bytes which follow.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

FACILITIES: Final = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
"""RFC 5424, table 1; the place of a name is its number."""
SEVERITIES: Final = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""Table 2, likewise."""

NIL: Final = "-"
MSGID: Final = "audit"
MOST_SEQUENCE: Final = 2_147_483_647
"""RFC 5424, section 7.3.1: the next one is 1."""

_HOSTNAME_OCTETS: Final = 255
_APP_NAME_OCTETS: Final = 48
_NO_PRINTUSASCII: Final = re.compile(r"[^\x21-\x7e]+")
_ESCAPED: Final = re.compile(r'(["\\\]])')
_CONTROLS: Final = bytes(
    0x20 if (octet < 0x20 and octet != 0x09) or octet == 0x7F else octet for octet in range(256)
)
_CONTINUES: Final = 0b1000_0000
_LEAD: Final = 0b1100_0000


@dataclass(frozen=True, slots=True)
class Header:
    """What is the same in all messages of a process. What RFC 5424 forbids in a name is left out of it."""

    facility: str
    """A name of FACILITIES; another one is a ValueError of `Messages`."""
    severity: str
    """A name of SEVERITIES, likewise."""
    hostname: str
    app_name: str
    procid: int
    software: str = ""
    """Version of the product, for the structured data; empty: messages have none."""

    @property
    def priority(self) -> int:
        """The number in front, PRIVAL."""
        return FACILITIES.index(self.facility) * len(SEVERITIES) + SEVERITIES.index(self.severity)


class Messages:
    """Makes messages; the parts that stay the same are made once."""

    def __init__(self, header: Header) -> None:
        hostname = _name(header.hostname, _HOSTNAME_OCTETS)
        app_name = _name(header.app_name, _APP_NAME_OCTETS)
        self._before_time = f"<{header.priority}>1 ".encode("ascii")
        self._after_time = f" {hostname} {app_name} {header.procid} {MSGID} ".encode("ascii")
        self._software = param_value(header.software)

    def message(self, line: str, time: datetime, sequence: int) -> bytes:
        """Return one record as a message. `sequence` counts from 1."""
        data = b"%b%b%b%b " % (self._before_time, timestamp(time), self._after_time, self._data(sequence))
        return data + payload(line)

    def _data(self, sequence: int) -> bytes:
        if not self._software:
            return NIL.encode("ascii")
        number = (sequence - 1) % MOST_SEQUENCE + 1
        text = f'[meta sequenceId="{number}"][origin software="IMS Gateway" swVersion="{self._software}"]'
        return text.encode()


def timestamp(time: datetime) -> bytes:
    """Return an aware time as RFC 5424 has it, in UTC, to the millisecond: all that QRadar's reader takes."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds").encode("ascii") + b"Z"


def param_value(text: str) -> str:
    r"""Return a PARAM-VALUE: `"`, `\` and `]` have a backslash before them (RFC 5424, section 6.3.3)."""
    return _ESCAPED.sub(r"\\\1", text)


def payload(line: str) -> bytes:
    """Return the MSG of a record: UTF-8, no control character but tabs; half a surrogate pair becomes `?`."""
    return line.encode("utf-8", "replace").translate(_CONTROLS)


def cut(message: bytes, octets: int) -> bytes:
    """Return at most so many octets of a message, without a torn character at the end."""
    if len(message) <= octets:
        return message
    end = octets
    while end and message[end] & _LEAD == _CONTINUES:
        end -= 1
    return message[:end]


def counted(message: bytes) -> bytes:
    """Return a message with its octet count (RFC 5425, section 4.3; RFC 6587, section 3.4.1)."""
    return b"%d %b" % (len(message), message)


def ended(message: bytes) -> bytes:
    """Return a message with a line feed at its end, which it has nowhere else (RFC 6587, section 3.4.2)."""
    return message + b"\n"


FRAMINGS: Final = {"octet-counting": counted, "line-feed": ended}


def _name(text: str, octets: int) -> str:
    return _NO_PRINTUSASCII.sub("", text)[:octets] or NIL
