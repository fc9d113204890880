"""How the stand-in says no: an RSM, its reason for the trace, and whether the socket survives it."""

from dataclasses import dataclass

RC_EXIT = 4
RC_IMS_CONNECT = 8
RC_OTMA = 12
RC_OTMA_NAK = 16

INVALID_BUFFER = 9
INVALID_UNICODE = 11
NO_DATA = 12
NO_ADAPTER_NAME = 13
NOT_PROCESSED_BY_ADAPTER = 14
INVALID_ADAPTER_CODE = 15
CLIENT_NOT_KNOWN = 16
PROTOCOL_ERROR = 36
NO_PASSWORD = 53
NO_USER = 54
NO_PASSWORD_NO_USER = 55
DUPLICATE_CLIENT = 56
TIMER_CANCELLED = 59
FUNCTION_NOT_FOUND = 71
DATASTORE_NOT_FOUND = 72
DATASTORE_ERROR = 75
SECURITY_FAILED = 78
RESUME_CANCELLED = 81
TPIPE_STOPPED = 82
RESUME_COMMIT_MODE_1 = 93
DEALLOCATE_CONFIRMED = 97
DEALLOCATE_ABORTED = 98
NO_TRANSACTION_CODE = 112

SENSE_NO_RRS = 0x17
SENSE_LATE_ACK = 0x2B
SENSE_SECURITY = 0x1A
"""unverified: sense code of a transaction security failure (DFS1292E on the console, a NAK to the client)."""
OTMA_REASON_SECURITY = 0
"""unverified: OTMA reason code that goes with the sense code of a transaction security failure."""
SENSE_CALLOUT_RESPONSE = 0x2B
"""unverified: sense code for a callout response that no ICAL waits for."""
SENSE_INPUT_REJECTED = 0x1A
"""IMS rejected the input: what a send-only with acknowledgment gets for an unknown transaction."""


@dataclass(eq=False)
class Refusal(Exception):  # noqa: N818  the field's word: IMS Connect refuses, nothing is broken
    """An input is answered with an RSM instead of being processed.

    Codes: "HWSSMPL0 and HWSSMPL1 return and reason codes". `racf_or_otma` goes into RSM_RACFRC/RSM_OTMRSN.
    """

    return_code: int
    reason_code: int
    why: str
    """For the trace: what was wrong, never a password."""
    racf_or_otma: int = 0
    xml_adapter: bool = False
    """Sent as *XADPST*, the XML adapter's status message."""

    @property
    def label(self) -> str:
        """The codes in short, as IBM's tables and the trace write them."""
        return f"{'XADPST ' if self.xml_adapter else ''}{self.return_code}/{self.reason_code}"

    def __str__(self) -> str:
        return f"{self.label} {self.why}"
