"""What check says of the file of accounts: warnings only, whatever is wrong with it."""

from datetime import timedelta

import pytest

from gateway.preflight.accounts import account_problems
from tests.fixtures.admin import plain_home, write_accounts


def said(folder, clock):
    return [(one.check, one.key, one.warning) for one in account_problems(plain_home(folder), clock.now())]


def test_a_home_without_the_file_has_no_problem(tmp_path, clock):
    assert said(tmp_path, clock) == []


def test_a_file_that_is_right_has_none(tmp_path, clock):
    write_accounts(tmp_path)
    assert said(tmp_path, clock) == []


@pytest.mark.parametrize(
    ("text", "key"),
    [("x = ", ""), ("x = 1", "x"), ("[[accounts]]\nname = 1", "accounts.1.name"), ("\xff", "")],
)
def test_a_mistake_is_a_warning(tmp_path, clock, text, key):
    write_accounts(tmp_path).write_text(text, encoding="latin-1")
    assert ("admin.accounts", key, True) in said(tmp_path, clock)
    assert all(warning for _, _, warning in said(tmp_path, clock))


def test_hashes_that_everybody_can_read_are_told(tmp_path, clock):
    write_accounts(tmp_path).chmod(0o644)
    assert said(tmp_path, clock) == [("admin.readable", "", True)]
    write_accounts(tmp_path, accounts={}).chmod(0o644)
    assert said(tmp_path, clock) == []


@pytest.mark.parametrize(("days", "told"), [(-1, True), (29, True), (31, False)])
def test_tokens_that_soon_expire_are_told(tmp_path, clock, days, told):
    file = write_accounts(tmp_path)
    expires = (clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    file.write_text(file.read_text() + f"expires = {expires}\n")
    expected = [("admin.token", "tokens.2.expires", True)] if told else []
    assert said(tmp_path, clock) == expected
