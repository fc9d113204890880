"""Asynchronous callouts: kept before IMS is told, delivered in the end, dead letters that come back."""

import sqlite3
from contextlib import closing

import pytest

from gateway.callout.journal.entries import State
from gateway.observe.callout_events import CalloutEnded, CircuitChanged
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import GOOD, code, contract, event, rating
from tests.fixtures.callout_wire import ACK, NAK
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import wait_until

TAKE = {"TAKE": {"program": "gateway.standin.builtin:NoReply"}}
"""A transaction that takes its input and answers nothing: a non-response one."""


@pytest.fixture
def events(lab, service):
    """The monitoring service behind PIPE1, nothing started."""
    lab.service(contract("events", service.origin), "events")
    return lab


def ids_of(service):
    return [heard.text("id") for heard in service.heard]


def wait_empty(lab, running):
    """Return once nothing is left, here and in IMS."""
    wait_until(lambda: lab.left() == 0, "an empty tpipe")
    wait_until(lambda: not sum(running.runtime.journal.counts().values()), "an empty journal")


# -- one-way ---------------------------------------------------------------------------------------------------


def test_an_event_is_posted_once_and_nothing_goes_back(events, service, tap_of):
    tap = tap_of(events.standin)
    events.bundle(ims_connect={"host": tap.host, "port": tap.port})
    running = events.start()
    events.post(event(7, "disk full: ÄÖÜ"))
    (record,) = running.records.wait(CalloutEnded)
    assert (record.kind, record.outcome, record.service, record.operation) == (
        "asynchronous",
        "accepted",
        "events",
        "Post",
    )
    (heard,) = service.heard
    assert (heard.text("id"), heard.text("time"), heard.text("text")) == (
        "7",
        "2026-11-23T01:02:03Z",
        "disk full: ÄÖÜ",
    )
    wait_empty(events, running)
    assert [one.verb for one in tap.sent if one.verb not in "RC"] == [ACK], "IMS sees the ACK and nothing else"


def test_a_message_of_many_segments_is_one_message(events, service):
    running = events.start()
    events.post(event(1, "long " * 30_000))
    running.records.wait(CalloutEnded)
    assert service.heard[0].text("text").count("long") == 30_000


def test_many_events_arrive_once_each(events, service):
    events.bundle(callout={"concurrency": 8})
    running = events.start()
    for number in range(100):
        events.post(event(number))
    running.records.wait(CalloutEnded, 100)
    assert sorted(map(int, ids_of(service))) == list(range(100))
    assert service.most_at_once <= 8
    wait_empty(events, running)


def test_a_request_response_operation_without_response_transaction_drops_the_answer(lab, service):
    lab.service(contract("rating", service.origin))
    running = lab.start()
    lab.post(rating())
    (record,) = running.records.wait(CalloutEnded)
    assert record.outcome == "accepted"
    assert len(service.heard) == 1
    wait_empty(lab, running)


# -- the answer becomes input of a transaction -----------------------------------------------------------------


@pytest.fixture
def answering(callout_lab, service):
    """The rating service, whose answers go to transaction TAKE."""
    lab = callout_lab(transactions=TAKE)
    lab.bundle()
    operations = {"response_transaction": "TAKE", "response_lterm": "LTERM1"}
    lab.service(contract("rating", service.origin), operations=operations)
    return lab


def taken(lab):
    return [seen for seen in lab.standin.seen if seen.transaction == "TAKE"]


def test_the_answer_is_a_new_transaction(answering):
    running = answering.start()
    answering.post(rating("MÜLLER", 250))
    (record,) = running.records.wait(CalloutEnded)
    assert record.outcome == "answered"
    (seen,) = taken(answering)
    data = b"".join(seen.segments).decode("cp1140")
    assert data.startswith("TAKE ")
    assert f"<score>{250 % 97}</score>" in data
    assert seen.lterm == "LTERM1"
    wait_empty(answering, running)


