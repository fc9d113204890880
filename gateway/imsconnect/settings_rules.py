"""What settings of a client must be, so that none is found out by a pool that never serves, or never rests.

Source: Client ID (clientID); Format of fixed portion of IRM in messages sent to IMS Connect (lengths); the rest
is ours.
"""

import re
from collections.abc import Iterator
from threading import TIMEOUT_MAX
from typing import TYPE_CHECKING, Final

from gateway.imsconnect.client_ids import LONGEST_PREFIX
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.wire import Exit, HeaderCode
from gateway.imsconnect.wire.frame import MAX_LLLL, MIN_INPUT

if TYPE_CHECKING:
    from gateway.imsconnect.values import ConnectionSettings, PoolSettings

_DATASTORE: Final = re.compile(r"[A-Z0-9@#$]{1,8}")
_PREFIX: Final = re.compile(rf"(?!HWS)[A-Z0-9@#$]{{0,{LONGEST_PREFIX}}}")
_HIGHEST_PORT: Final = 65_535

_Wrong = Iterator[tuple[str, str]]
"""Name of a setting, and what it must be."""


def check_pool(pool: "PoolSettings") -> None:
    """Raise ValueError, which names the first setting that makes no sense."""
    _refuse("PoolSettings", _of_pool(pool))


def check_connection(settings: "ConnectionSettings") -> None:
    """Raise ValueError, which names the first setting that makes no sense."""
    _refuse("ConnectionSettings", _of_connection(settings))


def _refuse(what: str, wrong: _Wrong) -> None:
    for name, text in wrong:
        raise ValueError(f"{what}.{name} is {text}")


def _of_pool(pool: "PoolSettings") -> _Wrong:
    ping = pool.ping_seconds
    # each says what is right, so that NaN is not
    rules = (
        ("size", pool.size >= 1, "1 or more"),
        ("wait_seconds", 0 <= pool.wait_seconds <= TIMEOUT_MAX, "0 or more seconds"),
        ("idle_seconds", 0 < pool.idle_seconds <= TIMEOUT_MAX, "more than 0 seconds"),
        ("max_age_seconds", pool.max_age_seconds > 0, "more than 0 seconds"),
        ("max_age_jitter", 0 <= pool.max_age_jitter <= 1, "a share from 0 to 1"),
        ("min_open", 0 <= pool.min_open <= pool.size, "0 to size"),
        ("ping_seconds", ping is None or ping > 0, "more than 0 seconds, or None for never"),
        ("fast_retries", pool.fast_retries >= 0, "0 or more"),
        ("retry_seconds", 0 < pool.retry_seconds <= TIMEOUT_MAX, "more than 0 seconds"),
        ("report_seconds", pool.report_seconds >= 0, "0 or more seconds"),
    )
    return ((name, text) for name, right, text in rules if not right)


def _of_connection(settings: "ConnectionSettings") -> _Wrong:
    endpoints = settings.endpoints
    if not endpoints or not all(isinstance(endpoint, Endpoint) for endpoint in endpoints):
        yield "endpoints", "one Endpoint or more, in a tuple"
    if not all(endpoint.host and 1 <= endpoint.port <= _HIGHEST_PORT for endpoint in endpoints):
        yield "endpoints", f"hosts with ports from 1 to {_HIGHEST_PORT}"
    if settings.policy not in {"order", "balance"}:
        yield "policy", "'order' or 'balance'"
    if not _DATASTORE.fullmatch(settings.datastore):
        yield "datastore", "1 to 8 characters of A-Z 0-9 @ # $"
    if not isinstance(settings.exit, Exit):
        yield "exit", "an Exit"
    if not isinstance(settings.code, HeaderCode):
        yield "code", "a HeaderCode"
    if not settings.connect_seconds > 0:
        yield "connect_seconds", "more than 0 seconds"
    if not MIN_INPUT <= settings.max_message_bytes <= MAX_LLLL:
        yield "max_message_bytes", f"{MIN_INPUT} to {MAX_LLLL}"
    if not _PREFIX.fullmatch(settings.client_id_prefix):
        yield (
            "client_id_prefix",
            f"at most {LONGEST_PREFIX} characters of A-Z 0-9 @ # $, not beginning with HWS",
        )
