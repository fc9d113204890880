"""How many at once."""

from gateway.config.catalogue.kind import error, warning

CONNECTIONS = warning(
    "capacity.connections",
    "fewer connections than requests that may be in work or wait",
    "Raise server.worker_connections, or lower server.threads or server.waiting.",
)
THREADS = warning(
    "capacity.threads",
    "more threads than sockets to IMS Connect could keep busy",
    "Lower server.threads, or raise ims_connect.pool.size.",
)
POOL = warning(
    "capacity.pool",
    "a pool of more sockets than threads could use",
    "Lower ims_connect.pool.size, or raise server.threads.",
)
MAXSOC = error(
    "capacity.maxsoc",
    "more sockets than IMS Connect takes (MAXSOC)",
    "Lower server.workers or ims_connect.pool.size, or raise MAXSOC and tell it in ims_connect.maxsoc.",
)
MAXSOC_UNKNOWN = warning(
    "capacity.maxsoc-unknown",
    "perhaps more sockets than IMS Connect takes: nobody said how many that are",
    "Put the number of the TCPIP statement into ims_connect.maxsoc.",
)
CLIENT_IDS = warning(
    "capacity.client-ids",
    "a prefix that leaves so few client ids that some will meet",
    "Take a shorter ims_connect.client_id_prefix.",
)
FILES = warning(
    "capacity.files",
    "more open files than the system allows a process",
    "Raise the limit (ulimit -n, LimitNOFILE=), or lower connections and pools.",
)
