"""Authentication modules: each is made once, as a worker or the callout process will."""

from collections.abc import Iterator

from gateway.config.checks.places import correlator_file
from gateway.config.model import Home
from gateway.errors import ConfigError, Problem
from gateway.identity.loading import load_authenticator


def authenticator_problems(home: Home) -> Iterator[Problem]:
    """Yield what stands in the way of the modules that correlators name."""
    for name, service in home.services.items():
        security = service.settings.security
        if not security.authenticator:
            continue
        file, options = correlator_file(name), security.authenticator_options or {}
        try:
            load_authenticator(security.authenticator, options, home.path, file)
        except ConfigError as error:
            yield from error.problems
