"""Return codes of the RSM, as data with words.

Source: Return and reason codes for IMS Connect exits. Beside return codes 4, 8 and 12 stands one of
`reasons.REASON_CODES`, beside 16 one of `sense.SENSE_CODES`.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.code import Fault, Retry, ReturnCode

RC_EXIT: Final = 4
"""RSMRTC_EXIT."""
RC_IMS_CONNECT: Final = 8
RC_OTMA: Final = 12
RC_OTMA_SENSE: Final = 16
RC_TEXT: Final = 20
RC_SCI: Final = 24
RC_OM: Final = 28
RC_TIMER: Final = 32
RC_DEFAULT_TIMER: Final = 36
RC_TIMER_KEPT: Final = 40
RC_DATASTORE_GONE: Final = 44

WITH_REASON: Final = frozenset({RC_EXIT, RC_IMS_CONNECT, RC_OTMA})
"""Return codes beside which the reason code is one of `REASON_CODES`."""

_ASK: Final = "see the reason"
_LATE: Final = "connect again; output of commit mode 0 may come later, on the hold queue"

RETURN_CODES: Final[Mapping[int, ReturnCode]] = {
    RC_EXIT: ReturnCode(
        "the message exit refused the message", "correct the message", Fault.CLIENT, Retry.UNKNOWN
    ),
    RC_IMS_CONNECT: ReturnCode("IMS Connect found an error", _ASK, Fault.CONNECT, Retry.UNKNOWN),
    RC_OTMA: ReturnCode("IMS OTMA reported an error", _ASK, Fault.IMS, Retry.UNKNOWN),
    RC_OTMA_SENSE: ReturnCode(
        "IMS OTMA refused the message with a sense code", "see the sense code", Fault.IMS, Retry.UNKNOWN
    ),
    RC_TEXT: ReturnCode("answer to PING or HWSPWCH", "read the text", Fault.NOBODY, Retry.NO, closes=False),
    # a command that timed out in OM may have been carried out
    RC_SCI: ReturnCode("SCI error, the reason is a CSL code", "see the CSL code", Fault.IMS, Retry.UNKNOWN),
    RC_OM: ReturnCode("OM error, the reason is a CSL code", "see the CSL code", Fault.IMS, Retry.UNKNOWN),
    # The transaction waits in a queue, runs, or has run. After an ACK or RESUME TPIPE it is the normal end.
    RC_TIMER: ReturnCode("IRM_TIMER expired", _LATE, Fault.IMS, Retry.UNKNOWN, timer=True),
    RC_DEFAULT_TIMER: ReturnCode("the default timer expired", _LATE, Fault.IMS, Retry.UNKNOWN, timer=True),
    RC_TIMER_KEPT: ReturnCode("IRM_TIMER expired", "go on", Fault.IMS, Retry.UNKNOWN, closes=False, timer=True),
    # it comes to a client that waits with RESUME TPIPE: output stays on the queue
    RC_DATASTORE_GONE: ReturnCode(
        "the datastore is no longer available", "connect again later", Fault.IMS, Retry.AGAIN
    ),
}
