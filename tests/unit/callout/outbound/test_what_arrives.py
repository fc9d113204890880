"""What a service outside gets, read from the wire with other tools than ours."""

import base64

import pytest
from lxml import etree

from gateway.callout.values import Aim
from tests.fixtures.hostile_service import RATING, WSA, payload, rated
from tests.fixtures.in_process import SOAP11, SOAP12, WSSE
from tests.unit.callout.outbound.calls import MESSAGE_ID, RATE, basic, call, element

SOAP = {"Soap11": SOAP11, "Soap12": SOAP12}


def post(text="x"):
    return element(f'<Post xmlns="{RATING}">{text}</Post>')


@pytest.fixture
def caller(calling):
    return calling.caller()


@pytest.mark.parametrize("port", ["Soap11", "Soap12"])
def test_the_payload_arrives_in_an_envelope_of_the_ports_version_and_the_answer_comes_back(
    caller, service, port
):
    answer = caller.call(call(f"{service.origin}/rating", port=port))
    [heard] = service.heard
    assert heard.soap == SOAP[port]
    assert etree.tostring(heard.payload, method="c14n", exclusive=True) == RATE.encode()
    assert (answer.tag, answer.findtext("{*}score")) == (f"{{{RATING}}}RateResponse", "3")


def test_soap_11_says_its_action_in_a_header(caller, service):
    caller.call(call(service.origin))
    headers = service.heard[0].headers
    assert headers["content-type"] == "text/xml; charset=utf-8"
    assert headers["soapaction"] == '"urn:rate"'


def test_soap_11_without_an_action_says_so(caller, service):
    caller.call(call(service.origin, operation="Post", payload=post()))
    assert service.heard[0].headers["soapaction"] == '""'


