"""Client ids that nobody chose: random, so that sockets of many clients on one port do not meet."""

import secrets
import string
from dataclasses import dataclass
from typing import Final

CLIENT_ID_LENGTH: Final = 8
LONGEST_PREFIX: Final = 4
_ALPHABET: Final = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class ClientId:
    """What a connection says in IRM_CLIENTID; empty: IMS Connect generates one and tells it."""

    text: str
    generated: bool = True
    """Nobody chose it: nobody would ever read a tpipe of this name."""
    take_over: bool = False
    """The first message cancels a session that has the same one (IRM_F3 X'80')."""


def new_client_id(prefix: str = "") -> str:
    """Return a random client id (IRM_CLIENTID): 8 of A-Z and 0-9, not like a reserved name or a port number.

    There are nearly 36**8 = 2.8e12 of them. With 2,048 sockets open on one port, of all gateways together, two
    of them share an id with a probability of one in 1.3 million; IMS Connect then refuses the second (reason
    code 56, DUPECLNT), and another id is tried. With a prefix of four characters there are 1.7 million, and
    2,048 sockets meet nearly always somewhere: prefixes are for small numbers.
    """
    while True:
        rest = (secrets.choice(_ALPHABET) for _ in range(CLIENT_ID_LENGTH - len(prefix)))
        client_id = prefix + "".join(rest)
        if not client_id.startswith("HWS") and not client_id.isdigit():
            return client_id
