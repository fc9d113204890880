"""One thread of a listener, from its start to its stop: retrieve a message, hand it over, answer it, again.

Source: Single message control; Acknowledging receipt of synchronous callout messages; Coding a NAK message to
discard / to retain the callout message.
"""

import logging
from dataclasses import dataclass, replace
from threading import Event
from typing import Final

from gateway.callout.codes import MEANINGS, Status
from gateway.callout.listener_socket import ListenerSocket
from gateway.callout.listener_standing import HandedBackError, Standings, Words, words
from gateway.callout.ports import Accept, Intake, Nak, Refuse
from gateway.callout.state import ListenerState
from gateway.callout.values import Received, Source
from gateway.errors import GatewayError, ImsError, M
from gateway.imsconnect import Delivery, Interaction
from gateway.outcome import Fault, Retry

_LOG: Final = logging.getLogger(__name__)

FIRST_WAIT_MS: Final = 250
"""How long the first RESUME TPIPE waits, and each after an error: so it shows soon whether all is well."""
_SPARE_MS: Final = 5_000
"""What the socket timeout is longer than the wait of IMS Connect."""
_PASSING: Final = frozenset({Retry.AGAIN, Retry.ELSEWHERE})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a listener does, as the configuration says."""

    source: Source
    interaction: Interaction
    """RESUME TPIPE single with wait; its execution timeout as IRM_TIMER can say it."""
    retry_seconds: float
    stop_on_error: bool

    @property
    def first(self) -> Interaction:
        """The RESUME TPIPE with a short wait."""
        wait_ms = min(FIRST_WAIT_MS, self.interaction.execution_timeout_ms)
        return waiting(self.interaction, wait_ms)


def waiting(interaction: Interaction, wait_ms: int) -> Interaction:
    """Return a RESUME TPIPE that waits so long."""
    return replace(interaction, execution_timeout_ms=wait_ms, socket_timeout_ms=wait_ms + _SPARE_MS)


class Run:
    """The work of the thread. Only `stop` is for others: set it, then interrupt the socket."""

    def __init__(self, plan: Plan, socket: ListenerSocket, intake: Intake, standings: Standings) -> None:
        self.stop = Event()
        self.socket = socket
        self._plan = plan
        self._intake = intake
        self._standings = standings

    def __call__(self) -> None:
        """Listen until `stop` is set, or an error ends it. Whatever goes wrong is told."""
        self._standings.set(ListenerState.STARTING)
        while not self.stop.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001  a thread that died would leave the tpipe unread, and nobody told
                self._troubled(error)
        self.socket.close()
        if self._standings.now.state is not ListenerState.FAILED:
            self._standings.set(ListenerState.STOPPED, tell=True)

    def _turn(self) -> None:
        """Retrieve one message and answer it, or find that there is none."""
        self._standings.waits_for_room(waits=True)
        try:
            if not self._intake.wait_for_room(self.stop):
                return
        finally:
            self._standings.waits_for_room(waits=False)
        received = self._retrieve()
        if received is not None:
            self._hand_over(received)
        if not self.stop.is_set():
            self._standings.well()

    def _retrieve(self) -> Received | None:
        delivery: Delivery | None = None
        received: Received | None = None
        plan = self._plan
        try:
            asked = plan.interaction if self._standings.proven else plan.first
            delivery = self.socket.receive(asked, self.stop)
            received = Received.of(plan.source, delivery) if delivery is not None else None
        finally:
            if received is None:
                self._intake.give_back_room()
        return received

    def _hand_over(self, received: Received) -> None:
        if self.stop.is_set():
            # it came while the wait for it was being ended
            self._intake.give_back_room()
            self._leave_with_ims(received)
            return
        try:
            decision = self._intake.take(received)
        except Exception:
            self._leave_with_ims(received)
            raise
        if isinstance(decision, Accept):
            self._accept(decision)
        else:
            self._refuse(decision, received)

    def _accept(self, decision: Accept) -> None:
        """Say ACK, then begin, whatever became of the ACK.

        Once it may have left, nobody here can know whether IMS has heard it. If it has, the message is ours
        alone. If not, it comes again: a synchronous one with the same correlation token, so that it is known,
        an asynchronous one as a second entry of the journal (at least once).

        One that could not be read stops a listener with `stop_on_error`: it is kept, and a person is to look.
        """
        try:
            self.socket.acknowledge()
        finally:
            self._standings.count(received=1)
            decision.begin()
            if decision.trouble and self._plan.stop_on_error:
                self._fail(Words(decision.trouble, decision.trouble))

    def _refuse(self, decision: Refuse, received: Received) -> None:
        keep = decision.how is Nak.RETAIN
        if keep:
            self._hand_back(keep=True)
        else:
            reason = decision.status.value if decision.status is not None else None
            self.socket.reject(reason=reason, reroute=decision.how is Nak.REROUTE)
            self._standings.count(refused=1)
        if self._plan.stop_on_error:
            self._fail(Words(decision.reason, decision.reason))
        elif keep or (decision.how is Nak.DISCARD and not received.synchronous):
            # it is still there, and would come again at once
            raise HandedBackError(f"a message was handed back: {decision.reason}")

    def _leave_with_ims(self, received: Received) -> None:
        """Say the NAK after which the message is where it was: the special one for a synchronous callout."""
        self._hand_back(keep=received.synchronous)

    def _hand_back(self, *, keep: bool) -> None:
        """Say NAK. One that cannot be sent is status 1008; the closed socket then says as much to OTMA."""
        try:
            self.socket.reject(keep=keep)
        except GatewayError as error:
            status = Status.RETAINING
            raise HandedBackError(f"{status.value} {MEANINGS[status]}: {error}") from error
        self._standings.count(refused=1)

    def _troubled(self, error: Exception) -> None:
        """Tell of an error, and let some time pass before the next try."""
        self.socket.give_up()
        if self.stop.is_set():
            # a wait that was ended on purpose
            return
        said = words(error)
        if said.internal:
            _LOG.error("listener %s: %s", self._plan.source, said.text, exc_info=error)
        if self._plan.stop_on_error and stops(error):
            self._fail(said)
            return
        self._standings.trouble(said)
        self.stop.wait(self._plan.retry_seconds)

    def _fail(self, said: Words) -> None:
        self.stop.set()
        self._standings.set(ListenerState.FAILED, said.text, tell=True)


def stops(error: Exception) -> bool:
    """Tell whether an error stops a listener with `stop_on_error`: one that does not pass by itself.

    A refusal that says so (a sign-on, a tpipe that is protected, a level), a reply that is none, an interaction
    that cannot be. A lost network, an IMS or tpipe that is stopped, a duplicate client id and a journal that is
    away pass, and so are tried again for ever.
    """
    if isinstance(error, ImsError):
        meaning = error.meaning
        return meaning is None or not (meaning.retry in _PASSING or meaning.fault is Fault.NETWORK)
    return isinstance(error, GatewayError) and error.message in {M.BAD_REPLY, M.INTERACTION}
