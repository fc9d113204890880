"""IOGCallout: what is one, and what of its kin is none. The form is that of the published schema sample."""

import pytest

from gateway.callout.codes import CalloutError, Status
from gateway.callout.iogcallout import read_iogcallout
from gateway.safexml import Bounds, parse
from tests.unit.callout.message.deployed import CALLOUT, iogcallout


def read(text):
    return read_iogcallout(parse(text.encode(), Bounds()))


def refused(text):
    with pytest.raises(CalloutError) as caught:
        read(text)
    assert caught.value.status is Status.PARSING_DISCARDED
    return caught.value.text


def test_it_names_service_and_operation_and_holds_one_element():
    call = read(iogcallout())
    assert (call.wsid, call.namespace) == ("rating", "urn:rating:service")
    assert (call.service, call.port, call.operation) == ("RatingService", "RatingPort", "Rate")
    assert call.payload.tag == "{urn:rating}rate"


def test_prefixes_are_the_programs_business():
    text = (
        f'<i:IOGCallout xmlns:i="{CALLOUT}"><i:IOGServiceData><i:WSID>rating</i:WSID><i:Namespace/>'
        f'<Service xmlns="{CALLOUT}">S</Service><j:Port xmlns:j="{CALLOUT}">P</j:Port>'
        "<i:Operation>O</i:Operation></i:IOGServiceData><i:IOGPayloadData><rate/></i:IOGPayloadData></i:IOGCallout>"
    )
    call = read(text)
    assert (call.wsid, call.namespace, call.service, call.port) == ("rating", "", "S", "P")
    assert call.payload.tag == "rate"


def changed(old, new, text=None):
    text = iogcallout() if text is None else text
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</Operation>", "</Operation><Timeout>9</Timeout><Timeout/>"),
        ("<WSID>rating</WSID>", "<!-- which --><WSID>\n rating </WSID>\n"),
        ("<IOGServiceData>", '<IOGServiceData id="1">\n'),
        ("<IOGPayloadData>", "<IOGPayloadData>\n<!-- what -->\n"),
        ("<IOGCallout ", '<IOGCallout xmlns:x="urn:x" x:schemaLocation="a b" '),
    ],
)
def test_what_says_nothing_to_us_is_passed_over(old, new):
    assert read(changed(old, new)).wsid == "rating"


def test_the_order_is_not_insisted_on():
    text = changed("<WSID>rating</WSID>", "")
    assert read(changed("</Operation>", "</Operation><WSID>rating</WSID>", text)).wsid == "rating"


@pytest.mark.parametrize("name", ["WSID", "Namespace", "Service", "Port", "Operation"])
def test_each_name_is_there_once_and_in_the_namespace(name):
    full = iogcallout()
    start, end = full.index(f"<{name}>"), full.index(f"</{name}>") + len(name) + 3
    own = full[start:end]
    assert refused(full.replace(own, "")) == f"IOGServiceData holds no {name}"
    assert refused(full.replace(own, own + own)) == f"IOGServiceData holds {name} twice"
    unqualified = own.replace(f"<{name}>", f'<{name} xmlns="">')
    assert refused(full.replace(own, unqualified)).startswith(
        f"IOGServiceData holds {name} of another namespace"
    )
    assert refused(full.replace(own, own + unqualified)).startswith(
        f"IOGServiceData holds {name} of another name"
    )
    assert refused(full.replace(own, f"<{name}><b/></{name}>")) == f"{name} holds more than text"
    assert refused(full.replace(own, f"<{name}>a<!-- b -->c</{name}>")) == f"{name} holds more than text"
    if name != "Namespace":
        assert refused(full.replace(own, f"<{name}/>")) == f"{name} is empty"
        assert refused(full.replace(own, f"<{name}>  </{name}>")) == f"{name} is empty"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (f'xmlns="{CALLOUT}"', "", "the root element is not IOGCallout"),
        (f'xmlns="{CALLOUT}"', f'xmlns="{CALLOUT}/"', "the root element is not IOGCallout"),
        ("IOGCallout ", "IOGCallOut ", "the root element is not IOGCallout"),
        ("<IOGServiceData>", "x<IOGServiceData>", "IOGCallout holds text"),
        ("</IOGServiceData>", "</IOGServiceData>x", "IOGCallout holds text"),
        ("</IOGServiceData>", "</IOGServiceData><Other/>", "IOGCallout holds another element than"),
        (
            "</IOGServiceData>",
            '</IOGServiceData><a xmlns="urn:a"/>',
            "IOGCallout holds an element of another name",
        ),
        ("</IOGServiceData>", "</IOGServiceData><IOGServiceData/>", "IOGCallout holds IOGServiceData twice"),
        ("<IOGPayloadData>", "<IOGPayloadData/><IOGPayloadData>", "IOGCallout holds IOGPayloadData twice"),
        (
            "<IOGServiceData>",
            '<IOGServiceData xmlns="">',
            "IOGCallout holds IOGServiceData of another namespace",
        ),
        (
            "<IOGPayloadData>",
            '<IOGPayloadData xmlns="">',
            "IOGCallout holds IOGPayloadData of another namespace",
        ),
        ("<WSID>", "x<WSID>", "IOGServiceData holds text"),
        (
            "</Operation>",
            '</Operation><a xmlns="urn:a"/>',
            "IOGServiceData holds an element of another namespace",
        ),
    ],
)
def test_what_is_none(old, new, told):
    text = changed(old, new)
    if old == "IOGCallout ":
        text = changed("</IOGCallout>", "</IOGCallOut>", text)
    if old == "<IOGServiceData>" and "xmlns" in new:
        text = text.replace("<IOGServiceData xmlns", f'<IOGServiceData a="{CALLOUT}" xmlns')
    assert refused(text).startswith(told)


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("", "IOGPayloadData holds 0 elements; it needs exactly one"),
        ("<!-- -->", "IOGPayloadData holds 0 elements; it needs exactly one"),
        ("<a/><b/>", "IOGPayloadData holds 2 elements; it needs exactly one"),
        ("text", "IOGPayloadData holds text"),
        ("<a/>text", "IOGPayloadData holds text"),
        ("<![CDATA[<a/>]]>", "IOGPayloadData holds text"),
    ],
)
def test_the_payload_is_one_element(payload, told):
    assert refused(iogcallout(payload)) == told


def test_nothing_of_the_message_is_told_to_others():
    secret = "s3cret"
    for text in (
        iogcallout(f"{secret}"),
        iogcallout(f"<a>{secret}</a><b/>"),
        changed("</Operation>", f'</Operation><a xmlns="urn:a">{secret}</a>'),
        changed("<WSID>", f"{secret}<WSID>"),
        changed("</Operation>", f'</Operation><{secret} xmlns="urn:{secret}"/>'),
    ):
        assert secret not in refused(text)
