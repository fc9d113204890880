"""The journal on a server: who it believes, what it says when things go wrong, and that it comes back."""

import builtins
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.callout.journal import NoJournalError, open_journal
from gateway.callout.journal.entries import JournalError, State
from gateway.callout.journal.postgresql import CONNECTIONS, PostgresqlStore
from gateway.config.model import JournalSettings
from gateway.exchange import Secret
from tests.fixtures.journal import keep
from tests.fixtures.pki import truststore
from tests.fixtures.postgresql import PASSWORD, USER
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.journal.worlds import HERE, LEASE, PostgresqlWorld, message


@pytest.fixture
def world(postgresql_world):
    return postgresql_world


@pytest.fixture
def opened(world):
    """Open with other settings; closed at the end."""
    journals = []

    def make(**changes):
        settings = world.settings().model_copy(update=changes)
        journals.append(open_journal(settings, world.state(), world.clock))
        return journals[-1]

    yield make
    for journal in journals:
        journal.close()


def address(world, *, host="127.0.0.1", user=USER, parameters="", database=None):
    return f"postgresql://{user}@{host}:{world.server.port}/{database or world.database}{parameters}"


# -- away and back --------------------------------------------------------------------------------------------


def test_a_server_that_goes_away_is_told_and_nothing_is_lost(postgresql_server):
    world = PostgresqlWorld(postgresql_server)
    journal = world.open()
    kept = [keep(journal, message(world)) for _ in range(5)]
    (entry,) = journal.claim(HERE, 1)
    postgresql_server.crash()
    for use in (
        lambda: keep(journal, message(world)),
        lambda: journal.claim(HERE, 1),
        lambda: journal.answered(entry, b"answer"),
        lambda: journal.delivered(entry),
        journal.beat,
        journal.counts,
        lambda: journal.next_due(HERE),
    ):
        with pytest.raises(JournalError) as caught:
            use()
        assert f"127.0.0.1:{postgresql_server.port}" in str(caught.value)
        assert PASSWORD not in str(caught.value)
    fresh = world.open()
    with pytest.raises(JournalError, match="refused"):
        fresh.has_room()
    postgresql_server.start()
    journal.delivered(entry)  # tried again, as its caller does
    assert [entry.id for entry in fresh.claim(HERE, 10)] == kept[1:]
    world.close()


def test_who_leaves_while_the_server_is_away_says_so_and_leaves(postgresql_server, caplog):
    world = PostgresqlWorld(postgresql_server)
    journal = world.open()
    keep(journal, message(world))
    journal.claim(HERE, 1)
    postgresql_server.crash()
    world.close()
    assert "waits for its lease to run out" in caplog.text


def test_a_connection_that_was_cut_is_replaced(world):
    journal = world.open()
    keep(journal, message(world))
    cut = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'imsgw callout'"
    )
    assert world.sql(f"{cut} AND datname = '{world.database}'") != [(0,)]
    keep(journal, message(world))
    assert len(journal.claim(HERE, 5)) == 2


def test_a_server_that_does_not_answer_is_given_up(world):
    store = PostgresqlStore(world.settings())
    with store.reading() as connection:
        shown = connection.exec_driver_sql(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        )
        assert tuple(shown.one()) == ("30s", "10s")
    store.close()


def test_tables_that_are_locked_are_told(world):
    journal = world.open()
    keep(journal, message(world))
    with world.server.connect(world.database) as other, other.transaction():
        other.execute("LOCK TABLE imsgw_journal_entries")
        with journal._store._engine.connect() as connection:
            connection.exec_driver_sql("SET lock_timeout = '50ms'")
            connection.commit()
        with pytest.raises(JournalError, match="lock timeout"):
            keep(journal, message(world))
    keep(journal, message(world))


def test_many_threads_share_few_connections(world):
    journal = world.open()
    journal.beat()
    together = threading.Barrier(3 * CONNECTIONS)

    def kept_one(_):
        together.wait()
        return keep(journal, message(world))

    with ThreadPoolExecutor(3 * CONNECTIONS) as threads:
        kept = sorted(threads.map(kept_one, range(3 * CONNECTIONS)))
    assert sorted(entry.id for entry in journal.claim(HERE, 100)) == kept
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'imsgw callout'"
    ((count,),) = world.sql(f"{query} AND datname = '{world.database}'")
    assert count <= CONNECTIONS


