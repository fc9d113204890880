"""The exception tree: what went wrong, whose fault it is, what the caller may read.

Every error that can reach a caller is a `GatewayError` built on one entry of `MESSAGES`. The
entry fixes the id, the side at fault and the text; the *private reason* goes to the log only. So a
look at the catalogue shows everything a stranger can ever be told.

Ids read ``IGW`` + four digits + ``E``; a number is never given a second meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from gateway.outcome import CodeMeaning, Outcome


class Side(Enum):
    """Who has to change something before the same request can work."""

    CLIENT = "client"
    SERVER = "server"


class WssFault(Enum):
    """Fault names of WSS SOAP Message Security 1.1.1, section 12, with their standard texts."""

    UNSUPPORTED_SECURITY_TOKEN = ("UnsupportedSecurityToken", "An unsupported token was provided")
    UNSUPPORTED_ALGORITHM = (
        "UnsupportedAlgorithm",
        "An unsupported signature or encryption algorithm was used",
    )
    FAILED_CHECK = ("FailedCheck", "The signature or decryption was invalid")
    SECURITY_TOKEN_UNAVAILABLE = (
        "SecurityTokenUnavailable",
        "Referenced security token could not be retrieved",
    )
    INVALID_SECURITY = (
        "InvalidSecurity",
        "An error was discovered processing the <wsse:Security> header",
    )
    INVALID_SECURITY_TOKEN = ("InvalidSecurityToken", "An invalid security token was provided")
    FAILED_AUTHENTICATION = (
        "FailedAuthentication",
        "The security token could not be authenticated or authorized",
    )
    MESSAGE_EXPIRED = ("MessageExpired", "The message has expired")

    @property
    def local_name(self) -> str:
        """The local part of the fault code; its namespace is WSS secext 1.0."""
        return self.value[0]

    @property
    def text(self) -> str:
        """The standard's own short text."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the catalogue: a stable id, the side at fault, the text for the caller.

    `http_status` is set where plain HTTP answers (there is no envelope to answer in) and None where a
    SOAP fault does. Text may hold ``{name}`` fields, filled from the error's `fields`.
    """

    id: str
    side: Side
    text: str
    http_status: int | None = None
    outcome: Outcome = Outcome.NOT_SENT
    """What is known of the request to IMS where the error itself says nothing of it."""


class M:
    """The catalogue. Grouped by the step that finds the error, in the order a request meets them."""

    # HTTP
    NOT_FOUND = Message("IGW1001E", Side.CLIENT, "No such address", 404)
    METHOD_NOT_ALLOWED = Message("IGW1002E", Side.CLIENT, "Only {allowed} is served here", 405)
    TOO_LARGE = Message("IGW1003E", Side.CLIENT, "The request is larger than {limit} bytes", 413)
    CONTENT_TYPE = Message(
        "IGW1004E",
        Side.CLIENT,
        "Content-Type must be text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2), not {got}",
        415,
    )
    CONTENT_CODING = Message("IGW1005E", Side.CLIENT, "Content-Encoding is not accepted", 415)
    BUSY = Message("IGW1006E", Side.SERVER, "The gateway is busy; try again later", 503)
    STOPPING = Message("IGW1007E", Side.SERVER, "The gateway is stopping; try again later", 503)
    BAD_HTTP = Message("IGW1008E", Side.CLIENT, "The request is not valid HTTP/1.1", 400)
    SLOW_CLIENT = Message("IGW1009E", Side.CLIENT, "The request did not arrive in time", 408)
    HEADER_TOO_LARGE = Message("IGW1010E", Side.CLIENT, "The request header is too large", 431)
    NOT_TLS = Message("IGW1011E", Side.CLIENT, "This address speaks HTTPS", 400)
    RATE_LIMITED = Message("IGW1012E", Side.CLIENT, "Too many requests; try again in {seconds} s", 429)

    # bytes to a checked envelope
    CHARSET = Message(
        "IGW1101E",
        Side.CLIENT,
        "Encoding: {reason}; UTF-8 and UTF-16 are read, and charset, byte order mark and XML declaration must"
        " agree",
    )
    NOT_XML = Message("IGW1102E", Side.CLIENT, "The message is not well-formed XML: {reason}")
    DOCTYPE = Message("IGW1103E", Side.CLIENT, "A document type declaration is not accepted")
    PROCESSING_INSTRUCTION = Message("IGW1104E", Side.CLIENT, "A processing instruction is not accepted")
    XML_BOUNDS = Message("IGW1105E", Side.CLIENT, "The message exceeds a bound of the parser: {bound}")
    VERSION_MISMATCH = Message("IGW1106E", Side.CLIENT, "The root element is not a SOAP 1.1 or 1.2 Envelope")
    ENVELOPE_SHAPE = Message("IGW1107E", Side.CLIENT, "The envelope is not in order: {reason}")
    BODY_SHAPE = Message("IGW1108E", Side.CLIENT, "The body is not in order: {reason}")
    HREF = Message("IGW1109E", Side.CLIENT, "SOAP encoding (href, encodingStyle, arrayType) is not supported")
    MUST_UNDERSTAND = Message("IGW1110E", Side.CLIENT, "Header {header} must be understood and is not")
    VERSION_CONTENT_TYPE = Message(
        "IGW1111E", Side.CLIENT, "Content-Type {got} does not go with a SOAP {version} envelope"
    )

    # contract
    NO_OPERATION = Message(
        "IGW1201E", Side.CLIENT, "Service {service} has no operation for body element {element}"
    )
    ACTION_MISMATCH = Message(
        "IGW1202E", Side.CLIENT, "Action {action} does not agree with body element {element}"
    )
    ACTION_NEEDED = Message(
        "IGW1203E", Side.CLIENT, "Several operations share body element {element}: an action is needed"
    )
    NOT_VALID = Message("IGW1204E", Side.CLIENT, "The body does not follow the contract: {reason}")
    ADDRESSING = Message("IGW1205E", Side.CLIENT, "WS-Addressing: {reason}")
    SERVICE_STOPPED = Message("IGW1206E", Side.SERVER, "Service {service} is stopped; try again later")

    # WS-Security. The text of a SecurityError is the standard's; these say what the service wants.
    HTTPS_ONLY = Message("IGW1301E", Side.CLIENT, "This service is served over HTTPS only")
    SECURITY_HEADER = Message("IGW1302E", Side.CLIENT, "{standard}")
    NO_DIGEST = Message(
        "IGW1303E",
        Side.CLIENT,
        "PasswordDigest is not supported: the password must reach RACF in clear, so send PasswordText",
    )
    SIGN_ON = Message("IGW1304E", Side.CLIENT, "{standard}")
    PASSWORD_LENGTH = Message(
        "IGW1305E",
        Side.CLIENT,
        "A password of more than 8 characters is not supported: IMS Connect takes no password phrase here",
    )
    TOKEN_NOT_ASKED = Message("IGW1306E", Side.CLIENT, "This service takes no security token")
    REPLAY_STORE = Message(
        "IGW1307E", Side.SERVER, "The gateway cannot tell now whether it has seen this message before"
    )
    SECURITY_SHAPE = Message("IGW1309E", Side.CLIENT, "{standard}; required: {rule}")
    AUTHENTICATOR = Message("IGW1308E", Side.SERVER, "The gateway cannot authenticate anybody at the moment")

    # IMS Connect and IMS
    UNREACHABLE = Message("IGW2001E", Side.SERVER, "IMS Connect {bundle} cannot be reached")
    NO_SOCKET = Message("IGW2002E", Side.SERVER, "No socket to IMS Connect became free in {seconds} s", 503)
    CONNECTION_LOST = Message(
        "IGW2003E",
        Side.SERVER,
        "The connection to IMS Connect was lost after the request was sent: its outcome is unknown",
    )
    SOCKET_TIMEOUT = Message(
        "IGW2004E",
        Side.SERVER,
        "IMS Connect did not answer within {milliseconds} ms: the outcome is unknown",
    )
    BAD_REPLY = Message("IGW2005E", Side.SERVER, "IMS Connect sent a reply that breaks its protocol")
    EXECUTION_TIMEOUT = Message("IGW2006E", Side.SERVER, "IMS did not answer within {milliseconds} ms")
    IMS_CONNECT = Message("IGW2007E", Side.SERVER, "IMS Connect refused the request: {meaning}")
    OTMA = Message("IGW2008E", Side.SERVER, "IMS refused the request: {meaning}")
    DFS = Message("IGW2009E", Side.SERVER, "IMS answered with a message: {text}")
    ROLLED_BACK = Message("IGW2010E", Side.SERVER, "IMS backed the transaction out")
    BUNDLE_SIGN_ON = Message(
        "IGW2013E", Side.SERVER, "The gateway could not sign on to IMS with its own identity"
    )
    NETWORK_IDENTITY = Message(
        "IGW2014E", Side.CLIENT, "The {what} in the token cannot be told to IMS: {reason}"
    )
    XML_ADAPTER = Message("IGW2011E", Side.SERVER, "The XML adapter of IMS Connect failed: {meaning}")
    CONVERSATIONAL = Message(
        "IGW2012E",
        Side.SERVER,
        "Transaction {transaction} is conversational, which is not supported",
        outcome=Outcome.UNKNOWN,
    )
    NOTHING_SENT = Message(
        "IGW2017E", Side.SERVER, "The connection to IMS Connect was lost before anything was sent"
    )
    INTERACTION = Message("IGW2015E", Side.SERVER, "The interaction breaks the rule {rule}: {text}")
    NO_CONVERSATION = Message(
        "IGW2016E",
        Side.SERVER,
        "There is no open conversation of that name: it has ended, or was idle for too long",
    )

    # payload
    UNMAPPABLE = Message(
        "IGW2101E", Side.CLIENT, "Character {character} at position {position} is not in CCSID {ccsid}"
    )
    NOT_TEXT = Message(
        "IGW2102E", Side.SERVER, "The reply of IMS is not text in CCSID {ccsid}", outcome=Outcome.UNKNOWN
    )
    REPLY_NOT_XML = Message(
        "IGW2103E", Side.SERVER, "The reply of IMS is not XML: {text}", outcome=Outcome.UNKNOWN
    )
    REPLY_ELEMENT = Message(
        "IGW2104E",
        Side.SERVER,
        "The reply of IMS is {got}, the contract says {expected}",
        outcome=Outcome.UNKNOWN,
    )
    REQUEST_SIZE = Message(
        "IGW2105E", Side.CLIENT, "The message is too long for IMS: {size} bytes, at most {limit}"
    )

    # ourselves
    INTERNAL = Message("IGW3001E", Side.SERVER, "Internal error", outcome=Outcome.UNKNOWN)
    AUDIT_DOWN = Message(
        "IGW3002E",
        Side.SERVER,
        "The gateway cannot record what it does at the moment, so it does nothing; try again later",
        503,
    )
    NOT_AUDITED = Message(
        "IGW3003E",
        Side.SERVER,
        "The request went to IMS, and the gateway could not record it: IMS may have done it, and the answer is"
        " withheld",
        outcome=Outcome.UNKNOWN,
    )


MESSAGES: Mapping[str, Message] = {m.id: m for m in vars(M).values() if isinstance(m, Message)}


@dataclass(eq=False)
class GatewayError(Exception):
    """An error with a text for the caller and a reason for ourselves.

    `fields` fill the message's text and stand in the fault's detail; nothing secret may go in.
    `private` is for log and audit only.
    """

    message: Message
    fields: Mapping[str, str] = field(default_factory=dict)
    private: str = ""

    @property
    def text(self) -> str:
        """What the caller may read."""
        return self.message.text.format_map(self.fields) if self.fields else self.message.text

    @property
    def outcome(self) -> Outcome:
        """What is known of the request to IMS."""
        return self.message.outcome

    def __str__(self) -> str:
        return f"{self.message.id} {self.text}" + (f" [{self.private}]" if self.private else "")


@dataclass(eq=False)
class MustUnderstandError(GatewayError):
    """Header blocks for us that we do not process (SOAP 1.1 section 4.2.3, SOAP 1.2 part 1 section 2.4)."""

    headers: tuple[tuple[str, str], ...] = ()
    """Namespace and local name of each block not understood."""


@dataclass(eq=False)
class AddressingError(GatewayError):
    """A fault of WS-Addressing 1.0 SOAP Binding, section 6.4."""

    subcode: str = "InvalidAddressingHeader"


@dataclass(eq=False)
class SecurityError(GatewayError):
    """A refusal by the WS-Security judge or by sign-on: carries the standard's fault."""

    fault: WssFault = WssFault.INVALID_SECURITY

    @classmethod
    def header(cls, fault: WssFault, private: str) -> "SecurityError":
        """Refuse in the standard's words, which help a forger least."""
        return cls(M.SECURITY_HEADER, {"standard": fault.text}, private, fault=fault)

    @classmethod
    def shape(cls, fault: WssFault, rule: str, private: str) -> "SecurityError":
        """Refuse a message that is put together wrongly, and say what should hold."""
        return cls(M.SECURITY_SHAPE, {"standard": fault.text, "rule": rule}, private, fault=fault)

    @classmethod
    def sign_on(cls, private: str) -> "SecurityError":
        """Refuse a sign-on: unknown, wrong, revoked, expired and held back look all the same."""
        fault = WssFault.FAILED_AUTHENTICATION
        return cls(M.SIGN_ON, {"standard": fault.text}, private, fault=fault)


