"""A client of IBM IMS Connect, usable by itself: `docs/client-library.md` is its page.

`Client` runs interactions over pools of sockets, `Connection` is one socket in the caller's own hands;
`AsyncClient` and `AsyncConnection` are the same for asyncio. What crosses the border are the immutable values
of `values`.

Words of this package, in the order an interaction meets them:

- *interaction*: what is asked of IMS: a transaction, a command, the messages of a tpipe, the answer to a
  callout;
- *path*: the way to one endpoint of several; *pool*: the sessions of one endpoint, given out one by one;
- *lane*: what kind of conversation an idle session may hold next;
- *session*: one client id on one stream; it drives a *dialogue*, which knows all that may be said there;
- *line*: the state of one connection without I/O; it is *in doubt* while nobody knows which bytes may still
  come;
- *retrieval*: one RESUME TPIPE; *delivery*: one message it brings; *reading*: one loop over messages;
- *outcome*: what is known of a request that ended in an error;
- *stream*: one TCP or TLS connection with a deadline on every step (`transport`).

`wire` says what the bytes are, `inputs` turns an interaction into messages, `refusal` turns status messages
into errors. Steps are written once, as generators that name the I/O they need; a session does it.
"""

from gateway.codepage import CodePage
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import CommitMode, Secret, SyncLevel, TrackingMark, TrustedMark, Undeliverable
from gateway.imsconnect.async_client import AsyncClient
from gateway.imsconnect.async_connection import AsyncConnection
from gateway.imsconnect.async_messages import AsyncMessages
from gateway.imsconnect.client import Client
from gateway.imsconnect.connection import Connection
from gateway.imsconnect.messages import Messages
from gateway.imsconnect.note import CallNote, Span
from gateway.imsconnect.outcome import DfsMessageError
from gateway.imsconnect.texts import segments_of, transaction_input
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import (
    DEFAULT_TIMEOUT,
    FOREVER,
    NO_WAIT,
    Acknowledgment,
    CalloutRequests,
    ConnectionSettings,
    Credentials,
    Delivery,
    Interaction,
    InteractionVerb,
    PoolSettings,
    Reply,
    RequestType,
    Unicode,
)
from gateway.imsconnect.wire import CodeMeaning, Exit, HeaderCode, Retry, Rsm, describe
from gateway.outcome import Outcome

__all__ = [
    "DEFAULT_TIMEOUT",
    "FOREVER",
    "NO_WAIT",
    "Acknowledgment",
    "AsyncClient",
    "AsyncConnection",
    "AsyncMessages",
    "CallNote",
    "CalloutRequests",
    "Client",
    "CodeMeaning",
    "CodePage",
    "CommitMode",
    "Connection",
    "ConnectionSettings",
    "Credentials",
    "Delivery",
    "DfsMessageError",
    "Endpoint",
    "Exit",
    "GatewayError",
    "HeaderCode",
    "ImsError",
    "Interaction",
    "InteractionVerb",
    "M",
    "Messages",
    "Outcome",
    "PoolSettings",
    "Reply",
    "RequestType",
    "Retry",
    "Rsm",
    "Secret",
    "Span",
    "SyncLevel",
    "TrackingMark",
    "TransportError",
    "TrustedMark",
    "Undeliverable",
    "Unicode",
    "describe",
    "segments_of",
    "transaction_input",
]
