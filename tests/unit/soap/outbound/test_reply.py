"""What came back, whatever its bytes: an element, or an error that says nothing it should not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.envelope import SoapVersion
from gateway.errors import WssFault
from gateway.exchange import Secret
from gateway.soap.outbound.errors import OutboundError, Trouble
from gateway.soap.outbound.http import HttpAnswer
from gateway.soap.outbound.reply import LONGEST_CODE, LONGEST_TEXT, Expected, read_reply
from tests.fixtures.hostile_service import envelope

EXPECTED = Expected(SoapVersion.SOAP11, "{urn:t}answer", 100_000, (Secret("a-secret"),))
GOOD = envelope('<answer xmlns="urn:t">42</answer>')
FAULT = envelope("<e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring></e:Fault>")


def read(body, status=200, content_type="text/xml", expected=EXPECTED):
    return read_reply(HttpAnswer(status, content_type, body), expected)


def test_the_element_in_the_body_is_the_answer():
    assert read(GOOD).text == "42"


@given(st.integers(100, 599), st.text(max_size=40), st.binary(max_size=200))
def test_whatever_comes_is_an_answer_or_an_error_of_ours(status, content_type, body):
    try:
        read(body, status, content_type)
    except OutboundError as error:
        assert error.trouble is Trouble.ANSWER
        assert error.text.isprintable()


@given(st.binary(max_size=6), st.integers(0, len(GOOD)), st.integers(0, 6), st.sampled_from([GOOD, FAULT]))
@example(b"", 0, 0, GOOD)
def test_a_damaged_answer_is_an_answer_or_an_error_of_ours(piece, position, cut, whole):
    try:
        found = read(whole[:position] + piece + whole[position + cut :])
    except OutboundError as error:
        assert error.trouble is Trouble.ANSWER
    else:
        assert found.tag == "{urn:t}answer"


_XML_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="<>&\r", exclude_categories=["Cc", "Cs"]))


@given(_XML_TEXT, _XML_TEXT)
@example("e:Server", "x" * 297 + "a-secret")
@example("a-secret", "a-secret" * 100)
@example("e:Client", "line\u2028separator \u202e \x85 \ufeff")
def test_the_words_of_a_fault_are_printable_bounded_and_without_secrets(code, text):
    body = envelope(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault>")
    with pytest.raises(OutboundError) as caught:
        read(body.replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b""), 500)
    told = caught.value.text
    assert told.isprintable()
    assert len(told) <= LONGEST_CODE + LONGEST_TEXT + 60
    assert "a-secr" not in told or "a-secret" not in f"{code} {text}"


@pytest.mark.parametrize(
    "fault",
    [
        "<e:Fault/>",
        "<e:Fault><faultcode/><faultstring/></e:Fault>",
        "<e:Fault><x/><x/></e:Fault>",
        "<e:Fault>text</e:Fault>",
        "<e:Fault><e:faultcode>e:Server</e:faultcode></e:Fault>",
    ],
)
def test_a_fault_that_says_little_is_still_a_fault(fault):
    with pytest.raises(OutboundError, match="SOAP fault"):
        read(envelope(fault), 500)


def test_a_fault_of_soap_12_with_subcodes_without_end_is_read_to_the_tenth():
    deep = "<e:Subcode><e:Value>x:y</e:Value>" * 30 + "</e:Subcode>" * 30
    fault = f"<e:Fault><e:Code><e:Value>e:Sender</e:Value>{deep}</e:Code></e:Fault>"
    with pytest.raises(OutboundError, match="e:Sender/x:y/x:y"):
        read(envelope(fault, SoapVersion.SOAP12.namespace), 400, "application/soap+xml")


@pytest.mark.parametrize("space", ["wsse", "wsu"])
@pytest.mark.parametrize("fault", WssFault)
@pytest.mark.parametrize("version", SoapVersion)
def test_of_the_faults_of_ws_security_only_an_expired_message_may_pass(space, fault, version):
    code = f"{space}:{fault.local_name}"
    bodies = {
        SoapVersion.SOAP11: f"<e:Fault><faultcode>{code}</faultcode><faultstring>no</faultstring></e:Fault>",
        SoapVersion.SOAP12: "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>"
        f"<e:Value>{code}</e:Value></e:Subcode></e:Code></e:Fault>",
    }
    with pytest.raises(OutboundError) as caught:
        read(envelope(bodies[version], version.namespace), 500, version.content_type)
    assert caught.value.later is (fault is WssFault.MESSAGE_EXPIRED)
    assert code in caught.value.text


def test_nothing_is_due_of_a_one_way_operation():
    one_way = Expected(SoapVersion.SOAP11, None, 100_000)
    for status in (200, 202, 204):
        assert read(b"", status, "", one_way) is None
    with pytest.raises(OutboundError, match="SOAP fault"):
        read(FAULT, 200, "text/xml", one_way)
    with pytest.raises(OutboundError, match="404"):
        read(b"", 404, "", one_way)


def test_no_secret_stands_in_a_repr():
    assert "a-secret" not in repr(EXPECTED)
