"""A stand-in IMS Connect with a small IMS behind it, for test engineers who have no mainframe at hand.

Words of the field, as the modules here use them:

- *session*: one client on one connection; a *link* is its bytes.
- *exchange*: one send-receive input, up to the last answer it needs.
- *data store*: the connection to an IMS that an input names.
- *conversation*: a transaction of several steps on one connection, with a scratch pad area (SPA) in between.
- *region*: where IMS runs a program, from its scheduling to the sync point.
- *tpipe*: the named pipe in OTMA that output goes through; its *hold queue* keeps what nobody took.
- *unit of work*: what a program changed, up to commit or back-out.
- *refusal*: an RSM instead of an answer. What the stand-in cannot do it refuses; it never guesses.
"""

from gateway.standin.aib import IcalAnswer
from gateway.standin.config import StandinConfig, load
from gateway.standin.faults import Fault
from gateway.standin.locks import RecordLocks
from gateway.standin.process import run
from gateway.standin.programs import (
    HOST,
    UTF_8,
    AbendError,
    Context,
    Converter,
    Reply,
    Transaction,
    element,
    root,
    split,
    transaction_code,
)
from gateway.standin.running import RunningStandin
from gateway.standin.seen import Seen
from gateway.standin.server import Standin
from gateway.standin.units import UnitOfWork

__all__ = [
    "HOST",
    "UTF_8",
    "AbendError",
    "Context",
    "Converter",
    "Fault",
    "IcalAnswer",
    "RecordLocks",
    "Reply",
    "RunningStandin",
    "Seen",
    "Standin",
    "StandinConfig",
    "Transaction",
    "UnitOfWork",
    "element",
    "load",
    "root",
    "run",
    "split",
    "transaction_code",
]
