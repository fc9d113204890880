"""The circuits of all addresses that asynchronous callouts go to."""

from threading import Lock

from gateway.callout.circuit import Circuit
from gateway.callout.told import origin
from gateway.callout.values import Aim
from gateway.clock import Clock
from gateway.config.model import RetrySettings


class Circuits:
    """Circuits by service and address. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        """Begin with none."""
        self._clock = clock
        self._circuits: dict[tuple[str, str], tuple[RetrySettings, Circuit]] = {}
        self._lock = Lock()

    def of(self, aim: Aim, settings: RetrySettings) -> Circuit:
        """Return the circuit of an address; it begins anew when the settings have changed."""
        key = aim.service, origin(aim)
        with self._lock:
            found = self._circuits.get(key)
            if found is None or found[0] != settings:
                found = self._circuits[key] = settings, Circuit(settings, self._clock)
            return found[1]
