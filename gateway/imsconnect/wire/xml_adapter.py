"""Return codes of a status message ``*XADPST*`` of the XML adapter, as data with words.

Source: XML adapter return and reason codes.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.code import Code, Fault, Retry

_CONNECT: Final = Fault.CONNECT
_NO: Final = Retry.NO
_RAN: Final = Retry.UNKNOWN
_LIBRARY: Final = "compile and link the converter into the right library"
_LOAD: Final = "see HWSA0380E on the console"
_ALIAS: Final = "check the alias that ends in X"
_CONSOLE: Final = "see the console of IMS Connect"
_CHECK: Final = "; check what the transaction did"

# 1xx: the input was not converted, IMS saw nothing. 2xx: the transaction has run, its output was not converted.
XML_ADAPTER_CODES: Final[Mapping[int, Code]] = {
    8: Code("invalid function code passed to the XML adapter", _CONSOLE + _CHECK, _CONNECT, _RAN),
    108: Code("inbound: converter not found", _LIBRARY, _CONNECT, _NO),
    112: Code("inbound: the converter could not be loaded", _LOAD, _CONNECT, _NO),
    116: Code("inbound: the converter's metadata could not be loaded", _ALIAS, _CONNECT, _NO),
    118: Code("inbound: pre-initialization table full (internal)", _CONSOLE, _CONNECT, _NO),
    120: Code("inbound: the get-metadata routine failed", _CONSOLE, _CONNECT, _NO),
    208: Code("outbound: converter not found", _LIBRARY + _CHECK, _CONNECT, _RAN),
    212: Code("outbound: the converter could not be loaded", _LOAD + _CHECK, _CONNECT, _RAN),
    216: Code("outbound: the converter's metadata could not be loaded", _ALIAS + _CHECK, _CONNECT, _RAN),
    218: Code("outbound: pre-initialization table full (internal)", _CONSOLE + _CHECK, _CONNECT, _RAN),
    220: Code("outbound: the get-metadata routine failed", _CONSOLE + _CHECK, _CONNECT, _RAN),
}

XML_ADAPTER_STATUS_CLOSES: Final = True  # unverified: the socket is taken to be closed after an XADPST