def test_soap_12_says_its_action_in_the_content_type(caller, service):
    caller.call(call(service.origin, port="Soap12"))
    headers = service.heard[0].headers
    assert headers["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:rate"'
    assert "soapaction" not in headers


def test_soap_12_without_an_action_names_none(caller, service):
    caller.call(call(service.origin, port="Soap12", operation="Post", payload=post()))
    assert service.heard[0].headers["content-type"] == "application/soap+xml; charset=utf-8"


def test_an_rpc_request_arrives_as_the_program_wrapped_it(caller, service):
    service.behave = payload(f'<r:RpcRateResponse xmlns:r="{RATING}"><score>7</score></r:RpcRateResponse>')
    wrapper = f'<r:RpcRate xmlns:r="{RATING}"><customer>C1</customer></r:RpcRate>'
    answer = caller.call(call(service.origin, port="Rpc", operation="RpcRate", payload=element(wrapper)))
    assert etree.tostring(service.heard[0].payload, method="c14n", exclusive=True) == wrapper.encode()
    assert answer.findtext("score") == "7"


def test_a_one_way_operation_gives_nothing_back(caller, service):
    assert caller.call(call(service.origin, operation="Post", payload=post("an event"))) is None
    assert service.heard[0].payload.text == "an event"


def test_prefixes_that_only_values_use_arrive_with_the_payload(caller, service):
    # bound around the payload, twice for one namespace, and with the prefix that envelopes have
    program = element(
        f'<outer xmlns:a="urn:one" xmlns:b="urn:one" xmlns:soapenv="urn:two"><Rate xmlns="{RATING}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><customer xsi:type="b:Kind">soapenv:x</customer>'
        "<!-- of the program --></Rate></outer>"
    )
    caller.call(call(service.origin, payload=program[0]))
    [customer] = service.heard[0].payload.findall("{*}customer")
    assert {prefix: customer.nsmap[prefix] for prefix in ("a", "b", "soapenv")} == {
        "a": "urn:one",
        "b": "urn:one",
        "soapenv": "urn:two",
    }
    assert customer.values() == ["b:Kind"]
    assert program[0].getparent() is program  # and the program's message is whole


def test_the_path_and_query_are_those_of_the_address(caller, service):
    caller.call(call(f"{service.origin}/a%20b/ä b?x=1&y=/?#fragment"))
    assert service.heard[0].path == "/a%20b/%C3%A4%20b?x=1&y=/?"
    assert service.heard[0].headers["host"] == service.origin.removeprefix("http://")


def test_an_answer_is_asked_for_uncompressed(caller, service):
    caller.call(call(service.origin))
    assert service.heard[0].headers["accept-encoding"] == "identity"


# -- WS-Addressing --------------------------------------------------------------------------------------------


def test_addressing_names_action_address_and_message_once_each(caller, service):
    caller.call(call(f"{service.origin}/x?a=1&b=2"))
    header = service.heard[0].root.find("{*}Header")
    assert [(one.tag, one.text) for one in header] == [
        (f"{{{WSA}}}Action", "urn:rate"),
        (f"{{{WSA}}}MessageID", MESSAGE_ID),
        (f"{{{WSA}}}To", f"{service.origin}/x?a=1&b=2"),
    ]


def test_each_delivery_of_a_message_has_the_same_id(caller, service):
    for _ in range(2):
        caller.call(call(service.origin, synchronous=False))
    assert {heard.message_id for heard in service.heard} == {MESSAGE_ID}


def test_addressing_is_left_out_where_it_is_not_wanted(calling, service):
    calling.caller(addressing=False).call(call(service.origin))
    assert service.heard[0].root.find("{*}Header") is None


# -- connections ----------------------------------------------------------------------------------------------


def test_a_connection_is_used_again(caller, service):
    for _ in range(3):
        caller.call(call(service.origin))
    assert service.connections == 1


def test_a_connection_that_the_service_ends_is_not_used_again(caller, service):
    body = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body>{rated(1)}</e:Body></e:Envelope>'
    head = (
        f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    service.behave = lambda link, _: link.send((head + body).encode())
    for _ in range(2):
        caller.call(call(service.origin))
    assert service.connections == 2


def test_an_answer_in_chunks_is_read(caller, service):
    body = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body>{rated(5)}</e:Body></e:Envelope>'
    chunks = "".join(f"{len(body[n : n + 7]):x};ext=1\r\n{body[n : n + 7]}\r\n" for n in range(0, len(body), 7))
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    service.behave = lambda link, _: link.send(f"{head}{chunks}0\r\nTrailer: x\r\n\r\n".encode())
    for _ in range(2):
        assert caller.call(call(service.origin)).findtext("{*}score") == "5"
    assert service.connections == 1


def test_an_answer_that_the_end_of_the_connection_ends_is_read(caller, service):
    body = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body>{rated(6)}</e:Body></e:Envelope>'

    def behave(link, _):
        link.send(f"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n{body}".encode())
        raise ConnectionAbortedError

    service.behave = behave
    assert caller.call(call(service.origin)).findtext("{*}score") == "6"


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_request(caller, service):
    def behave(link, heard):
        body = f'<e:Envelope xmlns:e="{SOAP11}"><e:Body>{rated(1)}</e:Body></e:Envelope>'
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nSet-Cookie: session=of-alice; Path=/\r\n"
        link.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())

    service.behave = behave
    for _ in range(2):
        caller.call(call(service.origin))
    assert "cookie" not in service.heard[1].headers


# -- HTTP Basic -----------------------------------------------------------------------------------------------


def test_http_basic_arrives_in_utf_8(calling, service):
    calling.callout = {"basic": basic("gw", "pässword:1")}
    calling.caller().call(call(service.origin))
    kind, _, coded = service.heard[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(coded).decode()) == ("Basic", "gw:pässword:1")


def test_http_basic_of_the_service_stands_in_for_that_of_the_bundle(calling, service):
    calling.callout = {"basic": basic("bundle", "b")}
    security = {"basic": basic("service", "s")}
    calling.caller(security=security).call(call(service.origin))
    assert service.heard[0].basic == "service:s"


def test_without_http_basic_no_authorization_is_sent(caller, service):
    caller.call(call(service.origin))
    assert "authorization" not in service.heard[0].headers
    assert service.heard[0].root.find(f"{{*}}Header/{{{WSSE}}}Security") is None


def test_no_environment_changes_a_call(calling, service, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    calling.caller().call(call(service.origin))
    assert "authorization" not in service.heard[0].headers


def test_the_aim_says_nothing_of_the_payload_in_its_repr():
    assert "C1" not in repr(call("http://127.0.0.1/").aim)
    assert isinstance(call("http://127.0.0.1/").aim, Aim)
