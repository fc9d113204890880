"""Counters of several machines, in a Valkey server."""

from typing import Final

from limits.storage import RedisStorage

from gateway.config.limits import LimitsSettings
from gateway.config.model import ReplaySettings
from gateway.valkey_pool import Access, open_pool

KEY_PREFIX: Final = "imsgw:limits:1"
"""The 1 is the layout's version. Keys end by themselves after two windows."""


def access_of(limits: LimitsSettings, replay: ReplaySettings) -> Access | None:
    """Return where rates are counted, if that is not this worker's memory."""
    if limits.store.startswith("valkey"):
        return Access(
            limits.store,
            limits.store_user,
            limits.store_password,
            limits.store_truststore,
            limits.store_timeout_seconds,
        )
    if limits.store or not replay.store.startswith("valkey"):
        return None
    return Access(replay.store, replay.user, replay.password, replay.truststore, limits.store_timeout_seconds)


class SharedCounters(RedisStorage):
    """The library's storage on our connections."""

    STORAGE_SCHEME = None  # type: ignore[assignment]  # not for the library's table of addresses

    def __init__(self, access: Access) -> None:
        """Nothing is connected before the first call. Raises gateway.tls.StoreError for the trust store."""
        self._access_pool = open_pool(access)
        super().__init__("valkey://", connection_pool=self._access_pool, key_prefix=KEY_PREFIX)

    def close(self) -> None:
        """Close the connections."""
        self._access_pool.disconnect()
