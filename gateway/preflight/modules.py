"""Authentication modules: each is made once, as a worker or the callout process will."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.callout.authentication import load_callout_authenticator
from gateway.config.catalogue import contracts
from gateway.config.checks.places import correlator_file
from gateway.config.model import ConsumerSecurity, Home, SecuritySettings
from gateway.errors import ConfigError, Problem
from gateway.identity.loading import load_authenticator

_Load = Callable[[str, Mapping[str, Any], Path, str], object]


def authenticator_problems(home: Home) -> Iterator[Problem]:
    """Yield what stands in the way of the modules that correlators name."""
    for name, service in home.services.items():
        yield from _tried(home, name, service.settings.security, load_authenticator)
    for name, consumer in home.consumers.items():
        yield from _tried(home, name, consumer.settings.security, load_callout_authenticator)


def _tried(
    home: Home, service: str, security: SecuritySettings | ConsumerSecurity, make: _Load
) -> Iterator[Problem]:
    if not security.authenticator:
        return
    options, file = security.authenticator_options or {}, correlator_file(service)
    try:
        make(security.authenticator, options, home.path, file)
    except ConfigError as error:
        yield from (replace(one, check=one.check or contracts.MODULE.id) for one in error.problems)
