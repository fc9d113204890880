"""Attacks by XML itself: bombs, disclosure, and calls to the outside."""

import resource
import socket
from contextlib import closing

import pytest

from gateway.errors import M
from tests.fixtures.soap import FIND, SOAP11, PlainSteps, arrival, envelope

LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def refused(application, message, *expected):
    steps = PlainSteps()
    answer = application.handle(arrival(message), steps)
    assert steps.performed == []
    assert answer.error is not None
    assert answer.error.message in expected
    return answer


@pytest.fixture
def listener():
    """A port that nobody may call."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.05)
        yield server


def nobody_called(server) -> bool:
    try:
        connection, _ = server.accept()
    except TimeoutError:
        return True
    connection.close()
    return False


def test_a_billion_laughs_are_refused_at_the_first(directory):
    document = f'<!DOCTYPE s [<!ENTITY a0 "ha">{LAUGHS}]>'.encode()
    refused(directory, document + envelope(FIND.replace("LAST1", "&a9;")), M.DOCTYPE)


def test_quadratic_entities_are_refused_at_the_first(directory):
    document = f'<!DOCTYPE s [<!ENTITY a "{"x" * 100_000}">]>'.encode()
    refused(directory, document + envelope(FIND.replace("LAST1", "&a;" * 100_000)), M.DOCTYPE)


def test_an_external_entity_reads_no_file_and_calls_nobody(directory, listener, tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    port = listener.getsockname()[1]
    for target in ((tmp_path / "secret").as_uri(), f"http://127.0.0.1:{port}/x"):
        for declaration in (
            f'<!DOCTYPE s [<!ENTITY a SYSTEM "{target}">]>',
            f'<!DOCTYPE s SYSTEM "{target}">',
            f'<!DOCTYPE s PUBLIC "x" "{target}">',
            f'<!DOCTYPE s [<!ENTITY % p SYSTEM "{target}"> %p;]>',
        ):
            message = declaration.encode() + envelope(FIND.replace("LAST1", "&a;"))
            answer = refused(directory, message, M.DOCTYPE)
            assert b"hunter2" not in answer.body
    assert nobody_called(listener)


def test_a_schema_location_in_the_message_is_not_followed(directory, listener):
    where = f"http://127.0.0.1:{listener.getsockname()[1]}/x.xsd"
    attributes = f'xmlns:i="{XSI}" i:schemaLocation="urn:example:directory {where} urn:o {where}"'
    located = FIND.replace("<d:find ", f"<d:find {attributes} ")
    assert directory.handle(arrival(envelope(located)), PlainSteps()).status == 200
    unknown = located.replace("</d:name>", "</d:name><o:x xmlns:o='urn:o'/>")
    refused(directory, envelope(unknown), M.NOT_VALID)
    without = FIND.replace("<d:find ", f'<d:find xmlns:i="{XSI}" i:noNamespaceSchemaLocation="{where}" ')
    assert directory.handle(arrival(envelope(without)), PlainSteps()).status == 200
    assert nobody_called(listener)


def test_an_xinclude_is_not_acted_on(directory, tmp_path):
    (tmp_path / "secret").write_text("hunter2")
    secret = (tmp_path / "secret").as_uri()
    include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{secret}" parse="text"/>'
    answer = refused(directory, envelope(FIND.replace("LAST1", include)), M.NOT_VALID)
    assert b"hunter2" not in answer.body


def test_a_reply_address_in_the_message_is_never_called(directory, listener):
    where = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    for name in ("ReplyTo", "FaultTo"):
        header = f"<a:{name}><a:Address>{where}</a:Address></a:{name}>"
        message = envelope(FIND, header).replace(
            b"<s:Header>", b'<s:Header xmlns:a="http://www.w3.org/2005/08/addressing">'
        )
        refused(directory, message, M.ADDRESSING)
    assert nobody_called(listener)


def test_utf_7_does_not_smuggle_markup_past_a_filter(directory):
    hidden = envelope(FIND).decode().replace("<s:Body>", "+ADw-s:Body+AD4-")
    refused(directory, b'<?xml version="1.0" encoding="utf-7"?>' + hidden.encode(), M.CHARSET)


def test_nesting_a_million_deep_is_refused(directory):
    refused(directory, envelope("<a>" * 1_000_000 + "</a>" * 1_000_000), M.XML_BOUNDS)


def test_attributes_by_the_hundred_thousand_are_refused(directory):
    attributes = " ".join(f'a{n}=""' for n in range(100_000))
    refused(directory, envelope(f"<p {attributes}/>"), M.XML_BOUNDS)


def test_namespaces_by_the_hundred_thousand_are_refused(directory):
    declarations = " ".join(f'xmlns:a{n}="urn:a"' for n in range(100_000))
    refused(directory, envelope(f"<p {declarations}/>"), M.XML_BOUNDS)


def test_siblings_by_the_million_are_refused(directory):
    refused(directory, envelope("<p>" + "<a/>" * 1_000_000 + "</p>"), M.XML_BOUNDS)


def test_a_name_of_a_megabyte_is_refused(directory):
    refused(directory, envelope(f"<{'a' * 1_000_000}/>"), M.XML_BOUNDS)


def test_the_largest_message_within_all_bounds_is_judged_in_seconds_of_processor_time(directory):
    """Nearly 200,000 elements with attributes, types and declarations: the worst that is parsed at all."""
    declarations = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(60))
    piece = '<n1:x n2:a="1" i:type="n3:t" n4:b="2"><n5:y/></n1:x>'
    body = f'<p xmlns:i="{XSI}"><q {declarations}>{piece * 95_000}</q></p>'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    refused(directory, envelope(body), M.NO_OPERATION)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20


def test_ids_twice_are_refused_by_the_parser(directory):
    refused(directory, envelope('<p xml:id="a"><q xml:id="a"/></p>'), M.NOT_XML)


def test_a_message_is_read_once_from_the_bytes_that_were_checked(directory):
    """A second document after the first, a second root, a cut one: no reader goes on where another stopped."""
    for tail in (envelope(FIND), b"<x/>", b"text", b"\x00", b"<!-- ", b"</s:Envelope>"):
        refused(directory, envelope(FIND) + tail, M.NOT_XML)
    doubled = f'<s:Envelope xmlns:s="{SOAP11}" xmlns:s="{SOAP11}"><s:Body>{FIND}</s:Body></s:Envelope>'
    refused(directory, doubled.encode(), M.NOT_XML)
