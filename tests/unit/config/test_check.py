import pytest

from gateway.config.check import CONSISTENCY, check_home
from gateway.config.read import read_home
from gateway.errors import Problem
from tests.unit.config.homes import BASE, build


@pytest.fixture
def home(tmp_path):
    environ = build(BASE, tmp_path / "home")
    return read_home(tmp_path / "home", environ=environ)


def test_a_home_that_fits_has_no_problems(home):
    assert check_home(home) == ()


def test_checks_of_other_steps_are_run_on_the_same_home_and_their_problems_sorted_in(home):
    later, sooner = Problem("wsdl/x", "", "no contract"), Problem("bundles/x", "", "unreachable", warning=True)
    seen = []

    def first(given):
        seen.append(given)
        yield later

    assert check_home(home, first, lambda _: [sooner, sooner]) == (sooner, later)
    assert seen == [home]


def test_every_check_says_what_it_names():
    for check in CONSISTENCY:
        assert check.__doc__
