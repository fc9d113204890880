"""The tracking id of a request: what its caller knows it by, where he says so and it can be repeated safely.

It stands in faults, headers, logs, records of several formats, and in code page 037 towards IMS. So an id is
taken only if every one of these can hold it as it is: no delimiter, no quote, no blank, no control, nothing
that a spreadsheet takes for a formula. It proves nothing: whoever calls may use one again, his own
or another's. What identifies a request is the id that the gateway has made for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Final

from gateway.envelope import WSA04, WSA10, XML_WHITESPACE, Envelope
from gateway.safexml import Element, is_element
from gateway.tracecontext import TRACEPARENT, parse_traceparent

LONGEST: Final = 128
"""Characters of a tracking id."""
_ID: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:/@+*#~-]{{0,{LONGEST - 1}}}")
_CLARK: Final = re.compile(r"\{[^{}\s]*\}[^\W\d][\w.-]*")
_HEADER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_MESSAGE_IDS: Final = tuple(f"{{{namespace}}}MessageID" for namespace in (WSA10, WSA04))
_PRIVATE_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


class Origin(Enum):
    """Where a tracking id may come from."""

    MESSAGE_ID = "message-id"
    """WS-Addressing MessageID."""
    TRACEPARENT = "traceparent"
    """The trace id of the HTTP header."""
    ELEMENT = "element"
    """A named element of the SOAP header or body."""
    HEADER = "header"
    """A named HTTP header."""


@dataclass(frozen=True, slots=True)
class Source:
    """One place to look for a tracking id."""

    origin: Origin
    name: str = ""
    """Of the element, as ``{namespace}local``, or of the header, in lower case."""

    def __str__(self) -> str:
        return f"{self.origin.value}:{self.name}" if self.name else self.origin.value


@dataclass(frozen=True, slots=True)
class Tracked:
    """What a request is known by."""

    id: str
    by: str = ""
    """The source; empty: made by the gateway."""


def parse_source(text: str) -> Source:
    """Read a source as a configuration writes it. ValueError says in its text what is wrong."""
    kind, colon, name = text.partition(":")
    try:
        origin = Origin(kind)
    except ValueError:
        raise ValueError("is none of message-id, traceparent, element:{namespace}name, header:NAME") from None
    if origin is Origin.ELEMENT and not _CLARK.fullmatch(name):
        raise ValueError('names no element; one reads "element:{urn:example}CorrelationId"')
    if origin is Origin.HEADER:
        return Source(origin, _header(name))
    if origin is not Origin.ELEMENT and colon:
        raise ValueError(f"goes without a name behind {kind}")
    return Source(origin, name)


def _header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError('names no HTTP header; one reads "header:X-Request-ID"')
    if name.lower() in _PRIVATE_HEADERS:
        raise ValueError(f"must not be {name}: what stands there is a secret")
    return name.lower()


def is_tracking_id(text: str) -> bool:
    """Tell whether a text can be a tracking id."""
    return _ID.fullmatch(text) is not None


def header_names(sources: Iterable[Source]) -> tuple[str, ...]:
    """Return the HTTP headers, in lower case, that the sources need besides `traceparent`."""
    return tuple(source.name for source in sources if source.origin is Origin.HEADER)


def tracked(
    made: str,
    sources: Iterable[Source],
    envelope: Envelope | None,
    headers: Mapping[str, str],
) -> Tracked:
    """Return what a request is known by: the first source that has an id of the right form, else `made`.

    `envelope`: None while the message is not read, or where it cannot be. `headers`: by name in lower case.
    Does not raise: an id of another form is no reason to refuse a request.
    """
    for source in sources:
        for text in _offered(source, envelope, headers):
            if is_tracking_id(text):
                return Tracked(text, str(source))
    return Tracked(made)


def _offered(source: Source, envelope: Envelope | None, headers: Mapping[str, str]) -> Iterator[str]:
    """Yield what a source says, at most one text."""
    if source.origin is Origin.TRACEPARENT:
        context = parse_traceparent(headers.get(TRACEPARENT, ""))
        if context is not None:
            yield context.trace_id
    elif source.origin is Origin.HEADER:
        yield headers.get(source.name, "").strip(" \t")
    elif envelope is not None:
        names = _MESSAGE_IDS if source.origin is Origin.MESSAGE_ID else (source.name,)
        yield from _texts(_elements(envelope, names, in_body=source.origin is Origin.ELEMENT))


def _elements(envelope: Envelope, names: tuple[str, ...], *, in_body: bool) -> list[Element]:
    """Return the header blocks for us with one of the names; where there are none, such elements of the body.

    In the body the payload itself, or anything in it, may bear the name.
    """
    found = [block.element for block in envelope.headers if block.for_us and block.element.tag in names]
    return found or (list(islice(envelope.payload.iter(*names), 2)) if in_body else [])


def _texts(elements: list[Element]) -> Iterator[str]:
    """Yield the text of the element; none where there are several, or where it has elements in it."""
    if len(elements) == 1 and not any(is_element(child) for child in elements[0]):
        element = elements[0]
        yield "".join([element.text or "", *(child.tail or "" for child in element)]).strip(XML_WHITESPACE)
