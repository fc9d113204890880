"""Return, reason, sense, RACF and XML adapter codes of IMS Connect, as data with words.

Source: HWSSMPL0 and HWSSMPL1 return and reason codes; Return and reason codes for IMS Connect exits; OTMA sense
codes for NAK messages; HWSSOAP1 return and reason codes; XML adapter return and reason codes. Names are those
of IBM's HWSOMUSR macro where it has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A return code of the RSM."""

    text: str
    action: str
    closes: bool = True
    """IMS Connect closes the socket after it."""
    timer: bool = False
    """The reason code is the IRM_TIMER value in effect."""


@dataclass(frozen=True, slots=True)
class Code:
    """A reason, sense, RACF or adapter code; `name` is IBM's, empty where there is none."""

    text: str
    action: str = ""
    name: str = ""
    sign_on_failed: bool = False
    """User, password or group were not accepted."""


RC_EXIT: Final = 4
RC_IMS_CONNECT: Final = 8
RC_OTMA: Final = 12
RC_OTMA_SENSE: Final = 16
RC_TEXT: Final = 20
RC_TIMER: Final = 32
RC_DEFAULT_TIMER: Final = 36
RC_TIMER_KEPT: Final = 40
RC_DATASTORE_GONE: Final = 44

WITH_REASON: Final = frozenset({RC_EXIT, RC_IMS_CONNECT, RC_OTMA})
"""Return codes beside which the reason code is one of `REASON_CODES`."""

RETURN_CODES: Final[Mapping[int, ReturnCode]] = {
    RC_EXIT: ReturnCode("the message exit refused the message", "correct the message"),
    RC_IMS_CONNECT: ReturnCode("IMS Connect found an error", "see the reason"),
    RC_OTMA: ReturnCode("IMS OTMA reported an error", "see the reason"),
    RC_OTMA_SENSE: ReturnCode("IMS OTMA refused the message with a sense code", "see the sense code"),
    RC_TEXT: ReturnCode("answer to PING or HWSPWCH", "read the text", closes=False),
    24: ReturnCode("SCI error, the reason is a CSL code", "see the CSL code"),
    28: ReturnCode("OM error, the reason is a CSL code", "see the CSL code"),
    RC_TIMER: ReturnCode("IRM_TIMER expired", "connect again; output may come later", timer=True),
    RC_DEFAULT_TIMER: ReturnCode(
        "the default timer expired", "connect again; output may come later", timer=True
    ),
    RC_TIMER_KEPT: ReturnCode("IRM_TIMER expired", "go on", closes=False, timer=True),
    RC_DATASTORE_GONE: ReturnCode("the datastore is no longer available", "try later"),
}

REQUEST: Final = 94
CONVERSATION: Final = 95
REQUEST_AND_CONVERSATION: Final = 96
DEALLOCATE_CONFIRMED: Final = 97
DEALLOCATE_ABORTED: Final = 98
NOTICES: Final = frozenset(range(REQUEST, DEALLOCATE_ABORTED + 1))
"""Reasons that are no errors; the socket lives on as its type says."""

