"""The parts of one fault: stand-in and gateway as processes, callers, a ledger at the end."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faults.ledger import Ledger, Told, balance
from bench.faults.load import Load
from bench.faults.standin import StandinProcess
from tests.fixtures.running_gateway import RunningGateway, Settings, wait_until

CALM_SECONDS = 1.0
"""How long all must be right once all callers have been served again."""
LASTING = 120.0
"""No fault lasts longer."""
SETTINGS: Settings = {"server.workers": 2, "server.threads": 32, "sign_on.failures_per_peer": 100_000}
QUICK_TO_GIVE_UP: Mapping[str, Settings] = {
    name: {'operations."*".execution_timeout_ms': 2000, 'operations."*".socket_timeout_ms': 3000}
    for name in ("lab", "lab-secure")
}
"""Shorter time-outs towards IMS than the example has, so that a run takes seconds."""


@dataclass
class Scene:
    """A gateway of two workers in front of a stand-in."""

    folder: Path
    standin: StandinProcess
    gateway: RunningGateway
    stack: ExitStack
    """What is entered here ends with the scene."""

    def load(self, **how: Any) -> Load:
        """Return callers of the gateway over HTTPS, see `Load`."""
        return Load(self.gateway.https_url, self.gateway.ca, **how)

    def ledger(self, *loads: Load, calm_from: float = float("inf"), also: Iterable[Told] = ()) -> Ledger:
        """Hold what all callers were told against what IMS did; `also`: what others were told."""
        told = [*also, *(each for load in loads for each in load.told)]
        return balance(told, self.standin.executions, calm_from)

    def under(
        self,
        strike: Callable[[], object],
        mend: Callable[[], object] = lambda: None,
        seconds: float = 0.0,
        *,
        until: Callable[[Load], bool] = lambda _load: True,
        **how: Any,
    ) -> Ledger:
        """Let callers call; strike, wait, mend; return the ledger when all are served again and all is calm.

        The fault lasts `seconds`, and on until the condition holds. `how`: see `Load`.
        """
        return self.struck(self.load(**how), strike, mend, seconds, until)

    def struck(
        self,
        load: Load,
        strike: Callable[[], object],
        mend: Callable[[], object],
        seconds: float = 0.0,
        until: Callable[[Load], bool] = lambda _load: True,
    ) -> Ledger:
        """Do as `under` with callers of one's own making, to look at what they were told."""
        with load.running():
            strike()
            load.pause(seconds)
            wait_until(lambda: until(load), "what the fault is to do", LASTING)
            mend()
            mended = time.monotonic()
            recovery = load.recovered_from(mended)
            calm_from = time.monotonic()
            load.pause(CALM_SECONDS)
        ledger = self.ledger(load, calm_from=calm_from)
        ledger.recovery_seconds = recovery
        return ledger


@contextmanager
def scene(
    settings: Settings | None = None,
    *,
    services: Mapping[str, Settings] | None = None,
    bundle: Settings | None = None,
    standin: Callable[[Path], StandinProcess] = StandinProcess,
    prepare: Callable[[Path], object] = lambda _home: None,
    **how: Any,
) -> Iterator[Scene]:
    """Start both in a folder of their own; all ends with the block. `how`: see RunningGateway."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-fault-")))
        ims = standin(folder)
        stack.callback(ims.kill)
        ims.start()
        gateway = RunningGateway(
            folder / "gateway",
            ims,
            {**SETTINGS, **(settings or {})},
            bundle,
            {**QUICK_TO_GIVE_UP, **(services or {})},
            prepare=prepare,
            **how,
        )
        stack.callback(gateway.kill)
        gateway.wait_ready()
        yield Scene(folder, ims, gateway, stack)
