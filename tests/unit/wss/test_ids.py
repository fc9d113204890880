"""One ID, one element: over the whole document and all attributes that anybody takes for IDs."""

import pytest

from gateway.safexml import Bounds, parse
from gateway.wss.ids import IdIndex, judge_ids
from gateway.wss.verdict import RuleBrokenError, Trail

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
SAML1 = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2 = "urn:oasis:names:tc:SAML:2.0:assertion"


def message(header="", body="<x/>", attributes=""):
    return parse(
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:u="{WSU}" xmlns:o="{WSSE}" xmlns:d="{DS}" xmlns:a="{SAML1}"'
        f' xmlns:b="{SAML2}"><s:Header>{header}</s:Header>'
        f"<s:Body {attributes}>{body}</s:Body></s:Envelope>".encode(),
        Bounds(),
    )


def broken(root):
    trail = Trail()
    try:
        judge_ids(root, trail)
    except RuleBrokenError as error:
        assert error.refusal.fault.local_name == "InvalidSecurity"
        return trail.findings[-1].rule.id
    return None


ATTRIBUTES = ['u:Id="v"', 'Id="v"', 'ID="v"', 'id="v"']


@pytest.mark.parametrize("one", [*ATTRIBUTES, 'xml:id="v"'])  # twice xml:id is refused by the parser
@pytest.mark.parametrize("other", [*ATTRIBUTES, ""])
def test_a_value_on_two_elements_is_refused_whichever_attributes_have_it(one, other):
    root = message(f"<h {one}/><h {other}/>")
    assert broken(root) == ("id.unique" if other else None)


@pytest.mark.parametrize("one", ['u:Id="v"', 'Id="v"', 'ID="v"', 'xml:id="v"'])
def test_a_value_in_header_and_payload_is_refused(one):
    assert broken(message(f"<h {one}/>", '<x><y id="v"/></x>')) == "id.unique"
    assert broken(message(f"<h {one}/>", '<x><y id="w"/></x>')) is None
    assert broken(message(f"<h {one}/>", '<x u:Id="v"/>')) == "id.unique"


@pytest.mark.parametrize("name", ["Id", "ID", "u:Id"])
def test_ids_of_a_payload_that_a_reference_could_name_come_once(name):
    assert broken(message(body=f'<x><y {name}="v"/><y {name}="v"/></x>')) == "id.unique"
    assert broken(message(body=f'<x><y {name}="v"/><y {name}="w"/></x>')) is None


def test_a_plain_id_of_a_payload_is_business_data():
    root = message(body='<x><y id="v 1"/><y id="v 1"/><y id=""/><y id="v"/><y id="v"/></x>')
    assert broken(root) is None
    assert IdIndex.of(root).element("v") is None


@pytest.mark.parametrize(
    "reference",
    ['<d:Reference URI="#v"/>', '<o:Reference URI="#v"/>', "<o:KeyIdentifier> v </o:KeyIdentifier>"],
)
def test_a_plain_id_that_something_refers_to_comes_once(reference):
    assert broken(message(reference, '<x><y id="v"/><y id="v"/></x>')) == "id.unique"
    assert broken(message(reference, '<x><y id="v"/></x>')) is None


def test_a_plain_id_outside_the_payload_is_an_id_like_any_other():
    assert broken(message('<h id="v"/><h><i id="v"/></h>')) == "id.unique"
    second = '<s:Body><x id="v"/></s:Body><s:Body><x id="w"/><x id="w"/></s:Body>'
    assert broken(parse(f'<s:E xmlns:s="{SOAP}">{second}</s:E>'.encode(), Bounds())) == "id.unique"


def test_two_attributes_of_one_element_may_agree():
    assert broken(message('<h u:Id="v" Id="v"/>')) is None


def test_an_element_is_referred_to_by_one_of_its_ids_only():
    two = '<h u:Id="v" Id="w"/>'
    one_used = f'{two}<d:Reference URI="#v"/><d:Reference URI="#other"/>'
    assert broken(message(one_used)) is None
    assert broken(message(f'{one_used}<o:Reference URI="#w"/>')) == "id.one"


@pytest.mark.parametrize("value", ["v", "_1", "1abc", "a.b-c_d", "a" * 128])
def test_these_values_are_names(value):
    assert broken(message(f'<h u:Id="{value}"/>')) is None


@pytest.mark.parametrize("value", ["", " v", "v v", "a:b", "é", "-a", ".a", "a" * 129, "#v", "a&#10;"])
def test_these_values_are_not(value):
    assert broken(message(f'<h u:Id="{value}"/>')) == "id.name"


def test_what_names_an_element_depends_on_the_element():
    root = message(
        '<b:Assertion ID="s2"/><b:Assertion u:Id="s2w"/><a:Assertion AssertionID="s1"/><a:Assertion ID="s1w"/>'
        '<x AssertionID="none"/><d:KeyInfo Id="k"/><d:KeyInfo u:Id="kw"/><o:B u:Id="b"/><o:B Id="bw"/>',
        attributes='u:Id="body"',
    )
    ids = IdIndex.of(root)
    assert [name for name in ("s2", "s2w", "s1", "k", "b", "body") if ids.target(name) is None] == []
    assert [name for name in ("s1w", "kw", "bw", "none", "") if ids.target(name) is not None] == []
    assert ids.element("none") is None
    assert ids.attribute("s1") == "AssertionID"
    assert ids.attribute("body") == f"{{{WSU}}}Id"
    assert ids.attribute("none") == ""
    assert ids.target("body") is root[1]


def test_signatures_and_assertions_are_found_wherever_they_hide():
    hidden = "<x><d:Signature><d:Object><b:Assertion/></d:Object></d:Signature></x>"
    ids = IdIndex.of(message(f"<h>{hidden}</h><a:Assertion/>", hidden))
    assert len(ids.signatures) == 2
    assert [element.tag[-9:] for element in ids.assertions] == ["Assertion"] * 3


def test_all_elements_are_counted():
    root = message("<h><i/><!-- no --></h>", "<x><y/><y/></x>")
    assert IdIndex.of(root).size == len(list(root.iter("*")))


def test_what_is_wrong_is_remembered_only_so_often():
    root = message(
        "".join(f'<h Id="v{number}"/><h Id="v{number}"/><h Id="w {number}"/>' for number in range(99))
    )
    ids = IdIndex.of(root)
    assert len(ids.duplicates) == len(ids.malformed) == 20
