"""Synchronous callouts: the right answer to the right ICAL, in time or late, for the right user."""

import threading

import pytest

from gateway import testkeys
from gateway.exchange import Secret
from gateway.imsconnect import Client, ConnectionSettings, Credentials, Endpoint, Interaction
from gateway.observe.callout_events import CalloutEnded, LateAnswer
from gateway.standin.programs import Context, Reply, split
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import (
    ERROR_RESPONSE,
    GOOD,
    TIMED_OUT,
    TPIPES,
    code,
    contract,
    iogcallout,
    rate,
    rating,
    text,
)
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until


class Rate:
    """A program of the stand-in: asks for a rating of its input and answers with what the AIB holds."""

    async def run(self, context: Context) -> Reply:
        answer = await context.ical("D1", rating(context.text))
        codes = f"{answer.return_code:X}/{answer.reason_code:X}/{answer.extended_reason}"
        return Reply((codes.encode("cp037"), *split(answer.data)))


@pytest.fixture
def deployed(lab, service):
    lab.service(contract("rating", service.origin))
    return lab


@pytest.fixture
def running(deployed):
    return deployed.start()


def test_a_program_gets_the_body_of_the_answer(deployed, running):
    answer = deployed.call(rating("MÜLLER & SÖHNE", 250))
    assert code(answer) == GOOD
    assert text(answer).startswith("<RateResponse")
    assert f"<score>{250 % 97}</score>" in text(answer)


def test_a_transaction_of_the_stand_in_calls_out(callout_lab, service):
    lab = callout_lab(transactions={"RATE": {"program": f"{__name__}:Rate"}})
    lab.bundle()
    lab.service(contract("rating", service.origin))
    lab.start()
    endpoint = Endpoint(lab.standin.host, lab.standin.port)
    settings = ConnectionSettings(endpoints=(endpoint,), datastore="IMS1")
    with Client(settings) as client:
        asked = "RATE MÜLLER".encode("cp037")
        reply = client.run(Interaction(transaction="RATE", segments=(asked,)), Credentials("ALICE"))
    assert reply.segments[0].decode("cp037") == "0/0/0"
    assert "<score>3</score>" in reply.segments[1].decode("cp1140")
    assert service.heard[0].text("customer") == "MÜLLER"


@pytest.mark.parametrize("ccsid", [37, 273, 500, 1140, 1141, 1208])
def test_the_answer_is_in_the_encoding_of_the_question(lab, service, ccsid):
    page = "utf-8" if ccsid == 1208 else f"cp{ccsid:03}"
    lab.bundle(callout={"host_ccsid": 1140 if ccsid == 1208 else ccsid})
    lab.service(contract("rating", service.origin))
    lab.start()
    service.behave = hostile.payload(hostile.rated(7, "Jürgen Straße"))
    asked = iogcallout(
        "rating",
        "Rate",
        rate("Jürgen Straße"),
        Namespace=hostile.RATING,
        Service="RatingService",
        Port="RatingPort",
    )
    answer = lab.call(asked.encode(page))
    assert code(answer) == GOOD
    assert service.heard[0].text("customer") == "Jürgen Straße"
    assert "<who>Jürgen Straße</who>" in answer.data.decode(page)


def test_two_answers_in_reverse_order_reach_the_right_icals(deployed, running, service):
    service.rating.hold("FIRST", "SECOND")
    first, second = deployed.ical(rating("FIRST", 1)), deployed.ical(rating("SECOND", 2))
    wait_until(lambda: len(service.heard) == 2, "both calls")
    service.rating.let_go("SECOND")
    assert "<score>2</score>" in text(second.result(20))
    assert not first.done()
    service.rating.let_go("FIRST")
    assert "<score>1</score>" in text(first.result(20))


def test_200_icals_over_4_tpipes_at_once_get_each_its_own_answer(lab, service):
    """Checked by content: customer and score of each are its own. The last to be asked is answered first."""
    lab.bundle(callout={"tpipes": list(TPIPES), "concurrency": 64})
    lab.service(contract("rating", service.origin), concurrency=256)
    lab.start()
    everybody = [f"CUSTOMER {number}" for number in range(200)]
    service.rating.hold(*everybody)
    service.behave = lambda link, heard: _echoed(service, link, heard)
    waiting = [
        lab.ical(rating(customer, number), f"D{1 + number % 4}", timeout_seconds=60, user=f"USER{number:03}")
        for number, customer in enumerate(everybody)
    ]
    wait_until(lambda: len(service.heard) == 200, "200 calls at once")
    assert service.most_at_once == 200
    for customer in reversed(everybody):
        service.rating.let_go(customer)
    for number, (customer, one) in enumerate(zip(everybody, waiting, strict=True)):
        answer = one.result(60)
        assert code(answer) == GOOD
        assert f"<score>{number % 97}</score><who>{customer}</who>" in text(answer)


