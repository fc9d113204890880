"""Messages of IMS itself, which reach the client as data.

unverified: their exact wording, and that IMS Connect passes each of them as data and not as a NAK.
"""

from typing import Final

NO_SUCH_TRANSACTION: Final = "DFS064"
TRANSACTION_STOPPED: Final = "DFS065"
ABEND: Final = "DFS555I"
NO_RESPONSE: Final = "DFS2082"

_PREFIX: Final = "DFS".encode("cp037")

MOD_NAME: Final = "DFSMO1"
"""unverified: MOD name of messages of IMS."""


def is_message_of_ims(segments: tuple[bytes, ...]) -> bool:
    """Tell whether an output looks like a message of IMS: EBCDIC text that begins with DFS."""
    return bool(segments) and segments[0].startswith(_PREFIX)


def no_such_transaction(transaction: str) -> str:
    """Return DFS064 for a transaction code that IMS does not know."""
    return f"{NO_SUCH_TRANSACTION} NO SUCH TRANSACTION CODE, {transaction}"


def stopped(transaction: str) -> str:
    """Return DFS065 for a transaction that is stopped."""
    return f"{TRANSACTION_STOPPED} TRANSACTION CODE {transaction} STOPPED"


def abend(transaction: str, code: str) -> str:
    """Return DFS555I for a program that ended abnormally; `code` is Snnn or Unnnn."""
    system, user = ("S000", code) if code.startswith("U") else (code, "U0000")
    return f"{ABEND} TRAN {transaction:<8} ABEND {system},{user} ; MSG IN PROCESS: {transaction}"


def no_response() -> str:
    """Return DFS2082 for a program that ended without the reply that is due."""
    return f"{NO_RESPONSE} RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY"
