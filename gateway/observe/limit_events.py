"""What limits do: who is refused by which, and what becomes of the store that rates are counted in."""

from dataclasses import dataclass
from typing import Final, Literal, Protocol

LimitKind = Literal[
    "address_rate", "user_rate", "service_rate", "queue", "waited", "connections", "handshakes", "slow"
]
LIMIT_KINDS: Final[tuple[LimitKind, ...]] = (
    "address_rate",
    "user_rate",
    "service_rate",
    "queue",
    "waited",
    "connections",
    "handshakes",
    "slow",
)


@dataclass(frozen=True, slots=True)
class LimitReached:
    """Somebody was refused, or his connection closed, as a limit says. Names nobody: floods are many."""

    limit: LimitKind
    """The rate of a client address, a user, a service; no room to wait for a thread, or waited too long; too
    many connections of one client; too many that have not sent a header; a request that came too slowly."""
    service: str = ""
    """Empty where it is not known, or none is meant."""


class LimitObserver(Protocol):
    """Is told of limits. Must not raise, must not block."""

    def limit_reached(self, event: LimitReached) -> None:
        """Note a refusal."""
        ...

    def limit_store_failed(self, *, accepted: bool) -> None:
        """Note a request that could not be counted, and whether it went on all the same."""
        ...

    def limit_store_usable(self, usable: bool, /) -> None:
        """Note that the store can be used from now on, or cannot."""
        ...


class Unobserved:
    """Notes nothing."""

    def limit_reached(self, event: LimitReached) -> None:
        """Do nothing."""

    def limit_store_failed(self, *, accepted: bool) -> None:
        """Do nothing."""

    def limit_store_usable(self, usable: bool, /) -> None:
        """Do nothing."""
