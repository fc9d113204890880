"""Which message exit of IMS Connect a message is for, and the character code its header is written in.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Message translation.
"""

from typing import Final

from gateway.imsconnect.wire.member import Member

HWSSOAP1_IRM_ID: Final = "*HWSOA1*"  # unverified: IRM_ID of HWSSOAP1, from memory
HWSSOAP1_REPLY_HAS_LENGTH: Final = (
    True  # unverified: replies of HWSSOAP1 are taken to look like those of HWSSMPL1
)

NAME_LENGTH: Final = 8
"""Bytes of every name in a header: client id, transaction, datastore, user, ..."""


_TO_037: Final = bytes(range(256)).decode("latin-1").encode("cp037")
"""The byte of code page 37 for each byte of Latin-1."""


class HeaderCode(Member):
    """Code of the character fields of headers, told by the 8 bytes of IRM_ID; binary fields have none."""

    EBCDIC = "cp037"
    ASCII = "ascii"

    @property
    def blank(self) -> bytes:
        """One blank in this code: X'40' or X'20'."""
        return b"\x40" if self is HeaderCode.EBCDIC else b"\x20"

    def encode(self, text: str, width: int = NAME_LENGTH) -> bytes:
        """Return `text` in this code, padded with blanks to `width` bytes.

        Raises ValueError when it is longer or holds a character this code does not have.
        """
        try:
            if self is HeaderCode.EBCDIC:
                # code page 37 is Latin-1 in another order: a translation in C, the codec is Python's
                data, blank = text.encode("latin-1").translate(_TO_037), b"\x40"
            else:
                data, blank = text.encode("ascii"), b"\x20"
        except UnicodeEncodeError as error:
            raise ValueError(f"a character at position {error.start} is not in {self.value}") from None
        if len(data) > width:
            raise ValueError(f"{len(data)} characters do not fit {width} bytes")
        return data.ljust(width, blank)

    def decode(self, data: bytes) -> str:
        """Return the text of a blank padded field; a field of nulls counts as blank.

        Raises ValueError when `data` is not text in this code.
        """
        try:
            return data.rstrip(b"\x00").decode(self.value).rstrip(" ")
        except UnicodeDecodeError as error:
            raise ValueError(f"the byte at position {error.start} is not {self.value}") from None


class Exit(Member):
    """Message exits of IMS Connect; the value is the exit's IRM_ID."""

    HWSSMPL0 = "*SAMPLE*"
    HWSSMPL1 = "*SAMPL1*"
    HWSSOAP1 = HWSSOAP1_IRM_ID

    @property
    def irm_id(self) -> str:
        """The eight characters of IRM_ID."""
        return self.value

    @property
    def reply_has_length(self) -> bool:
        """Tell whether a reply starts with LLLL; without it only the CSM or RSM shows the end."""
        return self is Exit.HWSSMPL1 or (self is Exit.HWSSOAP1 and HWSSOAP1_REPLY_HAS_LENGTH)


_BY_IRM_ID: Final = {member.irm_id.encode(code.value): (member, code) for member in Exit for code in HeaderCode}


def find_exit(irm_id: bytes) -> tuple[Exit, HeaderCode] | None:
    """Return exit and header code for the eight bytes of IRM_ID, None when no exit goes by that id."""
    return _BY_IRM_ID.get(irm_id)
