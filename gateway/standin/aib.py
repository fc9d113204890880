"""How an ICAL ended, as its program reads it in the application interface block.

Source: ICAL call; Implementing the synchronous callout function; DFS3494E. The codes and their words are in
`gateway.imsconnect.wire.aib`.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.imsconnect.wire.aib import AIB_CODES, OK, PARTIAL_DATA

NO_DESCRIPTOR: Final = (0x104, 0x228)
"""unverified: AIBRETRN and AIBREASN for a destination that no descriptor names."""
UNKNOWN: Final = "unknown codes"


@dataclass(frozen=True, slots=True)
class IcalCall:
    """What a program fills into the AIB for an ICAL."""

    descriptor: str
    """AIBRSNM1."""
    data: bytes = field(repr=False)
    """The request area."""
    control: tuple[str, ...] = field(default=(), repr=False)
    """Control data: sections ``<tag>data</tag>``."""
    timeout_seconds: float | None = None
    """AIBRSFLD; None: as the descriptor says."""
    output_limit: int | None = None
    """AIBOAUSE, the size of the response area in bytes; None: it is large enough."""
    control_rest: bytes = field(default=b"", repr=False)
    """Control data that is wrong: any bytes, behind the sections."""


@dataclass(frozen=True, slots=True)
class IcalAnswer:
    """AIBRETRN, AIBREASN, AIBERRXT and the response. 0/0: all went well."""

    return_code: int
    reason_code: int
    extended_reason: int = 0
    data: bytes = field(default=b"", repr=False)

    @property
    def good(self) -> bool:
        """Whether the response is there, all of it."""
        return (self.return_code, self.reason_code) == OK

    @property
    def words(self) -> str:
        """The codes for people: ``X'100'/X'104' AIBERRXT X'0000': OTMA timed out: ...``."""
        codes = (self.return_code, self.reason_code)
        known = AIB_CODES.get(codes)
        text = known.text if known else "no such descriptor" if codes == NO_DESCRIPTOR else UNKNOWN
        return f"X'{codes[0]:03X}'/X'{codes[1]:03X}' AIBERRXT X'{self.extended_reason:04X}': {text}"


def ended(codes: tuple[int, int], extended_reason: int = 0) -> IcalAnswer:
    """Return the answer of an ICAL without a response."""
    return IcalAnswer(*codes, extended_reason)


def answered(data: bytes, limit: int | None) -> IcalAnswer:
    """Return the answer with a response, cut to the size of the response area (AIBOAUSE) when it has one."""
    if limit is not None and len(data) > limit:
        return IcalAnswer(*PARTIAL_DATA, data=data[:limit])
    return IcalAnswer(*OK, data=data)
