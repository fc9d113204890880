"""What a reply means beside its codes: a DFS message in place of a transaction's answer.

Source: IMS request type (imsRequestType); IMSDFSMessageException of the IMS TM resource adapter.
"""

from dataclasses import dataclass, field, replace

from gateway.errors import ImsError, M
from gateway.imsconnect.values import Interaction, Reply, RequestType
from gateway.imsconnect.wire import HeaderCode
from gateway.imsconnect.wire.dfs import find_dfs


@dataclass(eq=False)
class DfsMessageError(ImsError):
    """IMS answered a transaction with a message of its own (DFSnnnn) in place of the program's output."""

    reply: Reply = field(default=Reply())
    """The whole reply; `reply.dfs` has the message."""


def checked(interaction: Interaction, reply: Reply, code: HeaderCode) -> Reply:
    """Return the reply with the DFS message that it is, if it is one.

    Raises DfsMessageError when the interaction is a transaction that says `raise_on_dfs`.
    """
    dfs = find_dfs(reply.segments, code)
    if dfs is None:
        return reply
    reply = replace(reply, dfs=dfs)
    if interaction.raise_on_dfs and interaction.request_type is RequestType.TRANSACTION:
        raise DfsMessageError(M.DFS, {"text": dfs.text}, reply=reply)
    return reply
