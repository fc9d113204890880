"""Shape of envelopes beyond the corpus of messages: what is read out of them, and the rules one by one."""

import pytest

from gateway.envelope import (
    Envelope,
    SoapVersion,
    read_envelope,
    refuse_references,
    require_understood,
)
from gateway.errors import GatewayError, M, MustUnderstandError, SecurityError, WssFault
from gateway.safexml import Bounds, Element, parse
from tests.fixtures.soap import FIND, SOAP11, SOAP12, envelope

ENC11 = "http://schemas.xmlsoap.org/soap/encoding/"
ENC12 = "http://www.w3.org/2003/05/soap-encoding"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def tree(data: bytes | str) -> Element:
    return parse(data.encode() if isinstance(data, str) else data, Bounds())


def read(body: str = FIND, headers: str = "", namespace: str = SOAP11) -> Envelope:
    return read_envelope(tree(envelope(body, headers, namespace)))


def refused(body: str = FIND, headers: str = "", namespace: str = SOAP11) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        read(body, headers, namespace)
    return caught.value


@pytest.mark.parametrize(("namespace", "version"), [(SOAP11, SoapVersion.SOAP11), (SOAP12, SoapVersion.SOAP12)])
def test_an_envelope_keeps_the_elements_of_the_one_tree(namespace, version):
    root = tree(envelope(FIND, '<x:h xmlns:x="urn:x"/>', namespace))
    read_in = read_envelope(root)
    assert (read_in.version, read_in.root) == (version, root)
    assert read_in.headers[0].element is root[0][0]
    assert read_in.body is root[1]
    assert read_in.payload is root[1][0]


def test_the_versions_know_their_names():
    assert SoapVersion.SOAP11.content_type == "text/xml"
    assert SoapVersion.SOAP12.content_type == "application/soap+xml"
    assert SoapVersion.SOAP11.other is SoapVersion.SOAP12
    assert SoapVersion.SOAP12.other is SoapVersion.SOAP11
    assert SoapVersion.SOAP11.next_role == "http://schemas.xmlsoap.org/soap/actor/next"


@pytest.mark.parametrize(
    ("namespace", "attribute", "for_us"),
    [
        (SOAP11, "", True),
        (SOAP11, 's:actor=""', True),
        (SOAP11, 's:actor="http://schemas.xmlsoap.org/soap/actor/next"', True),
        (SOAP11, 's:actor="HTTP://schemas.xmlsoap.org/soap/actor/next"', False),
        (SOAP11, 's:actor="http://schemas.xmlsoap.org/soap/actor/next/"', False),
        (SOAP11, f's:actor="{SOAP12}/role/next"', False),
        (SOAP11, 's:actor="urn:other"', False),
        (SOAP11, 'actor="urn:other"', True),
        (SOAP12, "", True),
        (SOAP12, 's:role=""', True),
        (SOAP12, f's:role="{SOAP12}/role/next"', True),
        (SOAP12, f's:role="{SOAP12}/role/ultimateReceiver"', True),
        (SOAP12, f's:role="{SOAP12}/role/none"', False),
        (SOAP12, 's:role="http://schemas.xmlsoap.org/soap/actor/next"', False),
        (SOAP12, 's:role="urn:other"', False),
    ],
)
def test_actor_and_role_say_who_a_block_is_for(namespace, attribute, for_us):
    block = read(headers=f'<x:h xmlns:x="urn:x" {attribute}/>', namespace=namespace).headers[0]
    assert block.for_us is for_us


@pytest.mark.parametrize(
    ("namespace", "value", "must"),
    [
        (SOAP11, "0", False),
        (SOAP11, "1", True),
        (SOAP12, "0", False),
        (SOAP12, "1", True),
        (SOAP12, "true", True),
        (SOAP12, "false", False),
        (SOAP12, " true\n", True),
    ],
)
def test_must_understand_is_read_by_the_rules_of_its_version(namespace, value, must):
    block = read(headers=f'<x:h xmlns:x="urn:x" s:mustUnderstand="{value}"/>', namespace=namespace).headers[0]
    assert block.must_understand is must


