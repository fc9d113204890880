"""The audit trail as numbers."""

from gateway.observe.metrics import Metrics
from tests.unit.observe.test_metrics import values


def test_the_spool_is_seen_to_fill_and_to_empty():
    metrics = Metrics()
    metrics.audit.spool(40, connected=False, used=0.8, damaged=0)
    shown = values(metrics.page())
    assert shown["imsgw_audit_spool_records"] == 40
    assert shown["imsgw_audit_spool_used_ratio"] == 0.8
    assert shown["imsgw_audit_receiver_up"] == 0
    metrics.audit.spool(0, connected=True, used=0.0, damaged=0)
    assert values(metrics.page())["imsgw_audit_spool_used_ratio"] == 0


def test_damage_is_counted_once_however_often_it_is_looked_at():
    metrics = Metrics()
    for damaged in (0, 2, 2, 3, 3):
        metrics.audit.spool(0, connected=True, used=0.0, damaged=damaged)
    assert values(metrics.page())["imsgw_audit_spool_damaged_total"] == 3
