"""Accounts and tokens of console and management API: whether anybody could sign in by the file that names them.

Only warnings: services are served whoever may look at them, and a change of this file counts without a reload.
"""

import stat
from collections.abc import Iterator
from datetime import datetime

from gateway.config.accounts import AccountsTable, read_accounts
from gateway.config.catalogue import reach
from gateway.config.document import read_toml
from gateway.config.model import Home
from gateway.config.secrets import HomeFiles
from gateway.config.words import shown
from gateway.errors import ConfigError, Problem
from gateway.tls.certificates import EXPIRES_SOON


def account_problems(home: Home, now: datetime) -> Iterator[Problem]:
    """Name what is wrong with the file of accounts, and tokens that have expired or soon will."""
    path = home.path / home.gateway.admin.accounts
    file = shown(home.gateway.admin.accounts)
    if not path.exists():
        return
    try:
        table, faults = read_accounts(read_toml(path, file), HomeFiles(home.path, {}))
    except ConfigError as error:
        table, problems = None, error.problems
    else:
        problems = tuple(fault.problem(file) for fault in faults)
    for problem in problems:
        yield reach.ACCOUNTS.at(file, problem.key, problem.text)
    if table is not None:
        yield from _tokens(table, file, now)
        if table.accounts and path.stat().st_mode & stat.S_IROTH:
            yield reach.READABLE_ACCOUNTS.at(file, "", "every user of this machine can read its hashes")


def _tokens(table: AccountsTable, file: str, now: datetime) -> Iterator[Problem]:
    for number, row in enumerate(table.tokens, start=1):
        if row.expires is not None and row.expires - now < EXPIRES_SOON:
            word = "expired" if row.expires <= now else "expires"
            text = f"the token of {row.name} {word} on {row.expires:%Y-%m-%d}"
            yield reach.TOKEN.at(file, f"tokens.{number}.expires", text)
