"""The two kinds of correlator: a key that stands in the one and belongs in the other gets a better answer."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.config.consumer import ConsumerOperation, ConsumerSettings
from gateway.config.consumer_security import ConsumerSecurity
from gateway.config.service import OperationSettings, ProviderSettings, SecuritySettings
from gateway.config.values import Settings
from gateway.config.words import fields_of

_PAIRS: Final = (
    (ProviderSettings, ConsumerSettings),
    (SecuritySettings, ConsumerSecurity),
    (OperationSettings, ConsumerOperation),
)
"""Tables at the same place in the files of a provider and of a consumer."""
_OTHERS: Final[Mapping[type[Settings], tuple[str, type[Settings]]]] = {
    **{provider: ("consumer", consumer) for provider, consumer in _PAIRS},
    **{consumer: ("provider", provider) for provider, consumer in _PAIRS},
}


def role_of_key(model: type[Settings], key: str) -> str | None:
    """Return the other role, where its table has a key that this one lacks."""
    role, other = _OTHERS.get(model, ("", None))
    return role if other is not None and key in fields_of(other) else None


def is_consumer(table: Mapping[str, Any]) -> bool:
    """Tell by which model a correlator is judged: by its role or, where that is none, by what it looks like."""
    role = table.get("role")
    if role == "provider":
        return False
    return role == "consumer" or ("bundles" in table and "bundle" not in table)
