"""Everything `imsgw check` can say of a home that was read: its values beside each other.

A check is any callable that takes a `Home` and gives problems. The ones here need no other package; the
runtime hands in more: contracts against their correlators, stores that open, timers, limits of the machine.
"""

from collections.abc import Callable, Iterable

from gateway.config.checks import (
    audit,
    backend,
    callout,
    callout_calls,
    callout_security,
    capacity,
    effect,
    limits,
    reach,
    telemetry,
    timing,
    trust,
    users,
)
from gateway.config.checks.capacity import open_files, rounding
from gateway.config.model import Home
from gateway.errors import Problem

__all__ = ["CONSISTENCY", "Check", "check_home", "open_files", "rounding"]

Check = Callable[[Home], Iterable[Problem]]

CONSISTENCY: tuple[Check, ...] = (
    reach.keystores,
    reach.listeners,
    reach.security,
    reach.proxies,
    reach.client_certificates,
    reach.unused,
    effect.without_effect,
    trust.vouching,
    trust.nobody,
    capacity.connections,
    capacity.pools,
    capacity.maxsoc,
    capacity.client_ids,
    capacity.stop,
    limits.concurrency,
    limits.users,
    limits.share,
    limits.connections,
    backend.exits,
    backend.plain_tcp,
    backend.commit_mode,
    backend.names,
    backend.identities,
    backend.passwords,
    backend.adapters,
    timing.freshness,
    timing.lifetimes,
    timing.idle,
    users.rows,
    callout.unreached,
    callout.same_name,
    callout.raw_messages,
    callout.two_listeners,
    callout.kinds,
    callout.idle_or_endless,
    callout.rerouted,
    callout.stopped,
    callout_security.users,
    callout_security.vouching,
    callout_security.apart,
    callout_security.plain_hosts,
    callout_security.own_secrets,
    callout_security.retrieving,
    callout_security.without_effect,
    callout_calls.timeouts,
    callout_calls.drain,
    callout_calls.exits,
    callout_calls.journal,
    audit.place,
    audit.loss,
    audit.receiver,
    telemetry.driver,
    telemetry.secrets,
)
"""The checks that need nothing but the home."""


def check_home(home: Home, *checks: Check) -> tuple[Problem, ...]:
    """Return every problem of a home, sorted: what reading noticed, what does not fit, what `checks` find."""
    found = set(home.warnings)
    for check in (*CONSISTENCY, *checks):
        found.update(check(home))
    return tuple(sorted(found))
