"""OTMA sense codes beside return code 16, as data with words.

Source: OTMA sense codes for NAK messages; DFS7444E; Timeout intervals for IMS Connect acknowledgments to OTMA;
IMS bridge feedback codes. The list is not complete: IBM's full table was not to be had.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.code import Code, Fault, Retry

OF_USER_EXITS: Final = range(0x1000, 0x9000)
"""Sense codes that customers' exits may use; all others are IBM's."""

INPUT_REJECTED: Final = 0x1A
LATE_ACK: Final = 0x2B
RESUME_TPIPE_REFUSED: Final = 0x33

SENSE_CODES: Final[Mapping[int, Code]] = {
    0x17: Code(
        "protected conversations (RRS) are not enabled", "do not ask for SYNCPT", Fault.CLIENT, Retry.NO
    ),
    # unverified: the meaning of X'1A', from memory; that MQ's bridge treats it apart is sourced
    INPUT_REJECTED: Code(
        "IMS rejected the input; the reason tells which check", "see the DFS message", Fault.IMS, Retry.NO
    ),
    0x28: Code("RESUME TPIPE could not be processed", "try again", Fault.NOBODY, Retry.AGAIN),
    # the output was put back or the transaction backed out when the time was over
    LATE_ACK: Code(
        "the ACK came after the OTMA timeout",
        "acknowledge earlier; check what the transaction did",
        Fault.CLIENT,
        Retry.UNKNOWN,
    ),
    0x2E: Code(
        "this IMS Connect does not support RRS two-phase commit",
        "do not ask for SYNCPT",
        Fault.CLIENT,
        Retry.NO,
    ),
    RESUME_TPIPE_REFUSED: Code(
        "RESUME TPIPE is not authorized", "permit the user to the tpipe", Fault.CREDENTIALS, Retry.NO
    ),
}
