"""The IMS Connect protocol without I/O: records in, bytes out, and back.

Words of the field:

- *IRM*: IMS request message prefix, the header of every message to IMS Connect.
- *segment*: a piece of message data with LL (length) and ZZ in front, as IMS applications read and write it.
- *CSM*, *RSM*: complete and request status message, the end of a good reply and the whole of a bad one.
- *exit*: the message exit of IMS Connect (HWSSMPL0, HWSSMPL1, HWSSOAP1) that reads the IRM, shapes the reply.
- *conversation*: what client and IMS Connect owe each other on one connection, from first input to last answer.
"""

from gateway.imsconnect.wire.code import Fault, Retry
from gateway.imsconnect.wire.connection import ClientConnection, ServerConnection
from gateway.imsconnect.wire.errors import (
    EarlyCloseError,
    InputViolation,
    LocalProtocolError,
    RemoteProtocolError,
)
from gateway.imsconnect.wire.extensions import Extension
from gateway.imsconnect.wire.flags import F0, F1, F2, F3, F5, F6, SocketType, Verb
from gateway.imsconnect.wire.header import Exit, HeaderCode
from gateway.imsconnect.wire.irm import Irm
from gateway.imsconnect.wire.meaning import CodeMeaning, describe
from gateway.imsconnect.wire.message import InputMessage, decode_input, encode_input
from gateway.imsconnect.wire.output import (
    Csm,
    CsmFlags,
    NetworkSegment,
    OutputMessage,
    Rsm,
    RsmFlags,
    decode_output,
    encode_output,
)
from gateway.imsconnect.wire.states import State
from gateway.imsconnect.wire.timer import encode_timer, timer_seconds

__all__ = [
    "F0",
    "F1",
    "F2",
    "F3",
    "F5",
    "F6",
    "ClientConnection",
    "CodeMeaning",
    "Csm",
    "CsmFlags",
    "EarlyCloseError",
    "Exit",
    "Extension",
    "Fault",
    "HeaderCode",
    "InputMessage",
    "InputViolation",
    "Irm",
    "LocalProtocolError",
    "NetworkSegment",
    "OutputMessage",
    "RemoteProtocolError",
    "Retry",
    "Rsm",
    "RsmFlags",
    "ServerConnection",
    "SocketType",
    "State",
    "Verb",
    "decode_input",
    "decode_output",
    "describe",
    "encode_input",
    "encode_output",
    "encode_timer",
    "timer_seconds",
]
