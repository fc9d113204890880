"""The list of services: sought, sorted, page by page."""

import pytest

from gateway.admin.console.series import Step
from gateway.admin.console.services import PAGE, Choice, Row, listing

ROWS = [
    Row("alpha", True, True, "UsernameToken", ("ims1",), Step(0, 10, 0, 100, 20)),
    Row("Beta", True, False, "No token", ("ims2",)),
    Row("gamma", False, True, "SAML 2.0", ("ims1", "ims2")),
    Row("delta", True, True, "SAML 2.0, signed by the sender", ("ims1",), Step(0, 5, 5, 900, 400)),
]
MANY = [Row(f"service-{number:04}", True, True, "No token", ("ims1",)) for number in range(2000)]


def names(**choice):
    return [row.name for row in listing(ROWS, Choice(**choice)).rows]


def test_without_a_wish_all_are_shown_by_name():
    assert names() == ["alpha", "Beta", "delta", "gamma"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ALP", ["alpha"]), ("ims2", ["Beta", "gamma"]), ("saml ims1", ["delta", "gamma"]),
        ("saml sender", ["delta"]), ("nobody", []), ("  ", ["alpha", "Beta", "delta", "gamma"]), (".*", []),
    ],
)  # fmt: skip
def test_every_word_has_to_be_in_name_security_or_bundles(text, found):
    assert names(text=text) == found


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("running", ["alpha", "delta", "gamma"]), ("stopped", ["Beta"]), ("faults", ["delta"]),
        ("quiet", ["Beta"]), ("nonsense", ["alpha", "Beta", "delta", "gamma"]),
    ],
)  # fmt: skip
def test_states_choose(state, found):
    assert names(state=state) == found


def test_directions_choose():
    assert names(role="consumer") == ["gamma"]
    assert names(role="provider") == ["alpha", "Beta", "delta"]


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("-name", ["gamma", "delta", "Beta", "alpha"]),
        ("-requests", ["alpha", "delta", "Beta", "gamma"]),
        ("-faults", ["delta", "alpha", "Beta", "gamma"]),
        ("-time", ["delta", "alpha", "Beta", "gamma"]),
        ("nonsense", ["alpha", "Beta", "delta", "gamma"]),
    ],
)
def test_columns_sort_and_what_is_equal_stays_by_name(sort, found):
    assert names(sort=sort) == found


def test_two_thousand_come_page_by_page():
    first, last = listing(MANY, Choice()), listing(MANY, Choice(page=40))
    assert (len(first.rows), first.first, first.last, first.found) == (PAGE, 1, 50, 2000)
    assert (last.rows[-1].name, last.first, last.last) == ("service-1999", 1951, 2000)
    assert first.around == (1, 2, 3, 40)
    assert listing(MANY, Choice(page=20)).around == (1, 18, 19, 20, 21, 22, 40)


@pytest.mark.parametrize("page", [-1, 0, 41, 99_999])
def test_a_page_that_is_none_is_the_nearest(page):
    assert listing(MANY, Choice(page=page)).page in {1, 40}


def test_nothing_found_is_one_empty_page():
    empty = listing([], Choice())
    assert (empty.rows, empty.found, empty.page, empty.pages, empty.first, empty.last) == ((), 0, 1, 1, 0, 0)
