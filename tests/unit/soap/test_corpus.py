"""The corpus of SOAP messages: raw bytes beside what must become of them. See tests/corpus/soap/README.md."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import safexml
from gateway.exchange import Arrival
from tests.fixtures.soap import CORPUS, SOAP12, TRACKING_ID, arrival

SOAP = CORPUS / "soap"
WSA = ("http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing")


def cases(kind: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted((SOAP / kind).glob("*.xml"))]


def read(path: Path) -> tuple[dict[str, Any], Arrival]:
    with path.with_suffix(".toml").open("rb") as file:
        expected = tomllib.load(file)
    return expected, arrival(path.read_bytes(), expected["content_type"], expected.get("soap_action"))


def fault_codes(body: bytes) -> list[str]:
    """Every code of a fault, from general to special, without prefixes."""
    root: Any = safexml.parse(body, safexml.Bounds())
    texts = root.xpath("//*[local-name() = 'faultcode' or local-name() = 'Value']/text()")
    return [text.partition(":")[2] for text in texts]


@pytest.mark.parametrize("path", cases("served"))
def test_a_message_of_the_corpus_is_served(path, directory, steps):
    expected, arrived = read(path)
    answer = directory.handle(arrived, steps)
    assert answer.error is None
    assert answer.status == expected["status"]
    assert steps.performed == [expected["operation"]]
    if answer.status == 202:
        assert answer.body == b""
        return
    root: Any = safexml.parse(answer.body, safexml.Bounds())
    assert root.xpath("string(//*[local-name() = 'done'])") == expected["operation"]
    assert (SOAP12 in root.tag) == ("application/soap+xml" in expected["content_type"])
    related = [text for ns in WSA for text in root.xpath("//w:RelatesTo/text()", namespaces={"w": ns})]
    assert related == ([expected["relates_to"]] if "relates_to" in expected else [])


@pytest.mark.parametrize("path", cases("refused"))
def test_a_message_of_the_corpus_is_refused_and_never_performed(path, directory, steps):
    expected, arrived = read(path)
    answer = directory.handle(arrived, steps)
    assert steps.performed == []
    assert answer.error is not None
    assert (answer.error.message.id, answer.status) == (expected["id"], expected["status"])
    assert fault_codes(answer.body)[-1] == expected["code"]
    root: Any = safexml.parse(answer.body, safexml.Bounds())
    text = root.xpath("string(//*[local-name() = 'faultstring' or local-name() = 'Text'])")
    assert text.startswith(expected["id"])
    assert text.endswith(f"(tracking id {TRACKING_ID})")


def test_every_message_of_the_corpus_has_its_expectation_and_the_reverse():
    for kind in ("served", "refused"):
        messages = {path.stem for path in (SOAP / kind).glob("*.xml")}
        assert messages == {path.stem for path in (SOAP / kind).glob("*.toml")}
        assert messages
