"""The reader of one deployment: from a message to the call it means, and from a response to data for IMS."""

import pytest
from lxml import etree

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.values import Form, Source
from gateway.safexml import Bounds, parse
from tests.unit.callout.message.deployed import ADDRESS, PAYLOAD, iogcallout, received, wsdl


def aim(reader, text=None, *control, codec="cp1140", **where):
    data = iogcallout() if text is None else text
    message = received(data.encode(codec) if isinstance(data, str) else data, *control, **where)
    return reader.aim(reader.read(message), message)


def section(tag, value, codec="cp1140"):
    return tag, value.encode(codec)


def error_of(reader, *given, **where):
    with pytest.raises(CalloutError) as caught:
        aim(reader, *given, **where)
    assert caught.value.hope is Hope.NONE
    return caught.value


def status(reader, *given, **where):
    return error_of(reader, *given, **where).status


def element(text):
    return parse(text.encode(), Bounds())


def canonical(payload):
    return etree.tostring(payload, method="c14n")


# what a message says


def test_an_iogcallout_goes_where_it_says(reader):
    call = aim(reader)
    assert (call.service, call.port, call.operation, call.address) == ("rating", "RatingPort", "Rate", ADDRESS)
    assert (call.form, call.ccsid, call.converter, call.chosen) == (Form.IOGCALLOUT, 1140, "", False)
    assert canonical(call.payload) == canonical(element(PAYLOAD))


def test_in_utf_8_it_is_answered_in_utf_8(reader):
    assert aim(reader, codec="utf-8").ccsid == 1208
    assert aim(reader, codec="utf-16").ccsid == 1208


def test_the_correlator_may_ask_for_another_encoding(deploying):
    service = deploying.service("other", operations={"Rate": {"response_ccsid": 273}, "*": {}})
    reader = deploying.reader(service)
    assert aim(reader).ccsid == 273
    assert aim(reader, codec="utf-8").ccsid == 273
    assert aim(reader, iogcallout('<echo xmlns="urn:rating"/>', Operation="Echo")).ccsid == 1140


def test_another_port(reader):
    call = aim(reader, iogcallout(Port="SecondPort"))
    assert (call.port, call.address) == ("SecondPort", "http://second.example.com:8080/rating/v2?tenant=a")


def test_the_payload_stands_alone_without_the_namespaces_of_the_message(reader):
    text = iogcallout('<r:rate xmlns:r="urn:rating"><r:age>1</r:age></r:rate>')
    payload = aim(reader, text).payload
    assert payload.getparent() is None
    assert etree.tostring(payload) == b'<r:rate xmlns:r="urn:rating"><r:age>1</r:age></r:rate>'


def test_the_payload_keeps_the_prefixes_that_it_needs_from_around_it(reader):
    schema = "http://www.w3.org/2001/XMLSchema-instance"
    text = iogcallout('<r:rate xsi:type="r:X"><r:age>1</r:age></r:rate>').replace(
        "<IOGCallout ", f'<IOGCallout xmlns:r="urn:rating" xmlns:xsi="{schema}" xmlns:no="urn:no" '
    )
    payload = aim(reader, text).payload
    assert payload.nsmap == {"r": "urn:rating", "xsi": schema}
    assert payload.attrib == {f"{{{schema}}}type": "r:X"}