def test_an_answer_longer_than_a_segment_arrives_whole(answering, service):
    service.behave = hostile.big(100_000)
    running = answering.start()
    answering.post(rating())
    running.records.wait(CalloutEnded)
    (seen,) = taken(answering)
    assert len(seen.segments) > 3
    assert b"".join(seen.segments).decode("cp1140").count("w") >= 100_000


def test_while_ims_does_not_take_the_answer_the_service_is_not_asked_again(answering, service):
    answering.standin.faults.add(kind="refuse", transaction="TAKE", return_code=8, reason_code=74, count=3)
    running = answering.start()
    answering.post(rating())
    records = running.records.wait(CalloutEnded, 4)
    assert [record.outcome for record in records] == ["retried", "retried", "retried", "answered"]
    assert len(service.heard) == 1
    assert len([seen for seen in taken(answering) if "refused" not in seen.outcome]) == 1


def test_an_answer_of_which_nobody_knows_whether_ims_has_it_is_not_sent_twice(answering, service):
    """A lost reply to send-only with acknowledgement: what may have been executed is a dead letter."""
    answering.standin.faults.add(kind="drop", on="reply", transaction="TAKE")
    running = answering.start()
    answering.post(rating())
    (record,) = running.records.wait(CalloutEnded)
    assert (record.outcome, record.status) == ("dead", 1003)
    assert len(taken(answering)) == 1
    (letter,) = running.runtime.journal.letters()
    assert letter.stage.value == "answer"
    assert running.runtime.journal.replay([letter.id]) == 1
    running.records.wait(CalloutEnded, 2)
    assert running.records.outcomes == ["dead", "answered"]
    assert len(service.heard) == 1


# -- retries ---------------------------------------------------------------------------------------------------

PASSING = {
    "closed": hostile.drop,
    "reset": hostile.reset,
    "503": hostile.status("503 Service Unavailable"),
    "silent": hostile.hang,
    "page": hostile.status("502 Bad Gateway", b"<html/>", "text/html"),
}


@pytest.mark.parametrize("behaviour", PASSING.values(), ids=PASSING.keys())
def test_what_may_pass_is_tried_again_with_the_same_message_id(lab, service, behaviour):
    service.behave = behaviour
    lab.service(
        contract("events", service.origin),
        "events",
        operations={"timeout_ms": 250},
        retry={"first_seconds": 0.05, "longest_seconds": 0.05, "attempts": 1000, "circuit_failures": 1000},
    )
    running = lab.start()
    lab.post(event(1))
    wait_until(lambda: len(service.heard) >= 3, "three tries")
    service.behave = service.rating
    wait_until(lambda: "accepted" in running.records.outcomes, "the delivery")
    assert len({heard.message_id for heard in service.heard}) == 1
    assert len({record.tracking_id for record in running.records.of(CalloutEnded)}) == 1
    wait_empty(lab, running)


def test_with_room_for_one_callout_retries_and_icals_both_get_it(lab, service):
    """The listener, which waits for a message with room for it, keeps nobody else from it."""
    lab.bundle(callout={"concurrency": 1})
    service.behave = hostile.drop
    lab.service(
        contract("events", service.origin), "events", retry={"attempts": 1000, "circuit_failures": 1000}
    )
    lab.service(contract("rating", service.origin))
    running = lab.start()
    for number in range(3):
        lab.post(event(number))
    wait_until(lambda: running.records.outcomes.count("retried") >= 3, "the first tries")
    assert lab.call(rating()).extended_reason == 1009
    service.behave = service.rating
    wait_until(lambda: running.records.outcomes.count("accepted") == 3, "the deliveries")
    assert code(lab.call(rating())) == GOOD
    assert service.most_at_once == 1


