"""The tables of the journal, the same in SQLite and PostgreSQL.

Instants are microseconds since 1970 as the store's clock has them (see `store`), heartbeats apart.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
)

from gateway.callout.journal.entries import Stage, State

VERSION: Final = 1
"""Number of this layout, in the one row of `schema`. Any change to a table is a new number."""

STATES: Final = {State.WAITING: 0, State.WORKING: 1, State.DEAD: 2}
"""How states are kept; part of the layout."""
STAGES: Final = {Stage.CALL: 0, Stage.ANSWER: 1}
"""How stages are kept; part of the layout."""

_BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only when the type is INTEGER; its integers have 64 bits anyway."""
_DIGITS: Final = String(32).with_variant(String(32, collation="C"), "postgresql")
"""Hexadecimal digits, ordered by their bytes: the beginning of an id is looked up as a range."""

METADATA: Final = MetaData()

schema: Final = Table("imsgw_journal_schema", METADATA, Column("version", Integer, nullable=False))

instances: Final = Table(
    "imsgw_journal_instances",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("place", Text, nullable=False, doc="host and process, for people"),
    Column("heartbeat", _BIG, nullable=False, doc="see gateway.callout.journal.store"),
)

entries: Final = Table(
    "imsgw_journal_entries",
    METADATA,
    Column("seq", _BIG, primary_key=True, autoincrement=True, doc="order of arrival"),
    Column("id", _DIGITS, nullable=False, unique=True),
    Column("state", SmallInteger, nullable=False),
    Column("bundle", Text, nullable=False),
    Column("tpipe", Text, nullable=False),
    Column("due", _BIG, nullable=False),
    Column("owner", String(32), doc="the instance that has claimed it"),
    Column("claim", String(32), doc="which claim it is; a claim that was lost changes nothing any more"),
    Column("stage", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("received", _BIG, nullable=False),
    Column("changed", _BIG, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("network_user", Text, nullable=False),
    Column("network_session", Text, nullable=False),
    Column("size", Integer, nullable=False),
    # last, as SQLite reads a row from its beginning
    Column("data", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

Index(
    "imsgw_journal_due",
    entries.c.state,
    entries.c.bundle,
    entries.c.tpipe,
    entries.c.due,
    entries.c.seq,
)
_OWNED: Final = entries.c.owner.is_not(None)
Index("imsgw_journal_owned", entries.c.owner, sqlite_where=_OWNED, postgresql_where=_OWNED)


def in_state(state: State) -> ColumnElement[bool]:
    """Return the condition, with the number in its text: only so is the index of dead letters looked at."""
    return entries.c.state == literal_column(str(STATES[state]), SmallInteger)


_DEAD: Final = in_state(State.DEAD)
Index("imsgw_journal_dead", entries.c.seq, sqlite_where=_DEAD, postgresql_where=_DEAD)
