"""A table whose keys belong to somebody else's code: passed on as it is, secrets resolved."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, ValidationInfo

from gateway.config.values import RefusalError, Resolver, Words

_REFERENCES = ({"env"}, {"file"})


def _options(value: Any, info: ValidationInfo) -> Mapping[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise ValueError("not a table")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    if info.context is None:
        raise RefusalError("files and secrets are resolved by config.read only")
    return cast("Mapping[str, Any]", _resolved(value, info.context["resolver"]))


def _resolved(value: Any, resolver: Resolver) -> Any:
    """Put a `Secret` in place of each ``{ env = "NAME" }`` and ``{ file = "PATH" }``, however deep."""
    if isinstance(value, Mapping):
        if set(value) in _REFERENCES:
            return resolver.secret(value)
        return MappingProxyType({key: _resolved(item, resolver) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_resolved(item, resolver) for item in value)
    return value


Options = Annotated[Mapping[str, Any] | None, BeforeValidator(_options), Words("a table")]
"""Keys of any name; a table with the one key `env` or `file` is a secret."""
