"""Refusals by limit, and the store of rates, as numbers."""

from typing import get_args

from gateway.observe.limit_events import LIMIT_KINDS, LimitKind, LimitReached
from gateway.observe.metrics import Metrics
from tests.unit.observe.test_metrics import values


def test_each_kind_of_limit_counts_by_itself_and_by_service():
    metrics = Metrics()
    for kind in LIMIT_KINDS:
        metrics.limits.limit_reached(LimitReached(kind, "phonebook"))
    metrics.limits.limit_reached(LimitReached("queue"))
    shown = values(metrics.page())
    counted = {name: value for name, value in shown.items() if name.startswith("imsgw_limited_total")}
    assert counted == {
        **{f'imsgw_limited_total{{limit="{kind}",service="phonebook"}}': 1 for kind in LIMIT_KINDS},
        'imsgw_limited_total{limit="queue",service=""}': 1,
    }
    assert get_args(LimitKind) == LIMIT_KINDS


def test_the_store_of_rates_is_seen_to_go_and_to_come_back():
    metrics = Metrics()
    metrics.limits.limit_store_usable(True)
    metrics.limits.limit_store_usable(False)
    metrics.limits.limit_store_failed(accepted=True)
    metrics.limits.limit_store_failed(accepted=False)
    shown = values(metrics.page())
    assert shown["imsgw_limits_store_up"] == 0
    assert shown["imsgw_limits_store_failures_total"] == 2
    assert shown["imsgw_limits_store_uncounted_total"] == 1
    metrics.limits.limit_store_usable(True)
    assert values(metrics.page())["imsgw_limits_store_up"] == 1
