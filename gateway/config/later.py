"""What the files may hold in later versions: it deserves a better answer than "unknown key"."""

from collections.abc import Mapping

from gateway.config.consumer import ConsumerOperation
from gateway.config.service import OperationSettings
from gateway.config.values import Settings

KEYS: Mapping[type[Settings], frozenset[str]] = {}
"""Keys by the table they will stand in; none at this time."""

VALUES: Mapping[type[Settings], Mapping[str, frozenset[str]]] = {
    OperationSettings: {"adapter": frozenset({"copybook"})},
    ConsumerOperation: {"adapter": frozenset({"copybook"})},
}
"""Values of known keys, by table."""


def is_later_key(model: type[Settings], key: str) -> bool:
    """Tell whether a key that the model does not have comes with a later version."""
    return key in KEYS.get(model, ())


def is_later_value(model: type[Settings], key: str, value: object) -> bool:
    """Tell whether a value that the field does not take comes with a later version."""
    return isinstance(value, str) and value in VALUES.get(model, {}).get(key, ())
