"""A network of its own for the stand-in, in which packets can be dropped: half-open connections."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.scene import scene
from bench.faults.standin import StandinProcess

OURS, THEIRS = "10.213.77.1", "10.213.77.2"
"""Addresses of the two ends: this machine's, and the one in the namespace."""


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@dataclass(frozen=True)
class Network:
    """A network namespace behind a pair of interfaces."""

    name: str

    @property
    def inside(self) -> tuple[str, ...]:
        """Prefix of a command that is to run in it."""
        return ("ip", "netns", "exec", self.name)

    def drop(self) -> None:
        """Let no packet pass any more, in either direction."""
        for chain in ("INPUT", "OUTPUT"):
            _run(*self.inside, "iptables", "-A", chain, "-j", "DROP")

    def pass_again(self) -> None:
        """Let all packets pass."""
        _run(*self.inside, "iptables", "-F")


@contextmanager
def network() -> Iterator[Network]:
    """Make one; it is gone at the end. Needs root."""
    made = Network(f"imsgw{os.getpid()}")
    outer, inner = f"gwo{os.getpid()}", f"gwi{os.getpid()}"
    _run("ip", "netns", "add", made.name)
    try:
        _run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", made.name)
        _run("ip", "addr", "add", f"{OURS}/30", "dev", outer)
        _run("ip", "link", "set", outer, "up")
        _run(*made.inside, "ip", "addr", "add", f"{THEIRS}/30", "dev", inner)
        _run(*made.inside, "ip", "link", "set", inner, "up")
        _run(*made.inside, "ip", "link", "set", "lo", "up")
        yield made
    finally:
        with suppress(subprocess.CalledProcessError):
            _run("ip", "link", "del", outer)  # or it stays until the kernel has let the namespace go
        _run("ip", "netns", "del", made.name)


def half_open(pace: Pace) -> Ledger:
    with network() as apart:

        def standin(folder: Path) -> StandinProcess:
            return StandinProcess(folder, host=THEIRS, prefix=apart.inside)

        with scene(standin=standin) as made:

            def mend() -> None:
                made.standin.kill()  # its end reaches nobody: the gateway's connections are half-open now
                made.standin.start(wait=False)
                apart.pass_again()
                made.standin.wait_listening()

            ledger = made.under(apart.drop, mend, pace.seconds + 3.0)
            ledger.require(
                ledger.slowest_seconds < 20, "a caller waited longer than the time-outs that are set"
            )
            return ledger


def packets_dropped(pace: Pace) -> Ledger:
    with network() as apart:

        def standin(folder: Path) -> StandinProcess:
            return StandinProcess(folder, host=THEIRS, prefix=apart.inside)

        with scene(standin=standin) as made:
            ledger = made.under(apart.drop, apart.pass_again, pace.seconds + 3.0)
            ledger.require(
                ledger.slowest_seconds < 20, "a caller waited longer than the time-outs that are set"
            )
            return ledger


FAULTS = (
    Fault(
        "ims-unreachable",
        "Callers get a fault within the time-outs; late answers reach nobody; none is executed twice.",
        "The stand-in is in a network namespace; all packets to and from it are dropped, then pass again.",
        packets_dropped,
        needs="root and iptables",
    ),
    Fault(
        "ims-half-open",
        "Connections whose other end is gone without a word cost one fault each; none is executed twice.",
        "As before, and meanwhile the stand-in is killed and started again, of which no packet tells.",
        half_open,
        needs="root and iptables",
    ),
)
