"""From the name of an authentication module in a configuration to the module, made and ready."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final, cast

from gateway.config.words import nearest, shown
from gateway.errors import ConfigError, Problem
from gateway.identity.authenticator import Authenticator

ENTRY_POINTS: Final = "imsgw.authenticators"
SHIPPED: Final[Mapping[str, str]] = {"ldap": "gateway.identity.ldap:LdapAuthenticator"}
"""Modules that come with the gateway, by the name that stands in a configuration."""
KEY: Final = "security.authenticator"
OPTIONS_KEY: Final = "security.authenticator_options"


@dataclass(frozen=True, slots=True)
class ModuleKind:
    """A kind of module: by which names its modules are found, besides ``package.module:Name``."""

    entry_points: str
    """Group of entry points."""
    shipped: Mapping[str, str] = field(default_factory=dict)
    """Modules that come with the gateway, by name."""


AUTHENTICATORS: Final = ModuleKind(ENTRY_POINTS, SHIPPED)


def load_authenticator(name: str, options: Mapping[str, Any], home: Path, file: str) -> Authenticator:
    """Find and make the module that a correlator names.

    `name` is `package.module:Name`, a shipped module or an entry point of the group `imsgw.authenticators`;
    `file` stands in the problems. Raises ConfigError: there is no such module, it cannot be imported or made.
    """
    return cast("Authenticator", load_module(AUTHENTICATORS, name, options, home, file))


def load_module(kind: ModuleKind, name: str, options: Mapping[str, Any], home: Path, file: str) -> object:
    """Find and make a module that has a method `authenticate`. Raises ConfigError as `load_authenticator`."""
    try:
        made = _factory(kind, name)(options, home)
    except ConfigError as error:
        raise ConfigError(tuple(_placed(problem, file) for problem in error.problems)) from None
    except ValueError as error:
        raise _problem(file, f"{shown(name)}: {error}") from None
    except Exception as error:
        raise _problem(file, f"{shown(name)} cannot be used: {type(error).__name__}") from error
    if not callable(getattr(made, "authenticate", None)):
        raise _problem(file, f"{shown(name)} makes something without a method authenticate")
    return made


def _problem(file: str, text: str) -> ConfigError:
    return ConfigError((Problem(file, KEY, text),))


def _placed(problem: Problem, file: str) -> Problem:
    """Say where the options stand that a module complains of."""
    key = f"{OPTIONS_KEY}.{problem.key}" if problem.key else OPTIONS_KEY
    return Problem(file, key, problem.text, problem.warning)


def _factory(kind: ModuleKind, name: str) -> Callable[[Mapping[str, Any], Path], object]:
    """Return what makes the module. ValueError, with a text that follows the name, when there is none."""
    target = kind.shipped.get(name, name)
    found = _by_path(target) if ":" in target else _by_entry_point(kind, target)
    if not callable(found):
        raise ValueError("is nothing that can be called")  # noqa: TRY004  a mistake of the configuration
    return cast("Callable[[Mapping[str, Any], Path], object]", found)


def _by_path(target: str) -> object:
    module, _, attribute = target.partition(":")
    if module.partition(".")[0] in sys.stdlib_module_names:
        raise ValueError(f"module {shown(module)} is Python's own, and no authentication module")
    try:
        found: object = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise ValueError(f"there is no module {shown(error.name or module)}") from None
    except AttributeError:
        raise ValueError(f"module {shown(module)} has no {shown(attribute)}") from None
    return found


def _by_entry_point(kind: ModuleKind, name: str) -> object:
    known = metadata.entry_points(group=kind.entry_points)
    found = [entry for entry in known if entry.name == name]
    if not found:
        near = nearest(name, {*kind.shipped, *known.names})
        hint = f"; did you mean {near}?" if near else '; a path reads "package.module:Name"'
        raise ValueError(f"no package offers it as an entry point of {kind.entry_points}{hint}")
    if len({entry.value for entry in found}) > 1:
        raise ValueError(f"several packages offer it: {', '.join(sorted(entry.value for entry in found))}")
    return found[0].load()
