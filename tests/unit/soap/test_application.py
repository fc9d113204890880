"""The application: order of steps, replies, what Spyne is kept from, and what is never told."""

import gc
import logging
import sys
import threading
import weakref
from typing import Any

import pytest

from gateway import safexml
from gateway.errors import GatewayError, ImsError, M, SecurityError, WssFault
from gateway.soap.application import SoapApplication, version_of
from gateway.soap.contract import load
from gateway.soap.spyne_import import WsgiApplication
from tests.fixtures.soap import (
    DIRECTORY,
    FIND,
    SOAP11,
    SOAP12,
    SOAP_XML,
    TEXT_XML,
    TRACKING_ID,
    PlainSteps,
    arrival,
    envelope,
)

TYPE = {SOAP11: TEXT_XML, SOAP12: SOAP_XML}
BOTH = pytest.mark.parametrize("namespace", [SOAP11, SOAP12])


def tree(data: bytes) -> Any:
    return safexml.parse(data, safexml.Bounds())


@BOTH
def test_the_reply_is_an_envelope_of_the_version_asked_around_what_was_performed(directory, namespace):
    steps = PlainSteps(reply=lambda _: '<r xmlns="urn:r" xmlns:q="urn:q" t="q:name">1<!-- c --><q:s/></r>')
    answer = directory.handle(arrival(envelope(FIND, namespace=namespace), TYPE[namespace]), steps)
    assert (answer.status, answer.headers) == (200, (("Content-Type", TYPE[namespace]),))
    assert answer.body.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    body = tree(answer.body).find(f"{{{namespace}}}Body")
    assert [child.tag for child in body] == ["{urn:r}r"]
    assert b'<r xmlns="urn:r" xmlns:q="urn:q" t="q:name">1<!-- c --><q:s/></r>' in answer.body
    assert body[0].nsmap["q"] == "urn:q"


def test_the_steps_get_the_payload_as_it_was_sent(directory, steps):
    payload = '<d:find xmlns:d="urn:example:directory" lang="de">\n <d:name>A<!-- c -->B</d:name></d:find>'
    directory.handle(arrival(envelope(payload)), steps)
    assert tree(steps.payloads[0]).get("lang") == "de"
    assert steps.payloads[0].endswith(b' lang="de">\n <d:name>A<!-- c -->B</d:name></d:find>')


def test_admission_comes_first_and_its_refusal_is_the_answer(directory):
    class Refusing(PlainSteps):
        def admit(self, *_):
            raise SecurityError.header(WssFault.INVALID_SECURITY, "private")

    steps = Refusing()
    answer = directory.handle(arrival(b"not even XML", SOAP_XML), steps)
    assert (answer.status, steps.performed) == (400, [])
    assert isinstance(answer.error, SecurityError)


def test_a_content_type_that_is_none_of_soap_is_refused_before_admission(directory):
    class Unwilling(PlainSteps):
        def admit(self, *_):
            raise AssertionError("nothing of it may be parsed")

    for content_type in (
        "multipart/related; type=text/xml",
        "application/json",
        "",
        "text/xml; charset",
        "text/html",
    ):
        answer = directory.handle(arrival(envelope(FIND), content_type), Unwilling())
        assert answer.status == 415
        assert answer.error.message is M.CONTENT_TYPE


@BOTH
def test_an_error_of_the_operation_becomes_its_fault(directory, namespace):
    error = ImsError(M.OTMA, {"meaning": "stopped"}, return_code=16, reason_code=26)
    answer = directory.handle(
        arrival(envelope(FIND, namespace=namespace), TYPE[namespace]), PlainSteps(raises=error)
    )
    assert (answer.status, answer.error) == (500, error)
    assert b"IMS refused the request: stopped" in answer.body


