"""IRM extensions: named blocks behind the user portion of an IRM of architecture level 5.

Source: Format of IRM extensions; Distributed network security credential support and OTMA.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: an id of eight characters such as ``*NETUID*`` and its data, as bytes in the header's code."""

    id: str
    data: bytes = field(default=b"", repr=False)
