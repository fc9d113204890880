"""What must hold of any callout message and any control data, and the messages to try it with.

Plain functions, so that a long run needs no test runner:
`python -m tests.fuzz.callout_message_cases SEED EXAMPLES`.

The invariants: reading and aiming end in a value or in a CalloutError of the statuses that are theirs; what
errors tell repeats nothing of the payload; the address is one that is allowed; the payload is the operation's
element, and can be said to IMS again as the tree that it was.
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.callout.address import read_address
from gateway.callout.codes import CalloutError, Status
from gateway.callout.encoding import read_document
from gateway.callout.ical import TAGS
from gateway.callout.message import MessageReader
from gateway.callout.values import Aim, Form, Received
from gateway.safexml import Bounds
from tests.fuzz.wire_cases import mutated
from tests.unit.callout.message.deployed import PAYLOAD, Deploying, iogcallout, received

BOUNDS: Final = Bounds(max_bytes=100_000, max_depth=40, max_elements=1000, max_attributes=16)
SECRET: Final = "S3CRET"
READ: Final = {Status.RECEIVING_DISCARDED, Status.PARSING_DISCARDED}
AIMED: Final = {
    Status.INVOKING, Status.PORT_NOT_FOUND, Status.PORT_NAME_EMPTY, Status.CONTROL_DATA_LENGTH,
    Status.ENDPOINT_URL_EMPTY, Status.IP_ADDRESS, Status.HOST_NAME, Status.NOT_ALLOWED, Status.BAD_ADDRESS,
    Status.CONVERTER_NAME,
}  # fmt: skip
ALLOWED: Final = (
    "https://rating.example.com/", "http://second.example.com:8080/", "https://small.example.com/",
    "https://allowed.example/", "http://10.1.2.3:", "http://10.1.2.3/",
)  # fmt: skip
_TEXTS: Final = (
    iogcallout(),
    iogcallout(f'<rate xmlns="urn:rating"><age>30</age><name>{SECRET} €</name></rate>'),
    iogcallout(f'<echo xmlns="urn:rating">{SECRET}</echo>', Operation="Echo", Port="SecondPort"),
    iogcallout('<r:rate xmlns:r="urn:rating" xmlns:x="urn:x" x:y="r:z"><!-- c --><r:age> 1 </r:age></r:rate>'),
    PAYLOAD,
    f'<?xml version="1.0" encoding="IBM-1140"?>{iogcallout()}',
)
SEEDS: Final = tuple(
    text.encode(codec, "xmlcharrefreplace") for text in _TEXTS for codec in ("cp1140", "utf-8", "utf-16")
)
_VALUES: Final = (
    "RATED", "RatingPort", "SmallPort", "https://allowed.example", "http://10.1.2.3:8080", "http://10.1.2.3:80/a?b",
    "https://rating.example.com/x", "https://evil.example/", "http://127.0.0.1/", "https://rating.example.com@evil/",
    "",
)  # fmt: skip
_TPIPES: Final = ("TPIPE1", "TPIPE1", "TPIPE1", "BODY", "TEXT", "BASE64", "HEX")


def reader(folder: Path) -> MessageReader:
    """Return a reader with a service for IOGCallouts and one for each form of raw messages."""
    deploying = Deploying(folder)
    services = [deploying.service()]
    for form in ("body", "text", "base64", "hex"):
        operation = "Rate" if form == "body" else "Note" if form == "hex" else "Echo"
        table = {form.upper(): {"operation": operation, "form": form}}
        services.append(deploying.service(form, form, raw=table))
    return deploying.reader(*services, bounds=BOUNDS, allowed_hosts=["allowed.example", "http://10.1.2.3:*"])


def run(under_test: MessageReader, seed: int, examples: int) -> Counter[str]:
    """Try so many changed messages; return how often each ending was seen."""
    choose = random.Random(seed)
    return Counter(check(under_test, message(choose)) for _ in range(examples))


def message(choose: random.Random) -> Received:
    """Return a message with some control data, most of them changed somewhere."""
    data = choose.choice(SEEDS)
    if choose.random() < 0.7:
        data = mutated(data, choose)
    sections = []
    for _ in range(choose.choice((0, 0, 1, 1, 2))):
        value = choose.choice(_VALUES).encode("cp1140")
        sections.append((choose.choice(TAGS), mutated(value, choose) if choose.random() < 0.3 else value))
    return received(data, *sections, tpipe=choose.choice(_TPIPES))


def check(under_test: MessageReader, one: Received) -> str:
    """Assert the invariants for one message; return how it ended."""
    try:
        request = under_test.read(one)
    except CalloutError as error:
        return _ended(error, READ)
    try:
        aim = under_test.aim(request, one)
    except CalloutError as error:
        return _ended(error, AIMED)
    address = str(read_address(aim.address, "x"))
    assert address == aim.address
    assert address.startswith(ALLOWED), address
    assert aim.chosen or "allowed.example" not in address
    _comes_back(under_test, aim, one.data)
    return "aimed"


def _ended(error: CalloutError, expected: set[Status]) -> str:
    assert error.status in expected, error
    assert SECRET not in str(error)
    return str(error.status.value)


def _comes_back(under_test: MessageReader, aim: Aim, data: bytes) -> None:
    answer = under_test.response(aim, aim.payload)
    if aim.form in {Form.BASE64, Form.HEX}:
        assert answer == data
    elif aim.form is Form.TEXT:
        assert answer == data.rstrip(b"\x00")
    else:
        # a comment is left out where the code page lacks one of its characters
        root, _ = read_document(answer, aim.ccsid, Bounds())
        assert _said(root) == _said(aim.payload)


def _said(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", with_comments=False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        endings = run(reader(Path(folder)), int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{dict(endings)}\n")
