"""OTMA destination descriptors: where callouts go.

Source: OTMA descriptors (DFSYDTx); Implementing the synchronous callout function; ICAL call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.standin.config_output import DescriptorSettings

DEFAULT_ICAL_SECONDS: Final = 10.0
"""How long an ICAL waits when neither the call nor its descriptor says (SYNTP=)."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """One destination: a tpipe, how long an ICAL to it waits, and what makes XML of what goes there."""

    name: str
    tpipe: str
    seconds: float = DEFAULT_ICAL_SECONDS
    adapter: str = ""
    """The XML adapter of IMS Connect for what goes there; empty: it goes as it is."""
    converter: str = ""

    def wait(self, asked: float | None) -> float:
        """Return the wait of an ICAL. unverified: of call and descriptor the shorter one counts."""
        return self.seconds if asked is None else min(asked, self.seconds)


class Descriptors:
    """The descriptors by name."""

    def __init__(self, settings: Mapping[str, DescriptorSettings]) -> None:
        self._descriptors = {
            name: Descriptor(name, one.tpipe, one.sync_timeout_seconds, one.adapter, one.converter)
            for name, one in settings.items()
        }

    def get(self, name: str) -> Descriptor | None:
        """Return a descriptor, None when there is none of this name."""
        return self._descriptors.get(name)

    def tpipe(self, destination: str) -> str:
        """Return the tpipe of a destination: that of its descriptor, otherwise the one of this name."""
        found = self._descriptors.get(destination)
        return found.tpipe if found else destination

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all descriptors."""
        return tuple(self._descriptors)

    @property
    def tpipes(self) -> frozenset[str]:
        """The tpipes of all descriptors."""
        return frozenset(one.tpipe for one in self._descriptors.values())


NO_DESCRIPTORS: Final = Descriptors({})
