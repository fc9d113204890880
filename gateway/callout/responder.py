"""Answers to IMS: responses of synchronous callouts, and inputs for the transactions of asynchronous ones.

They go over a pool of sockets of their own, to any IMS Connect of the bundle: the correlation token finds its
ICAL wherever it comes in (Returning callout responses to IMS).
"""

from dataclasses import dataclass, field
from threading import Event
from typing import Final

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.codepage import CodePage
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import Client, Interaction, InteractionVerb
from gateway.imsconnect.texts import LONGEST_SEGMENT, code_field
from gateway.imsconnect.values import CredentialsSource
from gateway.outcome import Outcome, Retry
from gateway.payload.request import TRANSACTION_WIDTH

REFUSED_AS_LATE: Final = M.OTMA
"""unverified: which sense code says that no ICAL waits any more. IMS has no other reason to refuse a response,
so every refusal of OTMA, a sign-on apart, counts as that."""
SENDING_MS: Final = 10_000
"""How long IMS Connect may take for an answer of ours, waiting for a socket apart."""
EXECUTION_MS: Final = 5_000
_TRIES: Final = 2
"""How often a response is sent, at once, that could not be."""
_PASSING: Final = frozenset({Retry.AGAIN, Retry.ELSEWHERE})
_PAUSE_SECONDS: Final = 1.0
"""Between the tries behind those: an IMS Connect that is started anew takes a while."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the program behind an ICAL gets."""

    token: bytes
    data: bytes = field(repr=False)
    reason: int | None = None
    """Makes it an error response; the program finds the number in AIBERRXT."""
    acknowledge: bool = False
    """Hear from IMS whether it took it."""
    adapter: str = ""
    converter: str = ""
    until: float = 0.0
    """Until when it is tried to send it, where that may help (monotonic seconds): the program waits so long."""


class LateError(Exception):
    """IMS refused a response: no ICAL waits for it any more. The text says it in the words of its codes."""


class Responder:
    """Sends answers of one bundle. Thread-safe."""

    def __init__(self, client: Client, credentials: CredentialsSource, clock: Clock = SYSTEM_CLOCK) -> None:
        """`client` is closed by whoever made it."""
        self._client = client
        self._credentials = credentials
        self._clock = clock

    def respond(self, response: Response) -> None:
        """Send a response. Raises LateError, and CalloutError SENDING or RESPONSE_SIZE.

        What may have arrived is sent once more: IMS takes one response for a token, so a second does no harm.
        What fails and may pass is tried until `response.until`, and twice at least: another IMS Connect, or the
        same one started anew, finds the ICAL as well.
        """
        verb = InteractionVerb.RESPOND_ACKNOWLEDGED if response.acknowledge else InteractionVerb.RESPOND
        interaction = Interaction(
            verb=verb,
            correlation_token=response.token,
            segments=(response.data,),
            nak_reason=response.reason,
            adapter=response.adapter,
            converter=response.converter,
            execution_timeout_ms=EXECUTION_MS,
            socket_timeout_ms=SENDING_MS,
        )
        doubtful = False
        tries = 0
        while True:
            tries += 1
            try:
                self._client.run(interaction, self._credentials)
            except GatewayError as error:
                if doubtful and _is_late(error):
                    # the first has most likely arrived, and a token is good once
                    return
                doubtful = doubtful or (isinstance(error, TransportError) and error.maybe_sent)
                if not self._tries_again(error, tries, response.until):
                    raise _unsent(error) from error
            else:
                return

    def _tries_again(self, error: GatewayError, tries: int, until: float) -> bool:
        """Tell whether another try may do better, once its time has come."""
        if not _passes(error):
            return False
        if tries < _TRIES and isinstance(error, TransportError):
            return True
        left = until - self._clock.monotonic()
        if left > 0:
            Event().wait(min(_PAUSE_SECONDS, left))
        return left > 0

    def submit(self, transaction: str, data: bytes, ccsid: int, lterm: str) -> None:
        """Send the answer of an asynchronous callout as input of a transaction, and hear that IMS has it.

        Raises CalloutError SENDING: `hope` LATER where nothing was executed, `maybe_done` where nobody knows.
        """
        interaction = Interaction(
            verb=InteractionVerb.SEND_ACKNOWLEDGED,
            transaction=transaction,
            segments=_segments(transaction, data, ccsid),
            lterm=lterm,
            execution_timeout_ms=EXECUTION_MS,
            socket_timeout_ms=SENDING_MS,
        )
        try:
            self._client.run(interaction, self._credentials)
        except GatewayError as error:
            raise _not_submitted(error) from error


def _segments(transaction: str, data: bytes, ccsid: int) -> tuple[bytes, ...]:
    """Return the input cut into segments, the transaction code in front; no character is cut in two."""
    code = code_field(transaction, TRANSACTION_WIDTH)
    first, *others = CodePage.of(ccsid).split(data, LONGEST_SEGMENT - len(code)) or (b"",)
    return (code + first, *others)


def _is_late(error: GatewayError) -> bool:
    # unverified: which sense code says that no ICAL waits; IMS has no other reason to refuse a response
    return isinstance(error, ImsError) and error.message is M.OTMA and not error.sign_on_failed


def _passes(error: GatewayError) -> bool:
    """Tell whether it may go by itself: an IMS Connect or IMS that is away, no PassTicket just now."""
    if isinstance(error, ImsError):
        return not _is_late(error) and error.meaning is not None and error.meaning.retry in _PASSING
    away = isinstance(error, TransportError) and error.message is not M.STOPPING
    return away or error.message is M.BUSY


def _unsent(error: GatewayError) -> Exception:
    if _is_late(error):
        return LateError(str(error))
    if isinstance(error, ImsError):
        return CalloutError(Status.SENDING, "IMS Connect refused the response", str(error))
    if isinstance(error, TransportError):
        return CalloutError(Status.SENDING, "IMS could not be reached", str(error))
    if error.message is M.REQUEST_SIZE:
        return CalloutError(Status.RESPONSE_SIZE, error.text, str(error), maybe_done=True)
    return CalloutError(Status.SENDING, "the response could not be sent to IMS", str(error))


def _not_submitted(error: GatewayError) -> CalloutError:
    known = error.outcome
    text = f"IMS did not take the answer: {error.text}"
    if known is Outcome.UNKNOWN:
        text = f"nobody knows whether IMS has the answer: {error.text}"
        return CalloutError(Status.SENDING, text, str(error), maybe_done=True)
    permanent = error.message in {M.REQUEST_SIZE, M.INTERACTION} or (
        isinstance(error, ImsError) and error.meaning is not None and error.meaning.retry is Retry.NO
    )
    return CalloutError(Status.SENDING, text, str(error), Hope.NONE if permanent else Hope.LATER)
