"""What the log says of a reload: the same in every process."""

import logging

from gateway.control.reloaded import Reloaded


def tell(log: logging.Logger, told: Reloaded, why: str, changed: str) -> None:
    """Write what came of a reload. `why`: who wanted it; `changed`: the files that have changed, or ""."""
    if told.done:
        what = f": {changed}" if changed else ", no file has changed"
        log.info("configuration %d (%s) is in force (%s)%s", told.number, told.digest, why, what)
        for key in told.restart:
            log.warning("gateway.toml: %s: counts from the next start", key)
        return
    wrong = "; ".join(str(one) for one in told.problems if not one.warning) or told.reason
    log.error(
        "the changed home does not come into force (%s), configuration %d stays: %s", why, told.number, wrong
    )