@BOTH
@pytest.mark.parametrize(
    "error", [ValueError("hunter2"), RecursionError("hunter2"), KeyError("hunter2")], ids=repr
)
def test_what_nobody_foresaw_is_an_internal_error_without_a_word_of_it(directory, namespace, error, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = directory.handle(
            arrival(envelope(FIND, namespace=namespace), TYPE[namespace]), PlainSteps(raises=error)
        )
    assert answer.status == 500
    assert answer.error.message is M.INTERNAL
    assert type(error).__name__ in answer.error.private
    assert type(error).__name__.encode() not in answer.body
    assert "hunter2" not in f"{answer.body!r} {answer.error} {caplog.text}"
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert TRACKING_ID in record.getMessage()
    assert "in perform" in record.getMessage()


def test_the_end_of_the_process_is_not_kept_back(directory):
    class Ending(PlainSteps):
        def perform(self, *_):
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        directory.handle(arrival(envelope(FIND)), Ending())


def test_an_operation_that_forgets_its_reply_is_an_internal_error(directory):
    class Silent(PlainSteps):
        def perform(self, *_):
            return None

    answer = directory.handle(arrival(envelope(FIND)), Silent())
    assert (answer.status, answer.error.message) == (500, M.INTERNAL)


def test_a_one_way_operation_that_fails_says_so(directory):
    note = '<note xmlns="urn:example:directory">x</note>'
    answer = directory.handle(arrival(envelope(note)), PlainSteps(raises=GatewayError(M.BUSY)))
    assert answer.status == 503


def test_no_password_of_a_broken_message_reaches_any_log(directory, caplog):
    """Spyne's own parser logs a whole message that it cannot read; it must never see one."""
    broken = [
        envelope("<p>hunter2</q>"),
        envelope("<p>hunter2&hunter2;</p>"),
        b"<!DOCTYPE hunter2>",
        envelope("hunter2"),
        envelope('<p xmlns="urn:hunter2"/>', '<x:h xmlns:x="urn:x">hunter2</x:h>'),
        envelope('<find xmlns="urn:example:directory"><name>hunter2hunter2</name></find>'),
        envelope('<find xmlns="urn:example:directory" href="#hunter2"/>'),
        b"\xff\xfeh\0u",
        envelope(FIND.replace("LAST1", "hunter2")),
    ]
    levels = {name: logging.getLogger(name).level for name in ("spyne", "zeep", "lxml", "gateway")}
    try:
        for name in (*levels, "spyne.protocol.xml", "spyne.protocol.soap.soap11", "spyne.application"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        with caplog.at_level(logging.DEBUG):
            for message in broken:
                for content_type in (TEXT_XML, SOAP_XML):
                    directory.handle(arrival(message, content_type), PlainSteps(raises=ValueError("hunter2")))
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for name in ("spyne.protocol.xml", "spyne.protocol.soap.soap11", "spyne.application"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert "hunter2" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("spyne")]


def test_many_threads_get_each_its_own_answer(directory):
    """Half are valid: reasons of one thread's refusals must not stand in another's."""
    wrong = []

    class Echo(PlainSteps):
        def perform(self, admitted, *_):
            return tree(f"<r>{admitted.envelope.payload[0].text}</r>".encode())

    def run(number: int) -> None:
        for turn in range(25):
            name = f"{number}-{turn}"
            good = f'<find xmlns="urn:example:directory"><name>{name}</name></find>'
            answer = directory.handle(arrival(envelope(good)), Echo())
            if f">{name}<".encode() not in answer.body:
                wrong.append(answer.body)
            bad = f'<find xmlns="urn:example:directory"><name>A</name><x{number}/></find>'
            answer = directory.handle(arrival(envelope(bad)), Echo())
            if f"}}x{number}:".encode() not in answer.body:
                wrong.append(answer.body)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_headers_that_the_steps_process_are_understood(directory_contract, steps):
    message = envelope(FIND, '<x:token xmlns:x="urn:x" s:mustUnderstand="1"/>')
    without = SoapApplication(directory_contract).handle(arrival(message), steps)
    assert without.error is not None
    assert without.error.message is M.MUST_UNDERSTAND
    understanding = SoapApplication(directory_contract, understood=frozenset({"{urn:x}token"}))
    assert understanding.handle(arrival(message), steps).status == 200


def test_services_with_as_many_operations_never_run_each_other_s(tmp_path):
    """What Spyne has of them is one and the same."""
    services = {}
    for name in ("one", "other"):
        wsdl = tmp_path / f"{name}.wsdl"
        wsdl.write_text(DIRECTORY.read_text().replace('operation name="', f'operation name="{name}'))
        services[name] = SoapApplication(load(name, wsdl))
    ran: dict[str, set[str]] = {name: set() for name in services}

    def run(name):
        for _ in range(50):
            steps = PlainSteps(reply=lambda operation: f"<r>{operation.name}</r>")
            answer = services[name].handle(arrival(envelope(FIND)), steps)
            ran[name] |= {*steps.performed, tree(answer.body)[-1][0].text}

    threads = [threading.Thread(target=run, args=(name,)) for name in services for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == {"one": {"oneFind"}, "other": {"otherFind"}}


def test_without_validation_the_schema_is_not_asked_but_shape_and_action_are(directory_contract, steps):
    lenient = SoapApplication(directory_contract, validate=False)
    anything = '<find xmlns="urn:example:directory"><anything/></find>'
    assert lenient.handle(arrival(envelope(anything)), steps).status == 200
    assert lenient.handle(arrival(envelope(anything), soap_action='"urn:other"'), steps).status == 500
    assert lenient.handle(arrival(envelope('<find xmlns="urn:other"/>')), steps).status == 500
    reference = '<find xmlns="urn:example:directory"><name href="#1"/></find>'
    refused = lenient.handle(arrival(envelope(reference)), steps)
    assert refused.error is not None
    assert refused.error.message is M.HREF


def test_validation_needs_the_schemas():
    contract = load("directory", DIRECTORY, validate=False)
    with pytest.raises(ValueError, match="without its schemas"):
        SoapApplication(contract)
    SoapApplication(contract, validate=False)


def test_a_replaced_application_is_let_go_of(steps):
    """Spyne keeps a registry of all applications; a reload must not fill it."""
    application = SoapApplication(load("directory", DIRECTORY))
    assert application.handle(arrival(envelope(FIND)), steps).status == 200
    seen = weakref.ref(application)
    del application
    gc.collect()
    assert seen() is None
    assert sys.modules["spyne.util.appreg"].applications == {}


def test_it_really_is_spyne_that_runs_the_operation(directory, steps, monkeypatch):
    calls = []
    original = WsgiApplication.handle_rpc

    def watched(self, environ, start_response):
        calls.append(environ)
        return original(self, environ, start_response)

    monkeypatch.setattr(WsgiApplication, "handle_rpc", watched)
    assert directory.handle(arrival(envelope(FIND)), steps).status == 200
    assert len(calls) == 1
    assert calls[0]["wsgi.input"].read() == b""
    assert not [key for key in calls[0] if key.startswith("HTTP_")]


def test_a_failure_inside_spyne_is_an_internal_error(directory, steps, monkeypatch):
    monkeypatch.setattr(WsgiApplication, "get_out_object", lambda _self, _ctx: 1 / 0)
    answer = directory.handle(arrival(envelope(FIND)), steps)
    assert (answer.status, answer.error.message) == (500, M.INTERNAL)


@pytest.mark.parametrize(
    "content_type", [SOAP_XML, "Application/Soap+XML", " application/soap+xml ;charset=utf-8"]
)
def test_an_unreadable_message_is_answered_in_the_version_that_its_content_type_names(content_type):
    assert version_of(content_type).namespace == SOAP12
    assert version_of("text/xml").namespace == SOAP11
    assert version_of("anything else").namespace == SOAP11
    assert version_of("").namespace == SOAP11
