from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.deciding import DATA_IN_TEXT
from gateway.audit.kinds import Kind, Outcome
from gateway.audit.requests import of_request, of_turned_away
from gateway.errors import MESSAGES, M
from tests.unit.audit.events import ANSWERED, STAMP, TURNED_AWAY, refused


def test_a_request_that_was_answered_is_told_with_who_what_where_and_how_long():
    record = of_request(ANSWERED, STAMP)

    assert (record.kind, record.outcome, record.done) == (Kind.INVOKE, Outcome.SUCCESS, "answered")
    assert (record.claimed, record.user, record.origin) == ("alice@bank.example", "ALICE", "saml20")
    assert (record.service, record.operation, record.transaction) == ("phonebook-saml20", "PhoneBook", "IVTNO")
    assert (record.bundle, record.datastore, record.endpoint) == ("ims1", "IMS1", "ims.example:9999")
    assert (record.source, record.source_port, record.tls) == ("192.0.2.17", 50123, True)
    assert record.attested_by == "CN=web1,O=Bank sha256:00ff"
    assert record.traced == "0af7651916cd43dd8448eb211c80319c"
    assert (record.rule, record.reached) == ("", True)


def test_a_part_that_came_twice_is_told_with_the_time_of_both():
    assert of_request(ANSWERED, STAMP).stretches == (("parse", 0.5), ("judge", 1.0), ("ims", 10.2))


KINDS = [
    ("IGW1302E", "replay.new", Kind.THREAT, "Replay"),
    ("IGW1302E", "signature.coverage", Kind.THREAT, "SignatureWrap"),
    ("IGW1302E", "id.unique", Kind.THREAT, "SignatureWrap"),
    ("IGW1302E", "trust.one", Kind.AUTH_FAILURE, "SAML20"),
    ("IGW1304E", "", Kind.AUTH_FAILURE, "SAML20"),
    ("IGW1012E", "", Kind.THREAT, "RateLimit"),
    ("IGW1105E", "", Kind.THREAT, "Depth"),
    ("IGW1103E", "", Kind.THREAT, "Entity"),
    ("IGW1204E", "", Kind.REFUSED, "Contract"),
    ("IGW1107E", "", Kind.REFUSED, "Envelope"),
    ("IGW2001E", "", Kind.BACKEND, "Connect"),
    ("IGW2006E", "", Kind.BACKEND, "Timeout"),
    ("IGW2009E", "", Kind.BACKEND, "DFS"),
    ("IGW3001E", "", Kind.REFUSED, "Gateway"),
]


@pytest.mark.parametrize(("message_id", "rule", "kind", "category"), KINDS)
def test_a_refusal_is_of_the_kind_that_its_error_and_its_rule_make_it(message_id, rule, kind, category):
    event = refused(message_id, rules=("header.present", f"!{rule}") if rule else ("header.present",))

    record = of_request(event, STAMP)

    assert (record.kind, record.category, record.outcome) == (kind, category, Outcome.FAILURE)
    assert record.rule == (rule or message_id)


@pytest.mark.parametrize("message_id", sorted(MESSAGES))
def test_every_error_of_the_catalogue_has_a_kind_that_is_none_of_success(message_id):
    assert of_request(refused(message_id), STAMP).kind is not Kind.INVOKE


def test_what_ims_may_have_done_is_no_plain_failure():
    assert of_request(refused(M.SOCKET_TIMEOUT.id, reached_ims_connect=True), STAMP).outcome is Outcome.UNKNOWN
    assert of_request(refused(M.SOCKET_TIMEOUT.id), STAMP).outcome is Outcome.FAILURE
    assert of_request(refused(M.SIGN_ON.id, reached_ims_connect=True), STAMP).outcome is Outcome.FAILURE


@pytest.mark.parametrize("message_id", sorted(DATA_IN_TEXT))
def test_a_text_that_may_quote_the_message_is_told_without_what_it_quotes(message_id):
    event = refused(message_id, f"{message_id} the value 'PAYLOAD-CANARY' is not valid [PAYLOAD-CANARY]")

    reason = of_request(event, STAMP).reason

    assert "CANARY" not in reason
    assert reason.startswith(message_id)


@given(st.text(alphabet=st.characters(), max_size=3000))
def test_texts_are_bounded_and_can_be_written_as_utf_8(text):
    event = replace(ANSWERED, claimed=text, tracking_id=text, operation=text, attested_by=text, reason=text)

    record = of_request(event, STAMP)

    for told in (record.claimed, record.tracking_id, record.operation, record.attested_by, record.reason):
        told.encode("utf-8")
        assert len(told) <= 1000
    assert len(record.claimed) <= 255


def test_a_request_that_http_turned_away_is_told_with_address_path_and_status():
    record = of_turned_away(TURNED_AWAY, STAMP)

    assert (record.kind, record.category, record.outcome) == (Kind.REFUSED, "HTTP", Outcome.FAILURE)
    assert (record.source, record.path, record.status) == ("192.0.2.18", "/imssoap/services/Nothing", 404)
    assert record.tls is True
    assert of_turned_away(replace(TURNED_AWAY, listener="http"), STAMP).tls is False


def test_too_much_at_once_and_a_handshake_that_failed_are_kinds_of_their_own():
    large = of_turned_away(replace(TURNED_AWAY, message_id="IGW1003E", status=413), STAMP)
    nobody = of_turned_away(replace(TURNED_AWAY, message_id="", status=0, reason="TLS handshake: x"), STAMP)

    assert (large.kind, large.category) == (Kind.THREAT, "Size")
    assert (nobody.kind, nobody.category) == (Kind.AUTH_FAILURE, "TLS")
