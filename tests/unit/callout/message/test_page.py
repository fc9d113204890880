"""docs/callout-messages.md says what the product does."""

import re
from pathlib import Path

import pytest

from gateway.callout.codes import MEANINGS, CalloutError, Status
from gateway.callout.deployment import Deployed
from gateway.callout.ical import LONGEST, TAGS
from gateway.callout.values import Form
from gateway.config.model import Consumer, ConsumerSettings
from gateway.soap.consumer import load_consumer
from tests.unit.callout.message.deployed import received

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs/callout-messages.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
ITEM = re.compile(r"05 +(?P<name>\S+) +PIC (?P<kind>[X9])\((?P<size>\d+)\) VALUE\s+(?P<value>'[^']*'|\w+)\.")


def block(language, beginning):
    [found] = [text for kind, text in BLOCKS if kind == language and beginning in text]
    return found


@pytest.fixture(scope="module")
def reader(deploying):
    """The rating service of the example home, as the page has it."""
    path = ROOT / "wsdl/rating/rating.wsdl"
    given = {"role": "consumer", "wsdl": "rating.wsdl", "bundles": ["ims1"], "operations": {"*": {}}}
    raw = {"RATESAML": {"operation": "Rate", "form": "body"}}
    settings = ConsumerSettings.model_validate(given | {"raw": raw, "validate": True})
    return deploying.reader(Deployed(Consumer("rating", path, settings), load_consumer("rating", path)))


def aim(reader, data, tpipe="TPIPE1"):
    message = received(data, tpipe=tpipe)
    return reader.aim(reader.read(message), message)


def area(text, **moved):
    """Return a COBOL structure as bytes of EBCDIC, some of its fields moved to."""
    values = []
    for line in text.splitlines():
        assert len(line) <= 72, "the last column of COBOL"
    for found in ITEM.finditer(text):
        size, value = int(found["size"]), found["value"].strip("'")
        value = moved.get(found["name"], "" if value == "SPACES" else value)
        assert len(value) <= size
        assert found["name"] != "FILLER" or len(value) == size
        values.append(value.ljust(size) if found["kind"] == "X" else value.rjust(size, "0"))
    assert len(values) == text.count(" PIC ")
    return "".join(values).encode("cp1140")


@pytest.mark.parametrize("codec", ["cp1140", "utf-8"])
def test_the_iogcallout_of_the_page_is_one(reader, codec):
    call = aim(reader, block("xml", "<IOGCallout").encode(codec))
    assert (call.service, call.port, call.operation) == ("rating", "RatingPort", "Rate")
    assert call.form is Form.IOGCALLOUT


def test_the_structures_of_the_page_are_messages(reader):
    payload = '<rate xmlns="urn:ims-gateway:example:rating"><product>A</product><amount>1</amount></rate>'
    data = area(block("cobol", "CALLOUT-REQUEST"), **{"CR-PAYLOAD": payload})
    assert aim(reader, data + b"\x40" * 80).operation == "Rate"
    assert aim(reader, data + b"\x00" * 80).operation == "Rate"
    with pytest.raises(CalloutError):
        aim(reader, area(block("cobol", "CALLOUT-REQUEST"), **{"CR-PAYLOAD": payload + "\x00"}))
    call = aim(reader, area(block("cobol", "RATE-REQUEST")), tpipe="RATESAML")
    assert [child.text for child in call.payload] == ["HOUSEHOLD", "00025000"]


def rows(heading):
    section = PAGE.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith("| ---")
    ]


def test_the_codes_of_the_page_are_those_there_are():
    codes = {row[0]: row[1] for row in rows("## What comes back")[1:]}
    assert codes == {str(status.value): MEANINGS[status] for status in Status}
    assert (
        block("", "SOAP Gateway Error").strip()
        == CalloutError(Status.NOT_ALLOWED, MEANINGS[Status.NOT_ALLOWED]).response
    )


def test_the_tags_of_the_page_are_those_there_are():
    assert {row[0].strip("`") for row in rows("## Control data")[1:]} == set(TAGS)
    assert f"at most {LONGEST} characters" in PAGE


def test_the_forms_of_the_page_are_those_there_are():
    assert {row[0].strip("`") for row in rows("## Raw messages")[1:]} == {form.value for form in Form} - {
        "iogcallout"
    }
