"""Callouts per second, what one costs, and how much later an answer comes than the service itself gives it.

Three processes: the stand-in with the programs that call out (this one), `imsgw callout`, and a service that
answers at once over TLS. The rate of the service by itself is measured with a bare client in the same run.
"""

import http.client
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
import trustme

from tests.fixtures.callout import CalloutLab, contract, event, rate, rating
from tests.fixtures.ports import free_ports

ROOT = Path(__file__).parents[1]
TPIPES = (1, 8)
AT_ONCE = 16
"""ICALs that wait at one moment, a tpipe."""
SECONDS = 6.0
SINGLE = 400
EVENTS = 1500
SOAP = (
    f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{rate()}</e:Body></e:Envelope>'
).encode()


@dataclass
class Outside:
    """The service, as a process."""

    port: int
    ca: Path

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    def connect(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.ca))
        return http.client.HTTPSConnection("localhost", self.port, context=context, timeout=30)

    def count(self) -> int:
        link = self.connect()
        link.request("GET", "/")
        told = int(link.getresponse().read())
        link.close()
        return told


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "service.pem"))
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.callout_peer", str(port), str(folder / "service.pem")]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait_for(port)
        yield Outside(port, folder / "ca.pem")
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the service does not listen")


def _figures(times: list[float]) -> dict[str, float]:
    cuts = quantiles(times, n=100)
    return {"p50_ms": round(median(times) * 1000, 2), "p95_ms": round(cuts[94] * 1000, 2)}


def _timed(call: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times


def _load(callers: int, make: Callable[[int], Callable[[], object]]) -> tuple[float, list[float]]:
    """Let callers go on for a while; return calls per second and the time of each."""
    until = time.perf_counter() + SECONDS

    def repeat(number: int) -> list[float]:
        call, times = make(number), []
        while time.perf_counter() < until:
            times += _timed(call, 1)
        return times

    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as threads:
        times = [one for each in threads.map(repeat, range(callers)) for one in each]
    return len(times) / (time.perf_counter() - began), times


def by_itself(service: Outside) -> dict[str, Any]:
    """Return the rate and the time of the service, asked by a bare client over connections that are kept."""

    def caller(_number: int) -> Callable[[], object]:
        link = service.connect()

        def call() -> None:
            link.request("POST", "/rating", SOAP, {"Content-Type": "text/xml"})
            link.getresponse().read()

        return call

    alone = _timed(caller(0), SINGLE)
    per_second, times = _load(AT_ONCE, caller)
    return {"one_at_a_time": _figures(alone), "calls_per_second": round(per_second), "loaded": _figures(times)}


def _lab(folder: Path, stack: ExitStack, service: Outside, tpipes: int) -> CalloutLab:
    names = [f"PIPE{number}" for number in range(1, tpipes + 1)]
    descriptors = {f"D{number}": {"tpipe": name} for number, name in enumerate(names, 1)}
    lab = CalloutLab(folder, stack, descriptors=descriptors, ims_connect={"maxsoc": 2000})
    keys = {"truststore": {"path": str(service.ca)}}
    lab.bundle(callout={"tpipes": names, "concurrency": AT_ONCE, **keys})
    concurrency: dict[str, Any] = {"concurrency": AT_ONCE * tpipes, "operations": {"timeout_ms": 30_000}}
    lab.service(contract("rating", service.origin), **concurrency)
    lab.service(contract("events", service.origin), "events", **concurrency)
    return lab


def called_out(service: Outside, tpipes: int) -> dict[str, Any]:
    """Return rates and times of callouts over so many tpipes."""
    folder = Path(tempfile.mkdtemp(prefix="imsgw-bench-"))
    try:
        with ExitStack() as stack:
            lab = _lab(folder, stack, service, tpipes)
            process = psutil.Process(lab.spawn().pid)
            message = rating()
            alone = _timed(lambda: _checked(lab, message, 0, tpipes), SINGLE)
            cpu = _cpu(process)
            per_second, times = _load(
                AT_ONCE * tpipes, lambda number: lambda: _checked(lab, message, number, tpipes)
            )
            cost = (_cpu(process) - cpu) / len(times)
            return {
                "one_at_a_time": _figures(alone),
                "callouts_per_second": round(per_second),
                "loaded": _figures(times),
                "cpu_ms_of_the_gateway_a_callout": round(cost * 1000, 2),
                "asynchronous": _posted(lab, service, process, tpipes),
            }
    finally:
        shutil.rmtree(folder)


def _checked(lab: CalloutLab, message: bytes, number: int, tpipes: int) -> None:
    answer = lab.call(message, f"D{number % tpipes + 1}")
    if not answer.good:
        raise RuntimeError(answer.words)


def _posted(lab: CalloutLab, service: Outside, process: psutil.Process, tpipes: int) -> dict[str, Any]:
    """Return how fast messages that wait on the tpipes are delivered, journal and all."""
    before, cpu = service.count(), _cpu(process)
    began = time.perf_counter()
    for number in range(EVENTS):
        lab.post(event(number), f"PIPE{number % tpipes + 1}")
    while service.count() - before < EVENTS:
        if time.perf_counter() - began > 300:
            raise RuntimeError("events are missing")
        time.sleep(0.05)
    took = time.perf_counter() - began
    return {
        "messages": EVENTS,
        "delivered_per_second": round(EVENTS / took),
        "cpu_ms_of_the_gateway_a_message": round((_cpu(process) - cpu) / EVENTS * 1000, 2),
    }


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def measure() -> dict[str, Any]:
    """Return the figures."""
    folder = Path(tempfile.mkdtemp(prefix="imsgw-bench-"))
    try:
        with outside(folder) as service:
            alone = by_itself(service)
            tpipes = {str(count): called_out(service, count) for count in TPIPES}
    finally:
        shutil.rmtree(folder)
    own = alone["one_at_a_time"]["p50_ms"]
    return {
        "icals_at_once_a_tpipe": AT_ONCE,
        "service_by_itself": alone,
        "tpipes": tpipes,
        "added_p50_ms": {name: round(one["one_at_a_time"]["p50_ms"] - own, 2) for name, one in tpipes.items()},
    }
