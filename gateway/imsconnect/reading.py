"""What a loop over the messages of a tpipe does next, for threads and asyncio alike. No I/O.

Source: Auto message control; Noauto message control; Single message control.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Final

from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.replies import Delivery
from gateway.imsconnect.retrieval import Retrieval
from gateway.imsconnect.values import Interaction, InteractionVerb

_SINGLE: Final[Mapping[InteractionVerb, InteractionVerb]] = {
    InteractionVerb.RECEIVE_QUEUED: InteractionVerb.RECEIVE,
    InteractionVerb.RECEIVE_CONTINUOUSLY: InteractionVerb.RECEIVE_WAIT,
}
"""The option that brings one message of those that the other one brings."""


class Turn(Enum):
    """How the next message is come by."""

    BEGIN = "send RESUME TPIPE"
    FOLLOW = "hear what follows the ACK"
    END = "no more"


class Reading:
    """One loop. With a `limit` each message is asked for by itself.

    The ACK of a message that noauto or auto has brought is also the question for the next one, which then is on
    its way. So whoever wants no more than so many must not use them: what he would have to hand back might be
    counted as a delivery that failed.
    """

    def __init__(self, dialogue: Dialogue, interaction: Interaction, limit: int | None) -> None:
        """Ask nothing yet. Raises ValueError for a limit below 1."""
        if limit is not None and limit < 1:
            raise ValueError("limit is 1 or more messages")
        single = _SINGLE.get(interaction.verb, interaction.verb)
        self.interaction = interaction if limit is None else replace(interaction, verb=single)
        self.latest: Delivery | None = None
        self.left = False
        """Nobody will ask for more, nor answer the latest message."""
        self._dialogue = dialogue
        self._limit = limit
        self._retrieval: Retrieval | None = None
        self._before = 0
        self._over = False

    @property
    def taken(self) -> int:
        """Messages that an ACK was sent for."""
        return self._before + (self._retrieval.accepted if self._retrieval is not None else 0)

    @property
    def last_ack_heard(self) -> bool:
        """Whether it is known that IMS Connect has heard the last ACK, if there was one."""
        return self._retrieval is None or self._retrieval.heard

    @property
    def owes(self) -> bool:
        """Whether the latest message of this loop is the one that wants an answer."""
        return self.latest is not None and self._dialogue.owes(self.latest)

    def turn(self) -> Turn:
        """Return how the next message is come by."""
        if self._over or self.left:
            return Turn.END
        if self._retrieval is None:
            return Turn.BEGIN
        if self._limit is None or self.owes:
            return Turn.FOLLOW
        # where the message was handed back, the same one would come again
        rejected = self._retrieval.accepted == self._retrieval.rerouted == 0
        return Turn.END if rejected or self.taken >= self._limit else Turn.BEGIN

    def came(self, delivery: Delivery | None, turn: Turn) -> None:
        """Note what came, None when nothing did: that is the end."""
        if turn is Turn.BEGIN:
            self._before = self.taken
            self._retrieval = self._dialogue.retrieval
        self.latest = delivery
        self._over = delivery is None

    def failed(self) -> None:
        """Note an error: it is the end, except where the latest message has to be answered first."""
        self._over = not self.owes
