"""What a request is known by: where an id may come from, and that nothing can be put in through one."""

import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.config.tracking import TrackingSettings
from gateway.envelope import SoapVersion, read_envelope
from gateway.errors import GatewayError, M
from gateway.safexml import Bounds, parse
from gateway.soap import faults
from gateway.tracking import LONGEST, Tracked, header_names, is_tracking_id, parse_source, tracked
from gateway.web.message import error_reply
from tests.fixtures.soap import SOAP11, SOAP12, envelope

WSA10 = "http://www.w3.org/2005/08/addressing"
WSA04 = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
MADE = "0123456789abcdef0123456789abcdef"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
DEFAULT = TrackingSettings().places


def message_id(text, namespace=WSA10, attributes=""):
    return f'<a:MessageID xmlns:a="{namespace}" {attributes}>{text}</a:MessageID>'


def known(headers="", body='<x xmlns="urn:x"/>', sources=DEFAULT, http=None, soap=SOAP11):
    root = parse(envelope(body, headers, soap), Bounds())
    return tracked(MADE, sources, read_envelope(root), http or {})


def from_(*texts):
    return tuple(map(parse_source, texts))


class TestMessageId:
    @pytest.mark.parametrize("soap", [SOAP11, SOAP12])
    @pytest.mark.parametrize("namespace", [WSA10, WSA04])
    def test_the_message_id_of_both_versions_of_addressing_counts(self, namespace, soap):
        found = known(message_id("urn:uuid:1-2", namespace), soap=soap)
        assert found == Tracked("urn:uuid:1-2", "message-id")

    def test_white_space_around_it_and_comments_in_it_mean_nothing(self):
        assert known(message_id(" \n urn:<!-- x -->7\t")).id == "urn:7"

    def test_one_that_stands_there_twice_is_none(self):
        assert known(message_id("a") + message_id("b")) == Tracked(MADE)

    def test_one_with_an_element_in_it_is_none(self):
        assert known(message_id("a<b xmlns='urn:b'/>")) == Tracked(MADE)

    def test_one_for_another_node_is_not_ours(self):
        header = message_id("a", attributes=f'xmlns:s="{SOAP11}" s:actor="urn:somebody"')
        assert known(header) == Tracked(MADE)

    def test_one_in_the_body_is_none(self):
        assert known(body=message_id("a")) == Tracked(MADE)


class TestOrder:
    def test_the_first_source_that_has_an_id_counts(self):
        http = {"traceparent": TRACEPARENT}
        assert known(message_id("m1"), http=http) == Tracked("m1", "message-id")
        assert known(http=http) == Tracked(TRACE, "traceparent")
        turned = from_("traceparent", "message-id")
        assert known(message_id("m1"), sources=turned, http=http) == Tracked(TRACE, "traceparent")

    def test_an_id_of_the_wrong_form_leaves_it_to_the_next_source(self):
        assert known(message_id("a b"), http={"traceparent": TRACEPARENT}).by == "traceparent"
        assert known(message_id("a|b"), http={"traceparent": f"{TRACEPARENT},x"}) == Tracked(MADE)

    def test_without_sources_the_id_is_always_made(self):
        assert known(message_id("m1"), sources=(), http={"traceparent": TRACEPARENT}) == Tracked(MADE)

    def test_before_the_message_is_read_headers_are_all_there_is(self):
        http = {"traceparent": TRACEPARENT, "x-request-id": "r1"}
        assert tracked(MADE, DEFAULT, None, http) == Tracked(TRACE, "traceparent")
        assert tracked(MADE, from_("element:{urn:x}a", "header:X-Request-ID"), None, http).id == "r1"
        assert tracked(MADE, DEFAULT, None, {}) == Tracked(MADE)


