"""Every format against a strict reader of its grammar, whatever stands in a record."""

import json
import re
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import cef, ecs, leef
from gateway.audit.kinds import Kind, Outcome
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.requests import of_request, of_turned_away
from gateway.audit.text import bounded
from tests.fixtures.siem import GrammarError, read_cef, read_leef
from tests.unit.audit.events import ANSWERED, MOMENT, STAMP, TURNED_AWAY

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "x\tusrName=ADMIN",
            "x\nLEEF:2.0|IMS Gateway|imsgw|1|Invoke|x09|sev=1",
            "a=b|c\\d ",
            "x suser=ADMIN",
            "\\",
            "x\\",
            "= =\\= \\",
            '","outcome":"success","x":"',
            "\x00\x1b[2J\r\n",
            "\u2028\u2029\x85\x0b\x0c\x1c",
            "\u202egnp.exe",
            "\ud800",
            "x^y x09",
            " ",
            "chain=1:" + "0" * 64,
        ]
    ),
).map(bounded)
TEXTS = [field.name for field in fields(AuditRecord) if field.type == "str" or field.type is str]
BASE = of_request(ANSWERED, STAMP)


@st.composite
def hostile_records(draw) -> AuditRecord:
    texts = {name: draw(HOSTILE) for name in TEXTS}
    stamp = Stamp(draw(HOSTILE), 1, draw(HOSTILE), MOMENT)
    kind = draw(st.sampled_from(list(Kind)))
    return replace(BASE, stamp=stamp, kind=kind, covered=(draw(HOSTILE), draw(HOSTILE)), **texts)


def test_records_have_texts_to_be_hostile_in():
    assert {"user", "claimed", "reason", "path", "service", "tracking_id"} <= set(TEXTS)


@given(hostile_records())
def test_leef_is_one_line_of_its_grammar_whatever_it_tells(record):
    event = read_leef(leef.line(record))

    assert event.event_id == record.kind.value.id
    assert event.attributes["sev"] == str(record.severity)
    assert event.attributes["outcome"] == record.outcome.value


@given(hostile_records())
def test_cef_is_one_line_of_its_grammar_whatever_it_tells(record):
    event = read_cef(cef.line(record))

    assert event.class_id == record.kind.value.id
    assert event.extension["outcome"] == record.outcome.value
    user = re.sub("[\\x00-\\x09\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u2028\u2029]", " ", record.user.strip())
    assert event.extension.get("duser", "") == user.strip()


@given(hostile_records())
def test_json_gives_every_text_back_as_it_was(record):
    line = ecs.line(record)
    said = json.loads(line)

    assert line.isascii()
    assert "\n" not in line
    assert said["event"]["outcome"] == record.outcome.value
    assert said.get("user", {}).get("name", "") == record.user
    assert said["imsgw"].get("claimed", "") == record.claimed
    assert said["event"].get("reason", "") == record.reason


def test_leef_says_how_much_it_had_to_replace():
    record = replace(BASE, reason="a\tb\nc", claimed="\x00")

    assert read_leef(leef.line(record)).attributes["replaced"] == "3"
    assert "replaced" not in read_leef(leef.line(BASE)).attributes


def test_leef_has_the_names_that_qradar_knows():
    attributes = read_leef(leef.line(BASE)).attributes

    assert attributes["src"] == "192.0.2.17"
    assert attributes["srcPort"] == "50123"
    assert attributes["usrName"] == "ALICE"
    assert attributes["accountName"] == "alice@bank.example"
    assert attributes["resource"] == "IVTNO"
    assert attributes["url"] == "phonebook-saml20"
    assert (attributes["srcBytes"], attributes["dstBytes"]) == ("5120", "2048")
    assert attributes["devTime"] == "1777863721500"


def test_cef_has_the_names_that_arcsight_knows():
    extension = read_cef(cef.line(BASE)).extension

    assert (extension["src"], extension["spt"]) == ("192.0.2.17", "50123")
    assert (extension["suser"], extension["duser"]) == ("alice@bank.example", "ALICE")
    assert (extension["cs1Label"], extension["cs1"]) == ("transaction", "IVTNO")
    assert (extension["cn1Label"], extension["cn1"]) == ("milliseconds", "12")
    assert extension["rt"] == "1777863721500"