def test_an_element_without_namespace_stays_without(reader):
    payload = aim(reader, iogcallout('<r:rate xmlns:r="urn:rating"><age xmlns="">1</age></r:rate>')).payload
    assert payload[0].tag == "age"
    assert parse(etree.tostring(payload), Bounds())[0].tag == "age"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"WSID": "other"}, Status.INVOKING),
        ({"WSID": "Rating"}, Status.INVOKING),
        ({"WSID": "rating.wsdl"}, Status.INVOKING),
        ({"WSID": "../rating"}, Status.INVOKING),
        ({"Namespace": "urn:rating"}, Status.INVOKING),
        ({"Service": "Rating"}, Status.INVOKING),
        ({"Port": "Other"}, Status.PORT_NOT_FOUND),
        ({"Port": "ratingport"}, Status.PORT_NOT_FOUND),
        ({"Operation": "Other"}, Status.INVOKING),
        ({"Operation": "rate"}, Status.INVOKING),
        ({"Operation": "Echo"}, Status.INVOKING),
        ({"Port": "SmallPort", "Operation": "Echo"}, Status.INVOKING),
        ({"payload": '<echo xmlns="urn:rating"/>'}, Status.INVOKING),
        ({"payload": "<rate/>"}, Status.INVOKING),
        ({"payload": '<rate xmlns="urn:other"/>'}, Status.INVOKING),
    ],
)
def test_what_is_not_in_the_contract_goes_nowhere(reader, changed, expected):
    error = error_of(reader, iogcallout(**changed))
    assert error.status is expected
    for value in changed.values():
        assert len(value) < 7 or value not in error.text


def test_an_empty_namespace_says_nothing(reader):
    assert aim(reader, iogcallout(Namespace="")).operation == "Rate"


def test_an_operation_needs_a_table_in_the_correlator(deploying):
    reader = deploying.reader(deploying.service("tables", operations={"Echo": {}}))
    assert status(reader) is Status.INVOKING
    assert aim(reader, iogcallout('<echo xmlns="urn:rating"/>', Operation="Echo")).operation == "Echo"


def test_a_service_is_called_from_the_tpipes_of_its_own_bundles(deploying):
    reader = deploying.reader(deploying.service("own", bundles=["ims1"]))
    assert aim(reader).service == "own"
    assert status(reader, bundle="ims2") is Status.INVOKING


def test_a_bundle_that_is_gone_has_no_messages(reader):
    assert status(reader, bundle="ims3") is Status.RECEIVING_DISCARDED


# which service


def test_the_wsid_is_the_name_of_the_wsdl_before_that_of_a_folder(deploying):
    one, two = deploying.service("a", stem="b"), deploying.service("b", stem="c")
    reader = deploying.reader(one, two)
    assert aim(reader, iogcallout(WSID="b")).service == "a"
    assert aim(reader, iogcallout(WSID="c")).service == "b"
    assert aim(reader, iogcallout(WSID="a")).service == "a"


def test_where_several_have_a_wsdl_of_that_name_the_folder_tells_them_apart(deploying):
    one, two = deploying.service("x1", stem="x"), deploying.service("x2", stem="x")
    reader = deploying.reader(one, two)
    assert status(reader, iogcallout(WSID="x")) is Status.INVOKING
    assert aim(reader, iogcallout(WSID="x2")).service == "x2"
    named = deploying.reader(one, two, deploying.service("x", stem="x"))
    assert aim(named, iogcallout(WSID="x")).service == "x"


def test_a_wsdl_of_that_name_in_another_bundle_is_not_in_the_way(deploying):
    one, two = (
        deploying.service("y1", stem="y", bundles=["ims1"]),
        deploying.service("y2", stem="y", bundles=["ims2"]),
    )
    reader = deploying.reader(one, two)
    assert aim(reader, iogcallout(WSID="y")).service == "y1"
    assert aim(reader, iogcallout(WSID="y"), bundle="ims2").service == "y2"


# the schema


def test_the_payload_follows_the_schema_where_that_is_asked(deploying):
    strict = deploying.reader(deploying.service("strict", validate=True))
    lax = deploying.reader(deploying.service("lax"))
    wrong = iogcallout('<rate xmlns="urn:rating"><age>s3cret</age></rate>')
    assert aim(strict).operation == aim(lax).operation == aim(lax, wrong).operation == "Rate"
    error = error_of(strict, wrong)
    assert error.status is Status.INVOKING
    assert "age" in error.text
    assert "s3cret" not in str(error)


# control data


