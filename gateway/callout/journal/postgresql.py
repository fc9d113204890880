"""The journal of several machines: a PostgreSQL server, through psycopg 3 and libpq.

Every commit is synced by the server; one that is set not to do so (`synchronous_commit = off`) is told to for
our sessions. All instants are the server's. Claims skip what others have locked, so nobody waits for anybody.

The address is libpq's own (PostgreSQL documentation, Connection URIs): several hosts and every parameter of it
may stand there. A password may not: it is handed to libpq when a connection is made, and stands nowhere else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import SQLAlchemyError

from gateway.callout.journal.entries import JournalError
from gateway.callout.journal.layout import prepare
from gateway.callout.journal.store import shortened
from gateway.config.model import JournalSettings
from gateway.exchange import Secret

CONNECTIONS: Final = 10
"""Most connections of one instance."""
_WAIT_SECONDS: Final = 10
_LAYOUT_LOCK: Final = 7_030_905_201_663_412_049
"""Advisory lock of whoever makes the tables; a number of our own, at random."""
_CLEANING_LOCK: Final = 7_030_905_201_663_412_050
"""Advisory lock of whoever gives back what lost instances had."""
_NOW: Final = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
"""The start of the statement: stable within it, so that an index can be searched with it."""

_DEFAULTS: Final[dict[str, Any]] = {
    "application_name": "imsgw callout",
    "connect_timeout": _WAIT_SECONDS,
    # a server that vanished is noticed in half a minute, whatever we wait for
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Parameters of libpq that the address may change."""
_SESSION: Final = """
SELECT set_config('statement_timeout', '30s', false),
    set_config('lock_timeout', '10s', false),
    set_config('idle_in_transaction_session_timeout', '60s', false),
    CASE current_setting('synchronous_commit')
        WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END
"""


class PostgresqlStore:
    """A `Store`. Not to be taken through a fork."""

    def __init__(self, settings: JournalSettings, *, create: bool = True) -> None:
        """Nothing is connected before the first transaction; `create`: makes the tables where there are none.

        Raises JournalError where psycopg is not installed, or the address is none.
        """
        self.name = _without_parameters(settings.store)
        self.insert = postgresql.insert
        self._password = settings.password
        self._create = create
        self._engine = self._made(settings)
        self._preparing = threading.Lock()
        self._prepared = False

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:  # noqa: ARG002  each commit is synced
        """See `Store`."""
        with self._told():
            self._prepare()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Store`."""
        with self._told():
            self._prepare()
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection

    def now(self) -> ColumnElement[int]:
        """See `Store`."""
        return literal_column(_NOW, BigInteger)

    def beat(self) -> ColumnElement[int]:
        """See `Store`."""
        return literal_column(_NOW, BigInteger)

    def alone(self, connection: Connection) -> bool:
        """See `Store`."""
        return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_CLEANING_LOCK))).scalar_one())

    def close(self) -> None:
        """See `Store`."""
        self._engine.dispose()

    def _made(self, settings: JournalSettings) -> Engine:
        try:
            engine = create_engine(
                "postgresql+psycopg://",
                creator=self._connector(settings),
                isolation_level="READ COMMITTED",
                pool_size=CONNECTIONS,
                max_overflow=0,
                pool_timeout=_WAIT_SECONDS,
                pool_pre_ping=True,
                pool_recycle=1800,
                hide_parameters=True,
            )
        except ImportError:
            raise JournalError(
                f"{self.name}: psycopg is missing: install the gateway with the extra postgresql"
            ) from None
        event.listen(engine, "connect", _connected)
        return engine

    def _connector(self, settings: JournalSettings) -> Any:
        import psycopg  # noqa: PLC0415  an extra, which not every installation has
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

        try:
            given = conninfo_to_dict(settings.store)
        except psycopg.Error as error:
            raise JournalError(f"{self.name}: {shortened(error)}") from None
        if "password" in given:
            raise JournalError(f"{self.name}: the address must not hold a password: it goes into password")
        parameters = _DEFAULTS | given | _demanded(settings)

        def connect() -> Any:
            password = self._password.reveal() or None
            return psycopg.connect(**parameters, password=password, prepare_threshold=None)

        return connect

    def _prepare(self) -> None:
        """Make the tables where they are missing; of several instances that start at once, one does."""
        if self._prepared:
            return
        with self._preparing, self._engine.begin() as connection:
            if self._prepared:
                return
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
            if encoding != "UTF8":
                raise JournalError(f"{self.name}: the database has the encoding {encoding}; it must be UTF8")
            connection.execute(select(func.pg_advisory_xact_lock(_LAYOUT_LOCK)))
            prepare(connection, self.name, create=self._create)
        self._prepared = True

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = _reason(getattr(error, "orig", None) or error, self._password)
            raise JournalError(f"{self.name}: {reason}") from None


def _demanded(settings: JournalSettings) -> dict[str, Any]:
    """Return what the address must not change."""
    if settings.truststore is None:
        return {"client_encoding": "UTF8"}
    return {
        "client_encoding": "UTF8",
        "sslmode": "verify-full",
        "sslrootcert": str(settings.truststore.path),
        "gssencmode": "disable",  # would take the place of TLS, certificate and all
        "ssl_min_protocol_version": "TLSv1.2",
    }


def _connected(connection: Any, _record: Any) -> None:
    connection.execute(_SESSION)
    connection.commit()


def _without_parameters(address: str) -> str:
    return urlsplit(address)._replace(query="", fragment="").geturl()


_HINTS: Final = {
    "42501": "; the user needs to own the tables, or CREATE on the schema to make them",
    "42P01": "; the tables were removed while in use",
    "25006": "; this server is a standby",
}
"""By SQLSTATE (PostgreSQL documentation, Error Codes)."""
_DATA: Final = ("22", "23")
"""Classes of errors whose texts may repeat data."""


def _reason(error: BaseException, password: Secret) -> str:
    """Return what is wrong, without data and password."""
    state = getattr(error, "sqlstate", None) or ""
    if state[:2] in _DATA or (not state and type(error).__name__ == "DataError"):
        return f"{type(error).__name__} (SQLSTATE {state or 'none'})"
    text = " ".join(str(error).split())
    if password:
        text = text.replace(password.reveal(), "***")
    return shortened(text) + _HINTS.get(state, "")
