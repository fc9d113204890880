"""The frozen records that one callout carries from step to step, in the order in which they come to be."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from gateway.imsconnect.replies import Delivery


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """The tpipe that a message came from: one listener."""

    bundle: str
    tpipe: str

    def __str__(self) -> str:
        return f"{self.bundle}/{self.tpipe}"


@dataclass(frozen=True, slots=True)
class Received:
    """A message of a tpipe, not looked into yet."""

    source: Source
    data: bytes = field(repr=False)
    """The request area of an ICAL, or the segments of an asynchronous message without LL and ZZ, joined."""
    correlation_token: bytes = b""
    """Synchronous: the 40 bytes for the response. Empty: asynchronous."""
    user: str = ""
    """Synchronous: user id of the program that waits (PSTUSID, field of the correlation token)."""
    control_data: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    """Synchronous: tag and data, EBCDIC, of each section of control data; what is no section comes last, with
    an empty tag."""
    network_user: str = ""
    """Distributed identity of whoever called the program, where IMS tells it."""
    network_session: str = ""

    @classmethod
    def of(cls, source: Source, delivery: Delivery) -> Self:
        """Take over what IMS Connect delivered."""
        return cls(
            source=source,
            data=b"".join(delivery.segments) if delivery.request is None else delivery.request,
            correlation_token=delivery.correlation_token,
            user=delivery.user,
            control_data=delivery.control_data,
            network_user=_text(delivery.network_user),
            network_session=_text(delivery.network_session),
        )

    @property
    def synchronous(self) -> bool:
        """Whether a program waits for the answer."""
        return bool(self.correlation_token)


def _text(data: bytes) -> str:
    try:
        return data.decode("cp037").strip(" \x00")
    except ValueError:
        return ""


class Form(Enum):
    """How the payload stands in a message, and so how the response goes back."""

    IOGCALLOUT = "iogcallout"
    BODY = "body"
    TEXT = "text"
    BASE64 = "base64"
    HEX = "hex"


@dataclass(frozen=True, slots=True)
class Request:
    """A message that was read: what its program wants. Nothing of it has been looked up yet."""

    service: str
    """WSID: file name of the WSDL without extension, or the name of the service's folder."""
    operation: str
    payload: Any = field(repr=False)
    """`body`, IOGCALLOUT: the element; the other forms: bytes."""
    form: Form
    ccsid: int
    """Encoding that the message was in: 1208 or the code page of the bundle."""
    namespace: str = ""
    """Target namespace of the WSDL; empty: not said."""
    service_name: str = ""
    """wsdl:service; empty: not said."""
    port: str = ""
    """wsdl:port; empty: the first."""


@dataclass(frozen=True, slots=True)
class Control:
    """What the control data of an ICAL changes about a call; empty: nothing."""

    converter: str = ""
    """DFSCNVTR: converter for the response."""
    origin: str = ""
    """DFSHOSTPORT: scheme, host and port, for example ``http://host1.example.com:8080``."""
    port: str = ""
    """DFSPORTNAME: another port of the WSDL."""
    address: str = ""
    """DFSENDPOINTURL: the whole address."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a request goes: all that a call needs to know of it."""

    service: str
    """Name of the deployed consumer service (its folder)."""
    port: str
    operation: str
    address: str
    """The URL that is called; its host is one of the WSDL or allowed."""
    payload: Any = field(repr=False)
    """The element in the SOAP body."""
    form: Form
    ccsid: int
    """Encoding of the response."""
    converter: str = ""
    """Converter of IMS Connect for the response; empty: that of the correlator."""
    chosen: bool = False
    """The control data chose the address."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a web service."""

    aim: Aim
    source: Source
    message_id: str
    """WS-Addressing MessageID, an absolute URI; the same at each delivery of an asynchronous callout."""
    deadline: float
    """Clock's monotonic seconds when the program is told that nothing came."""
    give_up: float
    """Monotonic seconds when nobody listens any more; not before `deadline`."""
    user: str = ""
    """IMS user that the call is made for; empty: unknown."""
    synchronous: bool = True
    network_user: str = ""
    network_session: str = ""
    traceparent: str = ""
    """W3C trace context for the web service; empty: none."""
