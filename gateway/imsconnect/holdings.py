"""What a pool holds: sessions that are idle or leased, connections under way, and what is to be closed."""

from collections.abc import Callable
from typing import Generic

from gateway.imsconnect.idle import Idle
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, S
from gateway.imsconnect.stats import CountName, Counts


class Holdings(Generic[S]):
    """The books of one pool; `now` is the clock's monotonic seconds. Holds no lock."""

    def __init__(self, limits: Limits, counts: Counts, jitter: Callable[[], float]) -> None:
        self.idle: Idle[S] = Idle()
        self.leased: dict[Place[S], S] = {}
        self.connecting = 0
        self.engaged: set[Lane] = set()
        """Dedicated lanes whose one session is in use, or being connected."""
        self._limits = limits
        self._counts = counts
        self._jitter = jitter
        self._doomed: list[S] = []

    @property
    def open(self) -> int:
        """Sessions there are."""
        return len(self.idle) + len(self.leased)

    @property
    def there(self) -> int:
        """Sessions there are or will be."""
        return self.open + self.connecting

    @property
    def proven(self) -> int:
        """Sessions there are that IMS Connect has really taken."""
        places = (*self.leased, *self.idle)
        return sum(place.proven for place in places)

    def begin(self, lane: Lane, ticket: int) -> Place[S]:
        """Return a place to connect."""
        self.connecting += 1
        self._engage(lane)
        return Place(lane, ticket=ticket)

    def connected(self, place: Place[S], session: S, now: float) -> None:
        """Note its session, which is leased."""
        self.connecting -= 1
        place.session = self.leased[place] = session
        place.retire_at = now + self._limits.max_age * (1 - self._limits.max_age_jitter * self._jitter())
        place.used_at = now

    def not_connected(self, place: Place[S]) -> None:
        """Note that there will be no session."""
        self.connecting -= 1
        self.engaged.discard(place.lane)

    def reuse(self, lane: Lane, now: float) -> Place[S] | None:
        """Return the lane's session used last, leased; None: there is none."""
        while (place := self.idle.newest(lane)) is not None:
            if now < place.retire_at:
                return self.lease(place)
            self.give_up(place, "aged")
        return None

    def fresh(self, lane: Lane, now: float) -> Place[S] | None:
        """Return what `reuse` does, where nothing has to be given up for it; None: look there."""
        place = self.idle.newest(lane, until=now)
        return None if place is None else self.lease(place)

    def lease(self, place: Place[S]) -> Place[S]:
        """Note that a place with a session, taken from the idle ones, is in use."""
        assert place.session is not None, "idle places have sessions"
        self.leased[place] = place.session
        self._engage(place.lane)
        return place

    def unused(self, place: Place[S]) -> None:
        """Take a leased session back that nobody looked at."""
        self._take_back(place)
        self.idle.add(place, place.lane)

    def take_back(self, place: Place[S], now: float) -> None:
        """Take a leased session back, if it is reusable and not too old."""
        session = self._take_back(place)
        if not session.reusable:
            self._doom(session, "dropped")
        elif place.retire_at <= now:
            self._doom(session, "aged")
        elif now >= place.used_at + self._limits.idle:
            self._doom(session, "expired")
        else:
            place.idle_since = now
            if place.lane.shared:
                place.lane = session.lane
            self.idle.add(place, place.lane)

    def lost(self, place: Place[S]) -> None:
        """Take a leased session back that is not good any more."""
        self._doom(self._take_back(place), "stale")

    def expire(self, now: float) -> None:
        """Give up sessions that have been idle for too long."""
        while (place := self.idle.oldest()) is not None and place.idle_since + self._limits.idle <= now:
            self.give_up(self.idle.take(place), "expired")

    def give_up(self, place: Place[S], counted: CountName | None) -> None:
        """Have the session of a place closed that is not among the idle ones any more."""
        if place.session is not None:
            self._doom(place.session, counted)

    def give_up_idle(self) -> None:
        """Have all idle sessions closed."""
        for place in self.idle.take_all():
            self.give_up(place, None)

    def take_doomed(self) -> list[S]:
        """Return the sessions to close, once the lock is let go."""
        doomed, self._doomed = self._doomed, []
        return doomed

    def _engage(self, lane: Lane) -> None:
        if not lane.shared:
            self.engaged.add(lane)

    def _take_back(self, place: Place[S]) -> S:
        if self.engaged:
            self.engaged.discard(place.lane)
        return self.leased.pop(place)

    def _doom(self, session: S, counted: CountName | None) -> None:
        self._doomed.append(session)
        if counted is not None:
            self._counts[counted] += 1
