"""What goes over the wire between a client and IMS Connect, as far as the model looks at it."""

from dataclasses import dataclass, fields

LEVEL, WANTS_ACK, CONVERSATION, QUEUED = 0x10, 0x20, 0x40, 0x80
"""CSM_FLG1."""
TEN_MS, HALF_MINUTE, NO_WAIT, FOREVER = 0x01, 0x45, 0xE9, 0xFF
"""IRM_TIMER."""


@dataclass(frozen=True, repr=False)
class Input:
    """One message of a client. Offsets and bits are the business of whoever makes bytes of it."""

    verb: str = " "
    client: str = ""
    mode: int = 1
    confirm: bool = False
    timer: int = HALF_MINUTE
    persistent: bool = True
    store: str = "IMS1"
    program: str = ""
    text: str = ""
    """Data behind the transaction code."""
    lterm: str = ""
    """For PUT: the tpipe it inserts a message to."""
    take_over: bool = False
    purge: bool = False
    reroute: bool = False
    name: str = ""
    """IRM_REROUT_NM, on RESUME TPIPE IRM_RT_ALTCID."""
    ignore_purg: bool = False
    dfs2082: bool = False
    no_wait: bool = False
    """IRM_F1 X'02'."""
    option: str = ""
    """RESUME TPIPE: ONE, SWAIT, NOAUTO, AUTO."""
    kinds: str = "async"
    """RESUME TPIPE: async, sync, both."""
    arch: int = 3
    token: bytes = b""
    reason: int | None = None
    """IRM_NAK_RSNCDE, of NAK and of an error response."""
    keep: bool = False
    """IRM_F0 X'20'."""
    broken: str = ""
    """What is wrong with its bytes."""

    def __repr__(self) -> str:
        said = ((field.name, getattr(self, field.name)) for field in fields(self) if field.name != "token")
        return " ".join(f"{name}={value}" for name, value in said if value != getattr(Input, name))


@dataclass(frozen=True)
class Data:
    """Output segments and a CSM; without segments a CSM alone."""

    lines: tuple[str, ...]
    flags: int = LEVEL


@dataclass(frozen=True)
class Request:
    """A synchronous callout request."""

    text: str
    token: bytes
    flags: int


@dataclass(frozen=True)
class Rsm:
    """A request status message."""

    return_code: int
    reason: int


@dataclass(frozen=True)
class Closed:
    """IMS Connect closes the socket."""


Said = Data | Request | Rsm | Closed
