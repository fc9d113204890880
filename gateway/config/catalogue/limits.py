"""How much may be asked: rates, concurrency, connections."""

from gateway.config.catalogue.kind import warning

CONCURRENCY = warning(
    "limits.concurrency",
    "a concurrency that another bound keeps from ever being reached",
    "Lower it, or raise server.threads or the concurrency of the bundle.",
)
USERS = warning(
    "limits.users",
    "a rate of users where nobody is known as one",
    "Remove it; rates of addresses and of services count without a token.",
)
SHARE = warning(
    "limits.share",
    "a rate in memory that is less than one request a worker",
    "Count over a longer time, or count in Valkey (limits.store).",
)
APART = warning(
    "limits.apart",
    "rates that each of several machines counts for itself",
    "Leave limits.store empty: rates are then counted in the Valkey of replay.store.",
)
CONNECTIONS = warning(
    "limits.connections",
    "a bound of connections that is more than a worker takes",
    "Lower it, or raise server.worker_connections.",
)
