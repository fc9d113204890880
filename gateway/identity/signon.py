"""Sign-on guard: failed passwords are held back here, before RACF would revoke the user id.

RACF revokes a user after a few wrong passwords (SETROPTS PASSWORD(REVOKE(n))), whoever sent them; so anybody
who reaches the gateway could lock out a user. The guard lets at most `failures_per_user` wrong passwords
through in a window, counted over all workers.

Counting after the answer would let a burst of parallel guesses through. So a sign-on with a password that is
not known to be good takes a place (`identity.places`) before the call. Of many sign-ons with the same unknown
password one goes ahead and the others wait for what becomes of it. A password that worked lately needs no
place: a busy technical user is not slowed down, and somebody else's wrong guesses do not shut out who is
already at work. What a bundle's RACF says of a password is believed for that bundle only.
"""

import hmac
import logging
import secrets
import sqlite3
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Final, Literal

from gateway.clock import Clock
from gateway.config.model import SignOnSettings
from gateway.errors import GatewayError, M, SecurityError
from gateway.exchange import Secret
from gateway.identity.places import Place, Places, SignOn

_LOG: Final = logging.getLogger(__name__)
_KNOWN_GOOD: Final = 10_000
_POLL_SECONDS: Final = 0.05
MOST_WAITING: Final = 8
"""Threads that may wait for a place of one user, in one worker. The others are told to come back: guesses at a
user whose places are held by slow calls must not take all threads. A bundle's own password is not guessed."""

OWN_PATIENCE_SECONDS: Final = 2.0
"""How long calls under a bundle's own identity wait for the first of them. RACF refuses at once, so a call that
takes longer has got past it; and nobody can guess at this password through us, so the others need not wait."""

Outcome = Literal["good", "wrong", "unknown"]


class _Standing(Enum):
    """Where a sign-on stands that need not wait."""

    GOOD = auto()
    FIRST = auto()


@dataclass(slots=True, eq=False)
class _Trial:
    """A password that is being tried; followers wait for `over`."""

    over: threading.Event = field(default_factory=threading.Event)
    told: threading.Event = field(default_factory=threading.Event)
    """It is over, or waits for a place: then its followers count as waiting for one too."""
    held_back: str = ""
    """Why the guard did not let it be tried: that holds for the followers too."""


