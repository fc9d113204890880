"""Faults of callout: its process killed, its journal's disk full, its web service hung, expired or hostile.

IMS (the stand-in, in this process) holds asynchronous callouts all the time, some one-way and some with an
answer for IMS; the ledger is that of tests/flows/callout/kills.py, which fails for each message that is lost.
"""

import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from cryptography.hazmat.primitives.serialization import Encoding

from bench.faults.disks import small_disk
from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.stage import peak_memory
from gateway.exchange import Secret
from gateway.testkeys import LOCAL_NAMES, TestAuthority
from tests.fixtures.calling import pem_of
from tests.fixtures.callout import CalloutLab, CalloutProcess
from tests.fixtures.hostile_service import (
    Behaviour,
    Heard,
    Link,
    Service,
    answer,
    drop_in_body,
    endless,
    gzip_bomb,
    hang,
)
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until
from tests.flows.callout.kills import STANDIN, Kills, kill_one

SEED = 11
QUIET_SECONDS = 1.0
"""After so long without any delivery nothing is delivered any more."""
SHORT_LIFE = timedelta(seconds=12)
JOURNAL_BYTES = 24_000_000
"""Room for the journal and the write-ahead log, which grows to 4 MB before SQLite empties it."""
SETTLED_SECONDS = 2.0
"""After so long nothing is in work any more that met the service as it was."""
MOST_GROWTH = 200_000_000
"""Bytes by which the peak memory of the process may grow: eight answers of the largest size that is taken."""


@dataclass
class Parts:
    """What a fault of callout plays with."""

    lab: CalloutLab
    service: Service
    folder: Path


