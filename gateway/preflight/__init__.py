"""What can be wrong with a home beyond its values: contracts against correlators, stores, the machine.

`check` is all that `imsgw check` says; `loading.load` makes a `Snapshot` of a home. On errors `serve` and
`callout` do not start.
"""

from datetime import datetime

from gateway.callout import deployment
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Home
from gateway.errors import Problem
from gateway.preflight import providers
from gateway.preflight.judging import judge

__all__ = ["check"]


def check(home: Home, now: datetime | None = None) -> tuple[Problem, ...]:
    """Return all problems of a home that was read, errors and warnings, in order."""
    return judge(
        home, now or SYSTEM_CLOCK.now(), providers.read_contracts(home), deployment.read_contracts(home)
    )
