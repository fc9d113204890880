"""Mixed load for a long time: what comes of every message, and what becomes of the processes that serve it."""

from bench.soak.pages import write_pages
from bench.soak.run import measure

__all__ = ["measure", "write_pages"]
