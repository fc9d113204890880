"""Each way in which a service outside can fail, and what its caller is told."""

import socket
import threading
from contextlib import ExitStack

import pytest

from gateway.callout.codes import Hope, Status
from gateway.callout.outbound import ServiceCaller
from gateway.clock import SYSTEM_CLOCK
from gateway.soap.outbound.resolver import Resolver
from tests.fixtures import hostile_service as hostile
from tests.fixtures.hostile_service import RATING, answer, envelope, payload, rated, status
from tests.fixtures.in_process import SOAP11, SOAP12
from tests.fixtures.scripted_server import full_backlog
from tests.unit.callout.outbound.calls import SHORT, basic, call, element, failure

pytestmark = pytest.mark.timeout(60)

LATER, NONE = Hope.LATER, Hope.NONE


@pytest.fixture
def caller(calling):
    return calling.caller()


def told(error):
    return error.status, error.hope, error.maybe_done


# -- silence --------------------------------------------------------------------------------------------------

SILENT = {
    "no answer": hostile.hang,
    "half a header": hostile.hang_in_header,
    "half a body": hostile.hang_in_body,
    "a byte now and then": hostile.drip(),
    "a header without end": hostile.drip_header(),
    "an interim answer now and then": lambda link, _: dripped(link, b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a length of a chunk without end": lambda link, _: dripped(
        link, b"0", b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "a trailer without end": lambda link, _: dripped(
        link,
        b"X: y\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    ),
}


def dripped(link, piece, before=b""):
    link.send(before)
    while not link.stopping.wait(0.02):
        link.send(piece)


@pytest.mark.parametrize("behaviour", SILENT.values(), ids=SILENT)
def test_whoever_does_not_finish_its_answer_is_cut_when_nobody_listens_any_more(caller, service, behaviour):
    service.behave = behaviour
    error = failure(caller, call(service.origin, SHORT))
    assert told(error) == (Status.NO_RESPONSE, LATER, True)
    assert len(service.heard) == 1


def test_a_service_that_does_not_read_the_request_is_cut(caller, service):
    service.greet = lambda link: link.stopping.wait()
    text = f'<Rate xmlns="{RATING}"><customer>{"x" * 20_000_000}</customer><amount>1</amount></Rate>'
    made = call(service.origin, 2.0, payload=etree_element(text))
    error = failure(caller, made)
    assert told(error) == (Status.NO_RESPONSE, LATER, True)


def etree_element(text):
    from lxml import etree

    return etree.fromstring(text, etree.XMLParser(huge_tree=True))  # noqa: TID251  larger than messages may be


def test_a_host_that_takes_no_connection_is_given_up_after_the_time_for_that(calling):
    caller = calling.caller(connect_timeout_ms=300)
    with full_backlog() as listener:
        error = failure(caller, call(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    assert told(error) == (Status.NETWORK, LATER, False)
    assert "connection" in error.text


def test_no_connection_is_waited_for_after_the_programs_deadline(caller):
    now = SYSTEM_CLOCK.monotonic()
    with full_backlog() as listener:
        made = call(f"http://127.0.0.1:{listener.getsockname()[1]}/", deadline=now + SHORT, give_up=now + 1000)
        assert told(failure(caller, made)) == (Status.NO_RESPONSE, LATER, False)


def test_nothing_is_sent_after_the_programs_deadline(caller, service):
    made = call(service.origin, deadline=SYSTEM_CLOCK.monotonic() - 0.1)
    assert told(failure(caller, made)) == (Status.NO_RESPONSE, LATER, False)
    assert service.connections == 0


def test_an_answer_after_the_programs_deadline_is_still_heard(caller, service):
    service.rating.hold("C1")
    deadline = SYSTEM_CLOCK.monotonic() + SHORT
    found = []
    thread = threading.Thread(target=lambda: found.append(caller.call(call(service.origin, deadline=deadline))))
    thread.start()
    while SYSTEM_CLOCK.monotonic() < deadline:
        threading.Event().wait(0.02)
    service.rating.let_go()
    thread.join(20)
    assert found[0].findtext("{*}score") == "3"


def test_a_resolver_that_does_not_answer_is_not_waited_for(calling):
    answered = threading.Event()

    def look_up(*_, **__):
        answered.wait(30)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    caller = ServiceCaller(calling.deployment(), SYSTEM_CLOCK, home=calling.folder, resolver=Resolver(look_up))
    calling.callers.append(caller)
    error = failure(caller, call("http://rating.example.com/", SHORT))
    answered.set()
    assert told(error) == (Status.NO_RESPONSE, LATER, False)


# -- no way there ---------------------------------------------------------------------------------------------


def test_a_refused_connection_is_an_error_of_the_network(caller):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(caller, call(f"http://127.0.0.1:{port}/"))
    assert told(error) == (Status.NETWORK, LATER, False)
    assert error.text == "the web service refused the connection"
    assert error.response.startswith("SOAP Gateway Error: 1009: IOGS0077E: the web service refused")


def test_an_unknown_name_is_an_error_of_the_network(calling):
    def look_up(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    caller = ServiceCaller(calling.deployment(), SYSTEM_CLOCK, home=calling.folder, resolver=Resolver(look_up))
    calling.callers.append(caller)
    error = failure(caller, call("http://rating.example.com/"))
    assert told(error) == (Status.NETWORK, LATER, False)
    assert error.text == "the name of the web service's host is not known"


# -- a connection that breaks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour", [hostile.drop, hostile.reset, hostile.drop_in_body], ids=["closed", "reset", "in the body"]
)
def test_a_connection_that_breaks_may_have_brought_the_request_there(caller, service, behaviour):
    service.behave = behaviour
    error = failure(caller, call(service.origin))
    assert told(error) == (Status.NETWORK, LATER, True)
    assert error.text.startswith("the web service broke the connection")


@pytest.mark.parametrize("chunk", [b"ff\r\nhalf", b"ff", b"5\r\n12345\r\n"])
def test_an_answer_in_chunks_that_breaks_off_is_no_answer(caller, service, chunk):
    def behave(link, _):
        link.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
        raise ConnectionAbortedError

    service.behave = behave
    assert told(failure(caller, call(service.origin))) == (Status.NETWORK, LATER, True)


def test_nothing_is_sent_twice_behind_the_callers_back(caller, service):
    caller.call(call(service.origin))
    service.behave = hostile.drop
    failure(caller, call(service.origin))
    assert len(service.heard) == 2


def test_a_service_that_answers_before_it_has_read_everything_is_heard(caller, service):
    def greet(link):
        link.raw.recv(1000)
        link.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        link.wait()

    service.greet = greet
    text = f'<Rate xmlns="{RATING}"><customer>{"x" * 200_000}</customer><amount>1</amount></Rate>'
    error = failure(caller, call(service.origin, payload=element(text)))
    assert told(error) == (Status.INVOKING, NONE, False)
    assert "413" in error.text


# -- redirections ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirection_is_not_followed(calling, service_factory, line):
    elsewhere = service_factory()
    service = service_factory(hostile.redirect(f"{elsewhere.origin}/steal", line))
    calling.callout = {"basic": basic("gw", "secret-1")}
    error = failure(calling.caller(), call(service.origin))
    assert told(error) == (Status.INVOKING, NONE, False)
    assert "redirection" in error.text
    assert str(elsewhere.port) not in str(error)
    assert elsewhere.connections == 0


# -- faults ---------------------------------------------------------------------------------------------------


def fault12(code, text="no", subcodes="", space=SOAP12):
    return (
        f"<e:Fault><e:Code><e:Value>{code}</e:Value>{subcodes}</e:Code>"
        f'<e:Reason><e:Text xml:lang="en">{text}</e:Text></e:Reason></e:Fault>'
    )


@pytest.mark.parametrize(
    ("code", "hope", "maybe_done"),
    [
        ("soap:Server", LATER, True),
        ("soap:Server.Database", LATER, True),
        ("soap:Client", NONE, False),
        ("soap:Client.Authentication", NONE, False),
        ("soap:MustUnderstand", NONE, False),
        ("soap:VersionMismatch", NONE, False),
        ("Server", LATER, True),
        ("x:OfItsOwn", NONE, False),
        ("wsse:FailedAuthentication", NONE, False),
        ("wsse:MessageExpired", LATER, False),
        ("wsu:MessageExpired", LATER, False),
        ("", NONE, False),
    ],
)
def test_a_fault_of_soap_11_says_whether_it_may_pass(caller, service, code, hope, maybe_done):
    service.behave = hostile.fault11(code, "as it says")
    error = failure(caller, call(service.origin))
    assert told(error) == (Status.INVOKING, hope, maybe_done)
    assert error.text.endswith(f"{code.replace('soap:', 'e:')}: as it says")


@pytest.mark.parametrize(
    ("code", "line", "hope", "maybe_done"),
    [
        ("e:Receiver", "500 Internal Server Error", LATER, True),
        ("e:Sender", "400 Bad Request", NONE, False),
        ("e:MustUnderstand", "500 Internal Server Error", NONE, False),
        ("e:DataEncodingUnknown", "500 Internal Server Error", NONE, False),
    ],
)
def test_a_fault_of_soap_12_says_whether_it_may_pass(caller, service, code, line, hope, maybe_done):
    service.behave = answer(envelope(fault12(code), SOAP12), line, "application/soap+xml")
    error = failure(caller, call(service.origin, port="Soap12"))
    assert told(error) == (Status.INVOKING, hope, maybe_done)
    assert error.text.endswith(f"{code}: no")


def test_subcodes_are_told_and_an_expired_token_may_be_tried_again(caller, service):
    inner = "<e:Subcode><e:Value>w:MessageExpired</e:Value></e:Subcode>"
    subcodes = f"<e:Subcode><e:Value>w:Outer</e:Value>{inner}</e:Subcode>"
    body = envelope(fault12("e:Sender", "too old", subcodes), SOAP12)
    service.behave = answer(body, "400 Bad Request", "application/soap+xml")
    error = failure(caller, call(service.origin, port="Soap12"))
    assert (error.hope, error.text.rpartition(": ")[0].endswith("e:Sender/w:Outer/w:MessageExpired")) == (
        LATER,
        True,
    )


def test_a_fault_with_status_200_is_a_fault(caller, service):
    body = "<e:Fault><faultcode>e:Client</faultcode><faultstring>no</faultstring></e:Fault>"
    service.behave = payload(body)
    assert told(failure(caller, call(service.origin))) == (Status.INVOKING, NONE, False)


def test_a_fault_of_the_other_version_is_told(caller, service):
    # SOAP 1.2 part 1, appendix A: who knows SOAP 1.1 only answers in that
    body = "<e:Fault><faultcode>e:VersionMismatch</faultcode><faultstring>1.1 only</faultstring></e:Fault>"
    service.behave = answer(envelope(body), "500 Internal Server Error")
    error = failure(caller, call(service.origin, port="Soap12"))
    assert "e:VersionMismatch: 1.1 only" in error.text


def test_a_fault_in_answer_to_a_one_way_message_is_told(caller, service):
    service.behave = hostile.fault11()
    made = call(service.origin, operation="Post", payload=element(f'<Post xmlns="{RATING}">x</Post>'))
    assert "SOAP fault" in failure(caller, made).text


@pytest.mark.parametrize("behaviour", [answer(b""), answer(b"thanks", kind="text/plain"), payload(rated(1))])
def test_whatever_else_a_one_way_message_is_answered_with_does_not_matter(caller, service, behaviour):
    service.behave = behaviour
    made = call(service.origin, operation="Post", payload=element(f'<Post xmlns="{RATING}">x</Post>'))
    assert caller.call(made) is None


def test_the_text_of_a_fault_is_one_line_of_bounded_length(caller, service):
    service.behave = hostile.fault11("e:Server", "first\n\tsecond &#x85; \u202e third " + "long " * 1000)
    text = failure(caller, call(service.origin)).text
    assert len(text) < 500
    assert "first second" in text
    assert text.isprintable()


def test_a_secret_that_the_service_says_back_is_not_told(calling, service):
    calling.callout = {"basic": basic("gw", "very-secret")}

    def behave(link, heard):
        said = f"who is {heard.headers['authorization']} alias very-secret?"
        hostile.fault11("e:Client", said)(link, heard)

    service.behave = behave
    error = failure(calling.caller(), call(service.origin))
    assert "very-secret" not in str(error)
    assert service.heard[0].headers["authorization"].split()[1] not in str(error)
    assert "who is" in error.text


# -- errors of HTTP -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "hope", "maybe_done"),
    [
        ("400 Bad Request", NONE, False),
        ("401 Unauthorized", NONE, False),
        ("403 Forbidden", NONE, False),
        ("404 Not Found", NONE, False),
        ("408 Request Timeout", LATER, False),
        ("429 Too Many Requests", LATER, False),
        ("500 Internal Server Error", LATER, True),
        ("502 Bad Gateway", LATER, True),
        ("503 Service Unavailable", LATER, False),
        ("504 Gateway Timeout", LATER, True),
    ],
)
def test_an_error_of_http_says_whether_it_may_pass(caller, service, line, hope, maybe_done):
    service.behave = status(line, b"<html>internals of the host</html>", "text/html")
    error = failure(caller, call(service.origin))
    assert told(error) == (Status.INVOKING, hope, maybe_done)
    assert line.split()[0] in error.text
    assert "internals" not in str(error)


def test_the_phrase_of_a_status_is_never_the_services(caller, service):
    service.behave = status("404 <script>internals</script>")
    error = failure(caller, call(service.origin))
    assert "HTTP 404 Not Found" in error.text
    assert "internals" not in str(error)


@pytest.mark.parametrize("line", ["202 Accepted", "204 No Content", "206 Partial Content"])
def test_an_acceptance_is_no_answer_where_one_is_due(caller, service, line):
    service.behave = answer(b"", line)
    assert told(failure(caller, call(service.origin))) == (Status.INVOKING, NONE, True)


# -- what is no answer ----------------------------------------------------------------------------------------

NO_ANSWER = {
    "garbage": hostile.GARBAGE,
    "no HTTP": hostile.raw(b"220 mail.example.com ESMTP\r\n"),
    "a header of many lines": hostile.raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
    "a header of a long line": hostile.raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"),
    "HTML": answer(b"<html/>", kind="text/html"),
    "JSON": answer(b"{}", kind="application/json"),
    "no content type": hostile.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>"),
    "attachments": answer(b"--x", kind='multipart/related; boundary="x"'),
    "nothing": answer(b""),
    "no XML": answer(b"not XML"),
    "half an envelope": answer(envelope(rated(1))[:-5]),
    "a document type": answer(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + envelope(rated(1))),
    "an instruction": answer(b"<?php 1 ?>" + envelope(rated(1))),
    "another charset": answer(envelope(rated(1)), kind="text/xml; charset=iso-8859-1"),
    "no envelope": answer(rated(1).encode()),
    "an envelope of nobody": answer(envelope(rated(1), "urn:soap")),
    "the other SOAP": answer(envelope(rated(1), SOAP12), kind="application/soap+xml"),
    "no body": answer(f'<e:Envelope xmlns:e="{SOAP11}"/>'.encode()),
    "an empty body": payload(""),
    "text": payload("text"),
    "two elements": payload(rated(1) + rated(2)),
    "text beside it": payload(rated(1) + "text"),
    "another element": payload(f'<Other xmlns="{RATING}"/>'),
    "another namespace": payload("<RateResponse><score>1</score></RateResponse>"),
    "levels without end": payload("<a>" * 200 + "</a>" * 200),
    "a chunk without a length": hostile.raw(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n"
    ),
    "compressed": hostile.gzip_bomb(1_000_000),
    "deflated": answer(b"x", Content_Encoding="deflate"),
    "compressed twice": answer(b"x", Content_Encoding="gzip, gzip"),
}


@pytest.mark.parametrize("behaviour", NO_ANSWER.values(), ids=NO_ANSWER)
def test_what_is_no_answer_is_none_and_may_have_been_done(caller, service, behaviour):
    service.behave = behaviour
    assert told(failure(caller, call(service.origin))) == (Status.INVOKING, NONE, True)


def test_a_comment_beside_the_payload_and_headers_of_the_answer_do_not_matter(caller, service):
    body = (
        f'<?xml version="1.0"?><e:Envelope xmlns:e="{SOAP11}" e:encodingStyle="urn:x"><e:Header>'
        '<h:Security xmlns:h="urn:h" e:mustUnderstand="1"/></e:Header>'
        f'<e:Body id="b"><!-- c -->{rated(9)}</e:Body></e:Envelope>'
    )
    service.behave = answer(body.encode())
    assert caller.call(call(service.origin)).findtext("{*}score") == "9"


# -- too much -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "behaviour", [hostile.big(2_000_000), hostile.endless], ids=["with a length", "without end"]
)
def test_a_response_that_is_too_long_is_not_read_to_its_end(calling, service, behaviour):
    service.behave = behaviour
    caller = calling.caller(max_response_bytes=1_000_000)
    error = failure(caller, call(service.origin))
    assert told(error) == (Status.INVOKING, NONE, True)
    assert "1000000" in error.text


def test_headers_without_end_are_too_much_as_well(calling, service):
    def behave(link, _):
        link.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        while not link.stopping.is_set():
            link.send(b"X: y\r\n" * 10_000)

    service.behave = behave
    error = failure(calling.caller(max_response_bytes=1024), call(service.origin))
    assert told(error) == (Status.INVOKING, NONE, True)


def test_ten_megabytes_are_an_answer(calling, service):
    service.behave = hostile.big(9_999_000)
    assert len(calling.caller().call(call(service.origin)).findtext("{*}who")) == 9_999_000


# -- requests that cannot be made -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["", "ftp://127.0.0.1/", "http://", "http://user:pw@127.0.0.1/", "http://127.0.0.1:0/",
                "http://127.0.0.1:99999/", "http://[::1/", "//127.0.0.1/", "file:///etc/passwd"],
)  # fmt: skip
def test_an_address_that_is_none_is_not_called(caller, address):
    error = failure(caller, call(address))
    assert told(error) == (Status.INVOKING, NONE, False)
    assert "pw" not in str(error)


