"""The idle sessions of a pool: last in first out within a lane, and the longest idle of all."""

from collections import OrderedDict
from collections.abc import Iterator
from math import inf
from typing import Generic

from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Place, S


class Idle(Generic[S]):
    """Places with idle sessions. Everything takes constant time. Holds no lock."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, OrderedDict[Place[S], None]] = {}
        self._all: OrderedDict[Place[S], Lane] = OrderedDict()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Place[S]]:
        return iter(self._all)

    def add(self, place: Place[S], lane: Lane) -> None:
        """Take a place in, as the one used last."""
        self._all[place] = lane
        places = self._lanes.get(lane)
        if places is None:
            self._lanes[lane] = OrderedDict(((place, None),))
        else:
            places[place] = None

    def newest(self, lane: Lane, until: float = -inf) -> Place[S] | None:
        """Take out the lane's place that was used last; None: it has none, or it retires by `until`."""
        places = self._lanes.get(lane)
        if places is None:
            return None
        place = next(reversed(places))
        return self.take(place) if place.retire_at > until else None

    def oldest(self) -> Place[S] | None:
        """Return the place that has been idle longest, of any lane; it stays."""
        return next(iter(self._all), None)

    def take(self, place: Place[S]) -> Place[S]:
        """Take a place out."""
        lane = self._all.pop(place)
        places = self._lanes[lane]
        del places[place]
        if not places:
            del self._lanes[lane]
        return place

    def take_all(self) -> Iterator[Place[S]]:
        """Take all out."""
        while (place := self.oldest()) is not None:
            yield self.take(place)
