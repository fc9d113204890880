"""Messages of IMS itself in the output of a message to a client: `gateway.dfs`, by the code of the header."""

from typing import Final

from gateway import dfs
from gateway.dfs import DfsMessage
from gateway.imsconnect.wire.header import HeaderCode

__all__ = ["DfsMessage", "find_dfs"]

_HEADER_CCSID: Final = 37
"""What the header is read in, where nobody says in which code page the data is."""


def find_dfs(segments: tuple[bytes, ...], code: HeaderCode | int) -> DfsMessage | None:
    """Return the message of IMS that an output is, None when it is a program's.

    `code` is the CCSID of EBCDIC text, or the code of the header, which takes 37; ASCII is found by itself.
    """
    return dfs.find_dfs(segments, _HEADER_CCSID if isinstance(code, HeaderCode) else code)
