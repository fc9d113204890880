"""What workers remember of their traffic, summed up and brought onto a regular scale of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.admin.ports import Worker
from gateway.observe.traffic import BUCKET_SECONDS, Bucket

STEP_SECONDS: Final = 60
"""Width of a column of the charts; a multiple of BUCKET_SECONDS."""
STEPS: Final = 60
"""Columns: one hour."""
_NOW_SECONDS: Final = 300
"""What "now" means where a number tells of the present."""


@dataclass(frozen=True, slots=True)
class Step:
    """The requests that ended within one stretch of time."""

    start: int
    """Seconds since the epoch."""
    answered: int = 0
    refused: int = 0
    milliseconds: int = 0
    """Sum over all."""
    longest: int = 0

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.answered + self.refused

    @property
    def mean(self) -> float | None:
        """Milliseconds a request; None where there was none."""
        return self.milliseconds / self.requests if self.requests else None

    @property
    def faults(self) -> float | None:
        """The part of requests that got a fault, 0 to 1; None where there was none."""
        return self.refused / self.requests if self.requests else None

    @property
    def at(self) -> datetime:
        """When it began."""
        return datetime.fromtimestamp(self.start, UTC)

    def plus(self, other: "Step | Bucket") -> "Step":
        """Return both as one."""
        return Step(
            self.start,
            self.answered + other.answered,
            self.refused + other.refused,
            self.milliseconds + other.milliseconds,
            max(self.longest, other.longest),
        )


@dataclass(frozen=True, slots=True)
class Hour:
    """The hour up to now: STEPS steps without a gap, oldest first; the last one is not over yet."""

    steps: tuple[Step, ...]
    present: Step = Step(0)
    """The last five minutes."""

    @property
    def total(self) -> Step:
        """All of it as one."""
        return _sum(self.steps, self.steps[0].start)

    @property
    def rate(self) -> float:
        """Requests a second in the last five minutes."""
        return self.present.requests / _NOW_SECONDS


def hour(workers: Iterable[Worker], now: datetime, service: str | None = None) -> Hour:
    """Return the last hour of one service, or of all, summed over the workers. `now`: aware."""
    return of_buckets(
        (
            bucket
            for worker in workers
            for name, buckets in worker.traffic.items()
            if service is None or name == service
            for bucket in buckets
        ),
        now,
    )


def totals(workers: Iterable[Worker], now: datetime) -> dict[str, Step]:
    """Return the last hour of each service that had a request then, each as one step.

    There may be thousands of services with hundreds of buckets, so this makes no object for each of those.
    """
    first = _first(int(now.timestamp()))
    found: dict[str, Step] = {}
    for worker in workers:
        for name, buckets in worker.traffic.items():
            kept = [bucket for bucket in buckets if bucket.start >= first]
            if kept:
                summed = Step(
                    first,
                    sum(bucket.answered for bucket in kept),
                    sum(bucket.refused for bucket in kept),
                    sum(bucket.milliseconds for bucket in kept),
                    max(bucket.longest for bucket in kept),
                )
                found[name] = found[name].plus(summed) if name in found else summed
    return found


def of_buckets(buckets: Iterable[Bucket], now: datetime) -> Hour:
    """Bring buckets, in whatever order, onto the scale; what is older or in the future does not count."""
    seconds = int(now.timestamp())
    first, recent = _first(seconds), seconds - _NOW_SECONDS
    answered, refused, milliseconds, longest = ([0] * STEPS for _ in range(4))
    present = Step(recent)
    for bucket in buckets:
        number = (bucket.start - first) // STEP_SECONDS
        if 0 <= number < STEPS:
            answered[number] += bucket.answered
            refused[number] += bucket.refused
            milliseconds[number] += bucket.milliseconds
            longest[number] = max(longest[number], bucket.longest)
            if recent < bucket.start + BUCKET_SECONDS and bucket.start <= seconds:
                present = present.plus(bucket)
    starts = range(first, first + STEPS * STEP_SECONDS, STEP_SECONDS)
    steps = zip(starts, answered, refused, milliseconds, longest, strict=True)
    return Hour(tuple(Step(*step) for step in steps), present=present)


def _first(now: int) -> int:
    return now - now % STEP_SECONDS - (STEPS - 1) * STEP_SECONDS


def _sum(steps: Iterable[Step], start: int) -> Step:
    total = Step(start)
    for step in steps:
        total = total.plus(step)
    return total
