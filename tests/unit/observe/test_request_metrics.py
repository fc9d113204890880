"""What is counted of requests, as Prometheus reads it: labels are ours, never a caller's."""

from dataclasses import replace

import pytest

from gateway.errors import MESSAGES, M, Side
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.metric_files import Room
from gateway.observe.metrics import Metrics
from gateway.observe.timeline import IMS, POOL, ROUND_TRIP, Stretch
from tests.unit.observe.test_metrics import EVENT, values

ANSWERED = replace(
    EVENT,
    service="phonebook",
    outcome="answered",
    message_id="",
    bundle="ims1",
    milliseconds=40,
    request_bytes=1000,
    reply_bytes=3000,
    timeline=(Stretch(POOL, 0.0, 0.002), Stretch(ROUND_TRIP, 0.002, 0.03), Stretch(IMS, 0.0, 0.033)),
)
AWAY = TurnedAway("t1", "https", "192.0.2.1", 4711, "POST", "/imssoap/x", 404, "IGW1001E", "why")
HOSTILE = 'x"} 1\nimsgw_workers 99\n# {a="'
"""What an attacker would like to see in a label."""


def shown(*events: RequestEnded | TurnedAway) -> dict[str, float]:
    counted = Metrics()
    for event in events:
        (counted.turned_away if isinstance(event, TurnedAway) else counted.emit)(event)  # type: ignore[arg-type]
    return values(counted.page())


class TestRequests:
    def test_time_and_bytes_count_by_service(self):
        page = shown(ANSWERED, replace(ANSWERED, milliseconds=7), replace(ANSWERED, service="orders"))
        of = 'outcome="answered",service="phonebook"'
        assert page[f"imsgw_request_seconds_count{{{of}}}"] == 2
        assert page[f"imsgw_request_seconds_sum{{{of}}}"] == pytest.approx(0.047)
        within = {
            le: page[f'imsgw_request_seconds_bucket{{le="{le}",{of}}}'] for le in ("0.005", "0.01", "0.05")
        }
        assert within == {"0.005": 0, "0.01": 1, "0.05": 2}
        assert page['imsgw_request_bytes_total{service="phonebook"}'] == 2000
        assert page['imsgw_reply_bytes_total{service="phonebook"}'] == 6000
        assert page['imsgw_reply_bytes_total{service="orders"}'] == 3000

    @pytest.mark.parametrize(
        ("outcome", "message", "told"),
        [
            ("answered", None, "answered"),
            ("accepted", None, "accepted"),
            ("refused", M.SECURITY_HEADER, "refused"),
            ("refused", M.NOT_VALID, "refused"),
            ("refused", M.UNREACHABLE, "failed"),
            ("refused", M.DFS, "failed"),
            ("refused", M.INTERNAL, "failed"),
        ],
    )
    def test_what_the_caller_has_to_change_is_told_from_what_he_cannot(self, outcome, message, told):
        page = shown(replace(ANSWERED, outcome=outcome, message_id=message.id if message else ""))
        counts = {name for name in page if name.startswith("imsgw_request_seconds_count")}
        assert counts == {f'imsgw_request_seconds_count{{outcome="{told}",service="phonebook"}}'}

    def test_the_side_at_fault_is_that_of_the_catalogue(self):
        for message in MESSAGES.values():
            page = shown(replace(EVENT, message_id=message.id))
            told = "refused" if message.side is Side.CLIENT else "failed"
            assert any(f'outcome="{told}"' in name for name in page), message.id
            assert page[f'imsgw_request_errors_total{{message_id="{message.id}"}}'] == 1

    def test_waits_and_round_trips_count_by_bundle_each_try_by_itself(self):
        tries = (*ANSWERED.timeline, Stretch(POOL, 0.1, 0.7), Stretch(ROUND_TRIP, 0.8, 1.2))
        page = shown(replace(ANSWERED, timeline=tries))
        for name, total, le, within in (
            ("imsgw_ims_pool_wait_seconds", 0.702, "0.5", 1),
            ("imsgw_ims_round_trip_seconds", 1.23, "1.0", 1),
        ):
            assert page[f'{name}_sum{{bundle="ims1"}}'] == pytest.approx(total)
            assert page[f'{name}_count{{bundle="ims1"}}'] == 2
            assert page[f'{name}_bucket{{bundle="ims1",le="{le}"}}'] == within

    def test_what_never_came_to_ims_connect_has_no_such_times(self):
        page = shown(replace(EVENT, bundle="ims1", timeline=(Stretch("parse", 0.0, 0.1),)))
        assert not [name for name in page if "bundle=" in name]

    def test_codes_count_by_bundle(self):
        page = shown(*[replace(EVENT, bundle="ims1", ims_code="8/NFNDDST")] * 2)
        assert page['imsgw_ims_codes_total{bundle="ims1",code="8/NFNDDST"}'] == 2


class TestTurnedAway:
    def test_they_count_by_listener_and_error(self):
        page = shown(AWAY, AWAY, replace(AWAY, listener="admin", message_id="IGW1008E"))
        assert page['imsgw_requests_turned_away_total{listener="https",message_id="IGW1001E"}'] == 2
        assert page['imsgw_requests_turned_away_total{listener="admin",message_id="IGW1008E"}'] == 1

    def test_a_handshake_that_failed_is_no_request(self):
        page = shown(replace(AWAY, method="", path="", status=0, message_id=""))
        assert page['imsgw_tls_handshake_failures_total{listener="https"}'] == 1
        assert not [name for name in page if "turned_away" in name]

    def test_nothing_of_a_caller_becomes_a_label(self):
        away = replace(
            AWAY,
            tracking_id=HOSTILE,
            listener=HOSTILE,
            peer=HOSTILE,
            method=HOSTILE,
            path=HOSTILE,
            message_id=HOSTILE,
        )
        ended = replace(
            ANSWERED,
            tracking_id=HOSTILE,
            operation=HOSTILE,
            peer=HOSTILE,
            user=HOSTILE,
            outcome="refused",
            message_id=HOSTILE,
            reason=HOSTILE,
            issuer=HOSTILE,
            claimed=HOSTILE,
            client_id=HOSTILE,
            dfs=HOSTILE,
        )
        page = shown(away, ended)
        assert not [name for name in page if "99" in name or "# {" in name]
        assert page["imsgw_workers"] == 1
        assert page['imsgw_requests_turned_away_total{listener="other",message_id="other"}'] == 1
        assert page['imsgw_request_errors_total{message_id="other"}'] == 1


def test_where_the_disk_has_no_room_requests_go_on_uncounted_and_count_again_with_room(monkeypatch):
    full = True
    monkeypatch.setattr(Room, "made", lambda _room: not full)
    counted = Metrics()
    counted.emit(ANSWERED)
    counted.turned_away(AWAY)
    assert not [name for name in values(counted.page()) if "phonebook" in name or "turned_away" in name]
    full = False
    counted.emit(ANSWERED)
    assert values(counted.page())['imsgw_request_bytes_total{service="phonebook"}'] == 1000
