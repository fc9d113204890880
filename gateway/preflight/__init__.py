"""What can be wrong with a home beyond its values: contracts against correlators, stores, the machine.

`check` is all that `imsgw check` says; `serve` and `callout` refuse to start on its errors.
"""

import resource
from datetime import datetime
from functools import partial

from gateway.clock import SYSTEM_CLOCK
from gateway.config.check import check_home, open_files, rounding
from gateway.config.model import Home
from gateway.errors import Problem
from gateway.imsconnect.deadlines import judge
from gateway.preflight.consumers import consumer_contract_problems
from gateway.preflight.modules import authenticator_problems
from gateway.preflight.providers import contract_problems, contracts
from gateway.preflight.stores import store_problems
from gateway.tls.check import trust_problems

__all__ = ["check", "contracts"]


def check(home: Home, now: datetime | None = None) -> tuple[Problem, ...]:
    """Return all problems of a home that was read, errors and warnings, in order."""
    now = now or SYSTEM_CLOCK.now()
    return check_home(
        home,
        rounding(judge),
        open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        contract_problems,
        consumer_contract_problems,
        authenticator_problems,
        partial(store_problems, now=now),
        partial(trust_problems, now=now),
    )
