"""The worked examples of tests/corpus/wire: their tables of fields, and the conversations they belong to.

`NAME.fields` beside `NAME.hex` is the table of an example, a line a field: decimal offset, hexadecimal offset,
IBM's name, length, bytes. The tables are laid out by hand from IBM's; none was made by our code.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from gateway.imsconnect.wire import InputMessage, OutputMessage
from tests.unit.imsconnect.wire import corpus

_ROW = re.compile(r" *(\d+) ([0-9A-F]{4})  (.{24}) *(\d+)  ([0-9A-F]+)")


@dataclass(frozen=True)
class Row:
    offset: int
    name: str
    data: bytes


@dataclass(frozen=True)
class Step:
    """One message of a conversation; `changes` are bytes (hex) at offsets where it differs from the example."""

    name: str
    changes: tuple[tuple[int, str], ...] = ()

    @property
    def is_input(self) -> bool:
        return self.name.startswith("input/")

    @property
    def case(self) -> corpus.Case:
        return corpus.case(*self.name.split("/"))

    @property
    def data(self) -> bytes:
        changed = bytearray(self.case.data)
        for offset, text in self.changes:
            value = bytes.fromhex(text)
            changed[offset : offset + len(value)] = value
        return bytes(changed)


def tables() -> dict[str, list[Row]]:
    """Return the rows of every example, by a name like ``input/01-send-receive-ebcdic``."""
    paths = sorted(corpus.FOLDER.glob("*/*.fields"))
    return {f"{path.parent.name}/{path.stem}": _rows(path) for path in paths}


def _rows(path: Path) -> list[Row]:
    rows = []
    for line in path.read_text().splitlines():
        if line.startswith("#"):
            continue
        match = _ROW.fullmatch(line)
        assert match, line
        decimal, hexadecimal, name, length, data = match.groups()
        row = Row(int(decimal), name.strip(), bytes.fromhex(data))
        assert (int(hexadecimal, 16), len(row.data)) == (row.offset, int(length)), line
        rows.append(row)
    return rows


EXAMPLES = tables()


def message_of(name: str) -> InputMessage | OutputMessage:
    """Return the message that the example's values (`NAME.toml`) make."""
    case = Step(name).case
    return corpus.input_message(case) if name.startswith("input/") else corpus.output_message(case)


F3, CONFIRM = 0x22, "01"
IRM_ID = 8
_SMPL0_ASCII = "2A53414D504C452A"
ASK = Step("input/01-send-receive-ebcdic")
ASK_CONFIRM = Step("input/01-send-receive-ebcdic", ((F3, CONFIRM),))
ASK_SMPL0 = Step("input/send-receive-hwssmpl0")
ASK_SMPL0_ASCII = Step("input/02-send-receive-ascii", ((IRM_ID, _SMPL0_ASCII),))
# client id left to IMS Connect, MOD name and client id asked for
ASK_NAMES = Step("input/01-send-receive-ebcdic", ((24, "4040404040404040"), (0x20, "C0"), (0x21, "21")))
WANTS_ACK = Step("output/06-reply-wants-ack")
SUBSCRIBE = Step("input/15-resume-tpipe-auto-altcid")
CALLOUT = Step("output/17-callout-request")

CONVERSATIONS: dict[str, tuple[Step, ...]] = {
    "send-receive": (ASK, Step("output/03-reply-two-segments")),
    "send-receive in ASCII": (Step("input/02-send-receive-ascii"),),
    "send-receive of HWSSMPL0": (ASK_SMPL0, Step("output/04-reply-two-segments-hwssmpl0")),
    "MOD name and client id": (ASK_NAMES, Step("output/05-reply-rmm-gencid")),
    "confirm and ACK": (
        ASK_CONFIRM,
        WANTS_ACK,
        Step("input/07-ack"),
        Step("output/09-rsm-deallocate-confirmed"),
    ),
    "confirm and NAK": (ASK_CONFIRM, WANTS_ACK, Step("input/08-nak")),
    "deallocate for an ACK": (ASK_CONFIRM, WANTS_ACK, Step("input/30-deallocate")),
    "wrong password": (ASK, Step("output/10-rsm-racf-failure")),
    "wrong password in ASCII at HWSSMPL0": (
        ASK_SMPL0_ASCII,
        Step("output/11-rsm-racf-failure-hwssmpl0-ascii"),
    ),
    "timer expired": (ASK, Step("output/12-rsm-timer-expired"), ASK),
    "no such data store": (ASK, Step("output/13-rsm-datastore-not-found")),
    "send-only with acknowledgment": (Step("input/send-only-ack"), Step("output/14-csm-alone"), ASK),
    "callout, ACK": (SUBSCRIBE, CALLOUT, Step("input/18-callout-ack"), CALLOUT),
    "callout, NAK that discards": (SUBSCRIBE, CALLOUT, Step("input/21-callout-nak-discard")),
    "callout, NAK that keeps": (SUBSCRIBE, CALLOUT, Step("input/22-callout-nak-keep")),
    "callout response": (Step("input/19-callout-response"), ASK),
    "callout error response": (Step("input/20-callout-error-response"), Step("output/14-csm-alone"), ASK),
    "asynchronous output": (Step("input/16-resume-tpipe-single"), Step("output/23-async-output")),
    "send-only": (Step("input/24-send-only"), Step("input/24-send-only")),
    "segments of commit mode 0": (Step("input/25-multi-segment-cm0"), WANTS_ACK),
    "PING": (Step("input/26-ping"), Step("output/27-ping-reply"), ASK),
    "cancel timer": (Step("input/28-cancel-timer"), Step("output/28-cancel-timer-answer")),
    "network user id": (Step("input/29-netuid-extension"), Step("output/03-reply-two-segments")),
}
"""Every example in a conversation where it may stand, each message by its example."""
