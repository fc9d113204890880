"""Servers in processes of their own: started, waited for, ended; what they used of CPU and memory."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

START_SECONDS: Final = 90
STOP_SECONDS: Final = 40
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_CPUCLOCK_SCHED: Final = 2


class BenchError(Exception):
    """A measurement cannot be made; the text says why, for whoever started it."""


@dataclass(frozen=True)
class Server:
    """One server with all its processes."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def processes(self) -> list[psutil.Process]:
        """Return the first process and all below it."""
        first = psutil.Process(self.process.pid)
        return [first, *first.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """Return those that serve: the children, where there are any."""
        first, *children = self.processes()
        return children or [first]

    def cpu_seconds(self) -> float:
        """Return what all processes have used so far, user and system, with those that have ended."""
        return sum(_cpu_seconds(each.pid) for each in self.processes())

    def wait(self) -> None:
        """Return once it listens; raise BenchError with the end of its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while not _accepts(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{self.name} does not serve; its log ends:\n{self.tail()}")
            time.sleep(0.05)

    def tail(self, size: int = 3000) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text(errors="replace")[-size:]

    def stop(self) -> None:
        """End it and what it started."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def start(name: str, port: int, log: Path, command: Sequence[str], environ: Mapping[str, str]) -> Server:
    """Start a server; its output goes to the log, proxies of the environment are not for it."""
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            env={**kept, **environ},
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Server(name, port, process, log)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu_seconds(pid: int) -> float:
    """Return user and system time of a process, and that of its children that were waited for.

    Its own comes from its CPU clock, in nanoseconds: the id is that of clock_getcpuclockid(3) on Linux. That of
    its children is in /proc/PID/stat (proc(5)), in ticks.
    """
    try:
        own = time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return own + sum(int(field) for field in fields[13:15]) / _TICKS


def proportional_memory(pid: int) -> int:
    """Return the proportional set size of a process, in bytes: shared pages count by how many share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise BenchError("the kernel does not say what a process holds (smaps_rollup)")
