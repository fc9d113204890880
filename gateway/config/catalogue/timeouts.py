"""How long, and in which order."""

from gateway.config.catalogue.kind import error, warning

EXECUTION = error(
    "timeouts.execution",
    "an execution timeout, as IMS Connect rounds it, that outlasts the socket's",
    "Raise socket_timeout_ms, or lower execution_timeout_ms.",
)
ROUNDED = warning(
    "timeouts.rounded",
    "an execution timeout that IRM_TIMER cannot express",
    "Write the value that is sent, so that nobody is surprised.",
)
STOP = warning(
    "timeouts.stop",
    "a graceful stop that is shorter than a request may take",
    "Raise server.stop_seconds (and the grace period of whatever stops the process), or lower the timeouts.",
)
DRAIN = warning(
    "timeouts.drain",
    "a graceful stop of the callout process that is shorter than a call may take",
    "Raise callout.drain_seconds, or lower timeout_ms.",
)
CONNECT = warning(
    "timeouts.connect",
    "calls of a service that end before a connection may have taken its time",
    "Lower connect_timeout_ms, or raise timeout_ms.",
)
FRESHNESS = warning(
    "timeouts.freshness",
    "messages that may grow too old while the gateway has them wait",
    "Raise security.max_age_seconds, or lower server.body_seconds and server.waiting_seconds.",
)
LIFETIME = warning(
    "timeouts.lifetime",
    "tokens of calls that may end before the call does",
    "Raise security.lifetime_seconds, or lower timeout_ms.",
)
IDLE = warning(
    "timeouts.idle",
    "sockets that end by their age before they could be idle for so long",
    "Lower idle_seconds, or raise max_age_seconds.",
)
