"""Messages of IMS itself, which reach the client as data, without the time (NOTIMESTP of the COMM macro).

Source: ICO0079E for DFS064 and DFS065; IMS Connect recorder trace for TM error scenarios for DFS065 and
DFS1292E; DFS messages for the answers to commands. unverified: the wording of the others, and that IMS Connect
passes each of them as data and not as a NAK.
"""

from typing import Final

from gateway.dfs import find_dfs

NO_SUCH_TRANSACTION: Final = "DFS064"
TRANSACTION_STOPPED: Final = "DFS065"
ABEND: Final = "DFS555I"
NO_RESPONSE: Final = "DFS2082"
EXPIRED: Final = "DFS3688I"
NOT_AUTHORIZED: Final = "DFS1292E"

COMMAND_COMPLETED: Final = "DFS058I"
INVALID_VERB: Final = "DFS165 COMMAND VERB IS INVALID"
INVALID_KEYWORD: Final = "DFS163 KEYWORD IS INVALID"
MISSING_KEYWORD: Final = "DFS107 REQUIRED KEYWORD NOT PRESENT"
INVALID_SYNTAX: Final = "DFS108 COMMAND SYNTAX INVALID"
PARAMETER_TOO_LONG: Final = "DFS121I PARAMETER TOO LONG"
MIXED_WITH_ALL: Final = "DFS122 SPECIFIC PARAMETER MIXED WITH ALL PARAMETER"
"""What IMS says to commands it does not take. unverified: which of them answers which mistake."""

HOST_CCSID: Final = 37

MOD_NAME: Final = "DFSMO1"
"""unverified: MOD name of messages of IMS."""


def is_message_of_ims(segments: tuple[bytes, ...]) -> bool:
    """Tell whether an output is a message of IMS: text that begins with DFS and its number."""
    return find_dfs(segments, HOST_CCSID) is not None


def no_such_transaction(transaction: str) -> str:
    """Return DFS064 for a transaction code that IMS does not know."""
    return f"{NO_SUCH_TRANSACTION} DESTINATION CAN NOT BE FOUND OR CREATED, DEST={transaction}"


def stopped() -> str:
    """Return DFS065 for a transaction that is stopped."""
    return f"{TRANSACTION_STOPPED} TRAN/LTERM STOPPED"


def not_authorized() -> str:
    """Return DFS1292E for a user who may not run the transaction or enter the command."""
    return f"{NOT_AUTHORIZED} SECURITY VIOLATION"


def abend(transaction: str, code: str) -> str:
    """Return DFS555I for a program that ended abnormally; `code` is Snnn or Unnnn."""
    system, user = ("S000", code) if code.startswith("U") else (code, "U0000")
    return f"{ABEND} TRAN {transaction:<8} ABEND {system},{user} ; MSG IN PROCESS: {transaction}"


def no_response() -> str:
    """Return DFS2082 for a program that ended without the reply that is due."""
    return f"{NO_RESPONSE} RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY"


def expired(transaction: str) -> str:
    """Return DFS3688I for an input that IMS discarded because it waited too long.

    unverified: that an OTMA client that still waits reads this, and not DFS555I with abend U0243 (APAR PI83453
    does without the abend).
    """
    return f"{EXPIRED} TRANSACTION {transaction} EXPIRED"
