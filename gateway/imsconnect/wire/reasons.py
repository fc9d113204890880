"""Reason codes of the RSM beside return codes 4, 8 and 12, as data with words.

Source: HWSSMPL0 and HWSSMPL1 return and reason codes; Return and reason codes for IMS Connect exits; HWSSOAP1
return and reason codes (13-15, 100-112); IMS Connect recorder trace for TM error scenarios (return code 4
beside 72 and 74). Names are those of IBM's HWSOMUSR macro.

Whether IMS may have run the transaction is not IBM's word but ours, on the safe side: a code that may also come
to a client that already waits for IMS, or that may be about the output, leaves the outcome unknown.
"""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from gateway.imsconnect.wire.code import Code, Fault, Retry

_CLIENT: Final = Fault.CLIENT
_USER: Final = Fault.CREDENTIALS
_CONNECT: Final = Fault.CONNECT
_IMS: Final = Fault.IMS
_NETWORK: Final = Fault.NETWORK
_NOBODY: Final = Fault.NOBODY
_NO: Final = Retry.NO
_AGAIN: Final = Retry.AGAIN
_ELSEWHERE: Final = Retry.ELSEWHERE
_UNKNOWN: Final = Retry.UNKNOWN

REQUEST: Final = 94
CONVERSATION: Final = 95
REQUEST_AND_CONVERSATION: Final = 96
DEALLOCATE_CONFIRMED: Final = 97
DEALLOCATE_ABORTED: Final = 98
NOTICES: Final = frozenset(range(REQUEST, DEALLOCATE_ABORTED + 1))
"""Reasons that are no errors; the socket lives on as its type says."""

_FIX: Final = "correct the message"
_CONSOLE: Final = "see the console of IMS Connect"
_LOOK: Final = "see the console of IMS Connect; check what the transaction did"
_SEGMENTS: Final = "correct the segments; check what the transaction did"
_RESUME: Final = "send RESUME TPIPE again"

# unverified: `beside`, the usual return codes, where no flow states them. Both 97 and 98 are read beside any.
_OF_MESSAGES: Final[Mapping[int, Code]] = {
    4: Code("the input is larger than the buffer", "shorten the message", _CLIENT, _NO, beside=(4, 8)),
    5: Code("negative length", _FIX, _CLIENT, _NO, beside=(4,)),
    6: Code("IRM_LEN is not valid", "correct IRM_LEN", _CLIENT, _NO, beside=(4,)),
    7: Code("the total length is not valid", "correct LLLL", _CLIENT, _NO, beside=(4,)),
    # a NAK says that OTMA did not take the message
    8: Code("OTMA NAK without sense code", "try again, then ask the IMS operator", _IMS, _AGAIN, beside=(12,)),
    9: Code("the contents of the buffer are not valid", _FIX, _CLIENT, _NO, "INVBUF", beside=(4,)),
    # there is output, so the transaction has run
    10: Code(
        "the output is larger than the buffer",
        "raise the limit of IMS Connect; check what the transaction did",
        _CONNECT,
        _UNKNOWN,
        beside=(4,),
    ),
    11: Code("the Unicode definition is not valid", "correct IRM_ES and IRM_F1", _CLIENT, _NO, beside=(4,)),
    12: Code("the message has no data", "send a segment", _CLIENT, _NO, beside=(4,)),
    16: Code("the client is not known", "start again; check what the transaction did", _CLIENT, _UNKNOWN),
    # 20 to 32: of the input or of what IMS answered, IBM does not say
    20: Code("OTMA segment length error", _SEGMENTS, _CLIENT, _UNKNOWN, beside=(4, 8)),
    24: Code("the first segment in the chain is missing", _SEGMENTS, _CLIENT, _UNKNOWN),
    28: Code("the last segment in the chain is missing", _SEGMENTS, _CLIENT, _UNKNOWN),
    32: Code("sequence number error", _LOOK, _CONNECT, _UNKNOWN),
    34: Code("the context token was not found", "check RRS", _CLIENT, _NO),
    # where an ACK was due it counts as a NAK of what went before
    36: Code("protocol error: the message was not expected in this state", "connect again", _CLIENT, _NO),
    44: Code("the message is incomplete", _FIX, _CLIENT, _NO),
    48: Code("the message length is not correct", _FIX, _CLIENT, _NO),
    93: Code("commit mode 1 on RESUME TPIPE", "use commit mode 0", _CLIENT, _NO, "INVLDCM1", beside=(4, 8)),
    113: Code(
        "IRM extension: length or offset is not valid", "correct the extensions", _CLIENT, _NO, beside=(4,)
    ),
    114: Code(
        "the offset to the first IRM extension is zero", "correct IRM_EXTN_OFF", _CLIENT, _NO, beside=(4,)
    ),
    117: Code("the network user id is longer than 246 bytes", "shorten it", _CLIENT, _NO, beside=(4,)),
    118: Code("the network session id is longer than 254 bytes", "shorten it", _CLIENT, _NO, beside=(4,)),
}

