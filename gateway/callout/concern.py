"""Which warnings of a home are the business of `imsgw callout`: those of what it uses.

Provider services, bundles without `[callout]` and the listeners of `imsgw serve` are not; that process prints
theirs, and `imsgw check` prints all. Errors are everybody's: a home is right as a whole or not at all.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from gateway.config.model import Home
from gateway.config.read import GATEWAY_FILE
from gateway.errors import Problem

_USED: Final = ("server.keystore", "server.state")
"""Of the tables of `imsgw serve` what this process uses too, for probes and for what it keeps."""
_OF_SERVE: Final = frozenset({"server", "admin", "sign_on"})
"""Tables of `gateway.toml`."""
_OF_WORKERS: Final = "ims_connect.pool.size"
"""Of a bundle: its warning compares the pool with the threads of a worker."""


def concerning(home: Home, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return errors and the warnings that concern callout, in the order in which they come."""
    return tuple(problem for problem in problems if not problem.warning or _concerns(home, problem))


def is_used(key: str) -> bool:
    """Tell whether callout goes by a key of `gateway.toml`."""
    return key.partition(".")[0] not in _OF_SERVE or key.startswith(_USED)


def _concerns(home: Home, warning: Problem) -> bool:
    if warning.file == GATEWAY_FILE:
        return is_used(warning.key)
    folder, *names = PurePosixPath(warning.file).parts or ("",)
    if folder == "bundles" and names:
        bundle = home.bundles.get(PurePosixPath(names[0]).stem)
        return bundle is None or (bundle.callout is not None and warning.key != _OF_WORKERS)
    if folder == "wsdl":
        return not names or names[0] not in home.services
    # a table of users of a provider lies anywhere
    return False
