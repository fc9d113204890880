"""Which endpoint one call tries next, and whether it may be tried again at all. No I/O.

A call goes to another socket or endpoint only while it is certain that nothing was executed: the stream was
gone before the first byte left, no socket could be had, or IMS Connect refused with a code that says so.
Anything else ends it: a request whose bytes may have reached IMS is never sent twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from gateway.clock import Clock
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect.line import NeverAcceptedError, NothingSentError
from gateway.imsconnect.paths import Paths, Tried
from gateway.imsconnect.unserved import unreachable
from gateway.imsconnect.values import ConnectionSettings
from gateway.imsconnect.wire import Retry, Rsm, describe
from gateway.imsconnect.wire.codes import RC_IMS_CONNECT
from gateway.observe.events import PathEvent, PathOpened, PathRestored, PathSink

SAME_ENDPOINT: Final = 3
"""Sockets of one endpoint tried for one call while each turns out to be gone before the first byte left."""
DUPLICATE_CLIENT_ID: Final = 56


class SharedPaths:
    """What all calls of one client know of its endpoints. Thread-safe."""

    def __init__(self, settings: ConnectionSettings, clock: Clock, sink: PathSink | None = None) -> None:
        """Begin with every endpoint healthy; `sink` hears what the pools tell of theirs."""
        self.label = settings.label
        self.count = len(settings.endpoints)
        self._paths = Paths([str(endpoint) for endpoint in settings.endpoints], settings.policy, clock)
        self._clock = clock
        self._sink = sink
        self._lock = Lock()

    def order(self, load: Callable[[int], int]) -> tuple[tuple[int, ...], bool]:
        """Return the endpoints to try, first to last, and whether none of them is healthy."""
        with self._lock:
            now = self._clock.monotonic()
            return self._paths.candidates(now, load), self._paths.desperate(now)

    def desperate(self) -> bool:
        """Tell whether no endpoint is healthy."""
        with self._lock:
            return self._paths.desperate(self._clock.monotonic())

    def worked(self, index: int) -> None:
        """Learn that a try on an endpoint came to its end."""
        # a look without the lock: what is learned at this very moment may as well have come after
        if self._paths.learns(index):
            self.note(index, Tried.WORKED)

    def note(self, index: int, outcome: Tried, reason: str = "") -> None:
        """Learn how a try on an endpoint ended."""
        with self._lock:
            self._paths.note(index, outcome, reason)

    def hear(self, index: int) -> PathSink:
        """Return what the pool of an endpoint tells its events to."""
        return _Ear(self, index, self._sink)

    def drain(self, index: int) -> None:
        """Take an endpoint out of use."""
        with self._lock:
            self._paths.drain(index)

    def resume(self, index: int) -> None:
        """Take it into use again."""
        with self._lock:
            self._paths.resume(index)

    def unreachable(self, reasons: dict[int, str]) -> TransportError:
        """Return the error for a call that no endpoint could take: it names all of them."""
        with self._lock:
            return self._paths.unreachable(self.label, reasons)


@dataclass(frozen=True, slots=True)
class _Ear:
    """Takes the events of one endpoint's pool, and passes them on."""

    paths: SharedPaths
    index: int
    sink: PathSink | None

    def path_changed(self, event: PathEvent) -> None:
        """Take one event."""
        if isinstance(event, PathOpened):
            self.paths.note(self.index, Tried.DOWN, event.reason)
        elif isinstance(event, PathRestored):
            self.paths.note(self.index, Tried.UP)
        if self.sink is not None:
            self.sink.path_changed(event)


class Attempts:
    """The tries of one call over the endpoints."""

    def __init__(self, paths: SharedPaths, load: Callable[[int], int], *, generated: bool) -> None:
        """Begin. `load` tells how busy an endpoint is; `generated`: each socket makes up its client id."""
        order, self.eager = paths.order(load)
        self._paths = paths
        self._order = list(order)
        self._generated = generated
        self._stale = 0
        self._reasons: dict[int, str] = {}
        self._last: GatewayError | NothingSentError | None = None

    @property
    def endpoint(self) -> int | None:
        """The endpoint to try now, None when none is left."""
        return self._order[0] if self._order else None

    def worked(self) -> None:
        """Note that the try came to an end on a working endpoint, whatever IMS answered."""
        self._paths.worked(self._order[0])

    def failed(self, error: GatewayError | NothingSentError) -> None:
        """Note how a try ended; raises the error when there must not be another try."""
        outcome = self._outcome(error)
        if outcome is None:
            if isinstance(error, ImsError):
                self.worked()
            raise error
        index = self._order[0]
        self._reasons[index] = error.private if isinstance(error, GatewayError) else str(error)
        self._last = error
        if outcome is Tried.WORKED:
            self._stale += 1
            if self._stale < SAME_ENDPOINT:
                return
        else:
            self._paths.note(index, outcome, self._reasons[index])
        self._stale = 0
        self._order.pop(0)
        # the last healthy one may just have gone: then those in back-off are worth a try
        self.eager = self.eager or self._paths.desperate()

    def exhausted(self) -> GatewayError:
        """Return the error for a call whose tries have all failed."""
        last = self._last
        if isinstance(last, GatewayError) and (self._paths.count == 1 or last.message is not M.UNREACHABLE):
            return last
        if self._paths.count == 1:
            return unreachable(self._paths.label, str(last))
        return self._paths.unreachable(self._reasons)

    def _outcome(self, error: GatewayError | NothingSentError) -> Tried | None:
        """Return what the failure says of the endpoint; WORKED: of the socket only; None: no second try."""
        if isinstance(error, NeverAcceptedError):
            return Tried.ELSEWHERE
        if isinstance(error, NothingSentError):
            return Tried.WORKED
        if isinstance(error, TransportError):
            return _TRANSPORT.get(error.message.id)
        if not isinstance(error, ImsError) or not error.answers_request:
            return None
        codes = error.return_code or 0, error.reason_code or 0
        if self._generated and codes == (RC_IMS_CONNECT, DUPLICATE_CLIENT_ID):
            # somebody happens to have the client id that was made up: another socket makes up another
            return Tried.WORKED
        retry = describe(Rsm(*codes)).retry
        return Tried.ELSEWHERE if retry is Retry.ELSEWHERE else None


_TRANSPORT: Final = {M.UNREACHABLE.id: Tried.DOWN, M.NO_SOCKET.id: Tried.BUSY}
"""Failures of which it is certain that nothing was sent."""