def test_control_data_changes_converter_port_and_address(reader):
    call = aim(reader, None, section("DFSCNVTR", "RATED"))
    assert (call.converter, call.chosen) == ("RATED", False)
    call = aim(reader, None, section("DFSPORTNAME", "SmallPort"))
    assert (call.port, call.address, call.chosen) == ("SmallPort", "https://small.example.com/", False)
    call = aim(reader, None, section("DFSHOSTPORT", "http://second.example.com:8080"))
    assert (call.port, call.address, call.chosen) == (
        "RatingPort",
        "http://second.example.com:8080/rating",
        True,
    )
    call = aim(reader, None, section("DFSENDPOINTURL", "https://small.example.com/x"))
    assert (call.port, call.address, call.chosen) == ("RatingPort", "https://small.example.com/x", True)


def test_a_port_and_a_host_go_together(reader):
    call = aim(
        reader, None, section("DFSPORTNAME", "SecondPort"), section("DFSHOSTPORT", "https://small.example.com")
    )
    assert (call.port, call.address) == ("SecondPort", "https://small.example.com/rating/v2?tenant=a")


def test_the_endpoint_wins_and_the_port_still_says_how_it_is_called(reader):
    call = aim(
        reader,
        None,
        section("DFSPORTNAME", "SecondPort"),
        section("DFSHOSTPORT", "https://small.example.com"),
        section("DFSENDPOINTURL", "https://rating.example.com/x"),
    )
    assert (call.port, call.address) == ("SecondPort", "https://rating.example.com/x")


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        ("DFSPORTNAME", "", Status.PORT_NAME_EMPTY),
        ("DFSPORTNAME", "Other", Status.PORT_NOT_FOUND),
        ("DFSENDPOINTURL", "", Status.ENDPOINT_URL_EMPTY),
        ("DFSENDPOINTURL", "rating.example.com", Status.BAD_ADDRESS),
        ("DFSENDPOINTURL", "https://evil.example/", Status.NOT_ALLOWED),
        ("DFSENDPOINTURL", "http://rating.example.com/", Status.NOT_ALLOWED),
        ("DFSENDPOINTURL", "https://rating.example.com@evil.example/", Status.BAD_ADDRESS),
        ("DFSENDPOINTURL", "http://127.1/", Status.IP_ADDRESS),
        ("DFSENDPOINTURL", "http://a..b/", Status.HOST_NAME),
        ("DFSHOSTPORT", "", Status.CONTROL_DATA_LENGTH),
        ("DFSHOSTPORT", "http://127.1", Status.IP_ADDRESS),
        ("DFSHOSTPORT", "http://-", Status.HOST_NAME),
        ("DFSHOSTPORT", "https://evil.example", Status.NOT_ALLOWED),
        ("DFSHOSTPORT", "rating.example.com:443", Status.BAD_ADDRESS),
        ("DFSHOSTPORT", "https://rating.example.com/x", Status.BAD_ADDRESS),
        ("DFSCNVTR", "RATE", Status.CONVERTER_NAME),
        ("dfshostport", "https://rating.example.com", Status.CONTROL_DATA_LENGTH),
    ],
)
def test_control_data_that_is_wrong_has_a_status_of_its_own(reader, tag, value, expected):
    assert status(reader, None, section(tag, value)) is expected


def test_a_port_of_the_control_data_must_have_the_operation(reader):
    text = iogcallout('<echo xmlns="urn:rating"/>', Operation="Echo")
    assert status(reader, text, section("DFSPORTNAME", "SmallPort")) is Status.INVOKING


def test_a_host_that_the_bundle_allows_may_be_named(deploying):
    reader = deploying.reader(allowed_hosts=["test.example.com:8443", "http://10.1.2.3:*"])
    call = aim(reader, None, section("DFSHOSTPORT", "https://test.example.com:8443"))
    assert call.address == "https://test.example.com:8443/rating"
    assert aim(reader, None, section("DFSHOSTPORT", "http://10.1.2.3:9")).address == "http://10.1.2.3:9/rating"
    assert status(reader, None, section("DFSHOSTPORT", "https://test.example.com")) is Status.NOT_ALLOWED