@pytest.mark.parametrize(
    "changed", [{"port": "Nowhere"}, {"operation": "RpcRate"}, {"operation": "Nothing"}, {"service": "other"}]
)
def test_what_is_not_deployed_is_not_called(caller, service, changed):
    assert told(failure(caller, call(service.origin, **changed))) == (Status.INVOKING, NONE, False)
    assert service.connections == 0


def test_another_bundle_calls_nothing_of_this_service(caller, service):
    from gateway.callout.values import Source

    made = call(service.origin, source=Source("ims2", "TPIPE1"))
    assert told(failure(caller, made)) == (Status.INVOKING, NONE, False)


# -- validation -----------------------------------------------------------------------------------------------


def test_a_request_that_is_not_valid_is_not_sent(calling, service):
    caller = calling.caller(validate=True)
    bad = f'<Rate xmlns="{RATING}"><customer>C1</customer><amount>private</amount></Rate>'
    error = failure(caller, call(service.origin, payload=element(bad)))
    assert told(error) == (Status.INVOKING, NONE, False)
    assert "amount" in error.text
    assert "private" not in str(error)
    other = f'<RateResponse xmlns="{RATING}"><score>1</score><who>A</who></RateResponse>'
    assert "takes the element" in failure(caller, call(service.origin, payload=element(other))).text
    assert service.connections == 0