REASON_CODES: Final[Mapping[int, Code]] = {
    4: Code("the input is larger than the buffer", "shorten the message"),
    5: Code("negative length", "correct the message"),
    6: Code("IRM_LEN is not valid", "correct IRM_LEN"),
    7: Code("the total length is not valid", "correct LLLL"),
    8: Code("OTMA NAK without sense code", "try again, then ask the IMS operator"),
    9: Code("the contents of the buffer are not valid", "correct the message", "INVBUF"),
    10: Code("the output is larger than the buffer", "raise the limit of IMS Connect"),
    11: Code("the Unicode definition is not valid", "correct IRM_ES and IRM_F1"),
    12: Code("the message has no data", "send a segment"),
    13: Code("the message exit gave no XML adapter name", "name the adapter in IRM_TAG_ADAPT"),
    14: Code("the message was not processed by the XML adapters", "check ADAPTER(XML=Y) of IMS Connect"),
    15: Code("the XML adapter returned a code that is not valid", "see the console of IMS Connect"),
    16: Code("the client is not known", "start again"),
    20: Code("OTMA segment length error", "correct the segments"),
    24: Code("the first segment in the chain is missing", "correct the message"),
    28: Code("the last segment in the chain is missing", "correct the message"),
    32: Code("sequence number error", "start again"),
    34: Code("the context token was not found", "check RRS"),
    36: Code("protocol error: the message was not expected in this state", "connect again"),
    40: Code("security violation", "check user and password", sign_on_failed=True),
    44: Code("the message is incomplete", "correct the message"),
    48: Code("the message length is not correct", "correct the message"),
    51: Code("no OTMA security header", "see the console of IMS Connect", "NOSECHDR"),
    52: Code("no security data in the OTMA header", "see the console of IMS Connect", "INVESECHL"),
    53: Code("RACF=Y and no password", "send a password", "SECFNOPW", sign_on_failed=True),
    54: Code("RACF=Y and no user id", "send a user id", "SECFNUID", sign_on_failed=True),
    55: Code("RACF=Y and neither user id nor password", "send both", "SECFNPUI", sign_on_failed=True),
    56: Code("duplicate client id", "use another client id, wait, or set IRM_F3 X'80'", "DUPECLNT"),
    57: Code("token not valid (internal)", "see the console of IMS Connect", "INVLDTOK"),
    58: Code("client status not valid (internal)", "see the console of IMS Connect", "INVLDSTA"),
    59: Code("cancel timer done", "none", "CANTIMER"),
    70: Code("component not found", "see the console of IMS Connect", "NFNDCOMP"),
    71: Code("function not found", "see the console of IMS Connect", "NFNDFUNC"),
    72: Code("datastore not found, or stopped", "check the datastore name", "NFNDDST"),
    73: Code("IMS Connect is shutting down", "use another IMS Connect", "DSCLOSE"),
    74: Code("the datastore is stopping or closing", "try later", "STP/CLSE"),
    75: Code("communication error of the datastore", "try again", "DSCERR"),
    76: Code("the datastore was stopped by command", "wait", "STOPCMD"),
    77: Code("communication error while the client waited: the outcome is not known", "check", "COMMERR"),
    78: Code("RACF refused the user", "correct user and password", "SECFAIL", sign_on_failed=True),
    79: Code("IMS Connect protocol error", "see the console of IMS Connect", "PROTOERR"),
    80: Code("the IMSplex connection is not active", "try later", "NOTACTV"),
    81: Code("IMS cancelled RESUME TPIPE", "send RESUME TPIPE again", "CANCRTP"),
    82: Code("the tpipe is stopped", "wait"),
    83: Code("RESUME TPIPE was cancelled: new output before the ACK", "send RESUME TPIPE again"),
    93: Code("commit mode 1 on RESUME TPIPE", "use commit mode 0", "INVLDCM1"),
    REQUEST: Code("a response is requested", "send ACK or NAK", "REQUEST"),
    CONVERSATION: Code("the conversation goes on", "send the next data", "CONVER"),
    REQUEST_AND_CONVERSATION: Code(
        "a response is requested, the conversation goes on", "ACK or NAK", "REQ_CON"
    ),
    DEALLOCATE_CONFIRMED: Code("deallocate confirmed: the transaction is committed", "none", "DEAL_CTD"),
    DEALLOCATE_ABORTED: Code("deallocate aborted: the transaction was backed out", "see IMS", "DEAL_ABT"),
    99: Code("default reason", "see the console of IMS Connect", "DEFRESON"),
    100: Code("the XML adapter's work element could not be queued", "see the console of IMS Connect"),
    101: Code("the XML adapter returned no buffer", "see the console of IMS Connect"),
    102: Code("the XML adapter returned a bad buffer address", "see the console of IMS Connect"),
    103: Code("storage of the input buffer could not be released", "see the console of IMS Connect"),
    104: Code("storage of the output buffer could not be released", "see the console of IMS Connect"),
    105: Code("the function is not supported by the message exit", "see the console of IMS Connect"),
    106: Code("the message exit returned a bad code", "see the console of IMS Connect"),
    107: Code("the XML adapter asked for a second output buffer", "see the console of IMS Connect"),
    108: Code("bad data length", "correct the message"),
    110: Code("the XML adapter function is not valid", "see the console of IMS Connect"),
    111: Code("the original output buffer could not be released", "see the console of IMS Connect"),
    112: Code("no transaction code from the converter nor in the IRM", "name the transaction in IRM_TRNCOD"),
    113: Code("IRM extension: length or offset is not valid", "correct the extensions"),
    114: Code("the offset to the first IRM extension is zero", "correct IRM_EXTN_OFF"),
    117: Code("the network user id is longer than 246 bytes", "shorten it"),
    118: Code("the network session id is longer than 254 bytes", "shorten it"),
}
"""Reason codes beside return codes 4, 8 and 12; 13-15 and 100-112 come from HWSSOAP1."""

