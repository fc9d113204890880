"""Attacks with namespaces and headers: small messages that would cost many times their size."""

import resource

import pytest

from gateway.envelope import SoapVersion, read_envelope, require_understood
from gateway.errors import GatewayError, M, MustUnderstandError
from gateway.safexml import LONGEST_NAMESPACE, Bounds, parse
from gateway.soap import faults
from gateway.soap.schema import BodySchema, _in_words
from tests.fixtures.in_process import LAB, SOAP12
from tests.fixtures.standin import USERS


@pytest.fixture
def gateway(in_process, standin_factory):
    return in_process(standin_factory(ims_connect={"racf": True}, users=USERS).port)


@pytest.mark.parametrize("declaration", ["xmlns='{}'", "xmlns:p='{}'", "xmlns:p = '{}'"])
def test_a_very_long_namespace_is_refused_wherever_it_is_declared(declaration):
    at_most = LONGEST_NAMESPACE - len(" " + declaration.format(""))
    parse(f"<a><b {declaration.format('u' * at_most)}/></a>".encode(), Bounds())
    with pytest.raises(GatewayError) as caught:
        parse(f"<a><b {declaration.format('u' * (at_most + 1))}/></a>".encode(), Bounds())
    assert caught.value.message is M.XML_BOUNDS


def test_many_elements_in_one_long_namespace_cost_no_gigabytes(gateway):
    inner = f'<p:echo xmlns:p="{LAB}" xmlns:q="{"u" * 1_000_000}">{"<q:b/>" * 100_000}</p:echo>'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert gateway.post("LabPort", inner).message_id == "IGW1105E"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 10


def not_understood(headers: str) -> bytes:
    message = f'<e:Envelope xmlns:e="{SOAP12}"><e:Header>{headers}</e:Header><e:Body><a/></e:Body></e:Envelope>'
    with pytest.raises(MustUnderstandError) as caught:
        require_understood(read_envelope(parse(message.encode(), Bounds())), ())
    return faults.render(caught.value, SoapVersion.SOAP12, "t").body


def test_a_fault_about_many_headers_is_no_larger_than_one_about_a_few():
    flag = 'e:mustUnderstand="1"'
    body = not_understood("".join(f'<p:h{n} xmlns:p="urn:x" {flag}/>' for n in range(50_000)))
    assert len(body) < 20_000
    assert body.count(b"NotUnderstood ") == 20


def test_a_header_that_occurs_twice_is_told_once():
    header = '<p:h xmlns:p="urn:x" e:mustUnderstand="1"/>'
    assert not_understood(header * 3).count(b"NotUnderstood ") == 1


@pytest.mark.parametrize(
    ("header", "namespace"),
    [
        ('<xml:h e:mustUnderstand="1"/>', "http://www.w3.org/XML/1998/namespace"),
        ('<p:h xmlns:p="urn:x" e:mustUnderstand="1"/>', "urn:x"),
        ('<h xmlns="urn:x" e:mustUnderstand="1"/>', "urn:x"),
    ],
)
def test_the_name_of_a_header_not_understood_has_a_prefix_that_is_declared(header, namespace):
    fault = parse(not_understood(header), Bounds())
    (block,) = fault.iter(f"{{{SOAP12}}}NotUnderstood")
    prefix, _, local = block.get("qname", "").partition(":")
    assert (local, {**block.nsmap, "xml": "http://www.w3.org/XML/1998/namespace"}[prefix]) == ("h", namespace)


def test_a_value_that_reads_like_a_word_of_the_validator_is_neither_told_nor_costly():
    value = "attribute 'SECRET' Expected is ( SECRET " * 100_000
    message = f"Element 'a': '{value}' is not a valid value of the atomic type 'xs:int'."
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    told = _in_words(message, "SCHEMAV_CVC_DATATYPE_VALID_1_2_1", 3)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 5
    assert told == "line 3, element a: a value is not of the declared type"


def test_a_value_stands_neither_in_the_fault_nor_in_the_log(gateway):
    inner = (
        f"<echo xmlns='{LAB}'><milliseconds>attribute 'S3CRET' Expected is ( S3CRET ).</milliseconds></echo>"
    )
    reply = gateway.post("LabPort", inner)
    assert reply.message_id == "IGW1204E"
    assert b"S3CRET" not in reply.body
    assert "S3CRET" not in repr(gateway.events.events)


LONG_NAMESPACE = f"urn:{'x' * 900}"
LIST = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{LONG_NAMESPACE}"
 elementFormDefault="qualified"><xs:element name="list"><xs:complexType><xs:sequence>
  <xs:element name="item" maxOccurs="unbounded"><xs:simpleType><xs:restriction base="xs:string">
   <xs:pattern value="1|(a+)+|t:.*"/></xs:restriction></xs:simpleType></xs:element>
 </xs:sequence></xs:complexType><xs:unique name="u"><xs:selector xpath="none"/><xs:field xpath="."/></xs:unique>
</xs:element></xs:schema>"""


def validate(*items):
    schema = BodySchema({"m:///list": LIST.encode()}, "m:///list")
    inside = "".join(f"<item>{item}</item>" for item in items)
    root = parse(f"<e xmlns:t='urn:t'><list xmlns='{LONG_NAMESPACE}'>{inside}</list></e>".encode(), Bounds())
    schema.validate(root[0])


@pytest.mark.parametrize("count", [1, 998, 999, 1000, 100_000])
def test_a_list_of_any_length_is_valid_when_each_item_is(count):
    validate(*["1"] * count)


@pytest.mark.parametrize("count", [1, 998, 999, 1000, 100_000])
@pytest.mark.parametrize("place", [0, -1])
def test_one_wrong_item_makes_a_list_of_any_length_wrong(count, place):
    items = ["1"] * count
    items[place] = "S3CRET"
    with pytest.raises(GatewayError) as caught:
        validate(*items)
    assert caught.value.message is M.NOT_VALID
    assert "a value does not match the declared pattern" in caught.value.text
    assert "S3CRET" not in caught.value.text


def test_a_list_of_nothing_but_wrong_items_costs_no_more_than_one():
    before = resource.getrusage(resource.RUSAGE_SELF)
    with pytest.raises(GatewayError):
        validate(*["x"] * 190_000)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 10, "it was hours"


def test_many_values_that_take_long_to_check_take_no_longer_than_one():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    with pytest.raises(GatewayError) as caught:
        validate(*["a" * 40 + "b"] * 20_000)
    assert caught.value.message is M.NOT_VALID
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 20