def test_the_addresses_of_another_service_are_not_ones_own(deploying):
    other = deploying.service("elsewhere", stem="elsewhere", text=wsdl("https://elsewhere.example.com/"))
    reader = deploying.reader(deploying.service(), other)
    assert status(reader, None, section("DFSHOSTPORT", "https://elsewhere.example.com")) is Status.NOT_ALLOWED
    text = iogcallout(WSID="elsewhere", Port="SecondPort")
    call = aim(reader, text, section("DFSHOSTPORT", "https://elsewhere.example.com"))
    assert call.address == "https://elsewhere.example.com/rating/v2?tenant=a"


# raw messages


def raw(deploying, name, operation, form, *, port="", **callout):
    table = {"TPIPE2": {"operation": operation, "form": form, "port": port}}
    return deploying.reader(deploying.service(name, raw=table), **callout)


def test_a_raw_message_is_the_body_itself(deploying):
    reader = raw(deploying, "raw-body", "Rate", "body")
    call = aim(reader, PAYLOAD, tpipe="TPIPE2")
    assert (call.service, call.port, call.operation, call.form) == ("raw-body", "RatingPort", "Rate", Form.BODY)
    assert call.ccsid == 1140
    assert aim(reader, PAYLOAD, codec="utf-8", tpipe="TPIPE2").ccsid == 1208
    assert canonical(call.payload) == canonical(element(PAYLOAD))
    assert status(reader, iogcallout(), tpipe="TPIPE2") is Status.INVOKING
    assert status(reader, "<echo/>", tpipe="TPIPE2") is Status.INVOKING
    assert status(reader, "hello", tpipe="TPIPE2") is Status.RECEIVING_DISCARDED
    # on the other tpipes of the bundle, and on that tpipe of other bundles, a message is an IOGCallout
    assert status(reader, PAYLOAD) is Status.PARSING_DISCARDED
    assert status(reader, PAYLOAD, tpipe="TPIPE2", bundle="ims2") is Status.PARSING_DISCARDED


def test_raw_messages_go_to_the_port_that_their_table_names(deploying):
    reader = raw(deploying, "raw-port", "Rate", "body", port="SmallPort")
    assert aim(reader, PAYLOAD, tpipe="TPIPE2").address == "https://small.example.com/"


def test_a_raw_message_goes_to_its_own_service_whatever_other_wsdls_are_called(deploying):
    table = {"TPIPE2": {"operation": "Rate", "form": "body"}}
    own, other = deploying.service("z", stem="zz", raw=table), deploying.service("zzz", stem="z")
    assert aim(deploying.reader(other, own), PAYLOAD, tpipe="TPIPE2").service == "z"


@pytest.mark.parametrize(
    ("form", "data", "text"),
    [
        ("text", "Grüße <&>".encode("cp1140"), "Grüße <&>"),
        ("base64", b"\x00\xff\x10", "AP8Q"),
        ("hex", b"\x00\xff\x10", "00FF10"),
    ],
)
def test_bytes_become_the_text_of_the_element_or_of_its_only_child(deploying, form, data, text):
    whole = raw(deploying, f"raw-echo-{form}", "Echo", form)
    payload = aim(whole, data, tpipe="TPIPE2").payload
    assert (payload.tag, payload.text, len(payload)) == ("{urn:rating}echo", text, 0)
    child = raw(deploying, f"raw-note-{form}", "Note", form)
    payload = aim(child, data, tpipe="TPIPE2").payload
    assert (payload.tag, payload.text, len(payload)) == ("{urn:rating}note", None, 1)
    assert (payload[0].tag, payload[0].text) == ("{urn:rating}data", text)


def test_bytes_go_to_an_operation_that_takes_one_value(deploying):
    for operation in ("Rate", "Many"):
        reader = raw(deploying, f"raw-no-{operation}", operation, "text")
        assert status(reader, "x", tpipe="TPIPE2") is Status.INVOKING


def test_bytes_that_are_no_text_are_not_read(deploying):
    reader = raw(deploying, "raw-text", "Echo", "text", host_ccsid=939)
    message = received(bytes.fromhex("0E42"), tpipe="TPIPE2")
    with pytest.raises(CalloutError) as caught:
        reader.read(message)
    assert caught.value.status is Status.PARSING_DISCARDED
    assert status(reader, b"", tpipe="TPIPE2") is Status.RECEIVING_DISCARDED


