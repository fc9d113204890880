"""Makes the tables, and refuses those of another version."""

from sqlalchemy import Connection, inspect, select

from gateway.callout.journal.entries import JournalError
from gateway.callout.journal.store import NoJournalError
from gateway.callout.journal.tables import METADATA, VERSION, schema


def prepare(connection: Connection, name: str, *, create: bool = True) -> None:
    """Bring the database into shape, in a transaction that nobody else is in at the same time.

    Raises NoJournalError when there are no tables and none are to be made, JournalError when they are of
    another version; errors of the database as they come.
    """
    if is_there(connection, name):
        return
    if not create:
        raise NoJournalError(f"{name}: there is no journal yet")
    METADATA.create_all(connection)
    connection.execute(schema.insert().values(version=VERSION))


def is_there(connection: Connection, name: str) -> bool:
    """Tell whether there are tables. Raises JournalError when they are of another version."""
    if not inspect(connection).has_table(schema.name):
        return False
    found = connection.execute(select(schema.c.version)).scalars().all()
    if found == [VERSION]:
        return True
    if len(found) != 1:
        raise JournalError(f"{name}: is damaged: the number of its layout is missing")
    age = "a newer" if found[0] > VERSION else "an older"
    raise JournalError(
        f"{name}: was made by {age} version of the gateway (layout {found[0]}, this one knows {VERSION}); "
        f"use that version, or empty the journal with it first"
    )
