"""What the tests of both stores remember."""

from datetime import UTC, datetime, timedelta

from gateway.wss.replay import Once, OnceKind

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def once(name: str, seconds: float = 300, *, now: datetime = NOW, kind: OnceKind = OnceKind.NONCE) -> Once:
    """Return an entry that counts for so many seconds."""
    return Once.of(kind, [name.encode()], now + timedelta(seconds=seconds))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
