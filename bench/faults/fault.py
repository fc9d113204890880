"""What a fault is: a name, a promise, what is done, and how to do it."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.faults.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things last: `quick` for the tests, `long` for the evidence."""

    seconds: float
    """How long a fault lasts."""
    times: int
    """How often something is killed or stepped."""
    clients: int
    """How many hostile clients there are."""


QUICK = Pace(seconds=1.5, times=3, clients=100)
LONG = Pace(seconds=8.0, times=20, clients=500)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the suite."""

    name: str
    promise: str
    done: str
    """What is done to which part, and how it recovers."""
    run: Callable[[Pace], Ledger]
    felt: bool = True
    """Callers feel it while it lasts. False: they must not, no message may be refused or lost."""
    needs: str = ""
    """What of this machine it needs beyond Python: "root", or a program."""


def judged(fault: Fault, pace: Pace) -> Ledger:
    """Run a fault; return its ledger, with a breach where it was felt though it must not be."""
    ledger = fault.run(pace)
    lost = sum(ledger.refused.values()) + sum(ledger.no_answer.values())
    ledger.require(ledger.right > 0 or bool(ledger.callouts), "nobody was served at all")
    ledger.require(
        fault.felt or not lost, f"{lost} messages were refused or lost by a fault that is not to be felt"
    )
    return ledger
