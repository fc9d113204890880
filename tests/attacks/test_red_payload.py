"""Attacks on what goes to IMS: another message than was checked, and text that stalls the worker."""

import resource

import pytest

from gateway.payload.request import standalone
from gateway.safexml import Bounds, parse
from tests.fixtures.in_process import LAB, work
from tests.fixtures.standin import USERS

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def sent(inner: str, declarations: str = "") -> str:
    """Return what goes to IMS for a payload inside an envelope with these declarations."""
    root = parse(f'<e:Envelope xmlns:e="{SOAP}"{declarations}>{inner}</e:Envelope>'.encode(), Bounds())
    return standalone(root[0])


@pytest.mark.parametrize(
    ("inner", "declarations"),
    [
        ('<op xmlns="urn:a"><c xmlns="">x</c></op>', ""),
        ('<op xmlns="urn:a"><c xmlns=""><d xmlns="urn:a"/></c></op>', ""),
        ('<op xmlns=""><c/></op>', ' xmlns="urn:a"'),
        ('<op><c xmlns="">x</c></op>', ' xmlns="urn:a"'),
        ('<p:op xmlns:p="urn:p"><c/></p:op>', ' xmlns="urn:a"'),
        ('<p:op xmlns:p="urn:p"><p:c xmlns:p="urn:q"/></p:op>', ""),
    ],
)
def test_every_name_that_ims_gets_is_in_the_namespace_it_was_checked_in(inner, declarations):
    message = f'<e:Envelope xmlns:e="{SOAP}"{declarations}>{inner}</e:Envelope>'
    checked = parse(message.encode(), Bounds())[0]
    got = parse(sent(inner, declarations).encode(), Bounds())
    assert [node.tag for node in got.iter()] == [node.tag for node in checked.iter()]


@pytest.mark.parametrize(
    "inner",
    [
        '<op xmlns:a="urn:a"><c xmlns:b="urn:a" t="b:x"/></op>',
        '<op xmlns:p="urn:p" t="p:x"/>',
        "<op><c xmlns='urn:c'>text &amp; more</c><!-- seen --></op>",
        '<op a="&quot;" b="&#10;&#13;&#9;&lt;&gt;"/>',
    ],
)
def test_a_payload_that_needs_nothing_from_around_it_goes_to_ims_byte_for_byte(inner):
    assert sent(inner, ' xmlns:unused="urn:unused"') == inner.replace("'", '"').replace("&lt;&gt;", "&lt;&gt;")


def test_an_unqualified_child_arrives_at_the_program_unqualified(in_process, standin_factory):
    standin = standin_factory(ims_connect={"racf": True}, users=USERS)
    gateway = in_process(standin.port, services={"lab": {"validate": False}})
    assert gateway.post("LabPort", f'<echo xmlns="{LAB}"><text xmlns="">x</text></echo>').status == 200
    (seen,) = standin.seen
    echo = parse(seen.segments[0][8:], Bounds())
    assert [child.tag for child in echo] == ["text"]


@pytest.mark.parametrize(
    "text", [":" + "a" * 4_000_000, "a" * 4_000_000 + ":", "a:" * 1_000_000, "-." * 2_000_000 + " :"]
)
def test_a_long_text_with_a_colon_costs_time_in_proportion_to_its_length(text):
    root = parse(f'<e xmlns:s="urn:s"><op>{text}</op></e>'.encode(), Bounds())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert text in standalone(root[0])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20, "quadratic it would be hours"


def test_nobody_stalls_the_gateway_with_a_long_text_before_he_has_signed_on(in_process, standin_factory):
    gateway = in_process(standin_factory(ims_connect={"racf": True}, users=USERS).port)
    reply = gateway.post("LabPort", work("echo", ":" + "a" * 2_000_000))
    assert reply.status == 200