def test_a_service_that_is_down_gets_its_events_when_it_is_back(lab, service_factory):
    (port,) = free_ports(1)
    lab.service(contract("events", f"http://127.0.0.1:{port}"), "events")
    running = lab.start()
    for number in range(5):
        lab.post(event(number))
    running.records.wait(CalloutEnded, 5)
    assert {record.status for record in running.records.of(CalloutEnded)} == {1009}
    wait_until(lambda: lab.left() == 0, "IMS without the messages")
    service = service_factory()
    lab.service(contract("events", service.origin), "events")
    running.reload()
    wait_empty(lab, running)
    assert sorted(map(int, ids_of(service))) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "behaviour",
    [hostile.fault11("soap:Client"), hostile.status("400 Bad Request"), hostile.status("404 Not Found")],
    ids=["Client fault", "400", "404"],
)
def test_what_cannot_succeed_is_a_dead_letter_at_once(events, service, behaviour):
    service.behave = behaviour
    running = events.start()
    events.post(event(1))
    (record,) = running.records.wait(CalloutEnded)
    assert (record.outcome, record.status, record.attempt) == ("dead", 1002, 1)
    assert len(service.heard) == 1


def test_after_so_many_tries_it_is_a_dead_letter(lab, service):
    service.behave = hostile.drop
    lab.service(contract("events", service.origin), "events", retry={"attempts": 3})
    running = lab.start()
    lab.post(event(1))
    records = running.records.wait(CalloutEnded, 3)
    assert [record.outcome for record in records] == ["retried", "retried", "dead"]
    assert [record.attempt for record in records] == [1, 2, 3]
    (letter,) = running.runtime.journal.letters()
    assert (letter.service, letter.operation, letter.status, letter.attempts) == ("events", "Post", 1009, 3)


def test_a_dead_letter_comes_back_and_another_is_discarded(lab, service):
    service.behave = hostile.fault11("soap:Client")
    lab.service(contract("events", service.origin), "events")
    running = lab.start()
    journal = running.runtime.journal
    lab.post(event(1))
    running.records.wait(CalloutEnded, 1)
    lab.post(event(2))
    running.records.wait(CalloutEnded, 2)
    first, second = journal.letters()
    found = journal.letter(second.id)
    assert found is not None
    assert found.data == event(2), "the message is kept as it came"
    service.behave = service.rating
    assert journal.discard([first.id]) == 1
    assert journal.replay([second.id]) == 1
    running.records.wait(CalloutEnded, 3)
    assert running.records.outcomes[2] == "accepted"
    assert ids_of(service) == ["1", "2", "2"]
    assert service.heard[1].message_id == service.heard[2].message_id
    assert journal.letters() == []
    wait_empty(lab, running)


# -- the circuit -----------------------------------------------------------------------------------------------


def test_an_address_that_fails_again_and_again_is_left_alone_for_a_while(lab, service):
    service.behave = hostile.drop
    lab.service(
        contract("events", service.origin),
        "events",
        retry={"circuit_failures": 3, "first_seconds": 0.2, "longest_seconds": 0.2, "attempts": 1000},
    )
    running = lab.start()
    for number in range(50):
        lab.post(event(number))
    (opened,) = running.records.wait(CircuitChanged)
    assert opened.open
    wait_until(lambda: lab.left() == 0, "all messages in the journal")
    before = len(service.heard)
    assert before < 25, "not each of the fifty has tried it"
    service.behave = service.rating
    wait_empty(lab, running)
    assert [one.open for one in running.records.of(CircuitChanged)] == [True, False]
    assert set(map(int, ids_of(service)[before:])) >= set(range(50)) - set(map(int, ids_of(service)[:before]))


def test_a_circuit_of_one_service_does_not_hold_another_back(lab, service_factory):
    bad, good = service_factory(hostile.drop), service_factory()
    retry = {"circuit_failures": 1, "first_seconds": 30.0, "longest_seconds": 30.0, "attempts": 1000}
    lab.service(contract("events", bad.origin), "events", retry=retry)
    lab.service(contract("events", good.origin), "events2", retry=retry)
    running = lab.start()
    lab.post(event(1))
    running.records.wait(CircuitChanged)
    lab.post(event(2, wsid="events2"))
    wait_until(lambda: "accepted" in running.records.outcomes, "the other delivery")
    assert ids_of(good) == ["2"]


