"""What became of a request that ended in an error, and a DFS message in place of a transaction's answer.

The one place that decides on an `Outcome`; errors that no answer of IMS is in know theirs by themselves
(`gateway.errors`: nothing was sent, or nobody knows).

Source: IMS request type (imsRequestType); IMSDFSMessageException of the IMS TM resource adapter; DFS messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.dfs import DfsMessage, find_dfs
from gateway.errors import ImsError, M
from gateway.imsconnect.values import Interaction, Reply, RequestType
from gateway.imsconnect.wire import CodeMeaning, Retry
from gateway.imsconnect.wire.reasons import CONVERSATION, REASON_CODES, REQUEST, REQUEST_AND_CONVERSATION
from gateway.outcome import Outcome

_OF_DFS: Final[Mapping[str, Outcome]] = {
    "DFS064": Outcome.NOT_DONE,
    "DFS065": Outcome.NOT_DONE,
    "DFS1292": Outcome.NOT_DONE,
    "DFS1970": Outcome.NOT_DONE,
    "DFS2469": Outcome.NOT_DONE,
    "DFS3649": Outcome.NOT_DONE,
    "DFS555": Outcome.BACKED_OUT,
    "DFS0809": Outcome.BACKED_OUT,
}
"""Messages that say what became of the transaction that they answer. Of DFS2082 one knows only that the program
has ended: whether it had changed anything, and rolled that back, nobody tells."""


@dataclass(eq=False)
class DfsMessageError(ImsError):
    """IMS answered a transaction with a message of its own (DFSnnnn) in place of the program's output."""

    reply: Reply = field(default=Reply())
    """The whole reply; `reply.dfs` has the message."""


_OF_OUTPUT: Final = frozenset(
    REASON_CODES[reason].name for reason in (REQUEST, CONVERSATION, REQUEST_AND_CONVERSATION)
)
"""Notices about output that is there: the transaction has run, though nothing may be sent again."""


def told_by(meaning: CodeMeaning, *, of_request: bool) -> Outcome:
    """Return what an RSM says became of the request.

    `of_request`: it answers the request itself. About an ACK, NAK or DEALLOCATE only the notices of the end
    (reasons 97 and 98) say something, for the transaction has run before.
    """
    if meaning.deallocate is not None:
        return Outcome.DONE if meaning.deallocate == "confirmed" else Outcome.BACKED_OUT
    if meaning.name in _OF_OUTPUT:
        return Outcome.UNKNOWN
    return Outcome.NOT_DONE if of_request and meaning.retry is not Retry.UNKNOWN else Outcome.UNKNOWN


def told_by_dfs(message: DfsMessage) -> Outcome:
    """Return what a message of IMS says became of the transaction that it answers."""
    return _OF_DFS.get(message.number, Outcome.UNKNOWN)


def checked(interaction: Interaction, reply: Reply) -> Reply:
    """Return the reply with the DFS message that it is, if it is one.

    Raises DfsMessageError when the interaction is a transaction that says `raise_on_dfs`.
    """
    dfs = find_dfs(reply.segments)
    if dfs is None:
        return reply
    reply = replace(reply, dfs=dfs)
    if interaction.raise_on_dfs and interaction.request_type is RequestType.TRANSACTION:
        raise DfsMessageError(M.DFS, {"text": dfs.text}, reply=reply, known=told_by_dfs(dfs))
    return reply
