"""The values of the client: where IMS Connect is, who signs on, what is asked, what came back. All immutable.

Names follow IBM's IMS TM resource adapter and IMS Connect API where they have one. Nothing here knows XML or
SOAP; text is turned into bytes by whoever makes the segments (`texts`).
"""

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from gateway.exchange import CommitMode, Secret, SyncLevel, TrackingMark, TrustedMark, Undeliverable
from gateway.imsconnect.replies import Delivery, Reply
from gateway.imsconnect.settings_rules import check_connection, check_pool
from gateway.imsconnect.texts import encoded, segments_of
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.wire import Exit, HeaderCode
from gateway.imsconnect.wire.member import Member

__all__ = [
    "DEFAULT_TIMEOUT",
    "FOREVER",
    "NO_WAIT",
    "Acknowledgment",
    "CalloutRequests",
    "ConnectionSettings",
    "Credentials",
    "CredentialsSource",
    "Delivery",
    "Interaction",
    "InteractionVerb",
    "Policy",
    "PoolSettings",
    "Rejection",
    "Reply",
    "RequestType",
    "Unicode",
]

DEFAULT_TIMEOUT: Final = 0
"""`execution_timeout_ms`: IMS Connect's own TIMEOUT=; for the verbs that receive, 2 seconds."""
FOREVER: Final = -1
"""`execution_timeout_ms`: IMS Connect waits for IMS without limit (IRM_TIMER X'FF')."""
NO_WAIT: Final = -2
"""`execution_timeout_ms`: IMS Connect does not wait (IRM_TIMER X'E9'); for the verbs that receive."""

_SPARE_MS: Final = 5_000
"""What the socket timeout of an `Interaction.drain` is longer than its wait."""


class InteractionVerb(Member):
    """What an interaction does, in the resource adapter's words (interactionVerb) where it has one."""

    SEND_RECEIVE = "send-receive"
    """Run a transaction, a command, or one step of a conversation, and read the answer."""
    SEND = "send-only"
    """Hand an input over; nothing ever comes back, no refusal either (IRM_F4 S)."""
    SEND_ACKNOWLEDGED = "send-only with acknowledgment"
    """Hand an input over and hear that OTMA has queued it (IRM_F4 K)."""
    SEND_WITH_ERROR = "send-only with error"
    """Hand an input over; only an error that IMS Connect itself finds comes back (IRM_F4 J, IMS 15)."""
    END_CONVERSATION = "end conversation"
    """Make IMS end a conversation (DEALLOCATE)."""
    RECEIVE = "receive one message"
    """RESUME TPIPE single: one message if one is queued."""
    RECEIVE_WAIT = "receive one message, waiting"
    """RESUME TPIPE single with wait."""
    RECEIVE_QUEUED = "receive what is queued"
    """RESUME TPIPE noauto: everything that is queued, message by message."""
    RECEIVE_CONTINUOUSLY = "receive continuously"
    """RESUME TPIPE auto: everything that is queued and all that comes."""
    RESPOND = "callout response"
    """Answer a synchronous callout; nothing comes back (IRM_F4 M)."""
    RESPOND_ACKNOWLEDGED = "callout response with acknowledgment"
    """Answer a synchronous callout and hear whether IMS took it (IRM_F4 L)."""

    @property
    def sends(self) -> bool:
        """Whether it is one of the send-only family."""
        return (
            self is InteractionVerb.SEND
            or self is InteractionVerb.SEND_ACKNOWLEDGED
            or self is InteractionVerb.SEND_WITH_ERROR
        )

    @property
    def receives(self) -> bool:
        """Whether it is a RESUME TPIPE."""
        return (
            self is InteractionVerb.RECEIVE
            or self is InteractionVerb.RECEIVE_WAIT
            or self is InteractionVerb.RECEIVE_QUEUED
            or self is InteractionVerb.RECEIVE_CONTINUOUSLY
        )

    @property
    def responds(self) -> bool:
        """Whether it answers a synchronous callout."""
        return self is InteractionVerb.RESPOND or self is InteractionVerb.RESPOND_ACKNOWLEDGED


class RequestType(Enum):
    """imsRequestType: what the input is, and so what a DFS message in the answer is."""

    TRANSACTION = 1
    """A DFS message in place of the program's answer is an error, if `raise_on_dfs`."""
    COMMAND = 2
    """An IMS command, for example ``/DISPLAY ACTIVE``; its answer is a DFS message as a rule."""


