"""IMS Connect killed, hung, slow, refusing."""

import signal

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.load import Load
from bench.faults.scene import scene
from gateway.errors import M


def killed(pace: Pace) -> Ledger:
    with scene() as made:
        return made.under(made.standin.kill, made.standin.start, pace.seconds)


def hung(pace: Pace) -> Ledger:
    with scene() as made:
        ledger = made.under(
            lambda: made.standin.send(signal.SIGSTOP),
            lambda: made.standin.send(signal.SIGCONT),
            pace.seconds + 3.0,
        )
        ledger.require(ledger.slowest_seconds < 15, "a caller waited longer than the time-outs that are set")
        return ledger


def slow(pace: Pace) -> Ledger:
    count = 10 * pace.times
    delay = {"kind": "delay", "on": "reply", "transaction": "ECHO", "seconds": 4.5, "count": count}
    with scene() as made:

        def strike() -> None:
            made.standin.kill()
            made.standin.start(faults=[delay])

        def over(load: Load) -> bool:
            return sum(each.what == M.SOCKET_TIMEOUT.id for each in load.told) >= count

        ledger = made.under(strike, until=over)
        ledger.require(ledger.slowest_seconds < 15, "a caller waited longer than the time-outs that are set")
        return ledger


def refusing(pace: Pace) -> Ledger:
    count = 20 * pace.times
    refuse = {
        "kind": "refuse",
        "transaction": "ECHO",
        "count": count,
        "return_code": 8,
        "reason_code": 74,
    }
    with scene() as made:

        def strike() -> None:
            made.standin.kill()
            made.standin.start(faults=[refuse])

        def over(load: Load) -> bool:
            return sum(each.what == M.IMS_CONNECT.id for each in load.told) >= count

        return made.under(strike, until=over)


FAULTS = (
    Fault(
        "ims-killed",
        "Every caller gets an answer or a fault; none is executed twice; service is back by itself.",
        "The stand-in is killed (-9) under load and started again.",
        killed,
    ),
    Fault(
        "ims-hung",
        "Callers get a fault within the time-outs of the service; late answers reach nobody else.",
        "The stand-in is stopped (SIGSTOP) under load, longer than the socket time-out, and goes on.",
        hung,
    ),
    Fault(
        "ims-slow",
        "An answer that comes later than its time-out reaches nobody; whoever is in time is served.",
        "The stand-in holds replies back for 4.5 s, the time-out is 3 s.",
        slow,
    ),
    Fault(
        "ims-refusing",
        "Callers get IMS Connect's refusal as a fault; nothing that was refused is executed.",
        "The stand-in is restarted and refuses inputs with return code 8, reason code 74 (data store lost).",
        refusing,
    ),
)
