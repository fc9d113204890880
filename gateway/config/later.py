"""What keys may say in later versions: it deserves a better answer than what is said of a mistake."""

from collections.abc import Mapping

from gateway.config.consumer import ConsumerOperation
from gateway.config.service import OperationSettings
from gateway.config.values import Settings

VALUES: Mapping[type[Settings], Mapping[str, frozenset[str]]] = {
    OperationSettings: {"adapter": frozenset({"copybook"})},
    ConsumerOperation: {"adapter": frozenset({"copybook"})},
}
"""Values of known keys, by table."""


def is_later_value(model: type[Settings], key: str, value: object) -> bool:
    """Tell whether a value that the field does not take comes with a later version."""
    return isinstance(value, str) and value in VALUES.get(model, {}).get(key, ())
