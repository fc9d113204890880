"""RACF return codes in RSM_RACFRC beside reason code 78, as data with words.

Source: Format of the request status message (the field is the return code of RACROUTE REQUEST=VERIFY); z/OS
Security Server RACROUTE Macro Reference, return codes of RACINIT. With RACFGENRC=Y the byte says nothing.
"""

from collections.abc import Mapping
from typing import Final

from gateway.imsconnect.wire.code import Code, Fault, Retry

_USER: Final = Fault.CREDENTIALS
_NO: Final = Retry.NO
"""Never again with the same password, not even where RACF was inactive: attempts count, and RACF revokes."""
_ASK: Final = "ask the security administrator"

RACF_CODES: Final[Mapping[int, Code]] = {
    0x04: Code("the user is not defined to RACF", "correct the user id", _USER, _NO),
    0x08: Code("password or PassTicket wrong", "correct the password; do not loop", _USER, _NO),
    0x0C: Code("the password has expired", "change the password", _USER, _NO),
    0x10: Code("the new password is not valid", "choose another new password", _USER, _NO),
    0x14: Code("the user is not connected to the group", "correct the group", _USER, _NO),
    0x18: Code("refused by a RACF exit", _ASK, _USER, _NO),
    0x1C: Code("the user is revoked", _ASK, _USER, _NO),
    0x20: Code("RACF is not active", "ask the operator", Fault.CONNECT, _NO),
    0x24: Code("access to the group is revoked", _ASK, _USER, _NO),
    0x28: Code("an operator identification card is required", _ASK, _USER, _NO),
    0x2C: Code("the operator identification card is not valid", _ASK, _USER, _NO),
    0x30: Code("not authorized to the terminal", _ASK, _USER, _NO),
    0x34: Code("not authorized to the application", _ASK, _USER, _NO),
}