class SignOnGuard:
    """Counts failed sign-ons by user and by peer. Thread-safe."""

    def __init__(
        self, folder: Path, settings: SignOnSettings, clock: Clock, sleep: Callable[[float], None]
    ) -> None:
        """Keep the count in `folder`; `sleep` waits between looks at places that are all held."""
        self._places = Places(folder, settings, clock)
        self._window_seconds = settings.window_seconds
        self._clock = clock
        self._sleep = sleep
        self._digest = hmac.new(secrets.token_bytes(32), digestmod="sha256")
        """Never fed itself, only copied: to begin with the key each time costs more than all the rest."""
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._trials: dict[bytes, _Trial] = {}
        self._waiting: Counter[str] = Counter()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        self._places.close()

    def begin(
        self, user: str, password: Secret, peer: str, within_seconds: float, *, bundle: str = ""
    ) -> "Attempt":
        """Start a sign-on that will be over within the given time; say then how it ended.

        Raises SecurityError when user or peer is held back, GatewayError(M.BUSY) when the outcome of
        earlier sign-ons does not become known in time, M.INTERNAL when failures cannot be counted.
        """
        sign_on = SignOn(user, bundle, _neighbourhood(peer))
        key = self._key(bundle, user, password)
        deadline = self._clock.monotonic() + within_seconds
        while isinstance(standing := self._standing(key), _Trial):
            if sign_on.own and not standing.told.wait(OWN_PATIENCE_SECONDS):
                break
            self._follow(standing, sign_on, deadline)
            if standing.held_back:
                raise SecurityError.sign_on(standing.held_back)
        place = None
        if standing is _Standing.FIRST:
            place = self._place(key, sign_on, within_seconds)
        return Attempt(self, key, sign_on, place)

    def _key(self, bundle: str, user: str, password: Secret) -> bytes:
        digest = self._digest.copy()
        digest.update(f"{bundle}\0{user}\0{password.reveal()}".encode())
        return digest.digest()

    def _follow(self, trial: _Trial, sign_on: SignOn, deadline: float) -> None:
        """Wait until a trial is over. Raises GatewayError(M.BUSY)."""
        if trial.told.wait(max(0.0, deadline - self._clock.monotonic())):
            if trial.over.is_set():
                return
            with self._in_line(sign_on):
                if trial.over.wait(max(0.0, deadline - self._clock.monotonic())):
                    return
        raise _busy(sign_on)

    @contextmanager
    def _in_line(self, sign_on: SignOn) -> Iterator[None]:
        """Count as one that waits for a place of a user. Raises GatewayError(M.BUSY) when enough do."""
        with self._lock:
            if self._waiting[sign_on.user] >= MOST_WAITING and not sign_on.own:
                raise _busy(sign_on)
            self._waiting[sign_on.user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[sign_on.user] -= 1
                if not self._waiting[sign_on.user]:
                    del self._waiting[sign_on.user]

    def _standing(self, key: bytes) -> "_Standing | _Trial":
        """Tell whether a password is known to be good, is the first of its kind, or has to wait for another."""
        with self._lock:
            if self._good.get(key, 0.0) > self._clock.monotonic():
                return _Standing.GOOD
            if key in self._trials:
                return self._trials[key]
            self._trials[key] = _Trial()
            return _Standing.FIRST

    def _place(self, key: bytes, sign_on: SignOn, within_seconds: float) -> Place:
        try:
            place = self._places.take(sign_on, within_seconds)
            return place or self._next_place(key, sign_on, within_seconds)
        except sqlite3.Error as error:
            self._end_trial(key)
            raise GatewayError(M.INTERNAL, private=f"failed sign-ons cannot be counted: {error}") from error
        except BaseException as error:
            self._end_trial(key, error.private if isinstance(error, SecurityError) else "")
            raise

    def _next_place(self, key: bytes, sign_on: SignOn, within_seconds: float) -> Place:
        deadline = self._clock.monotonic() + within_seconds
        with self._in_line(sign_on):
            self._trials[key].told.set()
            while self._clock.monotonic() < deadline:
                self._sleep(_POLL_SECONDS)
                place = self._places.take(sign_on, within_seconds)
                if place is not None:
                    return place
        raise _busy(sign_on)

    def _end_trial(self, key: bytes, held_back: str = "") -> None:
        with self._lock:
            trial = self._trials.pop(key)
        trial.held_back = held_back
        trial.over.set()
        trial.told.set()

    def settle(self, attempt: "Attempt", outcome: Outcome) -> None:
        """Take down how an attempt ended.

        Where that cannot be written the answer of IMS still stands, and a place that was held lapses by itself;
        the next password that is not known to be good is then not let through by `begin`.
        """
        try:
            if outcome == "wrong":
                self._places.fail(attempt.sign_on, attempt.place)
            elif attempt.place is not None:
                (self._places.forgive if outcome == "good" else self._places.give_back)(attempt.place)
        except sqlite3.Error as error:
            _LOG.error("a sign-on that was %s cannot be noted: %s", outcome, error)
        finally:
            self._remember(attempt.key, outcome)
            if attempt.place is not None:
                self._end_trial(attempt.key)

    def _remember(self, key: bytes, outcome: Outcome) -> None:
        with self._lock:
            if outcome == "wrong":
                self._good.pop(key, None)
            elif outcome == "good":
                self._good[key] = self._clock.monotonic() + self._window_seconds
                self._good.move_to_end(key)
                if len(self._good) > _KNOWN_GOOD:
                    self._good.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-on under way. Say how it ended exactly once."""

    guard: SignOnGuard = field(repr=False)
    key: bytes = field(repr=False)
    """Keyed digest of bundle, user and password; means nothing outside this process."""
    sign_on: SignOn
    place: Place | None
    """The place held; None for a password that is known to be good."""

    @property
    def proven(self) -> bool:
        """Whether the password worked within the window."""
        return self.place is None

    def good(self) -> None:
        """Say that the password was accepted: the user's failures are forgotten, as RACF forgets them."""
        self.guard.settle(self, "good")

    def wrong(self) -> None:
        """Say that the sign-on was refused: it counts as a failure for the window."""
        self.guard.settle(self, "wrong")

    def unknown(self) -> None:
        """Say that the call ended without a word about the password."""
        self.guard.settle(self, "unknown")


@lru_cache(maxsize=1_024)
def _neighbourhood(peer: str) -> str:
    """Return what counts as one peer: of IPv6 the network of 64 bits, as one host may use all of it."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, IPv6Address):
        return peer
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def _busy(sign_on: SignOn) -> GatewayError:
    text = f"sign-ons of {sign_on.user} from {sign_on.peer} are still under way"
    return GatewayError(M.BUSY, private=text)
