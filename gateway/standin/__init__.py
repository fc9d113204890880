"""A stand-in IMS Connect with a small IMS behind it, for test engineers who have no mainframe at hand.

Words of the field, as the modules here use them:

- *session*: one client on one connection; a *link* is its bytes.
- *exchange*: one send-receive input, up to the last answer it needs.
- *data store*: the IMS that an input names; there is one here.
- *tpipe*: the named pipe in OTMA that output goes through; its *hold queue* keeps what nobody took.
- *unit of work*: what a program changed, up to commit or back-out.
- *refusal*: an RSM instead of an answer. What the stand-in cannot do it refuses; it never guesses.
"""

from gateway.standin.config import StandinConfig, load
from gateway.standin.faults import Fault
from gateway.standin.programs import AbendError, Context, Converter, Reply, Transaction
from gateway.standin.running import RunningStandin, run
from gateway.standin.seen import Seen
from gateway.standin.server import Standin

__all__ = [
    "AbendError",
    "Context",
    "Converter",
    "Fault",
    "Reply",
    "RunningStandin",
    "Seen",
    "Standin",
    "StandinConfig",
    "Transaction",
    "load",
    "run",
]
