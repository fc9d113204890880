"""The stores behind `gateway.wss.replay`: what must come only once is remembered for all workers, and machines.

Only this package knows SQLite's file of them and the Valkey client.
"""

from gateway.replay.store import GuardedStore, open_store

__all__ = ["GuardedStore", "open_store"]
