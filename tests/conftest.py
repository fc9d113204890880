"""Fixtures for every test come from plug-in modules, one a subject."""

import os
import signal
import sys
from typing import Any

from hypothesis import HealthCheck, settings

# Bytecode is kept, also where the environment does not want that, as images do: a run starts hundreds of
# processes, and each would compile the gateway anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins: list[str] = [
    "tests.fixtures.scheduling",
    "tests.fixtures.pki",
    "tests.fixtures.clock",
    "tests.fixtures.proxy",
    "tests.fixtures.scripted_server",
    "tests.fixtures.faces",
    "tests.fixtures.standin",
    "tests.fixtures.web",
    "tests.fixtures.web_server",
    "tests.fixtures.running_gateway",
    "tests.fixtures.admin",
    "tests.fixtures.in_process",
    "tests.fixtures.soap",
    "tests.fixtures.holding",
    "tests.fixtures.valkey",
    "tests.fixtures.postgresql",
    "tests.fixtures.slapd",
    "tests.fixtures.hostile_service",
    "tests.fixtures.callout",
    "tests.fixtures.callout_wire",
    "tests.fixtures.collector",
    "tests.fixtures.migration",
    "tests.interop.callout.services",
    "tests.interop.wss.partners",
    "tests.interop.wss.java",
    "tests.interop.wss.gateways",
]


# how long an example takes says more of the machine than of the code
settings.register_profile("gateway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gateway")

LONGEST_ID = 60
"""Longest text that names itself in the id of a test."""


def pytest_configure() -> None:
    """Hear signals as a process at a terminal does, and so the processes that tests start.

    A run in the background, or by nohup, begins with some of them ignored, and hands that on.
    """
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGQUIT, signal.SIG_DFL),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def pytest_make_parametrize_id(val: Any, argname: str) -> str | None:
    """Name long values by their parameter: they may hold keys or hashes, which differ from worker to worker."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_ID else None
