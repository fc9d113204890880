"""A home judged here, where no process runs that would."""

from typing import TYPE_CHECKING

from gateway import preflight
from gateway.config.read import read_home
from gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gateway.manage.installation import Installation


def judge(installation: "Installation") -> tuple[Problem, ...]:
    """Return every problem of the home, in order, warnings too."""
    try:
        home = read_home(installation.home, environ=installation.environ, state=installation.state)
    except ConfigError as error:
        return error.problems
    return preflight.check(home)