class CalloutRequests(Enum):
    """calloutRequestType: which messages of a tpipe are asked for."""

    ASYNCHRONOUS = "async"
    """Output of transactions and asynchronous callouts (ISRT to an ALTPCB)."""
    SYNCHRONOUS = "sync"
    """Synchronous callouts only (ICAL)."""
    BOTH = "both"
    """Both; all queued synchronous ones come first."""


class Unicode(Enum):
    """IRM_ES: the encoding of data that is Unicode. IMS Connect passes such data on as it is."""

    UTF_8 = 0x01
    UTF_16 = 0x02


class Acknowledgment(Enum):
    """Who says ACK or NAK to output that wants one (ackNakProvider)."""

    CLIENT = "client"
    """This client, at once, with ACK."""
    CALLER = "caller"
    """The caller, by `acknowledge` or `reject` on the same connection."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """How NAK is said to a message of a tpipe; without anything the plain one, which ends RESUME TPIPE.

    The plain one discards a synchronous callout and leaves asynchronous output on its queue. Source: Coding a
    NAK message to discard / to retain the callout message.
    """

    reason: int | None = None
    """For the ICAL (AIBERRXT), 0 to 65535."""
    keep: bool = False
    """A synchronous callout stays on its tpipe too, until its ICAL times out."""
    reroute: bool = False
    """RESUME TPIPE goes on; a synchronous callout is discarded, asynchronous output goes to another tpipe."""
    reroute_name: str = ""
    """That tpipe; empty: the data store's (RRNAME=)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs on. Names of 1 to 8 characters, upper case; an empty one is a blank field."""

    user: str = ""
    password: Secret = field(default=Secret(""))
    """A RACF password of at most 8 characters, or a PassTicket for `application`."""
    group: str = ""
    application: str = ""
    """IRM_APPL_NM: what `password` is a PassTicket for."""
    network_user: str = ""
    """Distributed identity for IMS's records (*NETUID*)."""
    network_session: str = ""
    """Realm of that identity (*NETSID*)."""
    trusted: TrustedMark | None = None
    """The site's mark of a trusted user."""

    @classmethod
    def of(cls, user: str, password: str = "", group: str = "") -> "Credentials":
        """Return credentials from plain texts."""
        return cls(user.upper(), Secret(password), group.upper())


CredentialsSource = Credentials | Callable[[], Credentials]
"""Credentials, or what makes them: asked once for each interaction, so that a PassTicket can be fresh."""

