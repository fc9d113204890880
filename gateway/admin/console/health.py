"""What needs somebody's attention now, worst first: the head of the overview."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.admin.ports import Pool, Worker
from gateway.audit.picture import together
from gateway.control.reloaded import Outcome, Reloaded
from gateway.preflight.snapshot import Snapshot

Gravity = Literal["bad", "warn"]
_ORDER: Final = {"bad": 0, "warn": 1}
_BUSY: Final = 0.9


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing, and the page that says more."""

    gravity: Gravity
    text: str
    path: str


def concerns(snapshot: Snapshot, workers: Sequence[Worker], last: Reloaded | None) -> tuple[Concern, ...]:
    """Return all that is found; none: all is well."""
    found = [
        *_reload(last),
        *_workers(snapshot, workers),
        *_pools(workers),
        *_audit(workers),
        *_stopped(snapshot),
    ]
    if snapshot.warnings:
        found.append(
            Concern("warn", f"The check has {_many(len(snapshot.warnings), 'warning')}", "/configuration")
        )
    return by_gravity(found)


def by_gravity(found: Iterable[Concern]) -> tuple[Concern, ...]:
    """Return concerns, worst first."""
    return tuple(sorted(found, key=lambda concern: _ORDER[concern.gravity]))


def endpoints(pools: Iterable[Pool]) -> dict[tuple[str, str], list[Pool]]:
    """Return the pools of all workers by bundle and endpoint, in order."""
    found: dict[tuple[str, str], list[Pool]] = {}
    for pool in pools:
        found.setdefault((pool.bundle, pool.endpoint), []).append(pool)
    return dict(sorted(found.items()))


def all_pools(workers: Iterable[Worker]) -> list[Pool]:
    """Return the pools of all workers."""
    return [pool for worker in workers for pool in worker.pools]


def _reload(last: Reloaded | None) -> Iterator[Concern]:
    if last is None or last.done:
        if last is not None and last.restart:
            yield Concern("warn", "Some changed keys count from the next start only", "/configuration")
        return
    text = "The last reload was refused" if last.outcome is Outcome.REFUSED else "The last reload failed"
    yield Concern("bad", f"{text}; what served before goes on", "/configuration")


def _workers(snapshot: Snapshot, workers: Sequence[Worker]) -> Iterator[Concern]:
    wanted = snapshot.home.gateway.server.workers
    if len(workers) < wanted:
        yield Concern("bad", f"{len(workers)} of {_many(wanted, 'worker')} answer", "/")
    other = [worker for worker in workers if worker.digest != snapshot.digest]
    if other:
        yield Concern("bad", f"{_many(len(other), 'worker')} on another configuration", "/")
    threads = snapshot.home.gateway.server.threads
    full = [worker for worker in workers if worker.in_work >= threads * _BUSY]
    if full:
        yield Concern("warn", f"{_many(len(full), 'worker')} with nearly all threads in work", "/")


def _pools(workers: Sequence[Worker]) -> Iterator[Concern]:
    for (bundle, endpoint), pools in endpoints(all_pools(workers)).items():
        down = sum(not pool.up for pool in pools)
        if down:
            where = "" if down == len(pools) else f" from {down} of {len(pools)} workers"
            yield Concern(
                "bad", f"IMS Connect {endpoint} ({bundle}) cannot be reached{where}", f"/bundles/{bundle}"
            )
        elif waiting := sum(pool.waiting for pool in pools):
            text = f"{_many(waiting, 'request')} waiting for a socket to {endpoint} ({bundle})"
            yield Concern("warn", text, f"/bundles/{bundle}")


def _audit(workers: Sequence[Worker]) -> Iterator[Concern]:
    picture = together(worker.audit for worker in workers if worker.audit is not None)
    if picture is None:
        return
    if not picture.up:
        what = "requests are refused" if picture.on_failure == "refuse" else "requests go on unrecorded"
        yield Concern("bad", f"The audit trail cannot be written, {what}: {picture.reason}", "/")
    elif picture.receiver:
        text = f"The syslog receiver of the audit trail does not answer; {picture.waiting} records wait"
        yield Concern("warn", text, "/")
    if picture.lost:
        yield Concern("bad", f"{_many(picture.lost, 'audit record')} lost since the workers started", "/")


def _stopped(snapshot: Snapshot) -> Iterator[Concern]:
    home = snapshot.home
    stopped = sum(not service.settings.enabled for service in home.services.values())
    stopped += sum(not service.settings.enabled for service in home.consumers.values())
    if stopped:
        yield Concern("warn", f"{_many(stopped, 'service')} stopped", "/services?state=stopped")


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