@pytest.mark.parametrize("address", ["2001:db8::1", "192.0.2.1", "somewhere", "fe80::1%eth0", ""])
def test_an_address_is_told_as_one_only_where_it_is_one(address):
    record = of_turned_away(replace(TURNED_AWAY, peer=address), STAMP)

    said = json.loads(ecs.line(record)).get("source", {})
    source = read_leef(leef.line(record)).attributes
    extension = read_cef(cef.line(record)).extension

    is_address = address in {"2001:db8::1", "192.0.2.1"}
    assert ("ip" in said, "src" in source) == (is_address, is_address)
    assert ("c6a2" in extension, "src" in extension) == (address == "2001:db8::1", address == "192.0.2.1")


ECS_CATEGORIES = {"api", "authentication", "configuration", "iam", "intrusion_detection", "process"}
ECS_TYPES = {
    "access", "admin", "allowed", "change", "connection", "creation", "deletion", "denied", "end", "error",
    "group", "indicator", "info", "installation", "protocol", "start", "user",
}  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.name)
def test_every_kind_has_categories_and_types_that_ecs_allows(kind):
    """Elastic Common Schema 8: allowed values of event.category and event.type."""
    event = json.loads(ecs.line(replace(BASE, kind=kind)))["event"]

    assert set(event["category"]) <= ECS_CATEGORIES
    assert set(event["type"]) <= ECS_TYPES
    assert event["kind"] == "event"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", event["action"])
    assert 1 <= kind.value.severity <= 10


def test_json_has_the_types_that_ecs_gives_its_fields():
    said = json.loads(ecs.line(BASE))

    assert said["@timestamp"] == "2026-05-04T03:02:01.500000Z"
    assert said["event"]["duration"] == 12_000_000  # nanoseconds
    assert said["event"]["start"] == "2026-05-04T03:02:01.488000Z"
    assert said["source"] == {"address": "192.0.2.17", "ip": "192.0.2.17", "port": 50123}
    assert said["http"]["response"] == {"status_code": 200, "body": {"bytes": 2048}}
    assert said["trace"]["id"] == "0af7651916cd43dd8448eb211c80319c"
    assert said["service"]["name"] == "phonebook-saml20"
    assert said["imsgw"]["milliseconds"] == {"parse": 0.5, "judge": 1.0, "ims": 10.2}


def test_what_ims_said_is_told_also_where_it_is_zero():
    record = replace(BASE, return_code=0, reason_code=0, racf_code=0)

    assert json.loads(ecs.line(record))["imsgw"]["return_code"] == 0
    assert read_leef(leef.line(record)).attributes["rsmRc"] == "0"
    assert read_cef(cef.line(record)).extension["imsgwReturnCode"] == "0"


SIBLINGS = {
    "two lines": "LEEF:2.0|a|b|1|c|x09|sev=1\ndevTime=1777863721500",
    "a control character": "LEEF:2.0|a|b|1|c|x09|sev=1\tdevTime=1777863721500\tx=\x00",
    "a key twice": "LEEF:2.0|a|b|1|c|x09|sev=1\tsev=1\tdevTime=1777863721500",
    "a pair without a value's sign": "LEEF:2.0|a|b|1|c|x09|sev=1\tdevTime=1777863721500\tx",
    "no severity": "LEEF:2.0|a|b|1|c|x09|devTime=1777863721500",
    "a time of eleven digits": "LEEF:2.0|a|b|1|c|x09|sev=1\tdevTime=17778637215",
}


@pytest.mark.parametrize("name", SIBLINGS)
def test_the_reader_of_leef_is_strict(name):
    with pytest.raises((GrammarError, ValueError)):
        read_leef(SIBLINGS[name])


@pytest.mark.parametrize(
    "rest", ["a=1 a=2", "a=x=y", "a=x\\y", " a=1", "a=1 ", "cs1=x", "rt=soon", "a=\x01", "a= b=1"]
)
def test_the_reader_of_cef_is_strict(rest):
    with pytest.raises(GrammarError):
        read_cef(f"CEF:0|v|p|1|c|n|3|{rest}")


def test_an_outcome_is_one_of_those_that_ecs_has():
    assert {outcome.value for outcome in Outcome} == {"success", "failure", "unknown"}


def test_a_part_that_took_an_hour_is_told_in_digits():
    record = replace(of_request(ANSWERED, STAMP), stretches=(("ims", 3_600_123.456), ("parse", 0.012)))

    for format_, key in ((leef, "msParts"), (cef, "imsgwMsParts")):
        assert f"{key}=ims:3600123.456 parse:0.012" in format_.line(record)