def test_a_response_that_is_not_valid_is_none(calling, service):
    service.behave = payload(
        f'<RateResponse xmlns="{RATING}"><score>private</score><who>A</who></RateResponse>'
    )
    error = failure(calling.caller(validate=True), call(service.origin))
    assert told(error) == (Status.INVOKING, NONE, True)
    assert "private" not in str(error)
    assert calling.caller().call(call(service.origin)).findtext("{*}score") == "private"


# -- afterwards -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [hostile.hang_in_body, hostile.big(2_000_000), hostile.GARBAGE])
def test_a_connection_that_went_wrong_is_closed_and_the_next_call_has_another(calling, service, behaviour):
    caller = calling.caller(max_response_bytes=1_000_000)
    service.behave = behaviour
    failure(caller, call(service.origin, SHORT))
    service.behave = service.rating
    assert caller.call(call(service.origin)).findtext("{*}score") == "3"
    assert service.connections == 2


def test_connections_are_closed_with_the_caller(calling, service):
    caller = calling.caller()
    ended = threading.Event()

    def greet(link):
        while (heard := link.hear()) is not None:
            service.rating(link, heard)
        ended.set()

    service.greet = greet
    caller.call(call(service.origin))
    caller.close()
    assert ended.wait(20)


def test_a_call_in_work_ends_well_although_its_caller_was_closed(calling, service):
    caller = calling.caller()
    service.rating.hold("C1")
    found = []
    thread = threading.Thread(target=lambda: found.append(caller.call(call(service.origin))))
    with ExitStack() as stack:
        stack.callback(thread.join)
        stack.callback(service.rating.let_go)
        thread.start()
        while not service.heard:
            threading.Event().wait(0.01)
        caller.close()
    assert found[0].findtext("{*}score") == "3"
