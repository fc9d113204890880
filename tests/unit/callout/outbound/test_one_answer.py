"""Each call gets the answer to its own request: what else a service sends is nobody's."""

import threading

import pytest

from gateway.callout.codes import Status
from tests.fixtures.hostile_service import envelope, rated
from tests.unit.callout.outbound.calls import call, failure

pytestmark = pytest.mark.timeout(60)

KIND = b"Content-Type: text/xml\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + KIND


@pytest.fixture
def caller(calling):
    return calling.caller()


def body(score):
    return envelope(rated(score))


def whole(score):
    """An answer as it should be."""
    return OK + b"Content-Length: %d\r\n\r\n" % len(body(score)) + body(score)


def chunked(score):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body(score)), body(score))


def score_of(caller, service):
    return caller.call(call(service.origin)).findtext("{*}score")


@pytest.mark.parametrize("line", ["100 Continue", "102 Processing", "103 Early Hints", "199 Mine"])
def test_an_interim_answer_is_not_the_answer(caller, service, line):
    # RFC 9110, section 15.2: any number of them may come before the answer
    interim = f"HTTP/1.1 {line}\r\nLink: </style>\r\n\r\n".encode()
    service.behave = lambda link, _: link.send(interim * 3 + whole(7))
    assert score_of(caller, service) == "7"


def test_after_an_interim_answer_nobody_gets_the_answer_of_another(caller, service):
    """The service takes its time between the two; the next call must not stand in line for the rest."""
    go_on = threading.Event()

    def behave(link, heard):
        if heard.connection == 1:
            link.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            go_on.wait(30)
        link.send(whole(heard.connection))

    service.behave = behave
    found = []
    first = threading.Thread(target=lambda: found.append(score_of(caller, service)))
    first.start()
    while not service.heard:
        threading.Event().wait(0.01)
    assert score_of(caller, service) == "2"
    go_on.set()
    first.join(30)
    assert found == ["1"]


def test_a_change_of_protocol_is_no_answer(caller, service):
    service.behave = lambda link, _: link.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + whole(7)
    )
    assert failure(caller, call(service.origin)).status is Status.INVOKING
    service.behave = lambda link, _: link.send(whole(8))
    assert score_of(caller, service) == "8"
    assert service.connections == 2


@pytest.mark.parametrize(
    "first",
    [
        whole(1) + whole(66),
        whole(1) + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(1) + whole(66),
    ],
    ids=["a second answer", "an empty line", "a second answer behind chunks"],
)
def test_what_comes_behind_an_answer_ends_its_connection(caller, service, first):
    service.behave = lambda link, heard: link.send(first if heard.connection == 1 else whole(2))
    assert score_of(caller, service) == "1"
    assert score_of(caller, service) == "2"
    assert service.connections == 2


def test_half_a_second_answer_behind_an_answer_is_never_put_together(caller, service):
    """The first half came with the answer, the second waits until somebody asks again."""
    second = whole(66)

    def behave(link, heard):
        if heard.connection > 1:
            link.send(whole(2))
        elif len(service.heard) == 1:
            link.send(whole(1) + second[:1])
        else:
            link.send(second[1:])

    service.behave = behave
    assert score_of(caller, service) == "1"
    assert score_of(caller, service) == "2"


DOUBTFUL = {
    "two lengths": OK + b"Content-Length: %d\r\nContent-Length: 3\r\n\r\n" % len(body(1)) + body(1),
    "two lengths in one": OK + b"Content-Length: %d, 3\r\n\r\n" % len(body(1)) + body(1),
    "a length with a sign": OK + b"Content-Length: +%d\r\n\r\n" % len(body(1)) + body(1),
    "a negative length": OK + b"Content-Length: -%d\r\n\r\n" % len(body(1)) + body(1),
    "a length with a grouping": OK + b"Content-Length: 0_%d\r\n\r\n" % len(body(1)) + body(1),
    "an empty length": OK + b"Content-Length: \r\n\r\n" + body(1),
    "length and chunks": OK
    + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(body(1))
    + chunked(1),
    "chunks twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(1),
    "a coding before chunks": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(1),
    "a coding that nobody knows": OK + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(1),
    "identity and a length": OK
    + b"Transfer-Encoding: identity\r\nContent-Length: %d\r\n\r\n" % len(body(1))
    + body(1),
    "a line that is no header": OK + b"what is this\r\nContent-Length: %d\r\n\r\n" % len(body(1)) + body(1),
    "a name with a blank": OK + b"Content-Length : %d\r\n\r\n" % len(body(1)) + body(1),
    "a carriage return in a header": OK
    + b"X: y\rContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(1),
    "a form feed in a header": OK + b"X: y\x0cContent-Length: %d\r\n\r\n" % len(body(1)) + body(1),
    "a sign before a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n+" + chunked(1),
    "a chunk of negative length": OK + b"Transfer-Encoding: chunked\r\n\r\n-" + chunked(1),
    "a chunk in the notation of programs": OK + b"Transfer-Encoding: chunked\r\n\r\n0x" + chunked(1),
    "a chunk that is longer than it says": OK
    + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%sXX0\r\n\r\n" % (len(body(1)), body(1)),
}


@pytest.mark.parametrize("answer", DOUBTFUL.values(), ids=DOUBTFUL)
def test_an_answer_whose_end_is_in_doubt_is_none_and_ends_its_connection(caller, service, answer):
    """RFC 9112, sections 6.3 and 11.2: others on the way may have read it differently."""

    def behave(link, heard):
        if heard.connection > 1:
            link.send(whole(2))
            return
        link.send(answer)
        raise ConnectionAbortedError

    service.behave = behave
    error = failure(caller, call(service.origin))
    assert error.status is Status.INVOKING
    assert error.maybe_done
    assert score_of(caller, service) == "2"


@pytest.mark.parametrize("head", [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_where_none_may_be_ends_the_connection(caller, service, head):
    service.behave = lambda link, heard: link.send(
        b"HTTP/1.1 204 No Content\r\n" + head + b"\r\n" if heard.connection == 1 else whole(2)
    )
    failure(caller, call(service.origin))
    assert score_of(caller, service) == "2"
    assert service.connections == 2


def test_a_right_answer_leaves_its_connection_to_the_next_call(caller, service):
    service.behave = lambda link, heard: link.send(whole(heard.connection))
    assert score_of(caller, service) == "1"
    assert score_of(caller, service) == "1"
    assert service.connections == 1


def test_chunks_that_are_mostly_framing_are_not_read_to_the_end(caller, service):
    """Each costs as much time as a large one: a body of them would keep everybody else waiting."""

    def behave(link, _):
        link.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while not link.stopping.is_set():
            link.send(b"1\r\n \r\n" * 1000)

    service.behave = behave
    error = failure(caller, call(service.origin))
    assert (error.status, error.private) == (Status.INVOKING, "too much framing for the data")
    assert sum(1 for _ in service.heard) == 1


def test_interim_answers_without_end_are_no_answer(caller, service):
    def behave(link, _):
        while not link.stopping.is_set():
            link.send(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)

    service.behave = behave
    error = failure(caller, call(service.origin))
    assert (error.status, error.private) == (Status.INVOKING, "interim answers without end")


def test_small_chunks_are_an_answer(caller, service):
    pieces = b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body(5))
    service.behave = lambda link, _: link.send(
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    )
    assert score_of(caller, service) == "5"
