"""What of a changed `gateway.toml` counts at once, and what from the next start.

Keys that a running process cannot change are marked in their models (`gateway.config.values.AT_START`). A
reload keeps their values of the start, and says which of them have others in the file.
"""

from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel

from gateway.config.model import Home
from gateway.config.values import is_at_start

M = TypeVar("M", bound=BaseModel)


def in_effect(before: Home, wanted: Home) -> tuple[Home, tuple[str, ...]]:
    """Return a home as it can come into force behind another, and the keys that count from the next start."""
    gateway, keys = _kept(before.gateway, wanted.gateway, "")
    if wanted.state != before.state:
        keys = tuple(dict.fromkeys((*keys, "server.state")))
    return replace(wanted, gateway=gateway, state=before.state), keys


def _kept(before: M, wanted: M, prefix: str) -> tuple[M, tuple[str, ...]]:
    """Return settings with the marked values of `before`, and the names of those that differ."""
    changes: dict[str, Any] = {}
    keys: list[str] = []
    for name, field in type(wanted).model_fields.items():
        old, new = getattr(before, name), getattr(wanted, name)
        if old == new:
            continue
        if is_at_start(field):
            changes[name] = old
            keys.append(f"{prefix}{name}")
        elif isinstance(old, BaseModel) and type(old) is type(new):
            inner, inner_keys = _kept(old, new, f"{prefix}{name}.")
            if inner_keys:
                changes[name] = inner
                keys.extend(inner_keys)
    return (wanted.model_copy(update=changes) if changes else wanted), tuple(keys)