# -- who is believed ------------------------------------------------------------------------------------------


def test_a_wrong_password_is_told_and_not_shown(world, opened, caplog):
    caplog.set_level(logging.DEBUG)
    journal = opened(password=Secret("not-this-one"))
    with pytest.raises(JournalError, match="password authentication failed") as caught:
        keep(journal, message(world))
    assert "not-this-one" not in str(caught.value) + caplog.text
    assert caught.value.__suppress_context__


def test_the_password_is_in_nothing_that_shows_itself(world, caplog):
    caplog.set_level(logging.DEBUG)
    journal = world.open()
    keep(journal, message(world))
    store = journal._store
    shown = [journal.name, repr(journal), repr(store), repr(store._engine), str(store._engine.url), caplog.text]
    shown += [repr(vars(store)), repr(world.settings())]
    assert PASSWORD not in " ".join(shown)
    with pytest.raises(TypeError):
        pickle.dumps(world.settings().password)


def encrypted(world):
    query = "SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name"
    return world.sql(f"{query} = 'imsgw callout' AND datname = '{world.database}'")


def test_with_a_truststore_the_server_must_show_a_certificate_of_it(world, opened, pki):
    journal = opened(truststore=pki.truststore())
    keep(journal, message(world))
    assert encrypted(world) == [(True, "TLSv1.3")]
    stranger = opened(truststore=truststore(pki.other.ca))
    with pytest.raises(JournalError, match="certificate verify failed"):
        keep(stranger, message(world))


def test_the_name_in_the_certificate_must_be_the_servers(world, opened, pki):
    # libpq checks the certificate against host, and connects to hostaddr
    store = address(world, host="elsewhere.example.com", parameters="?hostaddr=127.0.0.1")
    with pytest.raises(JournalError, match="does not match host name"):
        keep(opened(store=store, truststore=pki.truststore()), message(world))
    keep(opened(store=store), message(world))


@pytest.mark.parametrize("parameters", ["?sslmode=disable", "?sslmode=require&gssencmode=prefer"])
def test_the_address_cannot_take_tls_away_from_a_truststore(world, opened, pki, parameters):
    journal = opened(store=address(world, parameters=parameters), truststore=pki.truststore())
    keep(journal, message(world))
    assert encrypted(world) == [(True, "TLSv1.3")]
    with pytest.raises(JournalError, match="certificate verify failed"):
        keep(
            opened(store=address(world, parameters=parameters), truststore=truststore(pki.other.ca)),
            message(world),
        )


def test_a_truststore_that_is_gone_is_told(world, opened, tmp_path):
    with pytest.raises(JournalError, match="does not exist"):
        keep(opened(truststore=truststore(tmp_path / "gone.pem")), message(world))


@pytest.mark.parametrize("parameters", ["?password=in-the-address", "?connect_timeout=5&password=x"])
def test_an_address_with_a_password_is_refused(world, opened, parameters):
    with pytest.raises(JournalError, match="must not hold a password") as caught:
        opened(store=address(world, parameters=parameters))
    assert "in-the-address" not in str(caught.value)


def test_an_address_that_is_none_is_refused(opened, world):
    with pytest.raises(JournalError, match="nonsense"):
        opened(store=address(world, parameters="?nonsense=1"))


def test_several_servers_may_be_named_and_the_one_that_is_there_is_used(world, opened):
    hosts = f"127.0.0.1:1,127.0.0.1:{world.server.port}"
    store = f"postgresql://{USER}@{hosts}/{world.database}?target_session_attrs=read-write"
    id_ = keep(opened(store=store), message(world))
    assert [entry.id for entry in world.open().claim(HERE, 1)] == [id_]


# -- the database ---------------------------------------------------------------------------------------------


def test_every_commit_is_synced_even_where_the_server_is_set_not_to(world):
    world.sql(f"ALTER DATABASE {world.database} SET synchronous_commit = off")
    store = PostgresqlStore(world.settings())
    with store.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


def test_what_the_server_is_set_to_beyond_that_stays(world):
    world.sql(f"ALTER DATABASE {world.database} SET synchronous_commit = remote_apply")
    store = PostgresqlStore(world.settings())
    with store.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "remote_apply"
    store.close()


