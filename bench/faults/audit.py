"""The audit trail that cannot be written: its disk full, its receiver away, its spool's disk full.

Each success that a caller was told is held against the records: by its tracking id.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.faults.disks import small_disk
from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Came, Ledger
from bench.faults.load import Load
from bench.faults.scene import Scene, scene
from gateway import testkeys
from gateway.errors import M
from gateway.testkeys import LOCAL_NAMES
from tests.fixtures.pki import PASSWORD, Pki
from tests.fixtures.running_gateway import wait_until
from tests.interop.audit.rsyslog import Rsyslog

FILE_BYTES = 16_000_000
STATE_BYTES = 40_000_000
SPOOL_BYTES = 20_000_000
AWAY = 15
"""A receiver is away so many times longer than another fault lasts: for the evidence two minutes."""
_LOST = re.compile(rb"^imsgw_audit_lost_total(?:\{[^}]*\})? ([0-9.e+]+)", re.MULTILINE)


def _successes(lines: list[bytes]) -> list[str]:
    """Return the tracking ids of requests that the records call a success."""
    found = []
    for line in lines:
        start = line.find(b'{"@timestamp"')
        if start < 0 or not line.endswith(b"}"):
            continue  # torn by a full disk
        record = json.loads(line[start:])
        if record["event"]["outcome"] == "success":
            found.append(record["imsgw"].get("tracking_id", ""))
    return found


def _answered(load: Load) -> set[str]:
    return {each.tracking_id for each in load.told if each.came is Came.RIGHT}


def _lost(made: Scene) -> int:
    """Return how many records the gateway says that it has lost."""
    told = made.gateway.fetch(f"{made.gateway.admin_url}/metrics")
    return sum(int(float(found)) for found in _LOST.findall(told))


# -- a file ----------------------------------------------------------------------------------------------------


def _file_full(pace: Pace, on_failure: str) -> tuple[Ledger, set[str], int]:
    """Return the ledger, the successes without a record, and how many records are said to be lost."""
    with (
        TemporaryDirectory(prefix="imsgw-audit-") as folder,
        small_disk(Path(folder) / "audit", FILE_BYTES) as disk,
        scene({"audit.to": f"file:{disk.folder}/audit.json", "audit.on_failure": on_failure}) as made,
    ):
        load = made.load()
        ledger = made.struck(load, disk.fill, disk.relieve, pace.seconds)
        recorded = _successes((disk.folder / "audit.json").read_bytes().split(b"\n"))
        unaudited = _answered(load) - set(recorded)
        lost = _lost(made)
    ledger.also |= {"successes_without_record": len(unaudited), "records_lost": lost}
    return ledger, unaudited, lost


def refuse(pace: Pace) -> Ledger:
    ledger, unaudited, _ = _file_full(pace, "refuse")
    ledger.require(not unaudited, f"{len(unaudited)} successes have no record")
    felt = {M.AUDIT_DOWN.id, M.NOT_AUDITED.id} & ledger.refused.keys()
    ledger.require(bool(felt), "no message met the full disk")
    return ledger


def count(pace: Pace) -> Ledger:
    ledger, unaudited, lost = _file_full(pace, "count")
    ledger.require(bool(unaudited), "the disk was never full")
    ledger.require(lost >= len(unaudited), f"{len(unaudited)} successes have no record, {lost} are counted")
    return ledger


# -- a receiver ------------------------------------------------------------------------------------------------


@dataclass
class Receiver:
    """rsyslog over TLS, and a gateway's settings to send there."""

    rsyslog: Rsyslog
    settings: dict[str, Any]

    def has_all(self, load: Load) -> bool:
        """Tell whether it has written a record of each success."""
        return _answered(load) <= set(_successes(self.rsyslog.messages()))


@contextmanager
def _receiver() -> Iterator[Receiver]:
    with TemporaryDirectory(prefix="imsgw-syslog-") as name:
        folder = Path(name)
        keys = testkeys.create(folder / "keys", LOCAL_NAMES, PASSWORD)
        rsyslog = Rsyslog(folder, Pki(folder, keys, keys, keys.client))
        rsyslog.start()
        settings = {
            "audit.to": f"syslog+tls://127.0.0.1:{rsyslog.port}",
            "audit.truststore": {"path": str(keys.ca)},
            "audit.reconnect_seconds": 0.5,
        }
        try:
            yield Receiver(rsyslog, settings)
        finally:
            rsyslog.kill()


def _arrived(receiver: Receiver, load: Load, ledger: Ledger) -> None:
    """Note whether a record of each success came, and how many came more than once."""
    try:
        wait_until(lambda: receiver.has_all(load), "the coming of every record", 60)
    except AssertionError:
        missing = _answered(load) - set(_successes(receiver.rsyslog.messages()))
        ledger.require(False, f"{len(missing)} successes have no record")
    successes = _successes(receiver.rsyslog.messages())
    ledger.also |= {"records_of_success": len(set(successes)), "repeats": len(successes) - len(set(successes))}


def receiver_away(pace: Pace) -> Ledger:
    with _receiver() as receiver, scene(receiver.settings) as made:
        load = made.load()
        seconds = AWAY * pace.seconds
        ledger = made.struck(load, receiver.rsyslog.kill, receiver.rsyslog.start, seconds)
        _arrived(receiver, load, ledger)
    ledger.also["away_seconds"] = seconds
    return ledger


def spool_full(pace: Pace) -> Ledger:
    with (
        _receiver() as receiver,
        TemporaryDirectory(prefix="imsgw-spool-") as folder,
        small_disk(Path(folder) / "state", STATE_BYTES) as disk,
        scene(
            {**receiver.settings, "server.state": str(disk.folder), "audit.spool_bytes": SPOOL_BYTES}
        ) as made,
    ):
        load = made.load()

        def strike() -> None:
            receiver.rsyslog.kill()
            load.pause(pace.seconds)
            disk.fill()

        def mend() -> None:
            receiver.rsyslog.start()
            disk.relieve()

        ledger = made.struck(load, strike, mend, pace.seconds)
        _arrived(receiver, load, ledger)
    return ledger


FAULTS = (
    Fault(
        "audit-disk-full-refuse",
        "With on_failure = refuse there is no success without a record; with room again all is served.",
        "The audit file is on a small file system that is filled to the last byte under load, and relieved.",
        refuse,
        needs="root",
    ),
    Fault(
        "audit-disk-full-count",
        "With on_failure = count all are served, and every record that is lost is counted.",
        "The same.",
        count,
        felt=False,
        needs="root",
    ),
    Fault(
        "audit-receiver-away",
        "All are served; each success is recorded on the disk, and at the receiver once it is back.",
        "rsyslog, which gets the records over TLS, is killed (-9) for minutes and started again.",
        receiver_away,
        felt=False,
        needs="rsyslogd",
    ),
    Fault(
        "audit-spool-disk-full",
        "While neither receiver nor spool take records no success is told; what was told arrives later.",
        "rsyslog is killed, then the disk with the spool is filled; both are mended together.",
        spool_full,
        needs="root and rsyslogd",
    ),
)