@pytest.mark.parametrize(
    ("namespace", "value"),
    [(SOAP11, v) for v in ("true", "false", " 1", "01", "", "2")]
    + [(SOAP12, v) for v in ("TRUE", "yes", "", "2", "1 0")],
)
def test_other_values_of_must_understand_are_refused(namespace, value):
    error = refused(headers=f'<x:h xmlns:x="urn:x" s:mustUnderstand="{value}"/>', namespace=namespace)
    assert error.message is M.ENVELOPE_SHAPE


@pytest.mark.parametrize("attribute", ["mustUnderstand", "role", "actor", "relay"])
def test_soap_attributes_of_the_other_version_are_no_way_around_ours(attribute):
    header = f'<x:h xmlns:x="urn:x" xmlns:o="{{}}" o:{attribute}="1"/>'
    assert refused(headers=header.format(SOAP12)).message is M.ENVELOPE_SHAPE
    assert refused(headers=header.format(SOAP11), namespace=SOAP12).message is M.ENVELOPE_SHAPE


def test_on_a_security_header_they_are_an_error_of_security():
    namespace = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    error = refused(headers=f'<w:Security xmlns:w="{namespace}" xmlns:o="{SOAP12}" o:mustUnderstand="1"/>')
    assert isinstance(error, SecurityError)
    assert error.fault is WssFault.INVALID_SECURITY


def test_blocks_nobody_understands_are_listed_all_and_only_those_for_us():
    headers = (
        '<a:one xmlns:a="urn:a" s:mustUnderstand="1"/><a:two xmlns:a="urn:a"/>'
        '<b:three xmlns:b="urn:b" s:mustUnderstand="1"/>'
        '<b:four xmlns:b="urn:b" s:mustUnderstand="1" s:actor="urn:other"/>'
        '<b:known xmlns:b="urn:b" s:mustUnderstand="1"/>'
    )
    with pytest.raises(MustUnderstandError) as caught:
        require_understood(read(headers=headers), {"{urn:b}known"})
    assert caught.value.headers == (("urn:a", "one"), ("urn:b", "three"))
    assert caught.value.fields == {"header": "{urn:a}one, {urn:b}three"}
    require_understood(read(headers=headers), {"{urn:a}one", "{urn:b}three", "{urn:b}known"})


def test_a_long_list_of_long_names_is_cut_in_the_text():
    headers = "".join(f'<a:{"n" * 500}{i} xmlns:a="urn:a" s:mustUnderstand="1"/>' for i in range(50))
    with pytest.raises(MustUnderstandError) as caught:
        require_understood(read(headers=headers), ())
    assert len(caught.value.fields["header"]) < 1100


@pytest.mark.parametrize(
    "payload",
    [
        f'<p xmlns="urn:p" s:encodingStyle="{ENC11}"/>',
        '<p xmlns="urn:p" s:encodingStyle="urn:any"/>',
        f'<p xmlns="urn:p"><q xmlns:s12="{SOAP12}" s12:encodingStyle="{ENC12}"/></p>',
        f'<p xmlns="urn:p" xmlns:e="{ENC11}" e:arrayType="x[1]"/>',
        f'<p xmlns="urn:p" xmlns:e="{ENC12}" e:itemType="x"/>',
        f'<p xmlns="urn:p"><q xmlns:e="{ENC12}" e:id="1"/></p>',
        f'<p xmlns="urn:p"><q xmlns:e="{ENC12}" e:ref="1"/></p>',
        f'<p xmlns="urn:p"><e:string xmlns:e="{ENC11}"/></p>',
        f'<e:Struct xmlns:e="{ENC11}"/>',
        f'<p xmlns="urn:p" xmlns:i="{XSI}" xmlns:e="{ENC11}" i:type="e:Array"/>',
        f'<p xmlns="urn:p" xmlns:i="{XSI}"><q xmlns:e="{ENC12}" i:type=" e:int "/></p>',
        f'<p:p xmlns:p="urn:p" xmlns:i="{XSI}"><q xmlns="{ENC11}"/></p:p>',
        f'<p:p xmlns:p="urn:p" xmlns:i="{XSI}" xmlns="{ENC11}" i:type="Array"/>',
    ],
)
def test_soap_encoding_is_refused_where_it_is_announced(payload):
    assert refused(payload).message is M.HREF