@contextmanager
def parts(tls: ssl.SSLContext | None = None) -> Iterator[Parts]:
    """Start IMS and a web service; callout itself is still to be started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-fault-")))
        service = Service(tls=tls)
        stack.callback(service.close)
        lab = CalloutLab(folder / "lab", stack, **STANDIN)
        lab.gateway(journal={"lease_seconds": 1.0})
        yield Parts(lab, service, folder)


def _ledger(figures: dict[str, Any]) -> Ledger:
    return Ledger(callouts=figures)


def killed(pace: Pace) -> Ledger:
    with parts() as made:
        return _ledger(kill_one(lambda **_: made.lab, made.service, pace.times, SEED))


def _quiet(service: Service) -> None:
    """Return when nothing is delivered any more: the fault has taken hold."""
    heard = [-1, 0.0]

    def nothing() -> bool:
        if len(service.heard) != heard[0]:
            heard[:] = [len(service.heard), time.monotonic()]
        return time.monotonic() - heard[1] > QUIET_SECONDS

    wait_until(nothing, "an end of the deliveries", 60)


def disk_full(pace: Pace) -> Ledger:
    with parts() as made, small_disk(made.folder / "state", JOURNAL_BYTES) as disk:
        run = Kills(made.lab, made.service, SEED)
        process = made.lab.spawn(disk.folder)

        def strike() -> None:
            for _ in range(max(1, pace.times // 5)):
                run.await_deliveries(20)
                disk.fill()
                _quiet(made.service)
                time.sleep(pace.seconds)
                disk.relieve()
            run.await_deliveries(20)

        ledger = _ledger(run.under([process], strike))
        ledger.require("the disk is full" in process.log, "the journal never met the full disk")
        return ledger


def _misbehaving(behaviours: dict[str, Behaviour], *, dead: bool = False) -> Callable[[Pace], Ledger]:
    """Return a fault in which the web service behaves badly, in one way after the other.

    `dead`: what met it is not tried again by itself, as the service may have acted; it is replayed at the end.
    """

    def run(pace: Pace) -> Ledger:
        with parts() as made:
            run = Kills(made.lab, made.service, SEED)
            good = made.service.behave
            process = made.lab.spawn()
            before = peak_memory(psutil.Process(process.pid))
            counts: dict[str, int] = {}

            def strike() -> None:
                for name, behaviour in behaviours.items():
                    run.await_deliveries(20)
                    heard = len(made.service.heard)
                    made.service.behave = behaviour
                    run.await_deliveries(3)
                    time.sleep(pace.seconds / 2)
                    made.service.behave = good
                    counts[name] = len(made.service.heard) - heard
                if dead:
                    counts["dead letters replayed"] = _replay(process)
                run.await_deliveries(20)

            figures = run.under([process], strike, ended=lambda: peak_memory(psutil.Process(process.pid)))
            growth = figures.pop("ended") - before
        ledger = Ledger(callouts=figures, also={"calls_that_met": counts, "memory_growth_bytes": growth})
        ledger.require(growth < MOST_GROWTH, f"imsgw callout grew by {growth} bytes")
        return ledger

    return run


def _replay(process: CalloutProcess) -> int:
    """Have all dead letters delivered again, as an operator does; return how many there were."""
    time.sleep(SETTLED_SECONDS)
    told = process.command("dead-letters", "replay", "--all")
    return int(told.stdout.split()[0])


def _expiring(folder: Path, authority: TestAuthority, life: timedelta) -> Path:
    """Return key and certificate of the web service, PEM, valid for so long."""
    store = folder / "partner.p12"
    store.write_bytes(authority.issue("partner", LOCAL_NAMES, Secret(KEYSTORE_PASSWORD), life))
    return pem_of(store)


def expired(_pace: Pace) -> Ledger:
    authority = TestAuthority(name="fault CA")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory(prefix="imsgw-fault-") as name, parts(context) as made:
        folder = Path(name)
        ca = folder / "ca.pem"
        ca.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(_expiring(folder, authority, SHORT_LIFE))
        run = Kills(made.lab, made.service, SEED, truststore={"path": str(ca)})
        made.service.behave = _each_by_itself(made.service.behave)
        process = made.lab.spawn()

        def strike() -> None:
            run.await_deliveries(10)
            _quiet(made.service)
            context.load_cert_chain(_expiring(folder, authority, timedelta(days=1)))
            run.await_deliveries(20)

        ledger = _ledger(run.under([process], strike))
        ledger.require("expired" in process.log, "nobody met the expired certificate")
        return ledger


def _each_by_itself(behave: Behaviour) -> Behaviour:
    """Close the connection behind each answer, so that each call makes a handshake."""

    def act(link: Link, heard: Heard) -> None:
        behave(link, heard)
        raise ConnectionAbortedError

    return act


LAUGHS = (
    b'<!DOCTYPE lolz [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]><e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>&a9;</e:Body></e:Envelope>"
)

FAULTS = (
    Fault(
        "callout-killed",
        "No asynchronous callout is lost, whenever the process dies; each is delivered at least once.",
        "`imsgw callout` is killed (-9) at random moments under load and started again.",
        killed,
    ),
    Fault(
        "journal-disk-full",
        "What cannot be written is not acknowledged: IMS keeps it. With room again all is delivered.",
        "The journal is on a small file system that is filled to the last byte under load, and relieved.",
        disk_full,
        needs="root",
    ),
    Fault(
        "callout-service-hung",
        "What a web service does not answer is tried again; none is lost.",
        "The web service hangs, or ends in the middle of its answer, and behaves again.",
        _misbehaving({"silence": hang, "half an answer": drop_in_body}),
    ),
    Fault(
        "callout-bombs",
        "A hostile answer is refused, not unpacked; its callout is kept as a dead letter; none is lost.",
        "The web service answers with compressed bodies of 200 MB, entities of entities, bodies without end.",
        _misbehaving(
            {"gzip": gzip_bomb(), "entities of entities": answer(LAUGHS), "no end": endless}, dead=True
        ),
    ),
    Fault(
        "partner-certificate-expired",
        "Nothing is sent to a web service whose certificate has expired; with a new one all is delivered.",
        "The certificate of the web service expires under load; later it gets a new one.",
        expired,
    ),
)
