"""What the beginning of a message to IMS Connect says of the rest of it, read without believing it."""

from dataclasses import dataclass
from typing import Self

from gateway.imsconnect.wire.anatomy import IRM_IDS, Damage
from gateway.imsconnect.wire.anatomy_layout import TOKEN, TOKEN_LENGTH
from gateway.imsconnect.wire.flags import CARRIES_BLOCK, Verb
from gateway.imsconnect.wire.frame import LLZZ, MAX_SEGMENT
from gateway.imsconnect.wire.header import HeaderCode
from gateway.imsconnect.wire.irm import IRM_START, MIN_IRM_LENGTH
from gateway.imsconnect.wire.message import END_MARKER


@dataclass(frozen=True, slots=True)
class Head:
    """What of an IRM decides how the rest of its message reads."""

    length: int
    limit: int
    """Where the message ends: LLLL, or what there is of it."""
    size: int
    """How many bytes there are."""
    llll: int
    arch: int
    f0: int
    f1: int
    f5: int
    encoding: int
    exit_name: str
    """Empty for an id of nobody's."""
    code: HeaderCode
    verb: Verb | None
    in_place: bool
    """What follows the IRM looks like it, so the fields are where they seem to be."""

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what the bytes say; what is not there reads as zero."""
        padded = data[: TOKEN + TOKEN_LENGTH].ljust(TOKEN, b"\x00")
        llll, length = int.from_bytes(padded[:4]), int.from_bytes(padded[4:6])
        exit_name, code = IRM_IDS.get(padded[8:16], ("", _code_like(padded[8:16])))
        end, limit = IRM_START + length, min(llll, len(data))
        verb = _verb(padded[35:36], code)
        return cls(
            length=length,
            limit=limit,
            size=len(data),
            llll=llll,
            arch=padded[6],
            f0=padded[7],
            f1=padded[32],
            f5=padded[20],
            encoding=padded[23],
            exit_name=exit_name,
            code=code,
            verb=verb,
            in_place=length >= MIN_IRM_LENGTH and end < limit and _in_place(data, end, llll, verb),
        )

    @property
    def end(self) -> int:
        """Offset behind the IRM."""
        return IRM_START + self.length

    @property
    def ends_early(self) -> str:
        """Words for a message that ends where it should not."""
        if self.size < self.llll:
            return f"{self.size} bytes of LLLL {self.llll} are there, they end"
        return f"LLLL {self.llll} ends"

    def check_end(self, position: int) -> None:
        """Raise Damage when the message does not end at `position`."""
        if position < self.limit:
            raise Damage(f"{self.limit - position} bytes follow the end marker", shown=self.in_place)
        if position < self.llll:
            raise Damage(f"{self.ends_early} with an end marker")
        if position < self.size:
            raise Damage(f"{self.size - position} bytes follow the message of LLLL {self.llll}")


def _code_like(irm_id: bytes) -> HeaderCode:
    """Return the code that an unknown id seems to be in; asterisks and letters of ASCII are below X'80'."""
    return HeaderCode.ASCII if irm_id[:1] == b"*" else HeaderCode.EBCDIC


def _verb(data: bytes, code: HeaderCode) -> Verb | None:
    try:
        return Verb(data.decode(code.value))
    except ValueError:
        return None


def _in_place(data: bytes, start: int, total: int, verb: Verb | None) -> bool:
    """Tell whether segments, or a data block, lead from `start` to an end marker at the end of the message.

    One that is cut short inside them, or has a bad segment behind a good one, counts too. When bytes before
    `start` are missing or too many, they hardly ever do.
    """
    position = start
    is_block = verb in CARRIES_BLOCK
    while position + LLZZ <= len(data) and data[position : position + LLZZ] != END_MARKER:
        head = data[position : position + LLZZ]
        length = int.from_bytes(head) if is_block else int.from_bytes(head[:2])
        if length < LLZZ or (not is_block and (length > MAX_SEGMENT or any(head[2:]))):
            return position > start
        position += length
        if is_block:
            break
    if position + LLZZ > len(data):
        # four bytes of a data block, or none at all, are no evidence
        return start < position < total and not is_block
    return data[position : position + LLZZ] == END_MARKER and position + LLZZ == total
