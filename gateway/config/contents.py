"""What a file of a home says, as a hash that tells versions apart and gives no secret away.

Somebody who has the hash could try passwords until one fits, so literal secrets are left out: it hashes the
names of their keys. Comments, the order of keys and the layout do not count either.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from gateway.config import words
from gateway.config.ldap import LdapSettings
from gateway.config.values import Settings

_SECRET: Final = "a secret in clear"  # noqa: S105  stands in its place
_OPTIONS: Final = "authenticator_options"
_LDAP: Final = "ldap"


def digest_of(model: type[Settings], table: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hexadecimal, of what a table says that is right by its model."""
    return _hash(_open(model, table))


def digest_of_users(raw: Mapping[str, Any]) -> str:
    """Return the same for a table of users, which has no secrets."""
    return _hash(raw)


def _hash(told: Mapping[str, Any]) -> str:
    return sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def _open(model: type[Settings], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table without its secrets."""
    holdings = words.holdings_of(model)
    told: dict[str, Any] = {}
    for key, value in table.items():
        holding = holdings[key]
        if key == _OPTIONS:
            told[key] = _options(table, value)
        elif holding.secret:
            told[key] = _SECRET if isinstance(value, str) else value
        elif isinstance(value, Mapping) and holding.table:
            told[key] = _open(holding.table, value)
        elif isinstance(value, Mapping) and holding.named_tables:
            told[key] = {name: _open(holding.named_tables, one) for name, one in value.items()}
        else:
            told[key] = value
    return told


def _options(security: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """Return options of an authentication module; which texts of a foreign one are secrets nobody knows."""
    if security.get("authenticator") == _LDAP and options.keys() <= words.fields_of(LdapSettings).keys():
        return _open(LdapSettings, options)
    return _without_texts(options)


def _without_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        reference = len(value) == 1 and value.keys() <= {"env", "file"}
        return value if reference else {key: _without_texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_texts(one) for one in value]
    return _SECRET if isinstance(value, str) else value
