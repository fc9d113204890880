"""Open conversations: each is one caller's at a time, and nobody else's."""

import threading
from dataclasses import dataclass

import pytest

from gateway.errors import GatewayError, M
from gateway.imsconnect.conversations import Conversations


@dataclass(eq=False)
class Loan:
    ended: int = 0

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def conversations(clock):
    return Conversations[Loan](300.0, clock)


def unknown(conversations: Conversations[Loan], name: str) -> bool:
    with pytest.raises(GatewayError) as caught:
        conversations.take(name)
    return caught.value.message is M.NO_CONVERSATION


def test_what_is_kept_is_taken_once(conversations):
    loan = Loan()
    name = conversations.keep(loan)
    assert len(conversations) == 1
    assert conversations.take(name) is loan
    assert len(conversations) == 0
    assert unknown(conversations, name)


def test_it_keeps_its_name_from_step_to_step(conversations):
    name = conversations.keep(Loan())
    loan = conversations.take(name)
    assert conversations.keep(loan, name) == name
    assert conversations.take(name) is loan


def test_names_are_sixteen_hexadecimal_digits_and_never_the_same(conversations):
    names = {conversations.keep(Loan()) for _ in range(1000)}
    assert len(names) == 1000
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)


@pytest.mark.parametrize("name", ["", "0" * 16, "CLIENT01"])
def test_a_name_that_was_never_given_opens_nothing(conversations, name):
    conversations.keep(Loan())
    assert unknown(conversations, name)


def test_one_that_is_idle_too_long_is_given_up_and_the_others_stay(conversations, clock):
    old, young = Loan(), Loan()
    first = conversations.keep(old)
    clock.move(200)
    second = conversations.keep(young)
    clock.move(99.9)
    assert list(conversations.expired()) == []
    clock.move(0.1)
    assert list(conversations.expired()) == [old]
    assert unknown(conversations, first)
    assert conversations.take(second) is young


def test_a_step_makes_it_young_again(conversations, clock):
    name = conversations.keep(Loan())
    clock.move(299)
    conversations.keep(conversations.take(name), name)
    clock.move(299)
    assert list(conversations.expired()) == []


def test_all_are_taken_at_the_end(conversations):
    loans = [Loan() for _ in range(3)]
    for loan in loans:
        conversations.keep(loan)
    assert list(conversations.all()) == loans
    assert len(conversations) == 0


def test_of_many_threads_that_want_one_conversation_one_gets_it(conversations):
    name = conversations.keep(Loan())
    outcomes: list[bool] = []
    start = threading.Barrier(20)

    def take() -> None:
        start.wait()
        try:
            conversations.take(name)
        except GatewayError:
            outcomes.append(False)
        else:
            outcomes.append(True)

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 19 + [True]
