"""The ways to the IMS of each bundle in one worker, shared by the snapshots that want the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

from gateway.bundles import Stores, stores_of
from gateway.config.model import Bundle, Home
from gateway.errors import ConfigError, Problem
from gateway.provider.backend import BundleBackend

DRAIN_SECONDS: Final = 1.0
"""What calls to IMS Connect still get when nobody should need their way any more."""

Make = Callable[[str, Bundle], BundleBackend]
"""Makes a way. Raises ValueError for a store that cannot be used."""


@dataclass(slots=True, eq=False)
class Held:
    """A way, and what it was made from."""

    name: str
    bundle: Bundle
    stores: Stores
    backend: BundleBackend
    holders: int = 0
    """Snapshots that use it."""
    stale: bool = False
    """To be made anew, though nothing has changed."""

    def fits(self, bundle: Bundle, stores: Stores) -> bool:
        """Tell whether it is what a bundle says, down to the certificates in its stores."""
        same = self.bundle.ims_connect == bundle.ims_connect
        return same and self.stores == stores and not self.stale


class Backends:
    """Keeps each way while a snapshot uses it. Thread-safe."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self.farewell: Callable[[], None] = lambda: None
        """Called before ways are closed, while they can still be looked at."""
        self._lock = Lock()
        self._held: list[Held] = []

    def hold(self, home: Home) -> Mapping[str, Held]:
        """Return a way for each bundle of a home, by name: those there are where they fit.

        Let each of them go again, see `let_go`. Raises ConfigError, and then holds nothing.
        """
        holds: dict[str, Held] = {}
        try:
            with self._lock:
                for name, bundle in home.bundles.items():
                    holds[name] = self._hold(name, bundle)
        except ConfigError:
            self.let_go(holds.values())
            raise
        return holds

    def _hold(self, name: str, bundle: Bundle) -> Held:
        stores = stores_of(bundle)  # before they are read: what changes meanwhile is found by the next reload
        found = next((one for one in self._held if one.name == name and one.fits(bundle, stores)), None)
        if found is None:
            try:
                found = Held(name, bundle, stores, self._make(name, bundle))
            except ValueError as error:
                raise ConfigError((Problem(f"bundles/{name}.toml", "ims_connect.tls", str(error)),)) from error
            self._held.append(found)
        found.holders += 1
        return found

    def let_go(self, holds: Iterable[Held]) -> None:
        """Give back what `hold` gave; a way that nobody uses any more is drained and closed."""
        holds = tuple(holds)
        if any(one.holders == 1 for one in holds):
            self.farewell()
        with self._lock:
            closing = self._release(holds)
        _close(closing)

    def recycle(self, name: str) -> None:
        """Have the next `hold` make the way of a bundle anew."""
        with self._lock:
            for one in self._held:
                if one.name == name:
                    one.stale = True

    def living(self) -> tuple[BundleBackend, ...]:
        """Return all that are in use: of a changed bundle both the old way and the new, for a while."""
        with self._lock:
            return tuple(one.backend for one in self._held)

    def _release(self, holds: Iterable[Held]) -> list[BundleBackend]:
        closing = []
        for one in holds:
            one.holders -= 1
            if not one.holders:
                self._held.remove(one)
                closing.append(one.backend)
        return closing


def _close(backends: Iterable[BundleBackend]) -> None:
    for backend in backends:
        backend.close(DRAIN_SECONDS)
