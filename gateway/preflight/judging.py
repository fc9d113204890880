"""All that can be said of a home that was read: its values, contracts, stores, the machine."""

import resource
from datetime import datetime
from functools import partial

from gateway.callout.deployment import Consumers
from gateway.config.check import check_home, open_files, rounding
from gateway.config.model import Home
from gateway.errors import Problem
from gateway.imsconnect.deadlines import judge as judge_deadlines
from gateway.preflight import files
from gateway.preflight.accounts import account_problems
from gateway.preflight.audit import audit_problems
from gateway.preflight.certificates import name_problems
from gateway.preflight.consumers import consumer_contract_problems
from gateway.preflight.modules import authenticator_problems
from gateway.preflight.providers import Providers, contract_problems
from gateway.preflight.sso import sso_problems
from gateway.preflight.stores import store_problems
from gateway.preflight.trusting import list_problems
from gateway.tls.check import trust_problems
from gateway.tls.opened import Opened


def judge(home: Home, now: datetime, providers: Providers, consumers: Consumers) -> tuple[Problem, ...]:
    """Return all problems of a home, errors and warnings, in order."""
    opened = Opened()
    return check_home(
        home,
        rounding(judge_deadlines),
        open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        partial(contract_problems, found=providers),
        partial(consumer_contract_problems, found=consumers),
        authenticator_problems,
        partial(store_problems, now=now, opened=opened),
        partial(trust_problems, now=now, opened=opened),
        partial(name_problems, opened=opened),
        partial(list_problems, opened=opened),
        partial(sso_problems, now=now),
        audit_problems,
        files.writable,
        files.readable_keys,
        files.literal_options,
        files.unused_stores,
        files.state_folder,
        files.admin_accounts,
        partial(account_problems, now=now),
    )