_OF_SIGN_ON: Final[Mapping[int, Code]] = {
    40: Code("security violation", "check user and password", _USER, _NO, sign_on_failed=True, beside=(4, 8)),
    51: Code("no OTMA security header", _CONSOLE, _CONNECT, _NO, "NOSECHDR"),
    52: Code("no security data in the OTMA header", _CONSOLE, _CONNECT, _NO, "INVESECHL"),
    53: Code("RACF=Y and no password", "send a password", _USER, _NO, "SECFNOPW", sign_on_failed=True),
    54: Code("RACF=Y and no user id", "send a user id", _USER, _NO, "SECFNUID", sign_on_failed=True),
    55: Code(
        "RACF=Y and neither user id nor password", "send both", _USER, _NO, "SECFNPUI", sign_on_failed=True
    ),
    78: Code("RACF refused the user", "correct user and password", _USER, _NO, "SECFAIL", sign_on_failed=True),
}

_OF_CLIENTS_AND_DATASTORES: Final[Mapping[int, Code]] = {
    56: Code(
        "duplicate client id",
        "use another client id, wait, or set IRM_F3 X'80'",
        _CLIENT,
        _AGAIN,
        "DUPECLNT",
    ),
    57: Code("token not valid (internal)", _LOOK, _CONNECT, _UNKNOWN, "INVLDTOK"),
    58: Code("client status not valid (internal)", _LOOK, _CONNECT, _UNKNOWN, "INVLDSTA"),
    59: Code("cancel timer done", "none", _NOBODY, _NO, "CANTIMER"),
    70: Code("component not found", _CONSOLE, _CONNECT, _NO, "NFNDCOMP"),
    71: Code("function not found", _CONSOLE, _CONNECT, _NO, "NFNDFUNC"),
    # unverified: that 72, 73, 74 and 80 are said only of a message that was not passed on. IBM says so of
    # 72 and 74 by example (a request to a stopped or unknown datastore), and that waiting clients are told 77.
    72: Code(
        "datastore not found, or stopped",
        "check the datastore name",
        _CONNECT,
        _ELSEWHERE,
        "NFNDDST",
        beside=(4, 8),
    ),
    73: Code("IMS Connect is shutting down", "use another IMS Connect", _CONNECT, _ELSEWHERE, "DSCLOSE"),
    74: Code(
        "the datastore is stopping, closing or disconnected",
        "use another datastore or try later",
        _IMS,
        _ELSEWHERE,
        "STP/CLSE",
        beside=(4, 8),
    ),
    # the message was on its way to IMS; how far it came is not said
    75: Code("communication error of the datastore", _LOOK, _NETWORK, _UNKNOWN, "DSCERR"),
    # A message that comes after the command gets 72. So this may be for clients that waited when it was given.
    76: Code("the datastore was stopped by command", _LOOK, _CONNECT, _UNKNOWN, "STOPCMD"),
    77: Code(
        "communication error while the client waited: the outcome is not known",
        "check what the transaction did",
        _NETWORK,
        _UNKNOWN,
        "COMMERR",
    ),
    79: Code("IMS Connect protocol error", _LOOK, _CONNECT, _UNKNOWN, "PROTOERR"),
    80: Code("the IMSplex connection is not active", "try later", _CONNECT, _ELSEWHERE, "NOTACTV"),
    # 81 to 83 answer RESUME TPIPE, which runs no transaction
    81: Code("IMS cancelled RESUME TPIPE", _RESUME, _CLIENT, _AGAIN, "CANCRTP", beside=(12,)),
    82: Code("the tpipe is stopped", "wait", _IMS, _AGAIN, beside=(12,)),
    83: Code("RESUME TPIPE was cancelled: new output before the ACK", _RESUME, _NOBODY, _AGAIN, beside=(12,)),
    99: Code("default reason", _LOOK, _CONNECT, _UNKNOWN, "DEFRESON", beside=(4, 8, 12)),
}