Policy = Literal["order", "balance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """Bounds of the pool of persistent sockets of one endpoint; times in seconds."""

    size: int = 8
    """Most sockets; keep the sum of all clients under MAXSOC= of IMS Connect."""
    wait_seconds: float = 5.0
    """Longest wait for a free socket."""
    idle_seconds: float = 240.0
    """An idle socket is closed after this; keep it under IDLETO= of IMS Connect."""
    max_age_seconds: float = 3600.0
    """A socket is not reused beyond this age, so that load spreads again over a sysplex that has grown."""
    max_age_jitter: float = 0.2
    """Up to this share of the age is taken off, so that sockets opened together do not end together."""
    min_open: int = 0
    """Sockets that are kept open from `warm` on."""
    ping_seconds: float | None = None
    """An idle socket is pinged when it was idle for so long; None: never."""
    ping_on_use: bool = False
    """Ping before each interaction: costs a round trip, finds what the operating system cannot see."""
    fast_retries: int = 10
    """Tries 0.1 to 3 s apart when an endpoint cannot be reached; then one each `retry_seconds`."""
    retry_seconds: float = 15.0
    report_seconds: float = 60.0
    """An endpoint that is still down is told of at most that often."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        check_pool(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """Which IMS Connect, and which IMS behind it."""

    endpoints: tuple[Endpoint, ...]
    """One, or several that reach the same IMS."""
    datastore: str
    """ID= of the DATASTORE statement (IRM_IMSDESTID)."""
    policy: Policy = "order"
    """Several endpoints: the first that works, or all in turn."""
    exit: Exit = Exit.HWSSMPL1
    code: HeaderCode = HeaderCode.EBCDIC
    """ASCII: IMS Connect translates header and data by a table, which corrupts all that is not text."""
    credentials: Credentials = field(default=Credentials())
    """Who signs on where an interaction is run without credentials."""
    connect_seconds: float = 5.0
    """Deadline to connect, TLS included."""
    max_message_bytes: int = 10_000_000
    """Longest message both ways (MAXSIZE=)."""
    client_id_prefix: str = ""
    """Up to 4 characters that generated client ids begin with."""
    pool: PoolSettings = field(default=PoolSettings())
    name: str = ""
    """How errors and statistics call it; empty: the first endpoint."""

    def __post_init__(self) -> None:
        """Raise ValueError for a setting that makes no sense."""
        check_connection(self)

    @classmethod
    def to(  # noqa: PLR0913  what a connection takes, in one line of a caller
        cls,
        host: str,
        port: int,
        datastore: str,
        user: str = "",
        password: str = "",
        *,
        group: str = "",
        tls: ssl.SSLContext | None = None,
        also: Iterable[tuple[str, int]] = (),
    ) -> "ConnectionSettings":
        """Return the settings for an endpoint, and for others that lead to the same IMS (host and port each).

        `tls` is for all of them. `dataclasses.replace` says what this leaves as it is.
        """
        return cls(
            endpoints=tuple(Endpoint(*each, tls=tls) for each in ((host, port), *also)),
            datastore=datastore,
            credentials=Credentials.of(user, password, group),
        )

    @property
    def label(self) -> str:
        """The name, or the first endpoint."""
        return self.name or str(self.endpoints[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One interaction with IMS. `interaction_rules.check` says what goes with what; making one checks nothing.

    Texts are upper case and fit their 8-byte fields. Times are milliseconds.
    """

    verb: InteractionVerb = InteractionVerb.SEND_RECEIVE
    transaction: str = ""
    """Transaction code (IRM_TRNCOD); blank for commands, later steps of a conversation, and all that
    receives."""
    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Input data without LL and ZZ, in the code of the connection; a transaction's first begins with its
    code."""
    request_type: RequestType = RequestType.TRANSACTION
    commit_mode: CommitMode | None = None
    """None: what the verb demands, otherwise 1."""
    sync_level: SyncLevel | None = None
    """None: CONFIRM with commit mode 0, NONE with 1."""
    lterm: str = ""
    """LTERM override: what the program finds in its I/O PCB."""
    mod_name: str = ""
    """MFS MOD name for the input (IRM_MODNAME)."""
    execution_timeout_ms: int = 5_000
    """How long IMS Connect waits for IMS: 1 to 3,600,000, DEFAULT_TIMEOUT, FOREVER or NO_WAIT."""
    socket_timeout_ms: int = 10_000
    """How long the whole interaction may take on the socket; 0: for ever. Longer than the execution timeout."""
    budget_ms: int = 0
    """All of it together: the wait for a socket, connecting, the conversation. 0: what those add up to.

    Connecting is not cut short by it, as whoever waits next needs the socket too: it may add `connect_seconds`.
    """
    expires: bool = False
    """transExpiration: IMS drops an input that it has not begun within the execution timeout."""
    undeliverable: Undeliverable | None = None
    """Commit mode 0 output that cannot be delivered: held on the tpipe, purged, or rerouted. None: purged where
    the client id was generated, for nobody would ever read that tpipe, held where the caller chose it."""
    reroute_name: str = ""
    """Tpipe for rerouted output; empty: IMS Connect's default."""
    alternate_client_id: str = ""
    """Receive: the tpipe to read, in place of the connection's own client id (IRM_RT_ALTCID)."""
    callout_requests: CalloutRequests = CalloutRequests.ASYNCHRONOUS
    """Receive: which messages."""
    network_identity: bool = False
    """Receive: ask for the network identity of whoever caused a message (IRM_F6)."""
    ignore_purg: bool = False
    """ignorePURGCall: PURG calls of the program do not split its commit mode 0 output."""
    dfs2082: bool = False
    """CM0Response: a program that neither answers nor switches makes IMS answer DFS2082."""
    in_order: bool = False
    """Send-only: serial delivery (IRM_F3 X'10')."""
    conversational: bool = False
    """The transaction begins a conversation: the socket is kept, and the reply names the conversation."""
    conversation_id: str = ""
    """The open conversation that this is the next step of, or the end; `conversational` goes without saying."""
    correlation_token: bytes = b""
    """Callout response: the 40 bytes that came with the request, unchanged."""
    nak_reason: int | None = None
    """Callout response: makes it an error response; the ICAL gets the number in AIBERRXT, 0 no number."""
    return_mod_name: bool = False
    """Ask for the MOD name of the output (RMM)."""
    acknowledgment: Acknowledgment = Acknowledgment.CLIENT
    adapter: str = ""
    """XML adapter of IMS Connect (IRM_TAG_ADAPT), for example HWSXMLA0; an error response goes past it."""
    converter: str = ""
    """Its converter (IRM_TAG_MAP)."""
    unicode: Unicode | None = None
    """The data is Unicode, in this encoding."""
    unicode_transaction: bool = False
    """With `unicode`: the transaction code in the data is Unicode too."""
    tracking: TrackingMark | None = None
    """What IMS Connect may note in its traces of whose request this is."""
    raise_on_dfs: bool = True
    """Whether a DFS message in place of a transaction's answer is raised as an error."""

    @classmethod
    def command(
        cls, text: str, ccsid: int | None = None, *, code: HeaderCode = HeaderCode.EBCDIC
    ) -> "Interaction":
        """Return an IMS command, ``/DISPLAY ACTIVE``, written as `segments_of` does; raises what that does."""
        return cls(request_type=RequestType.COMMAND, segments=segments_of(text, ccsid, code=code))

    @classmethod
    def step(cls, reply: Reply, data: str | tuple[bytes, ...]) -> "Interaction":
        """Return the next step of the conversation that a reply left open: segments, or a text in their code.

        Raises ValueError where the reply left none open.
        """
        segments = segments_of(data, code=reply.code) if isinstance(data, str) else data
        return cls(conversation_id=_conversation_of(reply), segments=segments)

    @classmethod
    def end(cls, reply: Reply) -> "Interaction":
        """Return the end of the conversation that a reply left open. Raises ValueError where it left none."""
        return cls(verb=InteractionVerb.END_CONVERSATION, conversation_id=_conversation_of(reply))

    @classmethod
    def drain(
        cls,
        tpipe: str,
        wait_seconds: float = 1.0,
        callouts: CalloutRequests = CalloutRequests.ASYNCHRONOUS,
    ) -> "Interaction":
        """Return what asks for every message that is queued on a tpipe, for `Connection.messages`.

        `wait_seconds` is how long IMS Connect waits for the first one, and for one after the last.
        """
        wait_ms = max(1, round(wait_seconds * 1000))
        return cls(
            verb=InteractionVerb.RECEIVE_QUEUED,
            alternate_client_id=tpipe,
            callout_requests=callouts,
            execution_timeout_ms=wait_ms,
            socket_timeout_ms=wait_ms + _SPARE_MS,
        )

    @classmethod
    def response(
        cls,
        delivery: Delivery,
        data: str | bytes = b"",
        *,
        reason: int | None = None,
        adapter: str = "",
        converter: str = "",
    ) -> "Interaction":
        """Return the answer to a synchronous callout: data, or a text in its code, or an error `reason`.

        With an `adapter` the data is XML, of which the `converter` makes what the program reads. Raises
        ValueError for a message that is no synchronous callout.
        """
        if not delivery.synchronous:
            raise ValueError("nobody waits for an answer to asynchronous output")
        given = encoded(data, code=delivery.code) if isinstance(data, str) else data
        return cls(
            verb=InteractionVerb.RESPOND_ACKNOWLEDGED,
            correlation_token=delivery.correlation_token,
            segments=(given,) if given else (),
            nak_reason=reason,
            adapter=adapter,
            converter=converter,
        )

    @property
    def mode(self) -> CommitMode:
        """The commit mode in effect."""
        if self.commit_mode is not None:
            return self.commit_mode
        one = self.verb is InteractionVerb.SEND_RECEIVE or self.verb is InteractionVerb.END_CONVERSATION
        return CommitMode.SEND_THEN_COMMIT if one else CommitMode.COMMIT_THEN_SEND

    @property
    def confirm(self) -> bool:
        """Whether the sync level in effect is CONFIRM."""
        if self.sync_level is None:
            return self.mode is CommitMode.COMMIT_THEN_SEND
        return self.sync_level is SyncLevel.CONFIRM


def _conversation_of(reply: Reply) -> str:
    if not reply.conversation_open:
        raise ValueError("the reply left no conversation open")
    return reply.conversation_id
