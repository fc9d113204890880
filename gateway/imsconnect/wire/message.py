"""Input messages: LLLL, IRM, data, end marker X'00040000', between bytes and frozen records.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for HWSSMPL0,
HWSSMPL1, and user-written message exit routines; Returning callout responses to IMS.
"""

from dataclasses import dataclass, field

from gateway.imsconnect.wire.irm import Irm


@dataclass(frozen=True, slots=True)
class InputMessage:
    """One message from client to IMS Connect. Data is as the wire has it, in whatever code the data is in."""

    irm: Irm
    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Segment data without LL and ZZ; the first begins with the transaction code."""
    block: bytes | None = field(default=None, repr=False)
    """Data of a callout response (verbs L and M), without its LLLL."""


def encode_input(message: InputMessage) -> bytes:
    """Return the message as bytes, LLLL to end marker. Raises LocalProtocolError when it has no valid form."""
    raise LookupError(message)


def decode_input(data: bytes) -> InputMessage:
    """Return the message that `data` is, exactly. Raises InputViolation with the answer IMS Connect would give."""
    raise LookupError(data)
