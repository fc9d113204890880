"""`correlator.toml`: the operations table `"*"` stands in where a named table is silent."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.config.consumer import ConsumerOperation, ConsumerSettings
from gateway.config.service import DEFAULTS, OperationSettings, ProviderSettings
from gateway.config.strict import Fault, KeyPath, S, validate
from gateway.config.values import Resolver, Settings

_OPERATIONS = "operations"


def _merged(defaults: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {**defaults, **own} if isinstance(own, Mapping) else own for name, own in named.items()}


def _inherited(path: KeyPath, raw: Mapping[str, Any]) -> bool:
    """Tell whether the value at operations.NAME.KEY comes from the table "*"."""
    if len(path) < 3 or path[0] != _OPERATIONS or path[1] == DEFAULTS:
        return False
    own, defaults = raw.get(str(path[1])), raw[DEFAULTS]
    return isinstance(own, Mapping) and path[2] not in own and path[2] in defaults


def _placed(faults: tuple[Fault, ...], raw: Mapping[str, Any]) -> Iterator[Fault]:
    """Point each fault at the table in which the user wrote the value."""
    for fault in faults:
        if not fault.incomplete and _inherited(fault.path, raw):
            yield Fault((_OPERATIONS, DEFAULTS, *fault.path[2:]), fault.text)
        else:
            yield fault


def validate_provider(
    table: Mapping[str, Any], resolver: Resolver
) -> tuple[ProviderSettings | None, tuple[Fault, ...]]:
    """Validate a provider's correlator, each operation on top of the defaults."""
    return _validate(ProviderSettings, OperationSettings, table, resolver)


def validate_consumer(
    table: Mapping[str, Any], resolver: Resolver
) -> tuple[ConsumerSettings | None, tuple[Fault, ...]]:
    """Validate a consumer's correlator, each operation on top of the defaults."""
    return _validate(ConsumerSettings, ConsumerOperation, table, resolver)


def _validate(
    model: type[S], operation: type[Settings], table: Mapping[str, Any], resolver: Resolver
) -> tuple[S | None, tuple[Fault, ...]]:
    """Validate a correlator.

    The table "*" need not be complete where named ones are: it is then absent from the result.
    """
    raw = table.get(_OPERATIONS)
    defaults = raw.get(DEFAULTS) if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(defaults, Mapping) or len(raw) == 1:
        return validate(model, table, resolver)
    named = {name: own for name, own in raw.items() if name != DEFAULTS}
    operations = _merged(defaults, named)
    alone, faults = validate(operation, defaults, resolver)
    if alone is not None:
        operations[DEFAULTS] = alone
    own_faults = [
        Fault((_OPERATIONS, DEFAULTS, *fault.path), fault.text) for fault in faults if not fault.incomplete
    ]
    settings, more = validate(model, {**table, _OPERATIONS: operations}, resolver)
    found = tuple(dict.fromkeys([*own_faults, *_placed(more, raw)]))
    return (None if found else settings), found
