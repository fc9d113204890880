"""Which kind of event a refusal is: by the id of its error and the rule of the judge that was broken."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gateway.audit.kinds import Kind
from gateway.errors import M, Message


class Decision(NamedTuple):
    """The kind, and the category within it."""

    kind: Kind
    category: str


TOKENS: Final[Mapping[str, str]] = MappingProxyType(
    {"none": "None", "username": "UNT", "saml11": "SAML11", "saml20": "SAML20", "bundle": "Bundle"}
)
"""What kinds of security tokens are called in categories."""

_THREATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        M.TOO_LARGE.id: "Size",
        M.HEADER_TOO_LARGE.id: "Size",
        M.REQUEST_SIZE.id: "Size",
        M.XML_BOUNDS.id: "Depth",
        M.DOCTYPE.id: "Entity",
        M.PROCESSING_INSTRUCTION.id: "Entity",
        M.CONTENT_CODING.id: "Compression",
        M.SLOW_CLIENT.id: "SlowClient",
        "IGW1012E": "RateLimit",
    }
)
_WRAPPING: Final = (
    "id.",
    "assertion.place",
    "saml.alone",
    "signature.place",
    "signature.target",
    "signature.coverage",
    "signature.own-assertion",
    "signature.whole-text",
)
"""Beginnings of rules that an honest sender does not break."""
_REPLAY: Final = "replay."

_BACKEND: Final[Mapping[str, str]] = MappingProxyType(
    {
        M.UNREACHABLE.id: "Connect",
        M.NO_SOCKET.id: "Connect",
        M.CONNECTION_LOST.id: "Connect",
        M.NOTHING_SENT.id: "Connect",
        M.SOCKET_TIMEOUT.id: "Timeout",
        M.EXECUTION_TIMEOUT.id: "Timeout",
        M.BAD_REPLY.id: "Protocol",
        M.IMS_CONNECT.id: "NAK",
        M.OTMA.id: "NAK",
        M.XML_ADAPTER.id: "NAK",
        M.DFS.id: "DFS",
        M.ROLLED_BACK.id: "RolledBack",
        M.BUNDLE_SIGN_ON.id: "SignOn",
        M.CONVERSATIONAL.id: "Protocol",
        M.NOT_TEXT.id: "Reply",
        M.REPLY_NOT_XML.id: "Reply",
        M.REPLY_ELEMENT.id: "Reply",
        M.AUTHENTICATOR.id: "Authenticator",
        M.REPLAY_STORE.id: "ReplayStore",
    }
)
_CALLER: Final = frozenset(
    message.id
    for message in (
        M.SECURITY_HEADER,
        M.SECURITY_SHAPE,
        M.SIGN_ON,
        M.NO_DIGEST,
        M.PASSWORD_LENGTH,
        M.TOKEN_NOT_ASKED,
        M.HTTPS_ONLY,
        M.NETWORK_IDENTITY,
    )
)
"""Refusals of who calls, or of how he shows it."""


def decided(message_id: str, rule: str, token: str) -> Decision:
    """Return the kind of a request that was refused; `token`: the kind that its service asks for."""
    if message_id in _THREATS:
        return Decision(Kind.THREAT, _THREATS[message_id])
    if message_id in _BACKEND:
        return Decision(Kind.BACKEND, _BACKEND[message_id])
    if message_id in _CALLER:
        if rule.startswith(_REPLAY):
            return Decision(Kind.THREAT, "Replay")
        if rule.startswith(_WRAPPING):
            return Decision(Kind.THREAT, "SignatureWrap")
        return Decision(Kind.AUTH_FAILURE, TOKENS.get(token, token))
    return Decision(Kind.REFUSED, _GROUPS.get(message_id[3:5], "Gateway"))


def is_about_caller(message_id: str) -> bool:
    """Tell whether an error is a refusal of who calls, or of how he shows it."""
    return message_id in _CALLER


_GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {"10": "HTTP", "11": "Envelope", "12": "Contract", "13": "Security", "20": "IMS", "21": "Payload"}
)
"""What the first two digits of an error's id stand for."""

DATA_IN_TEXT: Final[Mapping[str, Message]] = MappingProxyType(
    {
        message.id: message
        for message in (
            M.NOT_VALID,
            M.NOT_XML,
            M.REPLY_NOT_XML,
            M.NOT_TEXT,
            M.UNMAPPABLE,
            M.DFS,
            M.CHARSET,
            M.ENVELOPE_SHAPE,
            M.BODY_SHAPE,
        )
    }
)
"""Errors whose text may hold a piece of the message: their record has the text of the catalogue, unfilled."""
