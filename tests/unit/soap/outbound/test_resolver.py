"""Names of hosts: no call waits longer for one than it may."""

import socket
import threading

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.soap.outbound.errors import OutboundError, Trouble
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import MOST_QUESTIONS, Resolver
from tests.fixtures.running_gateway import wait_until

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.7", 80))]


def limits(seconds=30.0):
    until = SYSTEM_CLOCK.monotonic() + seconds
    return Limits(SYSTEM_CLOCK, begin_by=until, end_by=until, connect_seconds=seconds, most_bytes=1024)


def ask(resolver, host="rating.example.com", given=None):
    return resolver.addresses(host, 80, given or limits(), who="the web service")


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", ("127.0.0.1", 80)), ("::1", ("::1", 80, 0, 0))])
def test_an_address_is_not_looked_up(host, address):
    def look_up(*_, **__):
        pytest.fail("it was looked up")

    assert ask(Resolver(look_up), host)[0][1] == address


def test_a_name_is_looked_up_by_the_system():
    assert ask(Resolver(lambda *_, **__: FOUND)) == ((socket.AF_INET, ("127.0.0.7", 80)),)


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_NONAME, "unknown"), UnicodeError("label too long"), OSError(5, "no")]
)
def test_a_name_that_cannot_be_looked_up_is_an_error_of_the_network(error):
    def look_up(*_, **__):
        raise error

    with pytest.raises(OutboundError) as caught:
        ask(Resolver(look_up))
    assert (caught.value.trouble, caught.value.later) == (Trouble.NETWORK, True)


def test_no_addresses_are_no_answer():
    with pytest.raises(OutboundError, match="is not known"):
        ask(Resolver(lambda *_, **__: []))


def test_those_who_ask_the_same_at_the_same_time_ask_once():
    asked, answer = [], threading.Event()

    def look_up(*given, **__):
        asked.append(given)
        answer.wait(20)
        return FOUND

    resolver, found = Resolver(look_up), []
    threads = [threading.Thread(target=lambda: found.append(ask(resolver))) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: asked)
    answer.set()
    for thread in threads:
        thread.join(20)
    assert len(found) == 8
    assert 1 <= len(asked) < 8


def test_a_resolver_that_hangs_is_left_and_its_threads_are_bounded():
    answer = threading.Event()
    before = threading.active_count()

    def look_up(*_, **__):
        answer.wait(20)
        return FOUND

    resolver = Resolver(look_up)
    for number in range(MOST_QUESTIONS):
        with pytest.raises(TimeoutError):
            ask(resolver, f"host{number}.example.com", limits(0.01))
    with pytest.raises(OutboundError, match="does not answer"):
        ask(resolver, "one-more.example.com")
    assert threading.active_count() <= before + MOST_QUESTIONS
    answer.set()
    wait_until(lambda: threading.active_count() <= before)
    assert ask(resolver)


def test_every_question_is_asked_anew():
    asked = []
    resolver = Resolver(lambda *given, **__: asked.append(given) or FOUND)
    ask(resolver)
    ask(resolver)
    assert len(asked) == 2
