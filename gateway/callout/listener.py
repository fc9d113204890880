"""A listener: retrieves the callouts of one tpipe of one bundle, one after the other, in a thread of its own.

Each message is asked for by a RESUME TPIPE of its own (single with wait), and only when there is room for it.
So IMS keeps what nobody has room for, and nothing has ever to be handed back because the gateway was busy.
"""

from threading import Lock, Thread

from gateway.callout.listener_run import Plan, Run, waiting
from gateway.callout.listener_socket import ListenerSocket
from gateway.callout.listener_standing import Standing, Standings
from gateway.callout.ports import Intake
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.clock import Clock
from gateway.config.model import BundleCallout
from gateway.imsconnect import CalloutRequests, ConnectionSettings, Exit, Interaction, InteractionVerb
from gateway.imsconnect.inputs import effective_ms, timer_code
from gateway.imsconnect.values import CredentialsSource
from gateway.observe.callout_events import CalloutSink

__all__ = ["Listener", "Standing"]

_REQUESTS = {
    "both": CalloutRequests.BOTH,
    "synchronous": CalloutRequests.SYNCHRONOUS,
    "asynchronous": CalloutRequests.ASYNCHRONOUS,
}


class Listener:
    """Listens from `start` to `stop`, and may be started again. Thread-safe.

    What goes wrong is told in words, and tried again after `retry_seconds`, at the next endpoint, for ever.
    With `stop_on_error` the listener stops (FAILED) where the error does not pass by itself
    (`listener_run.stops`), behind the NAK of a message that its intake has refused, and behind the ACK of an
    asynchronous one that could not be read, which is a dead letter.

    A message that comes while the listener is being stopped stays with IMS: a NAK leaves it on its tpipe. So
    the next start gets it, as any other.

    The sink hears when it listens, when it does not (each reason once until it listens again), and when it has
    stopped or failed.
    """

    def __init__(  # noqa: PLR0913  the seams of one listener
        self,
        source: Source,
        settings: ConnectionSettings,
        callout: BundleCallout,
        credentials: CredentialsSource,
        intake: Intake,
        *,
        clock: Clock,
        sink: CalloutSink,
        network_identity: bool = False,
    ) -> None:
        """Do nothing yet. `network_identity` asks for the distributed identity behind a message (IMS 15)."""
        self.source = source
        self._settings = settings
        self._credentials = credentials
        self._intake = intake
        self._clock = clock
        asks = network_identity and settings.exit is not Exit.HWSSOAP1
        self._plan = Plan(
            source, _interaction(source, callout, asks), callout.retry_seconds, callout.stop_on_error
        )
        self._standings = Standings(source, clock, sink)
        self._lock = Lock()
        self._run: Run | None = None
        self._thread: Thread | None = None
        self._stopper: Thread | None = None

    def start(self) -> None:
        """Begin to listen; nothing happens when it does. A run before that is still stopping ends first."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive() and not self._stopping:
                return
            before, self._thread = self._thread, None
            socket = ListenerSocket(self._settings, self._credentials, self._clock)
            self._run = run = Run(self._plan, socket, self._intake, self._standings)

            def listen() -> None:
                if before is not None:
                    before.join()
                run()

            self._thread = Thread(target=listen, name=f"listener {self.source}", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Retrieve no more. Returns at once; `join` waits for the end."""
        with self._lock:
            run, thread = self._run, self._thread
            if run is None or thread is None or run.stop.is_set():
                return
            self._standings.set(ListenerState.STOPPING)
            run.stop.set()
            self._stopper = Thread(target=run.socket.interrupt, name=f"stop of {self.source}", daemon=True)
            self._stopper.start()

    def join(self, timeout: float | None) -> bool:
        """Wait until it has stopped, at most so many seconds (None: for ever); return whether it has."""
        with self._lock:
            threads = [thread for thread in (self._thread, self._stopper) if thread is not None]
        until = None if timeout is None else self._clock.monotonic() + timeout
        for thread in threads:
            thread.join(None if until is None else max(until - self._clock.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in threads)

    def picture(self) -> Standing:
        """Return how it is at this moment."""
        return self._standings.now

    @property
    def _stopping(self) -> bool:
        return self._run is not None and self._run.stop.is_set()


def _interaction(source: Source, callout: BundleCallout, network_identity: bool) -> Interaction:
    asked = Interaction(
        verb=InteractionVerb.RECEIVE_WAIT,
        alternate_client_id=source.tpipe,
        callout_requests=_REQUESTS[callout.requests],
        network_identity=network_identity,
        execution_timeout_ms=round(callout.wait_seconds * 1000),
    )
    return waiting(asked, effective_ms(timer_code(asked)) or asked.execution_timeout_ms)
