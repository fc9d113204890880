"""Metrics as they are shown: what follows from others is worked out when somebody asks."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import isnan, nan
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

NOTHING: Final = nan
"""Value of a gauge whose label has gone: files that workers share cannot forget one."""
DAYS: Final = {
    "imsgw_ims_connect_certificate_not_after_seconds": "imsgw_ims_connect_certificate_days_left",
    "imsgw_certificate_not_after_seconds": "imsgw_certificate_days_left",
}
"""Ends of certificates, and what the days until then are called."""
SKIPPED: Final = "imsgw_metrics_files_damaged"
_DAY_SECONDS: Final = 86_400


class Collecting(Protocol):
    """What metrics are collected from."""

    def collect(self) -> "Iterable[Metric]":
        """Yield all metrics."""
        ...


class Damaged(Protocol):
    """The files that workers count in."""

    @property
    def skipped(self) -> int:
        """How many of them could not be read when they were last."""
        ...


class Shown:
    """A collector of another one's metrics.

    Without what has no value any more, and beside the end of each certificate with the days until then.
    """

    def __init__(self, source: Collecting, now: datetime, files: Damaged | None = None) -> None:
        self._source = source
        self._now = now.timestamp()
        self._files = files

    def collect(self) -> "Iterator[Metric]":
        """Yield all metrics."""
        from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415  see `metric_files.count_in`

        for family in self._source.collect():
            family.samples = [sample for sample in family.samples if not isnan(sample.value)]
            yield family
            if family.name in DAYS:
                yield self._days(family)
        if self._files is not None:
            told = "Files of workers that are damaged: what was counted there is not shown."
            yield GaugeMetricFamily(SKIPPED, told, value=self._files.skipped)

    def _days(self, ends: "Metric") -> "Metric":
        from prometheus_client.metrics_core import Metric  # noqa: PLC0415  see `metric_files.count_in`

        days = Metric(DAYS[ends.name], "Days until then; negative when it has ended.", "gauge")
        for sample in ends.samples:
            left = (sample.value - self._now) / _DAY_SECONDS
            days.add_sample(days.name, sample.labels, round(left, 2))
        return days
