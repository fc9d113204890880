"""A journal to test, in either store, and the time that passes for it."""

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import NewEntry
from gateway.callout.journal.keeper import SqlJournal
from gateway.callout.journal.postgresql import PostgresqlStore
from gateway.callout.values import Source
from gateway.config.model import JournalSettings
from tests.fixtures.clock import SetClock
from tests.fixtures.postgresql import PostgresqlServer

HERE = Source("ims1", "HWSPIPE1")
THERE = Source("ims1", "HWSPIPE2")
LEASE = 30.0
SHIFT = (
    "UPDATE imsgw_journal_entries SET due = due - {0}",
    "UPDATE imsgw_journal_instances SET heartbeat = heartbeat - {0}",
)


def _commit_and_fail(dialect, connection):
    connection.commit()
    raise dialect.loaded_dbapi.OperationalError("cut off")


class World:
    """One store; each `open` is another process as far as the journal can tell."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self._opened: list[SqlJournal] = []

    def settings(self, **changes) -> JournalSettings:
        raise NotImplementedError

    def state(self) -> Path:
        return Path("/nonexistent")

    def open(self, **changes) -> SqlJournal:
        self._opened.append(open_journal(self.settings(**changes), self.state(), self.clock))
        return self._opened[-1]

    def crash(self, journal: SqlJournal) -> None:
        """Let its process die: the system closes what it had open, and nothing else happens."""
        journal._store.close()
        self._opened.remove(journal)

    @contextmanager
    def cut_off(self, journal: SqlJournal):
        """Let each commit work, and its answer be lost."""
        store: Any = journal._store
        engines = [store._engine] if isinstance(store, PostgresqlStore) else [store._durable, store._quick]
        with pytest.MonkeyPatch.context() as patch:
            for engine in engines:
                patch.setattr(engine.dialect, "do_commit", partial(_commit_and_fail, engine.dialect))
            yield

    def pass_time(self, seconds: float) -> None:
        self.clock.move(seconds)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def close(self) -> None:
        for journal in self._opened:
            journal.close()


class SqliteWorld(World):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def settings(self, **changes) -> JournalSettings:
        return JournalSettings.model_validate({"lease_seconds": LEASE} | changes)

    def state(self) -> Path:
        return self._folder / "state"

    @property
    def file(self) -> Path:
        return self.state() / "journal.db"

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(self.file, isolation_level=None)) as database:
            return database.execute(statement).fetchall()


class PostgresqlWorld(World):
    """The server's clock cannot be moved; what it is compared with can."""

    def __init__(self, server: PostgresqlServer) -> None:
        super().__init__()
        self.server = server
        self.database = server.new_database()

    def settings(self, **changes) -> JournalSettings:
        return self.server.settings(self.database, **({"lease_seconds": LEASE} | changes))

    def pass_time(self, seconds: float) -> None:
        super().pass_time(seconds)
        if self.sql("SELECT to_regclass('imsgw_journal_entries')") != [(None,)]:
            for statement in SHIFT:
                self.sql(statement.format(int(seconds * 1_000_000)))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.server.sql(self.database, statement)


@pytest.fixture
def sqlite_world(tmp_path):
    world = SqliteWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def postgresql_world(shared_postgresql):
    world = PostgresqlWorld(shared_postgresql)
    yield world
    world.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request) -> World:
    found: World = request.getfixturevalue(f"{request.param}_world")
    return found


def message(world: World, data: bytes = b"a message", source: Source = HERE, **changes) -> NewEntry:
    return NewEntry(source=source, data=data, received=world.clock.now(), **changes)