def test_without_create_no_tables_are_made(world):
    journal = open_journal(world.settings(), world.state(), world.clock, create=False)
    with pytest.raises(NoJournalError, match="no journal yet"):
        journal.letters()
    assert world.sql("SELECT to_regclass('imsgw_journal_entries')") == [(None,)]
    id_ = keep(world.open(), message(world))
    assert [letter.id for letter in journal.letters(State.WAITING)] == [id_]
    journal.close()


def test_a_database_that_cannot_hold_every_text_is_refused(world):
    world.database = world.server.new_database(encoding="LATIN1")
    with pytest.raises(JournalError, match="has the encoding LATIN1; it must be UTF8"):
        keep(world.open(), message(world))


def test_a_database_that_is_not_there_is_told(world, opened):
    with pytest.raises(JournalError, match='database "nowhere" does not exist'):
        keep(opened(store=address(world, database="nowhere")), message(world))


def test_a_user_without_rights_is_told_which(world, opened):
    world.sql(f"CREATE ROLE poor_{world.database} LOGIN PASSWORD '{PASSWORD}'")
    world.sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    journal = opened(store=address(world, user=f"poor_{world.database}"))
    with pytest.raises(JournalError, match=r"permission denied.*needs to own the tables, or CREATE"):
        keep(journal, message(world))


def test_a_user_who_owns_nothing_needs_few_rights(world, opened):
    keep(world.open(), message(world))
    user = f"few_{world.database}"
    for statement in (
        "CREATE ROLE {0} LOGIN PASSWORD '{1}'",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT SELECT ON imsgw_journal_schema TO {0}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON imsgw_journal_entries, imsgw_journal_instances TO {0}",
        "GRANT USAGE ON SEQUENCE imsgw_journal_entries_seq_seq TO {0}",
    ):
        world.sql(statement.format(user, PASSWORD))
    journal = opened(store=address(world, user=user))
    journal.beat()
    keep(journal, message(world))
    one, other = journal.claim(HERE, 2)
    journal.delivered(journal.answered(one, b"answer"))
    journal.dead(other, 1002, "fault")
    assert journal.discard([other.id]) == 1


def test_a_standby_is_told(world):
    journal = world.open()
    keep(journal, message(world))
    world.sql(f"ALTER DATABASE {world.database} SET default_transaction_read_only = on")
    other = world.open()
    with pytest.raises(JournalError, match="read-only transaction; this server is a standby"):
        keep(other, message(world))


def test_an_error_holds_no_data(world):
    journal = world.open()
    keep(journal, message(world))
    world.sql("ALTER TABLE imsgw_journal_entries ADD CONSTRAINT c CHECK (operation <> 'SECRET')")
    with pytest.raises(JournalError) as caught:
        keep(journal, message(world, b"SECRET", operation="SECRET"))
    assert str(caught.value).endswith("CheckViolation (SQLSTATE 23514)")
    world.sql("ALTER TABLE imsgw_journal_entries ALTER operation TYPE varchar(3) USING 'x'")
    with pytest.raises(JournalError, match=r"StringDataRightTruncation \(SQLSTATE 22001\)$"):
        keep(journal, message(world, b"SECRET", operation="SECRET"))


def test_without_psycopg_it_is_said_what_is_missing(world, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == "psycopg":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(JournalError, match="install the gateway with the extra postgresql"):
        open_journal(world.settings(), world.state(), world.clock)


def test_the_clocks_of_the_machines_need_not_agree(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    world.clock.move(10 * LEASE)  # ours alone
    other.beat()
    assert other.claim(HERE, 1) == []


def test_a_lease_runs_out_by_the_servers_clock(world):
    one = world.open(lease_seconds=1.0)
    other = world.open(lease_seconds=1.0)
    keep(one, message(world))
    one.claim(HERE, 1)
    world.crash(one)

    def claimed():
        other.beat()
        return other.claim(HERE, 1)

    wait_until(claimed)


def test_settings_without_a_user_or_port_are_good():
    settings = JournalSettings.model_validate({"store": "postgresql://db.example.com/journal"})
    store = PostgresqlStore(settings)
    assert store.name == "postgresql://db.example.com/journal"
    store.close()
