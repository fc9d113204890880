"""What an IMS application sees in the AIB after ICAL: return and reason code, as data with words.

Source: DFS3494E; Coding a NAK message to discard a synchronous callout message; ICAL call. Who acts and whether
to call again is said from the side of the application that called out.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.code import Code, Fault, Retry

OK: Final = (0x000, 0x000)
TIMED_OUT: Final = (0x100, 0x104)
NAKED: Final = (0x100, 0x108)
# unverified: the numbers of these three, from memory
PARTIAL_DATA: Final = (0x100, 0x00C)
SHUTDOWN: Final = (0x100, 0x100)
ERROR_RESPONSE: Final = (0x100, 0x10C)

AIB_CODES: Final[Mapping[tuple[int, int], Code]] = {
    OK: Code("the callout was answered", "none", Fault.NOBODY, Retry.NO),
    PARTIAL_DATA: Code(
        "the answer is longer than AIBOAUSE: part of it came",
        "enlarge the response area",
        Fault.CLIENT,
        Retry.NO,
    ),
    SHUTDOWN: Code("IMS or OTMA is shutting down", "call again later", Fault.IMS, Retry.UNKNOWN),
    TIMED_OUT: Code(
        "OTMA timed out: no answer, or no ACK, from the client",
        "check the client that serves the tpipe, and what the service did",
        Fault.CLIENT,
        Retry.UNKNOWN,
    ),
    NAKED: Code(
        "the client refused the request; its code is in AIBERRXT", "see AIBERRXT", Fault.CLIENT, Retry.NO
    ),
    ERROR_RESPONSE: Code(
        "the client answered with an error; its code is in AIBERRXT", "see AIBERRXT", Fault.CLIENT, Retry.NO
    ),
}
"""By AIBRETRN and AIBREASN."""
