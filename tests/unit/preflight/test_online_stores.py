"""Valkey and PostgreSQL tried, against real servers."""

from types import SimpleNamespace

import pytest

from gateway.callout.journal import open_journal
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import JournalSettings, ReplaySettings
from gateway.exchange import Secret
from gateway.preflight.online import try_all
from gateway.preflight.online_stores import store_tries
from tests.fixtures.pki import truststore
from tests.fixtures.ports import free_port
from tests.fixtures.postgresql import PASSWORD
from tests.fixtures.scripted_server import Close, Expect, ExpectNothing, Send, Stall
from tests.unit.preflight.online import PATIENCE, SHORT

WRONG = "M4RK3R"


def tried(seconds=PATIENCE, **parts):
    """Try the stores of a gateway with these settings; it has a consumer, so its journal counts."""
    settings = {"replay": ReplaySettings(), "journal": JournalSettings()} | parts
    home = SimpleNamespace(gateway=SimpleNamespace(**settings), consumers={"rating": None})
    found = try_all(tuple(store_tries(home)), seconds=seconds)
    assert WRONG not in str(found)
    assert PASSWORD not in str(found)
    return found


def ids(found):
    return [problem.check for each in found for problem in each.problems]


def test_files_of_this_machine_are_nothing_to_try():
    assert tried() == ()


# -- Valkey


def test_a_valkey_server_remembers(shared_valkey):
    (found,) = tried(replay=shared_valkey.settings())
    assert found.done
    assert found.found.said == ("connected", "remembers")
    assert (found.what.file, found.what.key) == ("gateway.toml", "replay.store")


def test_what_is_tried_leaves_nothing_behind(valkey_server):
    before = valkey_server.command("DBSIZE")
    tried(replay=valkey_server.settings())
    assert valkey_server.command("DBSIZE") == before


def test_tls_and_the_password_of_valkey(secure_valkey):
    (found,) = tried(replay=secure_valkey.settings())
    assert ids([found]) == []
    assert found.found.shown is not None
    (found,) = tried(replay=secure_valkey.settings(password=Secret(WRONG)))
    assert ids([found]) == ["online.sign-on"]
    (found,) = tried(replay=secure_valkey.settings(password=Secret("")))
    assert ids([found]) == ["online.sign-on"]


def test_a_valkey_server_of_a_stranger_is_not_told_the_password(secure_valkey, pki):
    (found,) = tried(replay=secure_valkey.settings(truststore=truststore(pki.other.ca)))
    assert ids([found]) == ["online.untrusted"]


def test_a_valkey_server_that_may_forget_is_told(valkey_server):
    valkey_server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    (found,) = tried(replay=valkey_server.settings())
    assert found.done
    assert ids([found]) == ["online.advice"]
    assert "noeviction" in found.problems[0].text


def test_an_address_without_a_valkey_server_is_told(scripted_server):
    nobody = ReplaySettings(store=f"valkey://127.0.0.1:{free_port()}/0")
    assert ids(tried(replay=nobody)) == ["online.connect"]
    something = scripted_server((ExpectNothing(),), (Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Stall()))
    other = ReplaySettings(store=f"valkey://127.0.0.1:{something.port}/0")
    assert ids(tried(replay=other)) == ["online.service"]


def test_a_valkey_server_that_hangs_costs_its_time(scripted_server):
    running = scripted_server((ExpectNothing(),), (Stall(),))
    settings = ReplaySettings(store=f"valkey://127.0.0.1:{running.port}/0")
    (found,) = tried(SHORT, replay=settings)
    assert ids([found]) == ["online.service"]
    assert "Timeout" in found.problems[0].text


# -- PostgreSQL


def test_a_database_without_a_journal_is_in_order_and_stays_so(shared_postgresql):
    database = shared_postgresql.new_database()
    (found,) = tried(journal=shared_postgresql.settings(database))
    assert ids([found]) == []
    assert found.found.said[-1] == "has no journal yet: imsgw callout makes it"
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert shared_postgresql.sql(database, tables) == [(0,)]


def test_a_database_with_a_journal(shared_postgresql, tmp_path):
    settings = shared_postgresql.settings(shared_postgresql.new_database())
    journal = open_journal(settings, tmp_path, SYSTEM_CLOCK)
    journal.counts()
    journal.close()
    (found,) = tried(journal=settings)
    assert ids([found]) == []
    assert found.found.said[-1] == "has the journal"


def test_tls_of_postgresql_is_looked_at_where_it_is_demanded(shared_postgresql, pki):
    database = shared_postgresql.new_database()
    (found,) = tried(journal=shared_postgresql.settings(database, truststore=pki.truststore()))
    assert ids([found]) == []
    assert found.found.shown is not None
    stranger = shared_postgresql.settings(database, truststore=truststore(pki.other.ca))
    assert ids(tried(journal=stranger)) == ["online.untrusted"]


def test_a_wrong_password_and_a_database_that_is_not_there_are_told(shared_postgresql):
    database = shared_postgresql.new_database()
    wrong = shared_postgresql.settings(database, password=Secret(WRONG))
    assert ids(tried(journal=wrong)) == ["online.sign-on"]
    (found,) = tried(journal=shared_postgresql.settings("nowhere"))
    assert ids([found]) == ["online.service"]
    assert "nowhere" in found.problems[0].text


def test_of_several_servers_each_is_connected_to_and_one_sign_on_made(shared_postgresql):
    database = shared_postgresql.new_database()
    one = shared_postgresql.settings(database)
    here = f"127.0.0.1:{shared_postgresql.port}"
    several = one.model_copy(update={"store": one.store.replace(here, f"{here},127.0.0.1:{free_port()}")})
    first, second = tried(journal=several)
    assert first.done
    assert ids([second]) == ["online.connect"]


def test_a_server_without_tls_is_told_where_it_is_demanded(scripted_server, pki):
    running = scripted_server((Expect(lambda _: True), Send(b"N"), Stall()))
    settings = JournalSettings(
        store=f"postgresql://gw@127.0.0.1:{running.port}/journal", truststore=pki.truststore()
    )
    (found,) = tried(journal=settings)
    assert ids([found]) == ["online.tls"]


def test_a_server_that_closes_is_told(scripted_server, pki):
    running = scripted_server((Close(),))
    settings = JournalSettings(
        store=f"postgresql://gw@127.0.0.1:{running.port}/journal", truststore=pki.truststore()
    )
    assert len(ids(tried(journal=settings))) == 1


def test_without_consumers_a_journal_is_not_tried():
    gateway = SimpleNamespace(replay=ReplaySettings(), journal=JournalSettings(store="postgresql://gw@a/b"))
    assert list(store_tries(SimpleNamespace(gateway=gateway, consumers={}))) == []


@pytest.mark.parametrize("part", ["replay", "journal"])
def test_a_truststore_that_cannot_be_read_is_left_to_the_other_checks(tmp_path, part):
    (tmp_path / "ca.pem").write_text("no certificate")
    settings = {
        "replay": ReplaySettings(store="valkeys://127.0.0.1/0", truststore=truststore(tmp_path / "ca.pem")),
        "journal": JournalSettings(
            store="postgresql://gw@127.0.0.1/b", truststore=truststore(tmp_path / "ca.pem")
        ),
    }
    assert ids(tried(**{part: settings[part]})) == []
