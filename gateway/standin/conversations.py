"""The conversations that are open in one IMS. Source: IMS conversations and OTMA.

A conversation lives on one connection: IMS Connect keeps its token there, and nobody else can go on with it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    """A conversation between two steps."""

    number: int
    transaction: str
    datastore: str
    client_id: str
    user: str
    spa: bytes = field(repr=False)
    """What the program left for its next step."""
    steps: int
    """How many steps were done."""


class Conversations:
    """The open conversations by number. May be looked at from any thread."""

    def __init__(self) -> None:
        self._open: dict[int, Conversation] = {}
        self._latest = 0

    def next_number(self) -> int:
        """Return the number of a conversation that begins."""
        self._latest += 1
        return self._latest

    def keep(self, conversation: Conversation) -> None:
        """Note where a conversation stands after a step."""
        self._open[conversation.number] = conversation

    def end(self, conversation: Conversation) -> None:
        """Forget a conversation that is over."""
        self._open.pop(conversation.number, None)

    @property
    def all(self) -> tuple[Conversation, ...]:
        """The open conversations, oldest first."""
        return tuple(self._open.values())