def _echoed(service, link, heard):
    customer = heard.text("customer")
    service.rating.holds[customer].wait(60)
    hostile.payload(hostile.rated(int(heard.text("amount")) % 97, customer))(link, heard)


def test_forty_at_once_on_one_tpipe(lab, service):
    """The original has at most 32 workers."""
    lab.bundle(callout={"concurrency": 40})
    lab.service(contract("rating", service.origin), concurrency=40)
    lab.start()
    service.rating.hold("ALL")
    waiting = [lab.ical(rating("ALL", number), timeout_seconds=60) for number in range(40)]
    wait_until(lambda: service.most_at_once == 40, "forty at once")
    service.rating.let_go()
    assert {code(one.result(60)) for one in waiting} == {GOOD}


def test_an_answer_of_5_mb_arrives_whole(lab, service):
    size = 5_000_000
    service.behave = hostile.big(size)
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    lab.start()
    answer = lab.call(rating(), timeout_seconds=60)
    assert code(answer) == GOOD
    assert text(answer).count("w" * 1000) == size // 1000
    assert text(answer).endswith("</who></RateResponse>")


# -- the clocks ------------------------------------------------------------------------------------------------


def test_a_slow_service_answers_in_time(lab, service):
    service.rating.hold("SLOW")
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 20_000})
    lab.start()
    waiting = lab.ical(rating("SLOW"), timeout_seconds=30)
    wait_until(lambda: service.heard, "the call")
    service.rating.let_go()
    assert code(waiting.result(20)) == GOOD


def test_an_answer_behind_the_timeout_of_the_service_is_recorded(lab, service):
    service.rating.hold("LATE")
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 200, "late_answer_ms": 20_000})
    running = lab.start()
    answer = lab.call(rating("LATE"))
    assert (code(answer), answer.extended_reason) == (ERROR_RESPONSE, 1001)
    assert running.records.of(LateAnswer) == []
    service.rating.let_go()
    (late,) = running.records.wait(LateAnswer)
    assert (late.where, late.service, late.operation) == ("service", "rating", "Rate")
    assert [ended.outcome for ended in running.records.of(CalloutEnded)] == ["failed"]


def test_an_answer_behind_the_time_out_of_the_ical_is_recorded(lab, service):
    """IMS refuses it, which only a response with acknowledgement hears."""
    service.rating.hold("LATE")
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 20_000, "acknowledge": True})
    running = lab.start()
    answer = lab.call(rating("LATE"), timeout_seconds=0.3)
    assert code(answer) == TIMED_OUT
    service.rating.let_go()
    (late,) = running.records.wait(LateAnswer)
    assert late.where == "ims"


def test_an_answer_nobody_waits_for_reaches_no_other_ical(lab, service):
    service.rating.hold("LATE")
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 20_000})
    running = lab.start()
    assert code(lab.call(rating("LATE", 11), timeout_seconds=0.3)) == TIMED_OUT
    next_one = lab.ical(rating("NEXT", 22))
    service.rating.let_go("LATE")
    assert "<score>22</score>" in text(next_one.result(20))
    running.records.wait(CalloutEnded, 2)


def test_those_that_were_told_1001_do_not_keep_others_from_being_served(lab, service):
    service.rating.hold("LATE")
    lab.bundle(callout={"concurrency": 2})
    lab.service(
        contract("rating", service.origin),
        operations={"timeout_ms": 200, "late_answer_ms": 30_000},
        concurrency=8,
    )
    lab.start()
    late = [lab.ical(rating("LATE")) for _ in range(2)]
    assert {one.result(20).extended_reason for one in late} == {1001}
    assert code(lab.call(rating("NEXT"))) == GOOD


# -- who calls -------------------------------------------------------------------------------------------------


