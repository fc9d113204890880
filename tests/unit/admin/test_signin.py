"""Signing in: one text for every failure, the same work for names that there are not, bounded work at once."""

import threading

import pytest
from structlog.testing import capture_logs

from gateway.admin import passwords
from gateway.admin.accounts import UnusableError
from gateway.admin.attempts import FREE_OF_ACCOUNT
from gateway.admin.roles import How, Person, Role
from gateway.admin.signin import REFUSED, SignInError
from gateway.exchange import Secret
from tests.fixtures.admin import PASSWORD, TOKENS, write_accounts

PEER = "192.0.2.7"


@pytest.fixture
def sign_in(admin):
    return admin.application._sign_in


def refused(sign_in, name, password):
    with pytest.raises(SignInError) as error:
        sign_in.by_password(name, Secret(password), PEER)
    return str(error.value)


def test_the_right_password_signs_in_with_the_accounts_role(sign_in):
    assert sign_in.by_password("vera", Secret(PASSWORD), PEER).person == Person(
        "vera", Role.VIEWER, How.ACCOUNT
    )
    assert sign_in.by_password("otto", Secret(PASSWORD), PEER).person.role is Role.OPERATOR


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("otto", "wrong"),
        ("otto", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("OTTO", PASSWORD),
        ("otto", PASSWORD + "\0"),
    ],
)
def test_every_failure_has_one_text(sign_in, name, password):
    assert refused(sign_in, name, password) == REFUSED


def test_too_many_tries_have_the_same_text_and_the_password_is_not_looked_at(sign_in, monkeypatch):
    for _ in range(FREE_OF_ACCOUNT + 1):
        refused(sign_in, "otto", "wrong")
    monkeypatch.setattr(passwords.Passwords, "verify", lambda *_: pytest.fail("it was looked at"))
    assert refused(sign_in, "otto", PASSWORD) == REFUSED


def test_a_name_that_there_is_not_costs_the_same_work(sign_in, monkeypatch):
    seen = []
    monkeypatch.setattr(
        passwords.Passwords, "verify", lambda _self, text, _password: seen.append(text) or False
    )
    refused(sign_in, "otto", "wrong")
    refused(sign_in, "nobody", "wrong")
    assert len(seen) == 2
    assert all(text.startswith("$argon2id$") for text in seen)


def test_a_wrong_password_for_no_account_never_signs_in(sign_in, monkeypatch):
    monkeypatch.setattr(passwords.Passwords, "verify", lambda *_: True)
    assert refused(sign_in, "nobody", "whatever") == REFUSED


def test_the_log_names_who_tried_and_why_not_but_no_password(sign_in):
    with capture_logs() as entries:
        refused(sign_in, "otto\n", "hunter2hunter2")
        sign_in.begin(sign_in.by_password("otto", Secret(PASSWORD), PEER), PEER, "")
    assert [(one["outcome"], one["person"], one["peer"]) for one in entries] == [
        ("refused", "otto?", PEER),
        ("signed in", "otto", PEER),
    ]
    assert "hunter2" not in str(entries)
    assert PASSWORD not in str(entries)


def test_signing_in_ends_the_session_that_the_browser_had(sign_in):
    recognised = sign_in.by_password("otto", Secret(PASSWORD), PEER)
    first = sign_in.begin(recognised, PEER, "")
    second = sign_in.begin(recognised, PEER, first)
    assert first != second
    assert sign_in.session(first) is None
    assert sign_in.session(second) is not None


def test_an_id_that_somebody_else_chose_never_becomes_a_session(sign_in):
    recognised = sign_in.by_password("otto", Secret(PASSWORD), PEER)
    value = sign_in.begin(recognised, PEER, "chosen-by-somebody-else")
    assert value != "chosen-by-somebody-else"
    assert sign_in.session("chosen-by-somebody-else") is None


def test_a_password_that_changes_while_one_signs_in_ends_the_session(admin, sign_in):
    recognised = sign_in.by_password("otto", Secret(PASSWORD), PEER)
    write_accounts(admin.home, accounts={"otto": "viewer"})
    assert sign_in.session(sign_in.begin(recognised, PEER, "")) is None


def test_a_removed_account_signs_in_no_more_at_once(admin, sign_in):
    write_accounts(admin.home, accounts={"vera": "viewer"})
    assert refused(sign_in, "otto", PASSWORD) == REFUSED


def test_a_file_with_a_mistake_lets_nobody_in(admin, sign_in, caplog):
    file = write_accounts(admin.home)
    file.write_text(file.read_text().replace('role = "operator"', 'role = "boss"', 1))
    with pytest.raises(UnusableError):
        sign_in.by_password("vera", Secret(PASSWORD), PEER)
    assert "role" in caplog.text
    answer = admin.ask("GET", "/api/status", "viewer")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    write_accounts(admin.home)
    assert admin.ask("GET", "/api/status", "viewer").status_code == 200


def test_a_token_counts_until_it_expires(admin, clock):
    file = write_accounts(admin.home)
    text = file.read_text()
    file.write_text(text.rstrip() + "\nexpires = 2026-11-22T13:00:00Z\n")
    assert admin.ask("GET", "/api/status", "operator").status_code == 200
    clock.move(3599)
    assert admin.ask("GET", "/api/status", "operator").status_code == 200
    clock.move(1)
    assert admin.ask("GET", "/api/status", "operator").status_code == 401
    assert admin.ask("GET", "/api/status", "viewer").status_code == 200


def test_a_token_is_not_in_the_file(admin):
    text = (admin.home / "identity/admin.toml").read_text()
    assert all(token not in text for token in TOKENS.values())


def test_no_more_passwords_are_looked_at_at_once_than_a_worker_can_bear(monkeypatch):
    entered, go = threading.Semaphore(0), threading.Event()

    def slow(*_):
        entered.release()
        assert go.wait(30)
        return True

    monkeypatch.setattr(passwords, "_HASHER", type("Hasher", (), {"verify": staticmethod(slow)}))
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.0)
    looked_at = passwords.Passwords()
    threads = [
        threading.Thread(target=looked_at.verify, args=("hash", Secret("x"))) for _ in range(passwords.AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=30)
    with pytest.raises(passwords.BusyError):
        looked_at.verify("hash", Secret("x"))
    go.set()
    for thread in threads:
        thread.join(30)
    assert looked_at.verify("hash", Secret("x"))


def test_a_busy_worker_says_so_and_counts_no_failure(admin, sign_in, monkeypatch):
    def busy(*_):
        raise passwords.BusyError

    monkeypatch.setattr(passwords.Passwords, "verify", busy)
    for _ in range(20):
        with pytest.raises(passwords.BusyError):
            sign_in.by_password("otto", Secret(PASSWORD), PEER)
    monkeypatch.undo()
    assert sign_in.by_password("otto", Secret(PASSWORD), PEER)


def test_letters_with_accents_are_one_however_they_were_typed():
    text = passwords.hashed(Secret("pa\u0308sswort-lang-genug"))
    assert passwords.Passwords().verify(text, Secret("p\u00e4sswort-lang-genug"))


@pytest.mark.parametrize("password", ["", "short", "x" * 1025])
def test_passwords_of_no_use_are_refused(password):
    with pytest.raises(ValueError, match="characters"):
        passwords.hashed(Secret(password))
