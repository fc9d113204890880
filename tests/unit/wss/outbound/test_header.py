"""The Security header and the Timestamp."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from lxml import etree

from gateway.safexml import Bounds, parse
from gateway.wss.outbound import Lifetime, add_security, add_timestamp
from tests.unit.wss.outbound.messages import NAMESPACES, NOW, envelope, find

VERSIONS = pytest.mark.parametrize(("version", "must"), [("s11", "1"), ("s12", "true")])


@VERSIONS
def test_the_header_must_be_understood_by_the_receiver(version, must):
    message = envelope(version)
    add_security(message)
    security = find(message, f"/{version}:Envelope/{version}:Header/wsse:Security")
    assert dict(security.attrib) == {f"{{{NAMESPACES[version]}}}mustUnderstand": must}
    assert [etree.QName(child).localname for child in message] == ["Header", "Body"]


@pytest.mark.parametrize(("version", "attribute"), [("s11", "actor"), ("s12", "role")])
def test_an_actor_is_named_as_the_version_does(version, attribute):
    message = envelope(version)
    add_security(message, actor="urn:gate")
    assert find(message, f"//wsse:Security/@{version}:{attribute}") == "urn:gate"


def test_other_headers_stay_behind_it():
    message = envelope(header='<e:Header><other xmlns="urn:o"/></e:Header>')
    add_security(message)
    assert [etree.QName(block).localname for block in message[0]] == ["Security", "other"]


def test_a_second_header_is_not_added():
    message = envelope()
    add_security(message)
    with pytest.raises(ValueError, match="already"):
        add_security(message, actor="urn:other")


@pytest.mark.parametrize(
    "text",
    ["<Envelope/>", '<Envelope xmlns="urn:x"/>', '<e:Body xmlns:e="http://www.w3.org/2003/05/soap-envelope"/>'],
)
def test_what_is_no_envelope_gets_no_header(text):
    with pytest.raises(ValueError, match="not a SOAP envelope"):
        add_security(parse(text.encode(), Bounds()))


def test_the_timestamp_holds_two_times_in_utc_and_order():
    message = envelope()
    zone = timezone(timedelta(hours=2))
    add_timestamp(add_security(message), Lifetime.at(NOW.astimezone(zone), before_seconds=60, after_seconds=90))
    times = find(message, "//wsse:Security/wsu:Timestamp")
    assert [(etree.QName(child).localname, child.text) for child in times] == [
        ("Created", "2026-11-22T12:00:00.123Z"),
        ("Expires", "2026-11-22T12:01:30.123Z"),
    ]


def test_a_whole_second_is_written_with_its_milliseconds():
    security = add_security(envelope())
    add_timestamp(security, Lifetime.at(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert find(security, "wsu:Timestamp/wsu:Created").text == "2026-01-02T03:04:05.000Z"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        add_timestamp(add_security(envelope()), Lifetime.at(NOW.replace(tzinfo=None)))
