from dataclasses import replace

import pytest

from gateway.config.checks import callout_calls
from gateway.config.model import JournalSettings
from gateway.config.read import read_home
from tests.unit.config.homes import CORPUS, build


@pytest.fixture
def home(tmp_path):
    """A home with a provider and a consumer."""
    environ = build(CORPUS / "raw-tpipe-of-two-services-over-bundles-of-their-own", tmp_path)
    return read_home(tmp_path, environ=environ)


def with_store(home, store):
    gateway = home.gateway.model_copy(update={"journal": JournalSettings(store=store)})
    return replace(home, gateway=gateway)


def test_a_journal_in_postgresql_needs_its_driver(home, monkeypatch):
    monkeypatch.setattr(callout_calls, "find_spec", lambda name: None if name == "psycopg" else object())
    (problem,) = callout_calls.journal(with_store(home, "postgresql://localhost/journal"))
    text = 'PostgreSQL needs the extra "postgresql": pip install "ims-gateway[postgresql]"'
    assert str(problem) == f"gateway.toml: journal.store: {text}"
    assert list(callout_calls.journal(with_store(home, "sqlite"))) == []


def test_where_no_consumer_is_the_driver_may_be_missing(home, monkeypatch):
    monkeypatch.setattr(callout_calls, "find_spec", lambda _name: None)
    home = replace(with_store(home, "postgresql://localhost/journal"), consumers={})
    assert list(callout_calls.journal(home)) == []


@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("postgresql://localhost/journal", False),
        ("postgresql://journal@127.0.0.1:5432/journal", False),
        ("postgresql://journal@[::1]/journal", False),
        ("postgresql://journal@db.example.com/journal", True),
        ("postgresql://[2001:db8::1]/journal", True),
        ("postgresql://db.example.com/journal?sslmode=require", True),
        ("postgresql://db.example.com/journal?sslmode=verify-full", False),
        ("postgresql://db.example.com/sslmode=verify-full", True),
        ("postgresql://db.example.com/journal?application_name=sslmode=verify-full", True),
        ("postgresql://db.example.com/journal?sslmode=verify-full&sslmode=disable", True),
        ("postgresql://localhost,db.example.com/journal", True),
        ("postgresql://localhost,127.0.0.1:5433/journal", False),
    ],
)
def test_a_server_elsewhere_has_to_be_checked(home, store, told):
    problems = [each for each in callout_calls.journal(with_store(home, store)) if each.warning]
    assert [each.key for each in problems] == (["journal.truststore"] if told else [])
