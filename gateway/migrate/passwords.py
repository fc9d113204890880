"""Passwords that the installation does not give away: those in it are wrong, encoded, or not there."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import Field

from gateway.config.document import read_toml
from gateway.config.secrets import HomeFiles
from gateway.config.strict import settle
from gateway.config.values import SecretValue, Settings
from gateway.exchange import Secret

_ENCODED: Final = re.compile(r"\{[A-Za-z0-9_+-]{1,20}\}\S+|ENC\(\S+\)|(?:OBF|MD5|CRYPT):\S+", re.DOTALL)


class StorePasswords(Settings):
    """Passwords of one store of the installation."""

    password: SecretValue = Field(default=Secret(""), description="Password of the store.")
    key_password: SecretValue = Field(
        default=Secret(""), description="Password of the key, where it has its own."
    )


class BundlePasswords(Settings):
    """Passwords of one connection bundle of the installation."""

    password: SecretValue = Field(default=Secret(""), description="RACF password.")
    basic_password: SecretValue = Field(default=Secret(""), description="Password for HTTP Basic of callouts.")


class Passwords(Settings):
    """The file behind `--passwords`."""

    stores: Mapping[str, StorePasswords] = Field(
        default_factory=lambda: MappingProxyType({}),
        description="By the file's name, or its path in the installation.",
    )
    bundles: Mapping[str, BundlePasswords] = Field(
        default_factory=lambda: MappingProxyType({}), description="By the bundle's name in the installation."
    )

    def of_store(self, file: str) -> StorePasswords:
        """Return what is known of a store, given its path in the installation."""
        return self.stores.get(file) or self.stores.get(file.rpartition("/")[2]) or StorePasswords()

    def of_bundle(self, name: str) -> BundlePasswords:
        """Return what is known of a bundle."""
        return self.bundles.get(name) or BundlePasswords()


def read_passwords(path: Path | None, environ: Mapping[str, str]) -> Passwords:
    """Read the file; None: there is none. Raises ConfigError."""
    if path is None:
        return Passwords()
    return settle(Passwords, read_toml(path, path.name), path.name, HomeFiles(path.absolute().parent, environ))


def is_encoded(text: str) -> bool:
    """Tell whether a password is written in some code: `{xor}...`, `ENC(...)`. Nobody could sign on with it."""
    return _ENCODED.fullmatch(text) is not None
