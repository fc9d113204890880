"""Sessions: random, hashed, ended in time, at sign-out, and with the account behind them."""

import sqlite3
from dataclasses import dataclass, field

import pytest

from gateway.admin.roles import How, Person, Role
from gateway.admin.sessions import MOST, Sessions
from gateway.admin.store import FILE, Store, StoreError
from gateway.config.model import AdminSettings

ANNA = Person("anna", Role.OPERATOR, How.ACCOUNT)


@dataclass
class Desk:
    """Sessions of a folder, and the stamps that accounts have."""

    folder: object
    clock: object
    stamps: dict[str, str] = field(default_factory=lambda: {"anna": "1"})
    settings: AdminSettings = field(default_factory=AdminSettings)

    def __post_init__(self):
        self.store = Store(self.folder)
        self.sessions = Sessions(
            self.store, lambda: self.settings, lambda person: self.stamps.get(person.name), self.clock
        )


@pytest.fixture
def desk(tmp_path, clock):
    made = Desk(tmp_path / "state", clock)
    yield made
    made.store.close()


def test_a_session_is_found_by_its_cookie_alone(desk):
    value = desk.sessions.begin(ANNA, "1")
    assert desk.sessions.find(value).person == ANNA
    for other in ("", value[:-1], value + "x", value.swapcase()):
        assert desk.sessions.find(other) is None


def test_ids_are_random_and_long(desk):
    values = {desk.sessions.begin(ANNA, "1") for _ in range(20)}
    assert len(values) == 20
    assert all(len(value) >= 43 for value in values)


def test_the_file_has_no_id_and_is_ours_alone(desk):
    value = desk.sessions.begin(ANNA, "1")
    for path in desk.folder.iterdir():
        assert value.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert desk.folder.stat().st_mode & 0o777 == 0o700


def test_a_session_ends_by_idleness_and_use_keeps_it(desk, clock):
    value = desk.sessions.begin(ANNA, "1")
    for _ in range(3):
        clock.move(29 * 60)
        assert desk.sessions.find(value) is not None
    clock.move(30 * 60)
    assert desk.sessions.find(value) is None
    clock.move(-30 * 60)
    assert desk.sessions.find(value) is None


def test_a_session_ends_by_age_however_much_it_is_used(desk, clock):
    value = desk.sessions.begin(ANNA, "1")
    for _ in range(12 * 4 - 1):
        clock.move(15 * 60)
        assert desk.sessions.find(value) is not None
    clock.move(15 * 60)
    assert desk.sessions.find(value) is None


def test_shorter_limits_count_for_sessions_that_are_there(desk, clock):
    value = desk.sessions.begin(ANNA, "1")
    clock.move(120)
    desk.settings = AdminSettings(idle_minutes=2)
    assert desk.sessions.find(value) is None


def test_sign_out_ends_this_session_and_no_other(desk):
    one, other = desk.sessions.begin(ANNA, "1"), desk.sessions.begin(ANNA, "1")
    desk.sessions.end(one)
    assert desk.sessions.find(one) is None
    assert desk.sessions.find(other) is not None


@pytest.mark.parametrize("stamps", [{"anna": "2"}, {}])
def test_another_password_or_no_account_ends_all_sessions_for_good(desk, stamps):
    value = desk.sessions.begin(ANNA, "1")
    desk.stamps = stamps
    assert desk.sessions.find(value) is None
    desk.stamps = {"anna": "1"}
    assert desk.sessions.find(value) is None


def test_workers_share_sessions(desk, clock):
    value = desk.sessions.begin(ANNA, "1")
    second = Desk(desk.folder, clock)
    try:
        assert second.sessions.find(value).person == ANNA
        second.sessions.end(value)
    finally:
        second.store.close()
    assert desk.sessions.find(value) is None


def test_the_csrf_token_is_the_sessions_own_and_tells_nothing_of_the_id(desk):
    one, other = desk.sessions.begin(ANNA, "1"), desk.sessions.begin(ANNA, "1")
    tokens = [desk.sessions.find(value).csrf for value in (one, one, other)]
    assert tokens[0] == tokens[1] != tokens[2]
    assert one not in tokens
    assert "csrf" not in repr(desk.sessions.find(one))


def test_the_oldest_give_way_when_there_are_too_many(desk, clock):
    first = desk.sessions.begin(ANNA, "1")
    with desk.store.transaction() as database:
        rows = [(number.to_bytes(32), "x", "viewer", "account", "1", 2e9, 2e9) for number in range(MOST)]
        database.executemany("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    desk.sessions.begin(ANNA, "1")
    assert desk.sessions.find(first) is None
    with desk.store.transaction() as database:
        assert database.execute("SELECT count(*) FROM sessions").fetchone() == (MOST,)


def test_a_file_that_cannot_be_used_is_told_and_tried_again(tmp_path, clock):
    (tmp_path / FILE).mkdir()
    desk = Desk(tmp_path, clock)
    with pytest.raises(StoreError):
        desk.sessions.begin(ANNA, "1")
    (tmp_path / FILE).rmdir()
    assert desk.sessions.find(desk.sessions.begin(ANNA, "1")) is not None
    desk.store.close()


def test_a_broken_transaction_leaves_nothing(desk):
    def broken():
        with desk.store.transaction() as database:
            database.execute("INSERT INTO known VALUES (x'00', 1)")
            raise sqlite3.OperationalError("disk full")

    with pytest.raises(StoreError):
        broken()
    with desk.store.transaction() as database:
        assert database.execute("SELECT count(*) FROM known").fetchone() == (0,)


def test_a_file_that_is_removed_ends_all_sessions_in_all_workers(desk):
    value = desk.sessions.begin(ANNA, "1")
    for path in list(desk.folder.iterdir()):
        path.unlink()
    assert desk.sessions.find(value) is None
    assert desk.sessions.find(desk.sessions.begin(ANNA, "1")) is not None
