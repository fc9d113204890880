"""The replay store in Valkey killed and hung, while each message with a nonce comes twice."""

import signal
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.messages import with_nonce
from bench.faults.scene import scene
from gateway.errors import M
from tests.fixtures.valkey import ValkeyServer, running_valkey

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
"""What a store that may be killed needs: the default forgets what it held."""
Act = Callable[[ValkeyServer], object]


def _struck(pace: Pace, strike: Act, mend: Act) -> Ledger:
    with (
        TemporaryDirectory(prefix="imsgw-valkey-") as folder,
        running_valkey(Path(folder), options=DURABLE) as store,
    ):
        settings = {"replay.store": store.settings().store, "replay.timeout_seconds": 0.5}
        with scene(settings) as made:
            ledger = made.under(
                lambda: strike(store),
                lambda: mend(store),
                pace.seconds,
                service="SecureLabPort",
                make=with_nonce,
                copies=True,
            )
    ledger.require(M.REPLAY_STORE.id in ledger.refused, "no message met the store that was away")
    return ledger


def _signal(number: signal.Signals) -> Act:
    def send(store: ValkeyServer) -> None:
        assert store.process is not None
        store.process.send_signal(number)

    return send


FAULTS = (
    Fault(
        "valkey-killed",
        "While the store is away what needs it is refused; no copy is executed, before, during or after.",
        "Valkey (appendfsync always) is killed (-9) and started again; every message is sent twice.",
        lambda pace: _struck(pace, ValkeyServer.stop, ValkeyServer.start),
        needs="valkey-server",
    ),
    Fault(
        "valkey-hung",
        "The same, within the store's time-out.",
        "Valkey is stopped (SIGSTOP) and goes on; every message is sent twice.",
        lambda pace: _struck(pace, _signal(signal.SIGSTOP), _signal(signal.SIGCONT)),
        needs="valkey-server",
    ),
)