_OF_NOTICES: Final[Mapping[int, Code]] = {
    # unverified: return code 4 beside notices; perhaps 12
    REQUEST: Code("a response is requested", "send ACK or NAK", _NOBODY, _NO, "REQUEST", beside=(4,)),
    CONVERSATION: Code("the conversation goes on", "send the next data", _NOBODY, _NO, "CONVER", beside=(4,)),
    REQUEST_AND_CONVERSATION: Code(
        "a response is requested, the conversation goes on", "ACK or NAK", _NOBODY, _NO, "REQ_CON", beside=(4,)
    ),
    DEALLOCATE_CONFIRMED: Code(
        "deallocate confirmed: the transaction is committed", "none", _NOBODY, _NO, "DEAL_CTD", beside=(4,)
    ),
    # the transaction has run and left nothing behind; what ended it (a NAK, an abend) would end it again
    DEALLOCATE_ABORTED: Code(
        "deallocate aborted: the transaction was backed out", "see IMS", _IMS, _NO, "DEAL_ABT", beside=(4,)
    ),
}

# The adapter works on the way in and on the way out; only 13, 14 and 112 say that it was the way in.
_OF_HWSSOAP1: Final[Mapping[int, Code]] = {
    13: Code("the message exit gave no XML adapter name", "name the adapter in IRM_TAG_ADAPT", _CLIENT, _NO),
    14: Code(
        "the message was not processed by the XML adapters",
        "check ADAPTER(XML=Y) of IMS Connect",
        _CONNECT,
        _NO,
    ),
    15: Code("the XML adapter returned a code that is not valid", _LOOK, _CONNECT, _UNKNOWN),
    100: Code("the XML adapter's work element could not be queued", _LOOK, _CONNECT, _UNKNOWN),
    101: Code("the XML adapter returned no buffer", _LOOK, _CONNECT, _UNKNOWN),
    102: Code("the XML adapter returned a bad buffer address", _LOOK, _CONNECT, _UNKNOWN),
    103: Code("storage of the input buffer could not be released", _LOOK, _CONNECT, _UNKNOWN),
    104: Code("storage of the output buffer could not be released", _LOOK, _CONNECT, _UNKNOWN),
    105: Code("the function is not supported by the message exit", _LOOK, _CONNECT, _UNKNOWN),
    106: Code("the message exit returned a bad code", _LOOK, _CONNECT, _UNKNOWN),
    107: Code("the XML adapter asked for a second output buffer", _LOOK, _CONNECT, _UNKNOWN),
    108: Code("the XML adapter returned a data length that is not valid", _LOOK, _CONNECT, _UNKNOWN),
    110: Code("the XML adapter function is not valid", _LOOK, _CONNECT, _UNKNOWN),
    111: Code("the original output buffer could not be released", _LOOK, _CONNECT, _UNKNOWN),
    112: Code(
        "no transaction code from the converter nor in the IRM",
        "name the transaction in IRM_TRNCOD",
        _CLIENT,
        _NO,
    ),
}

REASON_CODES: Final[Mapping[int, Code]] = dict(
    sorted(
        chain.from_iterable(
            part.items()
            for part in (_OF_MESSAGES, _OF_SIGN_ON, _OF_CLIENTS_AND_DATASTORES, _OF_NOTICES, _OF_HWSSOAP1)
        )
    )
)
"""Every reason code, by number."""
