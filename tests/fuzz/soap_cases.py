"""What must hold of the SOAP front for any request, and the requests to try it with.

Plain functions, so that a long run needs no test runner: `python -m tests.fuzz.soap_cases SEED EXAMPLES`.
"""

import random
import sys
from collections import Counter
from typing import Any, Final
from xml.etree import ElementTree as ET

from gateway import safexml
from gateway.errors import GatewayError, M
from gateway.soap.application import SoapApplication
from gateway.soap.contract import load
from tests.fixtures.soap import CORPUS, DIRECTORY, SOAP11, SOAP12, TRACKING_ID, PlainSteps, arrival

BOUNDS: Final = safexml.Bounds(max_bytes=200_000, max_depth=40, max_elements=2000, max_attributes=16)
STATUSES: Final = {200, 202, 400, 415, 500, 503}
CONTENT_TYPES: Final = (
    "text/xml",
    "text/xml; charset=utf-8",
    "text/xml; charset=UTF-16",
    "text/xml; charset=iso-8859-1",
    "application/soap+xml",
    'application/soap+xml; charset=utf-8; action="urn:example:directory#Find"',
    "application/soap+xml; action=x; action=y",
    "multipart/related; boundary=x",
    "",
    "text/xml; charset",
)
ACTIONS: Final = (
    None,
    "",
    '""',
    '"urn:example:directory#Find"',
    '"urn:example:directory#Store"',
    "urn:example:directory:wsa:Find",
    '"',
    "\u00e4\u0100",
)
PIECES: Final = (
    f'<s:Envelope xmlns:s="{SOAP11}">',
    f'<s:Envelope xmlns:s="{SOAP12}">',
    "</s:Envelope>",
    "<s:Header>",
    "</s:Header>",
    "<s:Header/>",
    "<s:Body>",
    "</s:Body>",
    "<s:Body/>",
    '<d:find xmlns:d="urn:example:directory"><d:name>A</d:name></d:find>',
    '<d:person xmlns:d="urn:example:directory"><d:name>A</d:name></d:person>',
    '<note xmlns="urn:example:directory"/>',
    "<d:name>",
    "</d:name>",
    '<a:Action xmlns:a="http://www.w3.org/2005/08/addressing">',
    "</a:Action>",
    '<a:ReplyTo xmlns:a="http://www.w3.org/2005/08/addressing"/>',
    ' s:mustUnderstand="1"',
    ' s:actor="urn:x"',
    ' xsi:nil="true" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
    ' href="#a"',
    ' id="a"',
    ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"',
    "<!DOCTYPE s>",
    "<!-- -->",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?x?>",
    '<?xml version="1.0" encoding="utf-8"?>',
    "&amp;",
    "&lt;",
    "&#x41;",
    "&#0;",
    "&x;",
    "\x00",
    "\ufeff",
    "\U0001f4de",
    " ",
    "\n",
    "<",
    ">",
    "/",
    '"',
    "'",
    "=",
    "&",
    "x",
)


def application() -> SoapApplication:
    """The corpus service."""
    return SoapApplication(load("directory", DIRECTORY))


def seeds() -> list[bytes]:
    """Every message of the corpus."""
    return [path.read_bytes() for path in sorted((CORPUS / "soap").glob("*/*.xml"))]


def check_front(app: SoapApplication, body: bytes, content_type: str, action: str | None) -> str:
    """Check that a request gets a reply or a fault, whatever it is; return which."""
    steps = PlainSteps(bounds=BOUNDS)
    answer = app.handle(arrival(body, content_type, action), steps)
    assert answer.status in STATUSES
    if answer.status == 202:
        assert (answer.body, answer.error) == (b"", None)
        assert len(steps.performed) == 1
        return "accepted"
    root: Any = safexml.parse(answer.body, safexml.Bounds())
    namespace = root.tag[1:].partition("}")[0]
    (payload,) = root.find(f"{{{namespace}}}Body")
    if answer.error is None:
        assert answer.status == 200
        assert payload.tag == "{urn:example:directory}done"
        assert steps.performed == [payload.text]
        return "reply"
    assert payload.tag == f"{{{namespace}}}Fault"
    assert steps.performed == []
    assert answer.error.message is not M.INTERNAL, answer.error
    text = "".join(payload.itertext())
    assert answer.error.message.id in text
    assert TRACKING_ID in text
    return answer.error.message.id


def check_parser(body: bytes) -> str:
    """Check that what our parser takes, expat takes too and finds the same in it."""
    try:
        root: Any = safexml.parse(body, BOUNDS)
    except GatewayError as error:
        return error.message.id
    ours = [(element.tag, dict(element.attrib)) for element in root.iter() if safexml.is_element(element)]
    if not all(name.isascii() for tag, attributes in ours for name in (tag, *attributes)):
        return "parsed, with names that expat, which knows the fourth edition of XML 1.0, may not take"
    other = ET.fromstring(body)
    assert ours == [(element.tag, dict(element.attrib)) for element in other.iter()]
    assert root.xpath("string()") == "".join(other.itertext())
    assert len(ours) <= BOUNDS.max_elements
    return "parsed"


def mutated(choose: random.Random, originals: list[bytes]) -> bytes:
    """Return a message with some things changed that matter to a reader of XML."""
    body = choose.choice(originals)
    for _ in range(choose.choice((0, 1, 1, 2, 3, 8))):
        position = choose.randrange(len(body) + 1)
        end = min(len(body), position + choose.choice((1, 1, 2, 5, 20, 200)))
        kind = choose.randrange(6)
        if kind == 0:
            body = body[:position] + body[end:]
        elif kind == 1:
            body = body[:position] + choose.choice(PIECES).encode() + body[position:]
        elif kind == 2:
            body = body[:end] + body[position:]
        elif kind == 3:
            body = body[:position] + choose.randbytes(end - position) + body[end:]
        elif kind == 4:
            other = choose.choice(originals)
            cut = choose.randrange(len(other) + 1)
            body = body[:position] + other[cut : cut + choose.choice((10, 100, 1000))] + body[position:]
        else:
            body = body[:position] + body[position:end] * choose.choice((2, 3, 50)) + body[end:]
    return body[: BOUNDS.max_bytes + 10]


def assembled(choose: random.Random) -> bytes:
    """Return pieces of messages in no order."""
    text = "".join(choose.choice(PIECES) for _ in range(choose.randrange(30)))
    if choose.random() < 0.3:
        text = f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{text}</s:Body></s:Envelope>'
    return text.encode(choose.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-16-le", "utf-7")))


def message(choose: random.Random, originals: list[bytes]) -> bytes:
    """Return one message to try."""
    kind = choose.random()
    if kind < 0.7:
        return mutated(choose, originals)
    return assembled(choose) if kind < 0.95 else choose.randbytes(choose.randrange(200))


def run(seed: int, examples: int) -> Counter[str]:
    """Try that many requests; return how often each outcome came."""
    choose, originals, app = random.Random(seed), seeds(), application()
    outcomes: Counter[str] = Counter()
    for _ in range(examples):
        body = message(choose, originals)
        content_type = choose.choice(CONTENT_TYPES[:2] * 5 + CONTENT_TYPES)
        outcomes[check_front(app, body, content_type, choose.choice(ACTIONS[:2] * 5 + ACTIONS))] += 1
        outcomes[f"parser: {check_parser(body)}"] += 1
    return outcomes


if __name__ == "__main__":
    for outcome, count in sorted(run(int(sys.argv[1]), int(sys.argv[2])).items()):
        sys.stdout.write(f"{count:8} {outcome}\n")
