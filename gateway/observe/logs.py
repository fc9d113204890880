"""The log: one line of JSON an event, on standard error.

Entries are dictionaries that pass through processors; redaction is one of them, so that no call site needs
to remember it.
"""

import json as json_format
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import asdict, fields
from enum import Enum
from operator import attrgetter
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from gateway.exchange import Secret
from gateway.observe.callout_events import (
    CalloutEnded,
    CalloutEvent,
    CalloutKept,
    CircuitChanged,
    LateAnswer,
    ListenerChanged,
)
from gateway.observe.events import PathEvent, PathRestored, RequestEnded, TurnedAway

_SECRET_KEYS: Final = frozenset({"password", "secret", "token", "authorization", "key", "passphrase"})
HIDDEN: Final = "***"
_AS_THEY_ARE: Final = frozenset({str, int, float, bool, type(None)})


def redact(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what must never be logged, whoever put it there: secrets by type and by name."""
    for name, value in entry.items():
        # most are neither, and this is done for each member of each request
        if type(value) not in _AS_THEY_ARE or name.lower() in _SECRET_KEYS:
            entry[name] = _redacted(name, value)
    return entry


def _redacted(name: str, value: Any) -> Any:
    if isinstance(value, Secret) or name.lower() in _SECRET_KEYS:
        return HIDDEN
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Mapping):
        return {str(k): _redacted(str(k), v) for k, v in value.items()}
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return (
        value.value if isinstance(value, Enum) else value
    )  # JSON says it so by itself, text for people does not


def configure(*, level: str = "info", json: bool = True) -> None:
    """Send structlog and the standard library's loggers of ours to standard error."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: Any = _as_json if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Formatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gateway").setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


_ENCODE: Final = json_format.JSONEncoder(ensure_ascii=True, default=repr).encode
"""One for all lines: json.dumps with a default would make one for each."""


def _as_json(_logger: object, _method: str, entry: MutableMapping[str, Any]) -> str:
    return _ENCODE(entry)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Formats structlog's entries without copying their record: the one handler of ours has them for itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        if isinstance(record.msg, dict) and hasattr(record, "_logger"):  # as `wrap_for_formatter` leaves them
            return str(self.processors[-1](None, record.levelname.lower(), record.msg.copy()))
        return super().format(record)


class LogSink:
    """Writes events to the log: a refusal as a warning, a failure of ours or of IMS as an error."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("gateway.request")

    def emit(self, event: RequestEnded) -> None:
        """Write one line."""
        write = self._log.info if event.outcome != "refused" else self._log.warning
        told = {name: value for name, value in zip(_TOLD, _VALUES(event), strict=True) if value not in _NOTHING}
        if event.tracked_by and event.request_id:
            told["request_id"] = event.request_id  # the caller's may have been used before
        write("request", **told)

    def turned_away(self, event: TurnedAway) -> None:
        """Write one line; it is a note, as anybody can have any number of them written."""
        self._log.info("turned away", **asdict(event))


_TOLD: Final = tuple(
    field.name
    for field in fields(RequestEnded)
    if field.name
    not in {"timeline", "received", "request_id", "token", "traceparent", "tracestate", "route", "ims_code"}
)
"""Members of a request's record that the log tells; the audit has them all."""
_VALUES: Final = attrgetter(*_TOLD)
_NOTHING: Final = (None, "", ())


class PathLog:
    """Writes what happens to the ways to IMS Connect, a line an event; the events come quietly enough."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("gateway.path")

    def path_changed(self, event: PathEvent) -> None:
        """Write one line: a warning, or a note when the path is back."""
        write = self._log.info if isinstance(event, PathRestored) else self._log.warning
        write(_WORDS[type(event).__name__], **asdict(event))


_WORDS: Final = {
    "PathOpened": "IMS Connect cannot be reached",
    "StillDown": "IMS Connect still cannot be reached",
    "PathRestored": "IMS Connect can be reached again",
    "SocketsRefused": "IMS Connect takes no more sockets",
}


class CalloutLog:
    """Writes what becomes of callouts, a line an event; of an address only what is not private.

    A dead letter and a listener that has given up are errors: they need a person. What failed, came late or is
    tried again is a warning.
    """

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("gateway.callout")

    def callout(self, event: CalloutEvent) -> None:
        """Write one line; nothing of a callout that has only begun."""
        if isinstance(event, CalloutKept):
            return
        told = {name: _told(value) for name, value in asdict(event).items() if value not in (None, "")}
        if told.get("status") == 0:
            del told["status"]
        self._log.log(_callout_level(event), _callout_words(event), **told)


_Logged = CalloutEnded | LateAnswer | ListenerChanged | CircuitChanged


def _callout_level(event: _Logged) -> int:
    if isinstance(event, CalloutEnded):
        return {"answered": logging.INFO, "accepted": logging.INFO, "dead": logging.ERROR}.get(
            event.outcome, logging.WARNING
        )
    if isinstance(event, ListenerChanged):
        return {"trouble": logging.WARNING, "failed": logging.ERROR}.get(event.state, logging.INFO)
    if isinstance(event, CircuitChanged):
        return logging.WARNING if event.open else logging.INFO
    return logging.WARNING


def _callout_words(event: _Logged) -> str:
    if isinstance(event, CalloutEnded):
        return "dead letter" if event.outcome == "dead" else "callout"
    if isinstance(event, LateAnswer):
        return "late answer"
    if isinstance(event, ListenerChanged):
        return "listener"
    return "deliveries pause" if event.open else "deliveries go on"


_ADDRESS: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>]*")
_QUERY: Final = re.compile(r"\?[^\s\"'<>)]*=[^\s\"'<>)]*")
_MOST_CHARACTERS: Final = 1000
"""Of a text: the reason of a failure may hold what a web service outside has said."""


def _told(value: Any) -> Any:
    """Return a value as the log may show it: no control codes, of addresses no user, query or fragment."""
    if not isinstance(value, str):
        return value
    text = _ADDRESS.sub(lambda match: _public(match[0]), value[:_MOST_CHARACTERS])
    text = _QUERY.sub(f"?{HIDDEN}", text)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _public(address: str) -> str:
    """Return scheme, host, port and path."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
