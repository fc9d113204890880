"""Where the value of a payload stands. What is built is judged by the compiled schema of the same contract."""

from pathlib import Path

import pytest

from gateway.safexml import Bounds, parse
from gateway.soap.consumer import load_consumer
from gateway.soap.single_value import read_value, single_value

CORPUS = Path(__file__).parents[2] / "corpus" / "wsdl" / "served"

_WSDL = """\
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
 <types><xs:schema targetNamespace="urn:t" elementFormDefault="{form}">{schema}
  <xs:simpleType name="Code"><xs:restriction base="xs:string"/></xs:simpleType>
  <xs:complexType name="Measured"><xs:simpleContent><xs:extension base="xs:string">
   <xs:attribute name="unit"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="One"><xs:sequence><xs:element name="v" type="xs:string"/></xs:sequence></xs:complexType>
  <xs:complexType name="Same"><xs:complexContent><xs:extension base="t:One"/>
  </xs:complexContent></xs:complexType>
  <xs:complexType name="Two"><xs:complexContent><xs:extension base="t:One"><xs:sequence>
   <xs:element name="w" type="xs:string"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:group name="Group"><xs:sequence><xs:element name="v" type="xs:string"/></xs:sequence></xs:group>
  <xs:element name="global" type="xs:string"/>
 </xs:schema></types>
 <message name="in"><part name="p" element="t:in"/></message>
 <portType name="P"><operation name="Op"><input message="t:in"/></operation></portType>
 <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="Op"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation>
 </binding>
 <service name="S"><port name="Port" binding="t:B"><soap:address location="http://host/"/></port></service>
</definitions>
"""


def contract(folder, schema, form="qualified"):
    path = folder / "c.wsdl"
    path.write_text(_WSDL.format(schema=schema, form=form))
    return load_consumer("c", path)


def place(loaded):
    return single_value(loaded, loaded.ports["Port"], "Op")


def sequence(*children, order="sequence"):
    inner = "".join(children)
    return (
        f'<xs:element name="in"><xs:complexType><xs:{order}>{inner}</xs:{order}></xs:complexType></xs:element>'
    )


V = '<xs:element name="v" type="xs:string"/>'


@pytest.mark.parametrize(
    ("schema", "child"),
    [
        ('<xs:element name="in" type="xs:string"/>', ""),
        ('<xs:element name="in" type="t:Code"/>', ""),
        ('<xs:element name="in" type="t:Measured"/>', ""),
        ('<xs:element name="in"><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType></xs:element>', ""),
        (sequence(V), "{urn:t}v"),
        (sequence(V, order="all"), "{urn:t}v"),
        (sequence(V, order="choice"), "{urn:t}v"),
        (sequence('<xs:element name="v" type="t:Code" minOccurs="0" nillable="true"/>'), "{urn:t}v"),
        (sequence('<xs:element name="v" type="xs:string" form="unqualified"/>'), "v"),
        (sequence('<xs:element ref="t:global"/>'), "{urn:t}global"),
        (sequence('<xs:group ref="t:Group"/>'), "{urn:t}v"),
        ('<xs:element name="in" type="t:One"/>', "{urn:t}v"),
        ('<xs:element name="in" type="t:Same"/>', "{urn:t}v"),
    ],
)
def test_a_payload_with_one_place_for_text(tmp_path, schema, child):
    loaded = contract(tmp_path, schema)
    found = place(loaded)
    assert (found.element, found.child) == ("{urn:t}in", child)
    payload = found.build("1")
    loaded.validate(payload)
    assert read_value(payload) == "1"


def test_an_unqualified_child_is_built_without_namespace(tmp_path):
    loaded = contract(tmp_path, sequence(V), form="unqualified")
    found = place(loaded)
    assert found.child == "v"
    loaded.validate(found.build("1"))


@pytest.mark.parametrize(
    "schema",
    [
        sequence(),
        sequence(V, '<xs:element name="w" type="xs:string" minOccurs="0"/>'),
        sequence(V, '<xs:any namespace="##other" minOccurs="0"/>'),
        sequence('<xs:any namespace="##other"/>'),
        sequence('<xs:element name="v" type="t:One"/>'),
        '<xs:element name="in" type="t:Two"/>',
        '<xs:element name="in"><xs:complexType/></xs:element>',
    ],
)
def test_a_payload_without(tmp_path, schema):
    assert place(contract(tmp_path, schema)) is None


def test_over_the_corpus_what_is_built_is_valid():
    built = 0
    for folder in sorted(CORPUS.iterdir()):
        for path in sorted(folder.glob("*.wsdl")):
            if path.stem != "service" and len(list(folder.glob("*.wsdl"))) > 1:
                continue
            loaded = load_consumer("c", path, folder=folder)
            for port in loaded.ports.values():
                for operation in port.operations:
                    found = single_value(loaded, port, operation)
                    if found is not None:
                        loaded.validate(found.build("1"))
                        built += 1
    assert built > 10


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a/>", ""),
        ("<a>x</a>", "x"),
        ("<a> x </a>", " x "),
        ("<a>x<!-- c -->y</a>", "xy"),
        ("<a><b>x</b></a>", "x"),
        ("<a>\n <b>x</b>\n</a>", "x"),
        ("<a><!-- c --><b>x<!-- d --></b></a>", "x"),
        ("<a><b/></a>", ""),
    ],
)
def test_the_value_of_a_payload(text, value):
    assert read_value(parse(text.encode(), Bounds())) == value


@pytest.mark.parametrize("text", ["<a><b/><c/></a>", "<a>x<b/></a>", "<a><b/>x</a>", "<a><b><c/></b></a>"])
def test_more_than_one_value(text):
    with pytest.raises(ValueError, match="value"):
        read_value(parse(text.encode(), Bounds()))
