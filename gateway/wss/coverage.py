"""What a message signature must cover, and what it may: nodes of the one tree, compared by identity.

A signature says something about the nodes that it covers and about nothing else. So what is used must be
what is covered, and what is covered must stand where it is used: a signed element that was moved elsewhere is
the mark of signature wrapping (OASIS WSS 1.1.1, section 8.3; SAML Token Profile 1.1.1, section 3.5.2.2).
"""

from collections.abc import Iterable
from typing import Any, Final

from lxml import etree

from gateway.errors import WssFault
from gateway.wss.case import Case
from gateway.wss.names import ASSERTION_11, ASSERTION_20, BINARY_TOKEN, TIMESTAMP, TOKEN_REFERENCE
from gateway.wss.rules import R
from gateway.wss.signature.verify import Covered

_ADDRESSING: Final = frozenset(
    {"http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"}
)
_OF_HEADER: Final = frozenset({TIMESTAMP, BINARY_TOKEN, TOKEN_REFERENCE, ASSERTION_11, ASSERTION_20})
"""Children of our Security header that a sender may sign."""


_XML_SPACE: Final = " \t\r\n"


def judge_targets(case: Case, covered: Covered) -> None:
    """Refuse a signature over anything that stands where nobody looks."""
    strayed = [element for element in covered.elements if not _in_place(case, element)]
    detail = f"{len(strayed)} signed elements elsewhere"
    case.trail.require(R.SIG_TARGETS, not strayed, detail, WssFault.FAILED_CHECK)


def judge_coverage(case: Case, covered: Covered) -> None:
    """Demand that one signature covers the body, the assertion and the Timestamp; addressing all or none."""
    trail, stamp = case.trail, case.timestamp
    complete = stamp is not None and stamp.expires is not None
    trail.require(R.TS_NEEDED, complete, "no Timestamp with Expires", WssFault.INVALID_SECURITY)
    assert stamp is not None
    needed = {"Body": case.envelope.body, "Assertion": case.token, "Timestamp": stamp.element}
    lacking = [name for name, element in needed.items() if not _holds(covered, element)]
    trail.require(R.COVERAGE, not lacking, f"not covered: {', '.join(lacking)}", WssFault.FAILED_CHECK)
    trail.require(R.WHOLE_TEXT, not _cut(case.envelope.body), "a comment in a text", WssFault.FAILED_CHECK)
    headers = [block.element for block in case.envelope.headers if _namespace(block.element) in _ADDRESSING]
    signed = sum(_holds(covered, element) for element in headers)
    all_or_none = signed in {0, len(headers)}
    detail = f"{signed} of {len(headers)} are signed"
    trail.require(R.ADDRESSING, all_or_none, detail, WssFault.FAILED_CHECK)


def words(case: Case, covered: Iterable[Covered]) -> tuple[str, ...]:
    """Name what verified signatures cover: Body, Assertion, Timestamp, and local names of the rest.

    Header blocks of other languages than WS-Addressing have their Clark names, so that none of them is taken
    for the Action.
    """
    names: dict[str, None] = {}
    header = case.security.getparent()
    for element in (element for one in covered for element in one.elements):
        foreign = element.getparent() is header and _namespace(element) not in _ADDRESSING
        local = "Assertion" if element is case.token else str(element.tag).rpartition("}")[2]
        names[str(element.tag) if foreign else local] = None
    return tuple(names)


def _cut(body: Any) -> bool:
    """Tell whether a comment stands in or beside a text of the body.

    It can be put there when all is signed: of `100<!-- -->0` many programs read 100. Between elements tools
    write comments, and nobody reads across them.
    """
    return any(_has_text(comment.tail) or _has_text(_before(comment)) for comment in body.iter(etree.Comment))


def _before(comment: Any) -> str | None:
    previous = comment.getprevious()
    text: str | None = comment.getparent().text if previous is None else previous.tail
    return text


def _has_text(text: str | None) -> bool:
    return bool(text and text.strip(_XML_SPACE))


def _in_place(case: Case, element: Any) -> bool:
    if element is case.envelope.body:
        return True
    parent = element.getparent()
    if parent is case.security:
        return element.tag in _OF_HEADER
    if any(element is block.element for block in case.envelope.headers):
        return element is not case.security
    # a reference of this signature to its own key: the STR inside KeyInfo, whose token is in the header
    return element.tag in {TOKEN_REFERENCE, BINARY_TOKEN} and _inside(element, case.security)


def _inside(element: Any, ancestor: Any) -> bool:
    return any(parent is ancestor for parent in element.iterancestors())


def _holds(covered: Covered, element: Any) -> bool:
    return any(element is one for one in covered.elements)


def _namespace(element: Any) -> str:
    return str(element.tag).rpartition("}")[0][1:]
