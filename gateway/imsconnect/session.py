"""A dialogue on one stream, for threads. Owned by one thread at a time, `abort` apart."""

from typing import TypeVar

from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.line import Await, NothingSentError, Steps
from gateway.imsconnect.transport import Stream
from gateway.imsconnect.values import Credentials, Delivery, Interaction, InteractionVerb, Rejection, Reply

__all__ = ["NothingSentError", "Session", "drive", "lane_after"]

T = TypeVar("T")


def drive(steps: Steps[T], stream: Stream) -> T:
    """Do what the steps ask for on a stream; return what they return, raise what they raise."""
    try:
        step = next(steps)
        while True:
            try:
                if isinstance(step, Await):
                    data = stream.receive(step.deadline)
                else:
                    data = b""
                    stream.send_all(step.data, step.deadline)
            except BaseException as error:  # noqa: BLE001  the steps see it where they wait, and raise
                step = steps.throw(error)
            else:
                step = steps.send(data)
    except StopIteration as done:
        result: T = done.value
        return result


def lane_after(lane: Lane, verb: InteractionVerb) -> Lane:
    """Return the lane that a session belongs to from this interaction on."""
    return Lane.ONE_WAY if lane.shared and (verb.sends or verb is InteractionVerb.RESPOND) else lane


class Session:
    """One stream with its dialogue; each method runs the steps of the same name and raises what they raise."""

    def __init__(
        self,
        stream: Stream,
        dialogue: Dialogue,
        lane: Lane = Lane.REPLIES,
    ) -> None:
        self.dialogue = dialogue
        self.lane = lane
        self._stream = stream

    @property
    def client_id(self) -> str:
        """The client id (IRM_CLIENTID)."""
        return self.dialogue.line.client_id.text

    @property
    def endpoint(self) -> str:
        """Host and port of its IMS Connect."""
        return self.dialogue.line.endpoint

    @property
    def reusable(self) -> bool:
        """Tell whether another conversation may start: the last one came to a known end."""
        return self.dialogue.line.reusable

    def is_quiet(self) -> bool:
        """Tell whether IMS Connect neither closed nor sent anything while the session was idle."""
        return self._stream.is_quiet()

    def close(self) -> None:
        """Close the stream."""
        self.dialogue.line.in_doubt = True
        self._stream.close()

    def abort(self) -> None:
        """Make the conversation under way fail at once; callable from any thread."""
        self._stream.abort()

    def run(self, interaction: Interaction, credentials: Credentials, *, checked: bool = False) -> Reply:
        """Run an interaction, the verbs that receive apart."""
        self.lane = lane_after(self.lane, interaction.verb)
        return drive(self.dialogue.run(interaction, credentials, checked=checked), self._stream)

    def acknowledge(self) -> None:
        """Say ACK to what is owed."""
        drive(self.dialogue.acknowledge(), self._stream)

    def reject(self, how: Rejection) -> None:
        """Say NAK to what is owed."""
        drive(self.dialogue.reject(how), self._stream)

    def receive(self, interaction: Interaction, credentials: Credentials) -> Delivery | None:
        """Begin a RESUME TPIPE and return its first message."""
        return drive(self.dialogue.receive(interaction, credentials), self._stream)

    def following(self) -> Delivery | None:
        """Return the next message of the RESUME TPIPE."""
        return drive(self.dialogue.following(), self._stream)

    def do(self, steps: Steps[T]) -> T:
        """Run steps of this session's dialogue."""
        return drive(steps, self._stream)