@pytest.mark.parametrize(
    "payload",
    [
        '<p xmlns="urn:p" s:encodingStyle=""/>',
        f'<p xmlns="urn:p" s:encodingStyle="{SOAP12}/encoding/none"/>',
        f'<p xmlns="urn:p" xmlns:e="{ENC11}"/>',
        f'<p xmlns="urn:p" xmlns:e="{ENC11}">e:Array</p>',
        f'<p xmlns="urn:p" xmlns:i="{XSI}" xmlns:e="{ENC11}" xmlns:q="urn:q" i:type="q:Array"/>',
        '<p xmlns="urn:p" arrayType="x[1]" encodingStyle="urn:x" id="1" href="#1"/>',
        '<p xmlns="urn:p" xmlns:l="http://www.w3.org/1999/xlink" l:href="#1"/>',
    ],
)
def test_what_only_looks_like_soap_encoding_is_not(payload):
    assert read(payload).payload.tag == "{urn:p}p"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ('<p xmlns="urn:p"><q href="#1"/></p>', M.HREF),
        ('<p xmlns="urn:p" href="#1"/>', M.HREF),
        ('<p xmlns="urn:p"><q href="cid:x"><!-- c --> </q></p>', None),
        ('<p xmlns="urn:p"><q href="cid:x"> </q></p>', M.HREF),
        ('<p xmlns="urn:p"><q href="#1">text</q></p>', None),
        ('<p xmlns="urn:p"><q href="#1"><r/></q></p>', None),
        ('<p xmlns="urn:p"><q href="http://example.com/"/></p>', None),
        ('<p xmlns="urn:p"><q id="1"/></p>', None),
        ('<p xmlns="urn:p" xmlns:l="http://www.w3.org/1999/xlink"><q l:href="#1"/></p>', None),
        ('<p xmlns="urn:p"><!-- href="#1" --></p>', None),
    ],
)
def test_references_are_elements_without_content_and_with_a_local_href(payload, message):
    if message is None:
        refuse_references(tree(payload))
        return
    with pytest.raises(GatewayError) as caught:
        refuse_references(tree(payload))
    assert caught.value.message is message


def test_many_types_below_many_declarations_are_checked_in_little_time():
    """256 declarations times 60,000 types: looked up one by one it would be minutes."""
    declarations = " ".join(f'xmlns:n{n}="urn:{n}"' for n in range(64))
    text = f'<p xmlns="urn:p" xmlns:i="{XSI}"><q {declarations}>' + '<r i:type="n1:x"/>' * 60_000 + "</q></p>"
    assert len(read(text).payload[0]) == 60_000


@pytest.mark.parametrize(
    "where", ["{0}<s:Body><p/></s:Body>", "<s:Body>{0}<p/></s:Body>", "<s:Body><p/>{0}</s:Body>"]
)
@pytest.mark.parametrize("text", ["x", "\u00a0", "&#x2003;", "<![CDATA[x]]>", "<!-- c -->x"])
def test_stray_text_is_refused_and_only_xml_white_space_is_none(where, text):
    data = f'<s:Envelope xmlns:s="{SOAP11}">{where}</s:Envelope>'
    with pytest.raises(GatewayError) as caught:
        read_envelope(tree(data.format(text)))
    assert caught.value.message in {M.ENVELOPE_SHAPE, M.BODY_SHAPE}
    assert read_envelope(tree(data.format(" \t\r\n<!-- c -->"))).payload.tag == "p"


def test_a_nested_header_or_body_is_not_mistaken_for_ours():
    wrapped = f'<x:wrapper xmlns:x="urn:x"><s:Body>{FIND}</s:Body></x:wrapper>'
    assert refused(headers="<s:Header/>").message is M.ENVELOPE_SHAPE
    assert read(headers=wrapped).payload.tag == "{urn:example:directory}find"
