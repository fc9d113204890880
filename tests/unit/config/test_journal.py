"""Addresses of the journal (PostgreSQL documentation, Connection Strings)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.config.model import JournalSettings


def refusal(store):
    with pytest.raises(ValidationError) as caught:
        JournalSettings(store=store)
    (error,) = caught.value.errors(include_url=False)
    return str(error["ctx"]["error"])


@pytest.mark.parametrize(
    "store",
    [
        "sqlite",
        "postgresql://db.example.com",
        "postgresql://journal@db.example.com/journal",
        "postgresql://journal@[::1]:5433/journal",
        "postgresql://journal%40x@10.1.2.3/",
        "postgresql://db.example.com/journal?sslmode=require&connect_timeout=3",
        "postgresql://journal@db1.example.com,db2.example.com:5433,[::1]/journal?target_session_attrs=read-write",
    ],
)
def test_a_file_or_a_server_is_a_store(store):
    assert JournalSettings(store=store).store == store


@pytest.mark.parametrize(
    "store",
    [
        "postgresql://user:secret@db/journal",
        "postgresql://user:@db/journal",
        "postgresql://user:se@cret@db/journal",
        "postgresql://user:se/cret@db/journal",
        "postgresql://user@db/journal?password=secret",
        "postgresql://user@db/journal?PassWord=secret",
        "postgresql://user@db/journal?a=b&passwor%64=secret",
        "postgresql://user@db/journal?sslpassword=secret",
        "postgresql://:secret@db/journal",
        "postgresql://a?b:secret@db/journal",
    ],
)
def test_a_password_in_the_address_is_refused_without_showing_it(store):
    text = refusal(store)
    assert text == "must not hold a password: it goes into journal.password"


@pytest.mark.parametrize("name", ["host", "hostaddr", "port", "user", "dbname", "service"])
def test_parameters_do_not_change_who_is_asked(name):
    assert "before the question mark" in refusal(f"postgresql://user@db/journal?{name}=x")


@pytest.mark.parametrize(
    "store",
    [
        "postgresql://db1.example.com,/journal",
        "postgresql://db1.example.com,,db2.example.com/journal",
        "postgresql://db1.example.com,127.1/journal",
        "postgresql://db1.example.com:5432,db2.example.com:65536/journal",
        "postgresql://db1.example.com,[::1/journal",
        "",
        "SQLite",
        "postgres://db/journal",
        "postgresql://",
        "postgresql:///journal",
        "postgresql://db:0/journal",
        "postgresql://db:65536/journal",
        "postgresql://127.1/journal",
        "postgresql://db/a/b c",
        "postgresql://db/journal#x",
        "postgresql://a?b@db/journal",
        "postgresql+psycopg://db/journal",
        "sqlite:///journal.db",
    ],
)
def test_what_is_neither_is_refused(store):
    assert refusal(store) == "neither sqlite nor an address"


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_address_with_a_password_gets_through(user, password):
    store = f"postgresql://{user}:{password}@db/journal"
    try:
        JournalSettings(store=store)
    except ValidationError:
        return
    raise AssertionError(store)
