"""The commands of `imsgw` by name; the module of a command is imported when that is asked for.

So none waits for what the others need.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final, cast

import typer
from typer.core import TyperGroup
from typer.main import get_group

MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "serve": "serve",
        "reload": "reload",
        "status": "status",
        "check": "check",
        "call": "call",
        "explain": "explain",
        "migrate": "migrate",
        "demo": "demo",
        "standin": "standin",
        "admin": "admin",
        "audit": "audit",
        "callout": "callout",
        "service": "service",
        "bundle": "bundle",
        "keystore": "keystore",
        "wire": "wire",
        "ims": "ims",
    }
)
"""Module of this package by command, in the order of `imsgw --help`. A module has `app`, a group, or a function
named like the command."""
SETTINGS: Final[Mapping[str, Any]] = MappingProxyType(
    {"rich_markup_mode": "markdown", "pretty_exceptions_enable": False}
)
"""What Typer is told for every command."""


class _Commands(Mapping[str, Any]):
    """The commands by name; each is made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module = import_module(f"gateway.cli.{MODULES[name]}")
        one = typer.Typer(**SETTINGS)
        if hasattr(module, "app"):
            one.add_typer(module.app, name=name)
        else:
            one.command(name)(getattr(module, name))
        return get_group(one).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)


class Commands(TyperGroup):
    """The root command: knows the names of the others."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast("MutableMapping[str, Any]", _Commands())

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002  its name there
        """Return the names, without a look into any module."""
        return list(self.commands)