@dataclass(eq=False)
class RateLimitedError(GatewayError):
    """More requests than a client, user or service may have."""

    retry_after: int = 1
    """Seconds after which there is room for another one."""

    @classmethod
    def after(cls, seconds: int, private: str) -> "RateLimitedError":
        """Refuse for so many seconds."""
        return cls(M.RATE_LIMITED, {"seconds": str(seconds)}, private, retry_after=seconds)


@dataclass(eq=False)
class ImsError(GatewayError):
    """IMS Connect or IMS answered, and the answer is no.

    `return_code` and `reason_code` are those of the RSM (Return and reason codes for IMS Connect exits),
    `racf_code` is RSM_RACFRC; None where there was no RSM.
    """

    return_code: int | None = None
    reason_code: int | None = None
    racf_code: int | None = None
    sign_on_failed: bool = False
    """The answer means that user, password or group were not accepted."""
    answers_request: bool = False
    """The RSM answered the request itself: no output of the same transaction came before."""
    meaning: CodeMeaning | None = None
    """What the codes say; None where there was no RSM."""
    known: Outcome = Outcome.UNKNOWN
    """What whoever made this error knows of the request."""
    dfs: str = ""
    """Number of the message of IMS that was the answer, as DFS065; empty: none."""

    @property
    def outcome(self) -> Outcome:
        """What the answer says became of the request."""
        return self.known


@dataclass(eq=False)
class TransportError(GatewayError):
    """The way to IMS Connect failed. `maybe_sent` says whether bytes of the request may have left."""

    maybe_sent: bool = True

    @property
    def outcome(self) -> Outcome:
        """What is known of the request to IMS: nothing, once a byte of it may have left."""
        return Outcome.UNKNOWN if self.maybe_sent else Outcome.NOT_SENT


class ConfigError(Exception):
    """The configuration cannot be used; carries every problem found, not only the first."""

    def __init__(self, problems: "tuple[Problem, ...]") -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One line of `imsgw check`: where, and what is wrong there."""

    file: str
    """Relative to the home folder."""
    key: str
    """Dotted path in the file, empty for the file as a whole."""
    text: str
    warning: bool = False
    check: str = field(default="", compare=False)
    """Id of its kind, see `gateway.config.catalogue`. Lines that say the same are one, whoever found them."""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {'warning: ' if self.warning else ''}{self.text}"
