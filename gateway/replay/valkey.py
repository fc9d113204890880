"""The store of several machines: a Valkey server (or Redis, which speaks the same protocol).

A script looks and inserts; the server runs scripts one at a time, so of many callers at once one gets NEW. An
entry's value is the time until which it counts, which is held against the caller's clock as in the other store;
its time to live is a duration, so the server's own clock does not matter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import valkey

from gateway.config.model import ReplaySettings
from gateway.replay.backend import CLOCK_MARGIN, StoreDownError, by_key, microseconds
from gateway.valkey_pool import FAILURES, Access, open_pool
from gateway.wss.replay import Once, Remembered

KEY_PREFIX: Final = "imsgw:replay:1:{replay}:"
"""The 1 is the layout's version. The braces put all keys into one slot of a cluster (its "hash tag"), where the
keys of one script must be."""

_SCRIPT: Final = """
for _, key in ipairs(KEYS) do
    local there = redis.call('GET', key)
    if there and tonumber(there) > tonumber(ARGV[1]) then return 0 end
end
for i, key in ipairs(KEYS) do
    redis.call('SET', key, ARGV[2 * i], 'PX', ARGV[2 * i + 1])
end
return 1
"""
_MILLISECOND: Final = timedelta(milliseconds=1)


class ValkeyStore:
    """Thread-safe; each call takes a connection from a pool, which makes as many as there are calls at once."""

    def __init__(self, settings: ReplaySettings) -> None:
        """Nothing is connected before the first call. Raises gateway.tls.StoreError for the trust store."""
        self._access = Access(
            settings.store, settings.user, settings.password, settings.truststore, settings.timeout_seconds
        )
        self._name = self._access.name
        self._pool = open_pool(self._access)
        self._client = valkey.Valkey(connection_pool=self._pool)

    def close(self) -> None:
        """Close the connections."""
        self._pool.disconnect()

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Insert all entries unless one of them is there, see `Backend`.

        A call that got no answer may have inserted its entries. It is not tried again: it would find them.
        """
        keys: list[str] = []
        arguments: list[str | int] = [microseconds(now)]
        for key, until in by_key(entries).items():
            keys.append(KEY_PREFIX + key.hex())
            arguments += [until, _kept(until - microseconds(now))]
        answer = self._ask("EVAL", _SCRIPT, len(keys), *keys, *arguments)
        if answer == 1:
            return Remembered.NEW
        if answer == 0:
            return Remembered.SEEN
        raise StoreDownError(f"{self._name}: an answer that the script does not give")

    def advice(self) -> str:
        """Say what about the server could let it forget entries; empty: nothing, or it does not tell."""
        try:
            found = self._ask("INFO", "memory").get("maxmemory_policy", "noeviction")
        except StoreDownError:
            return ""
        if found == "noeviction":
            return ""
        return f"{self._name}: maxmemory-policy {found} lets it forget entries; set noeviction"

    def _ask(self, *command: str | int) -> Any:
        try:
            return self._client.execute_command(*command)
        except FAILURES as error:
            raise StoreDownError(self._access.reason(error)) from None


def _kept(microseconds_to_go: int) -> int:
    """Return for how many milliseconds the server keeps an entry, at least one."""
    kept = timedelta(microseconds=microseconds_to_go) + CLOCK_MARGIN
    return max(1, -(-kept // _MILLISECOND))
