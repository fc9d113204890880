import json
import logging
from dataclasses import replace
from functools import partial
from threading import Event, Thread
from typing import Any, Literal

import pytest

from gateway.audit import aside
from gateway.audit.aside import ROOM, Aside
from gateway.audit.auditor import Auditor, Means, NotAuditedError
from gateway.audit.picture import AuditPicture, together, told, with_receiver
from gateway.audit.refusals import Refusals
from gateway.audit.repeats import MOST_KEYS, Repeats
from gateway.audit.requests import of_request, of_turned_away
from gateway.audit.sender_picture import SyslogPicture
from gateway.audit.target import AuditUnavailableError
from gateway.audit.trail import Trail, network_of
from gateway.config.model import GatewaySettings, Home
from gateway.errors import M
from gateway.limits import client_of
from gateway.outcome import Outcome
from tests.unit.audit.events import ANSWERED, TURNED_AWAY, refused


class Target:
    """Keeps lines; in trouble, it refuses them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.trouble = ""
        self.tries = 0
        self.closed = False

    def write(self, line: str) -> None:
        self.tries += 1
        if self.trouble:
            raise AuditUnavailableError(self.trouble)
        self.lines.append(line)

    def close(self) -> None:
        self.closed = True

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


class Counted:
    def __init__(self) -> None:
        self.counts = {"written": 0, "lost": 0}
        self.states: list[bool] = []

    def written(self) -> None:
        self.counts["written"] += 1

    def lost(self) -> None:
        self.counts["lost"] += 1

    def usable(self, usable: bool) -> None:
        self.states.append(usable)


class Desk:
    def __init__(self, clock, on_failure: Literal["refuse", "count"] = "refuse", per_second: int = 2) -> None:
        self.target, self.counted, self.clock = Target(), Counted(), clock
        means = Means(self.target, "file:a", "json", on_failure, clock, "serve 1", self.counted)
        self.auditor = Auditor(means)
        self.aside = Aside(self.auditor, per_second, clock)
        self.refusals = Refusals(self.auditor, per_second, clock, _network)
        self.trail = Trail(self.auditor, self.aside, refusals=self.refusals, client=_network)

    def drained(self) -> None:
        """Do what the thread of `Aside` does."""
        self.aside.start()
        self.aside.close()


_network = partial(client_of, ipv4_prefix=32, ipv6_prefix=64)
REQUEST = partial(of_request, ANSWERED)


def test_records_are_numbered_without_a_gap_and_have_the_event_s_own_id(clock):
    desk = Desk(clock)

    assert desk.trail.request(ANSWERED)
    assert desk.auditor.record(REQUEST)

    first, second = desk.target.records
    assert (first["event"]["sequence"], second["event"]["sequence"]) == (1, 2)
    assert first["event"]["id"] == ANSWERED.request_id
    assert second["event"]["id"] not in {"", ANSWERED.request_id}
    assert first["process"]["name"] == "serve 1"


def test_without_a_record_there_is_no_success_and_nothing_is_begun_until_there_can_be_one(clock):
    desk = Desk(clock)
    desk.target.trouble = "disk full"

    assert not desk.trail.request(ANSWERED)
    assert not desk.trail.open
    with pytest.raises(NotAuditedError) as error:
        desk.trail.require()

    assert (error.value.message, error.value.outcome) == (M.AUDIT_DOWN, Outcome.NOT_SENT)
    assert "disk full" in str(error.value)
    assert "disk full" not in error.value.text


def test_what_was_sent_to_ims_is_told_as_what_may_have_been_done():
    error = NotAuditedError("x", Outcome.UNKNOWN)

    assert (error.message, error.outcome) == (M.NOT_AUDITED, Outcome.UNKNOWN)
    assert error.message.http_status is None  # no 503, which would ask the caller to try again


def test_with_count_all_goes_on_and_the_loss_is_counted(clock):
    desk = Desk(clock, "count")
    desk.target.trouble = "disk full"

    assert desk.trail.request(ANSWERED)
    assert desk.trail.request(ANSWERED)
    desk.trail.require()

    assert desk.trail.open
    assert desk.counted.counts == {"written": 0, "lost": 2}
    assert desk.trail.picture().lost == 2


def test_a_target_in_trouble_is_tried_once_a_second_and_nobody_else_waits_for_it(clock):
    desk = Desk(clock, "count")
    desk.target.trouble = "disk full"
    for _ in range(5):
        desk.trail.request(ANSWERED)
    assert desk.target.tries == 1

    desk.auditor.look()
    assert desk.target.tries == 1
    clock.move(1)
    desk.auditor.look()
    desk.auditor.look()
    assert desk.target.tries == 2


def test_the_trail_goes_on_by_itself_with_a_record_of_how_much_was_lost(clock, caplog):
    caplog.set_level(logging.INFO)
    desk = Desk(clock)
    desk.trail.request(ANSWERED)
    desk.target.trouble = "disk full"
    for _ in range(3):
        desk.trail.request(ANSWERED)
    clock.move(1)
    desk.auditor.look()  # still in trouble
    desk.target.trouble = ""
    clock.move(1)
    desk.auditor.look()

    assert desk.trail.open
    assert desk.trail.request(ANSWERED)
    sequences = [(one["event"]["action"], one["event"]["sequence"]) for one in desk.target.records]
    assert sequences == [("invoke", 1), ("audit-resumed", 5), ("invoke", 6)]
    resumed = desk.target.records[1]
    assert (resumed["imsgw"]["lost"], resumed["event"]["reason"]) == (3, "disk full")
    assert desk.counted.states == [True, False, True]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_record_that_cannot_be_made_counts_as_one_that_cannot_be_written(clock, caplog):
    desk = Desk(clock)

    def broken(_stamp):
        raise ZeroDivisionError

    assert not desk.auditor.record(broken)
    assert not desk.trail.open
    clock.move(1)
    desk.auditor.look()
    assert desk.trail.open


def test_a_flood_of_one_kind_from_one_address_is_told_by_its_first_and_by_how_many_came(clock):
    desk = Desk(clock)
    for _ in range(50):
        desk.trail.turned_away(TURNED_AWAY)
    desk.trail.turned_away(TURNED_AWAY.__class__(**{**_members(TURNED_AWAY), "peer": "192.0.2.99"}))
    desk.drained()

    told_of = [(one["source"]["ip"], one["imsgw"].get("repeats", 0)) for one in desk.target.records]
    assert told_of == [("192.0.2.18", 0), ("192.0.2.18", 0), ("192.0.2.99", 0), ("192.0.2.18", 48)]


def test_the_end_waits_for_no_target_that_hangs_and_what_is_left_counts_as_lost(clock, monkeypatch):
    monkeypatch.setattr(aside, "_CLOSE_SECONDS", 0.05)
    desk, free, begun = Desk(clock, per_second=0), Event(), Event()

    def hang(_line: str) -> None:
        begun.set()
        free.wait(30)

    monkeypatch.setattr(desk.target, "write", hang)
    desk.trail.turned_away(TURNED_AWAY)
    desk.aside.start()
    assert begun.wait(30)
    for _ in range(ROOM):
        desk.trail.turned_away(TURNED_AWAY)
    ended = Thread(target=desk.aside.close, daemon=True)
    ended.start()
    ended.join(30)
    assert not ended.is_alive()
    desk.trail.turned_away(TURNED_AWAY)
    assert desk.counted.counts["lost"] == ROOM + 1

    free.set()
    desk.aside._thread.join(30)
    assert desk.counted.counts == {"written": 1, "lost": ROOM + 1}


def _members(event):
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


def test_addresses_of_one_network_are_one_client(clock):
    desk = Desk(clock)
    for number in range(60):
        turned = replace(TURNED_AWAY, peer=f"2001:db8::{number:x}")
        desk.trail.turned_away(turned)
        desk.trail.request(refused(M.RATE_LIMITED.id, peer=turned.peer))
        desk.trail.request(refused(M.NOT_XML.id, peer=turned.peer))
    desk.trail.turned_away(replace(TURNED_AWAY, peer="2001:db8:0:1::1"))
    desk.drained()
    desk.refusals.look(all_=True)

    codes = [one["event"]["code"] for one in desk.target.records]
    counts = [codes.count(one) for one in (TURNED_AWAY.message_id, M.RATE_LIMITED.id, M.NOT_XML.id)]
    assert counts == [4, 3, 3]
    assert sorted(one["imsgw"].get("repeats", 0) for one in desk.target.records)[-3:] == [58, 58, 58]


def test_refusals_are_held_down_and_told_by_how_many_came(clock):
    desk = Desk(clock)
    for _ in range(10):
        assert desk.trail.request(refused(M.RATE_LIMITED.id))
        assert desk.trail.request(refused(M.SIGN_ON.id))
        assert desk.trail.request(refused(M.SIGN_ON.id, peer="192.0.2.99"))
    codes = [(one["event"]["code"], one["source"]["ip"]) for one in desk.target.records]
    assert codes == [(M.SIGN_ON.id, "192.0.2.17"), (M.SIGN_ON.id, "192.0.2.99")] * 2

    clock.move(1)
    desk.refusals.look()
    assert [one["imsgw"]["repeats"] for one in desk.target.records[4:]] == [8, 8]
    desk.trail.request(refused(M.SIGN_ON.id))
    assert "repeats" not in desk.target.records[-1]["imsgw"]


def test_passwords_tried_on_many_users_show_as_such_within_a_bound(clock):
    desk = Desk(clock)
    for number in range(100):
        for _ in range(3):
            desk.trail.request(refused(M.SIGN_ON.id, claimed=f"user{number}", reached_ims_connect=True))
    desk.trail.close()

    users = [one["imsgw"]["claimed"] for one in desk.target.records]
    assert users == ["user0", "user0", *(f"user{number}" for number in range(1, 9)), "user99"]
    assert desk.target.records[-1]["imsgw"]["repeats"] == 290


@pytest.mark.parametrize(
    "event",
    [
        ANSWERED,
        refused(M.EXECUTION_TIMEOUT.id, reached_ims_connect=True),
        refused(M.DFS.id, reached_ims_connect=True),
    ],
    ids=["a success", "a time-out", "a DFS message"],
)
def test_what_ims_may_have_done_is_never_held_down(clock, event):
    desk = Desk(clock)
    for _ in range(50):
        desk.trail.request(event)
    assert len(desk.target.records) == 50


def test_refusals_are_all_recorded_where_nothing_is_held_down(clock):
    desk = Desk(clock, per_second=0)
    for _ in range(50):
        desk.trail.request(refused(M.SIGN_ON.id))
    assert len(desk.target.records) == 50


def test_the_trail_of_a_home_knows_its_networks(tmp_path, clock):
    settings = GatewaySettings.model_validate({"limits": {"ipv6_prefix": 48}})
    client = network_of(Home(tmp_path, tmp_path, settings, {}, {}))
    assert (client("2001:db8:1:2::3"), client("192.0.2.1")) == ("2001:db8:1::/48", "192.0.2.1/32")


def test_what_nobody_waits_for_is_bounded_and_what_is_too_much_is_counted(clock):
    desk = Desk(clock, per_second=0)
    for _ in range(ROOM + 5):
        desk.aside.put(("a",), partial(of_turned_away, TURNED_AWAY))

    assert desk.counted.counts["lost"] == 5
    assert desk.trail.open  # the target is not to blame


def test_each_second_begins_anew():
    repeats: Repeats[str] = Repeats(1)
    assert repeats.admit("k", "a", 0.0)
    assert not repeats.admit("k", "b", 0.5)
    assert not repeats.admit("k", "c", 0.9)
    assert list(repeats.due(0.9)) == []

    (one,) = repeats.due(1.0)

    assert (one.last, one.count) == ("c", 2)
    assert repeats.admit("k", "d", 1.0)
    assert list(repeats.due(2.0)) == []


def test_kinds_that_are_told_apart_are_bounded():
    repeats: Repeats[int] = Repeats(1)
    for number in range(MOST_KEYS):
        assert repeats.admit(number, number, 0.0)

    assert repeats.admit("one more", 0, 0.0)
    assert not repeats.admit("and another", 1, 0.0)  # both are one kind now


def test_a_picture_survives_its_way_as_json_and_several_make_one(clock):
    desk = Desk(clock)
    desk.trail.request(ANSWERED)
    good = desk.trail.picture()
    desk.target.trouble = "disk full"
    desk.trail.request(ANSWERED)
    bad = desk.trail.picture()

    assert AuditPicture.of(json.loads(json.dumps(good.facts()))) == good
    whole = together([good, bad])
    assert (whole.up, whole.written, whole.lost, whole.reason) == (False, 2, 1, "disk full")
    assert together([]) is None
    assert told(good) == "audit: 1 records as json to file:a"
    assert "file:a cannot be written since" in told(bad)
    assert told(bad).endswith(": disk full, 1 lost")


def test_a_picture_tells_of_a_receiver_that_is_away(clock):
    away = SyslogPicture("siem:6514", False, clock.now(), "refused", 5, 0, 0, 2, 0, 0, 3, 4096)

    picture = with_receiver(Desk(clock).trail.picture(), away)

    assert (picture.waiting, picture.receiver) == (3, "refused")
    assert told(picture).endswith("3 wait for the receiver (refused)")


def test_a_closed_trail_has_let_go_of_its_target(clock):
    desk = Desk(clock)
    desk.trail.turned_away(TURNED_AWAY)
    desk.aside.start()

    desk.trail.close()

    assert desk.target.closed
    assert len(desk.target.lines) == 1


def test_an_outage_ends_though_the_target_failed_in_a_way_that_nobody_foresaw(clock, monkeypatch):
    desk = Desk(clock)
    desk.target.trouble = "disk full"
    desk.trail.request(ANSWERED)
    desk.target.trouble = ""
    with monkeypatch.context() as patched:
        patched.setattr(desk.target, "write", lambda _line: bytes.fromhex("zz"))
        clock.move(2)
        desk.auditor.look()
    assert not desk.trail.open
    assert "internal error: ValueError" in desk.trail.picture().reason

    clock.move(2)
    desk.auditor.look()

    assert desk.trail.open


def test_what_fails_once_a_second_does_not_end_the_audit_thread(clock):
    def fails() -> None:
        raise ValueError

    desk = Desk(clock)
    aside = Aside(desk.auditor, 2, clock, fails)
    aside.look()
    aside.look()


def test_what_is_lost_while_the_trail_comes_back_is_told_by_the_next_record_behind_an_outage(clock):
    desk = Desk(clock)
    desk.target.trouble = "disk full"
    desk.trail.request(ANSWERED)
    desk.target.trouble = ""
    write = desk.target.write

    def write_while_another_comes(line: str) -> None:
        desk.trail.request(ANSWERED)  # as a thread beside does: it is known that records cannot be written
        write(line)

    desk.target.write = write_while_another_comes  # type: ignore[method-assign]
    clock.move(1)
    desk.auditor.look()
    desk.target.write = write  # type: ignore[method-assign]
    desk.target.trouble = "again"
    desk.trail.request(ANSWERED)
    desk.target.trouble = ""
    clock.move(1)
    desk.auditor.look()

    told = [one["imsgw"]["lost"] for one in desk.target.records]
    assert told == [1, 2]
    assert desk.counted.counts["lost"] == 3


def test_a_record_that_was_given_up_leaves_a_gap_too(clock):
    desk = Desk(clock)
    desk.trail.request(ANSWERED)
    desk.auditor.missed()
    desk.trail.request(ANSWERED)

    assert [one["event"]["sequence"] for one in desk.target.records] == [1, 3]
    assert desk.counted.counts == {"written": 2, "lost": 1}
