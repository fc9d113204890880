"""What a web service has answered: the element in the body, a fault, or no answer at all.

Rules: SOAP 1.1 sections 4 and 6.2, SOAP 1.2 part 1 section 5.4 and part 2 section 7.5, WS-I Basic Profile 1.1
section 3.4. Header blocks of a response are not looked at, whatever they demand: that it is the service's, TLS
has proved, and that it answers our request, the connection has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from gateway.envelope import XML_WHITESPACE, SoapVersion
from gateway.errors import GatewayError, M, WssFault
from gateway.exchange import Secret
from gateway.mediatype import parse_media_type
from gateway.safexml import Bounds, Element, children, is_element, parse
from gateway.soap.outbound.errors import OutboundError, Trouble, no_answer
from gateway.soap.outbound.http import HttpAnswer

LONGEST_CODE: Final = 100
LONGEST_TEXT: Final = 300
"""Characters of a fault's code and text that are passed on."""

_XML_TYPES: Final = frozenset({"text/xml", "application/soap+xml"})
_AGAIN: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_SHORTEST_SECRET: Final = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """What the contract says of the answer."""

    version: SoapVersion
    element: str | None
    """Clark name of the payload; None: one-way, no answer is due."""
    most_bytes: int
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    """What we have sent and nobody may be told, even if the service says it back to us."""

    @property
    def bounds(self) -> Bounds:
        """What the XML of the answer may cost."""
        return Bounds(max_bytes=self.most_bytes, max_elements=max(200_000, self.most_bytes // 50))


def read_reply(answer: HttpAnswer, expected: Expected) -> Element | None:
    """Return the payload of an answer; None: one-way.

    Raises OutboundError: a fault, an error of HTTP, or what is no answer.
    """
    status = answer.status
    if 300 <= status < 400:
        text = f"the web service answered with a redirection (HTTP {status}), which is not followed"
        raise OutboundError(Trouble.ANSWER, text)
    if status == HTTPStatus.OK and expected.element is not None:
        return _payload(answer, expected)
    if 200 <= status < 300 and expected.element is None:
        _raise_fault_of_one_way(answer, expected)
        return None
    if 200 <= status < 300:
        raise no_answer(f"the web service answered without a response ({_status(status)})")
    fault = _fault_in(answer, expected)
    raise fault if fault is not None else _http_error(status)


def _payload(answer: HttpAnswer, expected: Expected) -> Element:
    body = _body(answer, expected)
    version, payload = body
    if payload.tag == f"{{{version.namespace}}}Fault":
        raise _fault(payload, version, expected)
    if version is not expected.version:
        raise no_answer(f"the web service answered in SOAP {version.value}, not {expected.version.value}")
    if payload.tag != expected.element:
        raise no_answer(
            "the body of the web service's response is not the element that its WSDL promises",
            f"{_clean(str(payload.tag), LONGEST_TEXT, expected)} in place of {expected.element}",
        )
    return payload


def _raise_fault_of_one_way(answer: HttpAnswer, expected: Expected) -> None:
    """Raise the fault that came although no answer was due; whatever else came does not matter."""
    fault = _fault_in(answer, expected) if answer.body else None
    if fault is not None:
        raise fault


def _fault_in(answer: HttpAnswer, expected: Expected) -> OutboundError | None:
    """Return the SOAP fault that an answer holds, None: it holds none that can be read."""
    try:
        version, payload = _body(answer, expected)
    except OutboundError:
        return None
    if payload.tag != f"{{{version.namespace}}}Fault":
        return None
    return _fault(payload, version, expected)


def _body(answer: HttpAnswer, expected: Expected) -> tuple[SoapVersion, Element]:
    """Return the version of an answer's envelope and the only element in its body."""
    charset = _charset(answer, expected)
    if not answer.body:
        raise no_answer("the response of the web service is empty")
    try:
        root = parse(answer.body, expected.bounds, charset)
    except GatewayError as error:
        failed = no_answer("the response of the web service is no XML that is read", error.text)
        failed.later = error.message is M.BUSY
        raise failed from None
    return _only_child(root)


def _charset(answer: HttpAnswer, expected: Expected) -> str | None:
    try:
        media = parse_media_type(answer.content_type)
    except ValueError:
        raise no_answer("the response of the web service has no content type") from None
    if media.type.startswith("multipart/"):
        raise no_answer("the response of the web service has attachments, which are not supported")
    if media.type not in _XML_TYPES:
        raise no_answer(
            f"the response of the web service is no SOAP: {_clean(media.type, LONGEST_CODE, expected)}"
        )
    return media.parameter("charset")


def _only_child(root: Element) -> tuple[SoapVersion, Element]:
    version = next((one for one in SoapVersion if root.tag == f"{{{one.namespace}}}Envelope"), None)
    if version is None:
        raise no_answer("the response of the web service is no SOAP envelope")
    body = next((one for one in children(root) if one.tag == f"{{{version.namespace}}}Body"), None)
    found = [] if body is None else [one for one in children(body) if is_element(one)]
    if body is None or len(found) != 1 or _has_text([body.text, *(one.tail for one in children(body))]):
        raise no_answer("the response of the web service has not exactly one element in its body")
    return version, found[0]


def _has_text(texts: Iterable[str | None]) -> bool:
    return any(text and text.strip(XML_WHITESPACE) for text in texts)


def _fault(fault: Element, version: SoapVersion, expected: Expected) -> OutboundError:
    codes, text = _fault_11(fault) if version is SoapVersion.SOAP11 else _fault_12(fault, version)
    locals_ = [code.rpartition(":")[2].strip(XML_WHITESPACE) for code in codes]
    at_sender = not any(local.split(".")[0] in {"Server", "Receiver"} for local in locals_[:1])
    expired = WssFault.MESSAGE_EXPIRED.local_name in locals_
    shown = f"{_clean('/'.join(codes), LONGEST_CODE, expected)}: {_clean(text, LONGEST_TEXT, expected)}"
    return OutboundError(
        Trouble.ANSWER,
        f"the web service answered with a SOAP fault: {shown}",
        later=expired or not at_sender,
        maybe_done=not at_sender,
    )


def _fault_11(fault: Element) -> tuple[list[str], str]:
    """Return code and text. The children have no namespace, but some services give them one."""
    found = {str(one.tag).rpartition("}")[2]: _text(one) for one in children(fault) if is_element(one)}
    return [found.get("faultcode", "").strip(XML_WHITESPACE)], found.get("faultstring", "")


def _fault_12(fault: Element, version: SoapVersion) -> tuple[list[str], str]:
    """Return code with subcodes, from wide to narrow, and the first text."""
    space = f"{{{version.namespace}}}"
    codes: list[str] = []
    code = fault.find(f"{space}Code")
    while code is not None and len(codes) < 10:
        value = code.find(f"{space}Value")
        codes.append("" if value is None else _text(value).strip(XML_WHITESPACE))
        code = code.find(f"{space}Subcode")
    text = fault.find(f"{space}Reason/{space}Text")
    return codes or [""], "" if text is None else _text(text)


def _text(element: Element) -> str:
    return "".join([element.text or "", *(one.tail or "" for one in children(element))])


def _http_error(status: int) -> OutboundError:
    return OutboundError(
        Trouble.ANSWER,
        f"the web service answered with an error ({_status(status)})",
        later=status >= 500 or status in _AGAIN,
        maybe_done=status >= 500 and status != HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _status(status: int) -> str:
    """Return a status with the phrase that the standard has for it, never the one that was sent."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def without_secrets(text: str, secrets: tuple[Secret, ...]) -> str:
    """Return text with stars in place of secrets; those too short to be any are left."""
    for secret in secrets:
        if len(secret.reveal()) >= _SHORTEST_SECRET:
            text = text.replace(secret.reveal(), "***")
    return text


def _clean(text: str, longest: int, expected: Expected) -> str:
    """Return text that may stand in a log and in a message: without secrets, bounded, on one line."""
    text = without_secrets(text, expected.secrets)[: 4 * longest]
    printable = "".join(one if one.isprintable() else " " for one in text)
    text = " ".join(printable.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
