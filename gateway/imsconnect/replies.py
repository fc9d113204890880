"""What comes back from IMS: the reply to an interaction, a message of a tpipe. Immutable."""

from dataclasses import dataclass, field

from gateway.dfs import DfsMessage
from gateway.imsconnect.texts import decoded
from gateway.imsconnect.wire import HeaderCode


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Output data without LL and ZZ, in order; none for send-only."""
    client_id: str = ""
    """The client id it went out under; for commit mode 0 the name of the tpipe."""
    mod_name: str = ""
    """MOD name of the output, if `return_mod_name`."""
    conversation_open: bool = False
    """IMS waits for the next step of the conversation."""
    conversation_id: str = ""
    """Name under which a client of many sockets knows the open conversation."""
    output_queued: bool = False
    """Asynchronous output waits in IMS for this client id."""
    acknowledgment_due: bool = False
    """The caller owes ACK or NAK (`Acknowledgment.CALLER`)."""
    timer_ms: int | None = None
    """The execution timeout that IMS Connect was given, as its one byte can say it; None: none of that kind."""
    dfs: DfsMessage | None = None
    """The message of IMS that the first segment is, if it is one."""
    code: HeaderCode = field(default=HeaderCode.EBCDIC, repr=False)
    """The code of the connection that it came over."""

    def text(self, ccsid: int | None = None, separator: str = "\n") -> str:
        """Return the segments as text; None: in code page 37, or ASCII from a connection in ASCII.

        Raises UnicodeDecodeError for bytes the code page does not have.
        """
        return separator.join(decoded(segment, ccsid, self.code) for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a tpipe. It stays IMS's until it is acknowledged."""

    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Asynchronous: output data without LL and ZZ."""
    request: bytes | None = field(default=None, repr=False)
    """Synchronous callout: the data of the ICAL, in one piece."""
    correlation_token: bytes = b""
    """Synchronous callout: 40 opaque bytes for the response."""
    user: str = ""
    """Synchronous callout: the user id of the program that waits, as the token tells it."""
    control_data: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    """Synchronous callout: tag and data of each section of control data.

    What the program wrote there that is no section, and all behind it, comes last, with an empty tag.
    """
    mod_name: str = ""
    network_user: bytes = b""
    network_session: bytes = b""
    more_queued: bool = False
    """IMS says that more waits."""
    code: HeaderCode = field(default=HeaderCode.EBCDIC, repr=False)
    """The code of the connection that it came over."""

    @property
    def synchronous(self) -> bool:
        """Whether a program waits for the answer (ICAL)."""
        return bool(self.correlation_token)

    def text(self, ccsid: int | None = None, separator: str = "\n") -> str:
        """Return the segments, or the data of the ICAL, as text; as `Reply.text`."""
        pieces = self.segments if self.request is None else (self.request,)
        return separator.join(decoded(piece, ccsid, self.code) for piece in pieces)