def test_an_open_circuit_does_not_hold_icals_back(lab, service):
    """A program wants its answer now."""
    service.behave = hostile.drop
    lab.service(
        contract("events", service.origin),
        "events",
        retry={"circuit_failures": 1, "first_seconds": 30.0, "longest_seconds": 30.0},
    )
    lab.service(contract("rating", service.origin))
    running = lab.start()
    lab.post(event(1))
    running.records.wait(CircuitChanged)
    service.behave = service.rating
    assert code(lab.call(rating())) == GOOD


# -- a full or broken journal ----------------------------------------------------------------------------------


def test_a_full_journal_leaves_messages_with_ims(lab, service, tap_of):
    service.behave = hostile.drop
    tap = tap_of(lab.standin)
    lab.gateway(journal={"max_entries": 5})
    lab.bundle(ims_connect={"host": tap.host, "port": tap.port})
    lab.service(contract("events", service.origin), "events", retry={"attempts": 1000})
    running = lab.start()
    for number in range(20):
        lab.post(event(number))
    wait_until(lambda: sum(running.runtime.journal.counts().values()) == 5, "a full journal")
    wait_until(lambda: running.states()["ims1/PIPE1"].value == "full", "the listener says so")
    assert lab.left() == 15
    assert tap.of(NAK) == [], "nothing was fetched to be handed back"
    service.behave = service.rating
    # the last may be neither in IMS nor in the journal yet, so both may be empty before it comes
    wait_until(lambda: set(map(int, ids_of(service))) == set(range(20)), "all of them")
    wait_empty(lab, running)


def test_a_message_that_cannot_be_kept_stays_with_ims(lab, service, tap_of):
    """No ACK; the message goes back to its tpipe and comes again."""
    tap = tap_of(lab.standin)
    lab.bundle(ims_connect={"host": tap.host, "port": tap.port}, callout={"retry_seconds": 0.05})
    lab.service(contract("events", service.origin), "events")
    running = lab.start()
    running.wait_listening()
    file = lab.home / "var/journal.db"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # nobody else can write
        lab.post(event(1))
        wait_until(lambda: tap.of(NAK), "the message handed back", 60)
        assert tap.of(ACK) == []
        wait_until(lambda: lab.left() == 1, "the message in its tpipe again")
        other.execute("ROLLBACK")
    running.records.wait(CalloutEnded)
    assert ids_of(service) == ["1"]
    wait_empty(lab, running)


# -- restart ---------------------------------------------------------------------------------------------------


def test_what_was_acknowledged_is_delivered_after_a_restart(lab, service):
    service.behave = hostile.drop
    lab.service(contract("events", service.origin), "events", retry={"attempts": 1000})
    running = lab.start()
    for number in range(10):
        lab.post(event(number))
    wait_until(lambda: lab.left() == 0, "all messages acknowledged")
    running.stop()
    before = {heard.text("id"): heard.message_id for heard in service.heard}
    service.behave = service.rating
    service.forget()
    again = lab.start()
    wait_empty(lab, again)
    assert sorted(map(int, ids_of(service))) == list(range(10))
    for heard in service.heard:
        assert before.get(heard.text("id"), heard.message_id) == heard.message_id


def test_a_graceful_stop_finishes_deliveries_in_work(lab, service):
    service.rating.hold("SLOW")
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 20_000})
    running = lab.start()
    lab.post(rating("SLOW"))
    wait_until(lambda: service.heard, "the call")
    service.rating.let_go()
    running.stop()
    assert running.records.outcomes == ["accepted"]


def test_synchronous_and_asynchronous_callouts_share_a_tpipe_if_they_must(lab, service):
    lab.service(contract("rating", service.origin))
    lab.service(contract("events", service.origin), "events")
    running = lab.start()
    waiting = []
    for number in range(20):
        lab.post(event(number))
        waiting.append(lab.ical(rating(f"C{number}", number)))
    assert {code(one.result(30)) for one in waiting} == {GOOD}
    running.records.wait(CalloutEnded, 40)
    assert running.runtime.journal.counts().get(State.DEAD) is None
    assert len([heard for heard in service.heard if heard.text("id")]) == 20
