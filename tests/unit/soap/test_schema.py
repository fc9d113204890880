"""Validation: reasons in words of ours, from any number of threads, and what is validated stays as it was."""

import threading

import pytest

from gateway import safexml
from gateway.errors import GatewayError, M
from gateway.soap.schema import BodySchema
from gateway.soap.schema_sources import XML_ATTRIBUTES
from tests.fixtures.soap import CORPUS

SCHEMA = (CORPUS / "wsdl" / "every-kind.xsd").read_bytes()


@pytest.fixture(scope="module")
def schema():
    return BodySchema({"x:/main": SCHEMA}, "x:/main")


def payload(content: str) -> safexml.Element:
    return safexml.parse(f'<r xmlns="urn:t">\n{content}</r>'.encode(), safexml.Bounds())


def reason(schema: BodySchema, content: str) -> str:
    with pytest.raises(GatewayError) as caught:
        schema.validate(payload(content))
    assert caught.value.message is M.NOT_VALID
    return caught.value.fields["reason"]


REASONS = [
    ("<int>secret</int>", "int", "a value is not of the declared type"),
    ("<list>1 secret</list>", "list", "a value is not of the declared type"),
    ("<union>secret</union>", "union", "a value is of none of the declared types"),
    ("<enum>secret</enum>", "enum", "a value is none of those listed"),
    ("<length>secret</length>", "length", "a value has not the declared length"),
    ("<range>0</range>", "range", "a value is too small"),
    ("<range>9</range>", "range", "a value is too large"),
    ("<digits>12345</digits>", "digits", "a value has too many digits"),
    ("<digits>1.234</digits>", "digits", "a value has too many fraction digits"),
    ("<empty>secret</empty>", "empty", "it must be empty"),
    ("<empty><x/></empty>", "empty", "it must be empty"),
    ("<fixed>secret</fixed>", "fixed", "it does not follow the schema"),
    ("<attr/>", "attr", "a required attribute is missing"),
    ('<attr a="secret"/>', "attr", "a value is not of the declared type (attribute a)"),
    ('<attr a="1" b="secret"/>', "attr", "it has an attribute that is not declared (attribute b)"),
    ('<int a="secret">1</int>', "int", "it takes no attributes"),
    ("<int><x/></int>", "int", "it takes no child elements"),
    ("<abstract/>", "abstract", "its content is not as declared"),
]


@pytest.mark.parametrize(("content", "element", "words"), REASONS)
def test_a_reason_names_line_element_and_clause_but_no_value(schema, content, element, words):
    found = reason(schema, content)
    assert found.startswith(f"line 2, element {{urn:t}}{element}: {words}")
    assert "secret" not in found


@pytest.mark.parametrize(
    "content",
    [
        "<int> 1 </int>",
        "<list>1 2</list>",
        "<union>2026-01-02</union>",
        "<enum>A</enum>",
        "<length>ab</length>",
        "<range>8</range>",
        "<digits>12.34</digits>",
        "<empty/>",
        "<fixed>f</fixed>",
        '<attr a="1"/>',
    ],
)
def test_the_siblings_are_valid(schema, content):
    schema.validate(payload(content))


def test_what_is_expected_is_told(schema):
    words = "its content is not as declared; expected: {urn:t}one, {urn:t}two"
    assert reason(schema, "<pair><x/></pair>") == f"line 2, element {{urn:t}}x: {words}"
    assert reason(schema, "<pair/>") == f"line 2, element {{urn:t}}pair: {words}"


def test_a_value_that_libxml2_gives_up_on_is_not_valid():
    pattern = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
      <xs:element name="r"><xs:simpleType>
        <xs:restriction base="xs:string"><xs:pattern value="(.*a){10}"/></xs:restriction>
      </xs:simpleType></xs:element>
    </xs:schema>"""
    costly = BodySchema({"x:/main": pattern.encode()}, "x:/main")
    costly.validate(safexml.parse(b"<r>aaaaaaaaaaaa</r>", safexml.Bounds()))
    with pytest.raises(GatewayError) as caught:
        costly.validate(safexml.parse(b"<r>" + b"a" * 60 + b"!</r>", safexml.Bounds()))
    assert caught.value.message is M.NOT_VALID
    assert "takes too long" in caught.value.fields["reason"]


def test_validation_adds_no_defaults(schema):
    element = payload('<attr a="1"/>')
    before = safexml.serialize(element)
    schema.validate(element)
    assert safexml.serialize(element) == before


def test_reasons_of_threads_do_not_mix(schema):
    wrong = []

    def run(content: str, words: str) -> None:
        wrong.extend(found for found in (reason(schema, content) for _ in range(40)) if words not in found)

    threads = [threading.Thread(target=run, args=(content, words)) for content, _, words in REASONS]
    threads += [threading.Thread(target=lambda: [schema.validate(payload("<int>1</int>")) for _ in range(200)])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_schema_of_xml_s_own_attributes_compiles():
    BodySchema({"x:/main": XML_ATTRIBUTES}, "x:/main")
