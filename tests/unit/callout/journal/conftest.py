from tests.unit.callout.journal.worlds import postgresql_world, sqlite_world, world

__all__ = ["postgresql_world", "sqlite_world", "world"]