def test_control_data_goes_with_raw_messages_too(deploying):
    reader = raw(deploying, "raw-control", "Echo", "text")
    call = aim(reader, "x", section("DFSPORTNAME", "SecondPort"), tpipe="TPIPE2")
    assert call.port == "SecondPort"


def test_a_tpipe_that_two_services_claim_is_not_guessed_at(deploying):
    table = {"TPIPE2": {"operation": "Rate", "form": "body"}}
    both = deploying.reader(deploying.service("claim1", raw=table), deploying.service("claim2", raw=table))
    assert status(both, PAYLOAD, tpipe="TPIPE2") is Status.PARSING_DISCARDED


# responses


def test_a_response_to_xml_is_xml_in_the_encoding_of_the_request(reader):
    answer = element('<rateResponse xmlns="urn:rating">€ 日</rateResponse>')
    written = '<rateResponse xmlns="urn:rating">{}</rateResponse>'
    assert reader.response(aim(reader), answer) == written.format("€ &#26085;").encode("cp1140")
    assert reader.response(aim(reader, codec="utf-8"), answer) == written.format("€ 日").encode()


@pytest.mark.parametrize("form", ["text", "base64", "hex"])
def test_a_response_to_bytes_is_bytes(deploying, form):
    reader = raw(deploying, f"answer-{form}", "Echo", form)
    call = aim(reader, "Grüße", tpipe="TPIPE2")
    said = call.payload.text
    for text in (
        f'<echoResponse xmlns="urn:rating">{said}</echoResponse>',
        f'<echoResponse xmlns="urn:rating">\n <return>{said}</return>\n</echoResponse>',
        f"<r><!-- a --><v>{said[:2]}<!-- b -->{said[2:]}</v></r>",
    ):
        assert reader.response(call, element(text)) == "Grüße".encode("cp1140")
    assert reader.response(call, element("<r/>")) == b""
    for text in ("<r><a>00</a><b>00</b></r>", "<r>00<a>00</a></r>", "<r><a><b>00</b></a></r>", "<r><a/>00</r>"):
        with pytest.raises(CalloutError) as caught:
            reader.response(call, element(text))
        assert caught.value.status is Status.INVOKING


def test_a_response_that_is_not_in_the_form_is_an_error_of_the_service(deploying):
    for form, text in (("base64", "<r>!</r>"), ("hex", "<r>0</r>"), ("text", "<r>日</r>")):
        reader = raw(deploying, f"wrong-{form}", "Echo", form)
        call = aim(reader, "x", tpipe="TPIPE2")
        with pytest.raises(CalloutError) as caught:
            reader.response(call, element(text))
        assert caught.value.status is Status.INVOKING


# size


def test_a_message_of_ten_million_bytes_goes_through(deploying):
    name = "x" * 9_000_000
    reader = deploying.reader(bounds=Bounds(max_bytes=10_000_000))
    text = iogcallout(f'<rate xmlns="urn:rating"><age>1</age><name>{name}</name></rate>')
    call = aim(reader, text)
    assert call.payload[1].text == name
    assert reader.response(call, call.payload).endswith(f"{name}</name></rate>".encode("cp1140"))


def test_a_payload_that_is_longer_when_written_anew_is_not_too_long(deploying):
    text = iogcallout('<rate xmlns="urn:rating"><age>1</age><name>' + ">" * 1000 + "</name></rate>")
    reader = deploying.reader(bounds=Bounds(max_bytes=len(text)))
    assert aim(reader, text, codec="utf-8").payload[1].text == ">" * 1000
    assert status(reader, text + "\n" * 5 + "<", codec="utf-8") is Status.PARSING_DISCARDED


def test_the_source_of_a_message_is_not_looked_up_by_tpipe_alone(deploying):
    reader = raw(deploying, "source", "Rate", "body")
    assert reader.read(received(PAYLOAD.encode(), tpipe="TPIPE2")).form is Form.BODY
    assert received(b"", tpipe="TPIPE2").source == Source("ims1", "TPIPE2")