class TestElementsAndHeaders:
    SOURCE = from_("element:{urn:x}id")

    def test_an_element_of_the_header_comes_before_one_of_the_body(self):
        block, body = '<i:id xmlns:i="urn:x">h1</i:id>', '<i:in xmlns:i="urn:x"><i:id>b1</i:id></i:in>'
        assert known(block, body, self.SOURCE) == Tracked("h1", "element:{urn:x}id")
        assert known("", body, self.SOURCE).id == "b1"

    def test_the_payload_itself_may_bear_the_name(self):
        assert known("", '<id xmlns="urn:x">7</id>', self.SOURCE).id == "7"

    @pytest.mark.parametrize(
        "body",
        [
            '<in xmlns="urn:x"><id>1</id><id>2</id></in>',
            '<in xmlns="urn:y"><id>1</id></in>',
            '<in xmlns="urn:x"><id><b/></id></in>',
            '<in xmlns="urn:x"><id/></in>',
        ],
    )
    def test_several_or_another_or_none_gives_no_id(self, body):
        assert known("", body, self.SOURCE) == Tracked(MADE)

    def test_a_header_of_http_counts_whatever_the_case_of_its_name(self):
        sources = from_("header:X-Request-ID")
        assert header_names((*sources, *DEFAULT)) == ("x-request-id",)
        assert known(sources=sources, http={"x-request-id": " r-1\t"}) == Tracked("r-1", "header:x-request-id")

    def test_a_header_that_was_sent_twice_is_none(self):
        assert known(sources=from_("header:X-Request-ID"), http={"x-request-id": "a,b"}) == Tracked(MADE)


class TestSources:
    @pytest.mark.parametrize(
        "text", ["message-id", "traceparent", "element:{urn:x}a", "element:{}a", "header:x-request-id"]
    )
    def test_a_source_reads_as_it_is_written(self, text):
        assert str(parse_source(text)) == text

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "is none of"),
            ("Message-ID", "is none of"),
            ("message-id:", "without a name"),
            ("traceparent:x", "without a name"),
            ("element", "names no element"),
            ("element:a", "names no element"),
            ("element:{urn:x}", "names no element"),
            ("element:{urn:x}1a", "names no element"),
            ("element:{urn:x}a b", "names no element"),
            ("header:", "names no HTTP header"),
            ("header:X_Y", "names no HTTP header"),
            ("header:Authorization", "is a secret"),
            ("header:COOKIE", "is a secret"),
        ],
    )
    def test_what_is_no_source_is_refused_with_its_reason(self, text, words):
        with pytest.raises(ValueError, match=words):
            parse_source(text)


class TestForm:
    @pytest.mark.parametrize(
        "text",
        [
            "urn:uuid:6B29FC40-CA47-1067-B31D-00DD010662DA",
            "http://example.com/m/4#2",
            "ID:414d5120",
            "a@b.example",
            "x" * LONGEST,
            "7",
        ],
    )
    def test_ids_that_clients_make_are_taken(self, text):
        assert is_tracking_id(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x" * (LONGEST + 1),
            "-1",
            "=1+1",
            "+1",
            "@SUM",
            ".",
            "a b",
            "a\n",
            "a\r\nX-Y: z",
            "a\tb",
            "aä",
            "a\u2028b",
        ]
        + [f"a{mark}b" for mark in "\"'<>&|\\^=;,%$`{}[]()!?\x00\x7f"],
    )
    def test_what_could_mean_something_somewhere_is_not(self, text):
        assert not is_tracking_id(text)


ANY = st.one_of(st.text(max_size=150), st.text(string.printable, max_size=40))


class TestNothingComesIn:
    """Whatever a caller offers, what stands in header, log, fault and code page is one plain word."""

    @given(ANY)
    @example("x\r\nSet-Cookie: a=b")
    @example("</faultstring><a/>")
    @example('x","admin":"true')
    def test_an_id_is_the_same_in_header_log_fault_and_code_page(self, offered):
        found = tracked(MADE, from_("header:x"), None, {"x": offered}).id
        assert found in {MADE, offered.strip(" \t")}
        reply = error_reply(GatewayError(M.INTERNAL), found)
        assert reply.header("X-Tracking-Id") == found
        assert found.encode("cp037").decode("cp037") == found
        assert json.dumps(found) == f'"{found}"'
        for version in SoapVersion:
            fault = parse(faults.render(GatewayError(M.INTERNAL), version, found).body, Bounds())
            told = fault.find(".//{*}trackingId")
            assert told is not None
            assert told.text == found
            text = next(fault.iter("faultstring", f"{{{SOAP12}}}Text")).text
            assert text.endswith(f"(tracking id {found})")

    @given(ANY)
    def test_no_id_has_a_character_that_separates_anything(self, offered):
        found = tracked(MADE, from_("header:x"), None, {"x": offered}).id
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(" \"'<>&|\\^=;,%`")
        assert 0 < len(found) <= LONGEST