SENSE_CODES: Final[Mapping[int, Code]] = {
    0x17: Code("protected conversations (RRS) are not enabled", "do not ask for SYNCPT"),
    0x1A: Code("IMS rejected the input; the reason tells which check", "see the DFS message"),
    0x28: Code("RESUME TPIPE could not be processed", "try again"),
    0x2B: Code("the ACK came after the OTMA timeout", "acknowledge earlier"),
    0x2E: Code("this IMS Connect does not support RRS two-phase commit", "do not ask for SYNCPT"),
    0x33: Code("RESUME TPIPE is not authorized", "permit the user to the tpipe"),
}
"""OTMA sense codes beside return code 16; the list is not complete."""

RACF_CODES: Final[Mapping[int, Code]] = {
    # unverified: RSM_RACFRC values, from memory of the RACROUTE macro reference
    0x04: Code("the user is not defined to RACF"),
    0x08: Code("password or PassTicket wrong"),
    0x0C: Code("the password has expired"),
    0x10: Code("the new password is not valid"),
    0x14: Code("the user is not connected to the group"),
    0x18: Code("refused by a RACF exit"),
    0x1C: Code("the user is revoked"),
    0x20: Code("RACF is not active"),
    0x24: Code("access to the group is revoked"),
    0x30: Code("not authorized to the terminal"),
    0x34: Code("not authorized to the application"),
}
"""RSM_RACFRC beside reason code 78."""

XML_ADAPTER_CODES: Final[Mapping[int, Code]] = {
    8: Code("invalid function code passed to the XML adapter", "see the console of IMS Connect"),
    108: Code("inbound: converter not found", "compile and link the converter into the right library"),
    112: Code("inbound: the converter could not be loaded", "see HWSA0380E on the console"),
    116: Code("inbound: the converter's metadata could not be loaded", "check the alias that ends in X"),
    118: Code("inbound: pre-initialization table full (internal)", "see the console of IMS Connect"),
    120: Code("inbound: the get-metadata routine failed", "see the console of IMS Connect"),
    208: Code("outbound: converter not found", "compile and link the converter into the right library"),
    212: Code("outbound: the converter could not be loaded", "see HWSA0380E on the console"),
    216: Code("outbound: the converter's metadata could not be loaded", "check the alias that ends in X"),
    218: Code("outbound: pre-initialization table full (internal)", "see the console of IMS Connect"),
    220: Code("outbound: the get-metadata routine failed", "see the console of IMS Connect"),
}
"""Return codes of a status message ``*XADPST*``."""

XML_ADAPTER_STATUS_CLOSES: Final = True  # unverified: the socket is taken to be closed after an XADPST
