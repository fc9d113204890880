"""A file of the home as it may be shown: secrets hidden, wherever they stand."""

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.config import words
from gateway.config.values import Settings

HIDDEN: Final = "***"
_USER: Final = re.compile(r"://[^/?#]*@")


def masked(model: type[Settings], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table for people: of secrets only which variable or file holds them.

    What the model does not know is hidden too: it may be a secret under a misspelt key, or in place of a table.
    So are users and passwords in addresses: nothing takes them there, and still somebody may write one.
    """
    fields = words.fields_of(model)
    shown: dict[str, Any] = {}
    for key, value in table.items():
        field = fields.get(key)
        if field is None:
            shown[key] = HIDDEN
        elif words.is_secret(field):
            shown[key] = _reference(value)
        elif isinstance(value, Mapping) and (inner := words.table_of(field)):
            shown[key] = masked(inner, value)
        elif isinstance(value, Mapping) and (inner := words.named_tables_of(field)):
            shown[key] = {
                name: masked(inner, one) if isinstance(one, Mapping) else HIDDEN for name, one in value.items()
            }
        elif isinstance(value, Mapping) or words.table_of(field) or words.named_tables_of(field):
            shown[key] = HIDDEN
        else:
            shown[key] = _USER.sub(f"://{HIDDEN}@", value) if isinstance(value, str) else value
    return shown


def _reference(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in {"env", "file"}:
        return dict(value)
    return HIDDEN if value else value
