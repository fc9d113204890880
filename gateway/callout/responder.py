"""Answers to IMS: responses of synchronous callouts, and inputs for the transactions of asynchronous ones.

They go over a pool of sockets of their own, to any IMS Connect of the bundle: the correlation token finds its
ICAL wherever it comes in (Returning callout responses to IMS).
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.codepage import CodePage
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import Client, Interaction, InteractionVerb
from gateway.imsconnect.texts import LONGEST_SEGMENT, code_field
from gateway.imsconnect.values import CredentialsSource
from gateway.outcome import Outcome, Retry
from gateway.payload.request import TRANSACTION_WIDTH

SENDING_MS: Final = 10_000
"""How long IMS Connect may take for an answer of ours, waiting for a socket apart."""
EXECUTION_MS: Final = 5_000
_TRIES: Final = 2


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


class LateError(Exception):
    """IMS refused a response: no ICAL waits for it any more. The text says it in the words of its codes."""


class Responder:
    """Sends answers of one bundle. Thread-safe."""

    def __init__(self, client: Client, credentials: CredentialsSource) -> None:
        """`client` is closed by whoever made it."""
        self._client = client
        self._credentials = credentials

    def respond(self, response: Response) -> None:
        """Send a response. Raises LateError, and CalloutError SENDING or RESPONSE_SIZE.

        What may have arrived is sent once more: IMS takes one response for a token, so a second does no harm.
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
        for left in reversed(range(_TRIES)):
            try:
                self._client.run(interaction, self._credentials)
            except ImsError as error:
                if doubtful:
                    # the first has most likely arrived, and a token is good once
                    return
                raise _refused(error) from error
            except TransportError as error:
                doubtful = doubtful or error.maybe_sent
                if not left:
                    raise CalloutError(Status.SENDING, "IMS could not be reached", str(error)) from error
            except GatewayError as error:
                raise _unsendable(error) from error
            else:
                return

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


def _refused(error: ImsError) -> Exception:
    # unverified: which sense code says that no ICAL waits; IMS has no other reason to refuse a response
    if error.message is M.OTMA and not error.sign_on_failed:
        return LateError(str(error))
    return CalloutError(Status.SENDING, "IMS Connect refused the response", str(error))


def _unsendable(error: GatewayError) -> CalloutError:
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