def test_each_call_names_the_user_of_its_own_program(lab, service_factory, tmp_path):
    keys = testkeys.create(tmp_path / "keys", password=Secret(KEYSTORE_PASSWORD))
    service = service_factory(tls=hostile.server_tls(keys.server))
    lab.bundle(callout={"truststore": {"path": keys.ca}})
    lab.service(contract("rating", service.origin), security={"token": "saml11"})
    lab.start()
    users = [f"USER{number}" for number in range(20)]
    waiting = [lab.ical(rating(user), user=user) for user in users]
    for user, one in zip(users, waiting, strict=True):
        assert f"<who>{user}</who>" in text(one.result(20))
    assert {heard.text("customer"): heard.user for heard in service.heard} == {user: user for user in users}


def test_a_call_without_token_names_nobody(deployed, running, service):
    assert code(deployed.call(rating(), user="ALICE")) == GOOD
    assert b"ALICE" not in service.heard[0].body
    assert service.heard[0].basic is None


def test_every_call_has_a_message_id_of_its_own(deployed, running, service):
    for _ in range(3):
        deployed.call(rating())
    ids = [heard.message_id for heard in service.heard]
    assert len(set(ids)) == 3
    assert [record.tracking_id for record in running.records.wait(CalloutEnded, 3)] == ids


# -- send-only with acknowledgement ----------------------------------------------------------------------------


def acknowledged(lab, service, **faults):
    lab.service(contract("rating", service.origin), operations={"acknowledge": True})
    if faults:
        lab.standin.faults.add(verb="L", **faults)
    return lab.start()


def test_ims_answers_ack(lab, service):
    running = acknowledged(lab, service)
    assert code(lab.call(rating())) == GOOD
    (record,) = running.records.wait(CalloutEnded)
    assert (record.outcome, record.status) == ("answered", 0)


def test_ims_answers_nak(lab, service):
    """RSM 16: the ICAL waits no more, or never did."""
    running = acknowledged(lab, service, kind="refuse", return_code=16, reason_code=0x28, count=0)
    assert code(lab.call(rating(), timeout_seconds=1.0)) == TIMED_OUT
    wait_until(lambda: running.records.of(LateAnswer) or running.records.of(CalloutEnded), "a record")
    told = [*running.records.of(LateAnswer), *running.records.of(CalloutEnded)]
    assert len(told) == 1
    assert isinstance(told[0], LateAnswer) or told[0].status == 1003


def test_ims_answers_nothing(lab, service):
    """The response may have arrived or not: it is sent once more, and its token is good once."""
    running = acknowledged(lab, service, kind="drop", on="reply", count=1)
    assert code(lab.call(rating())) == GOOD
    (record,) = running.records.wait(CalloutEnded)
    assert record.outcome == "answered"
    assert len(service.heard) == 1


# -- sockets ---------------------------------------------------------------------------------------------------


def test_connections_to_a_service_are_used_again(deployed, running, service):
    for number in range(10):
        assert code(deployed.call(rating(f"C{number}"))) == GOOD
    assert service.connections == 1


def test_a_connection_that_the_service_has_closed_meanwhile_costs_no_call(deployed, running, service):
    def once(link, heard):
        service.rating(link, heard)
        raise ConnectionAbortedError

    service.behave = once
    for _ in range(5):
        assert code(deployed.call(rating())) == GOOD


def test_a_request_on_a_connection_that_breaks_is_never_sent_twice(deployed, running, service):
    assert code(deployed.call(rating())) == GOOD
    service.behave = hostile.drop
    answer = deployed.call(rating())
    assert answer.extended_reason == 1009
    assert len(service.heard) == 2, "one each"


@pytest.mark.parametrize("size", [300_000_000, 11_000_000])
def test_an_answer_that_is_too_long_ends_in_1002_and_not_in_memory(lab, service, size):
    service.behave = hostile.gzip_bomb(size) if size > 100_000_000 else hostile.big(size)
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    lab.start()
    before = _peak()
    answer = lab.call(rating(), timeout_seconds=60)
    assert answer.extended_reason == 1002, text(answer)
    assert _peak() - before < 200_000_000


def test_an_answer_without_end_is_given_up(lab, service):
    service.behave = hostile.endless
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    lab.start()
    assert lab.call(rating(), timeout_seconds=60).extended_reason == 1002


def _peak():
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_ical_and_transaction_threads_of_the_test_are_gone(deployed, running):
    """Threads of the gateway end with it."""
    deployed.call(rating())
    running.close()
    left = [
        one.name for one in threading.enumerate() if one.name.startswith(("callout-", "listener ", "deliver-"))
    ]
    assert left == []
