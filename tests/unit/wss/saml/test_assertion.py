"""Assertions of both versions against the corpora, the schema of SAML 2.0 and mutations."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import onelogin.saml2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import SecurityError
from gateway.safexml import serialize
from gateway.wss.rules import RULES
from gateway.wss.saml.assertion import until
from gateway.wss.saml.grammar import MAX_ELEMENTS
from gateway.wss.verdict import RuleBrokenError, TokenKind, Trail
from tests.unit.wss.saml.cases import CASES, FORMATS, NOW, judged

ACCEPTED = [case for case in CASES if case.told["expect"] == "accepted"]
REFUSED = [case for case in CASES if case.told["expect"] != "accepted"]
SCHEMA_FILE = Path(onelogin.saml2.__file__).parent / "schemas/saml-schema-assertion-2.0.xsd"


@cache
def schema():
    """The schema of OASIS, as another project ships it."""
    return etree.XMLSchema(etree.parse(str(SCHEMA_FILE)))  # noqa: TID251  a file of the test's own tools


TOLERATED = re.compile("xs:anyURI|Character content is not allowed, because the content type is empty")
"""XML Schema 1.1 takes every text for an anyURI, libxml2 does not; blanks in an empty element harm nobody."""


def refused(case, element):
    trail = Trail()
    with pytest.raises(RuleBrokenError) as raised:
        judged(case, element, trail)
    return raised.value.refusal, trail.findings


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_an_assertion_that_is_in_order_says_what_its_case_says(case):
    trail = Trail()
    assertion = judged(case, case.element, trail)
    told = case.told
    assert assertion.user == told["user"]
    assert assertion.name_format.removeprefix(FORMATS) in {told.get("format", ""), "unspecified"}
    assert assertion.qualifier == told.get("qualifier", "")
    assert assertion.one_time is told.get("one_time", False)
    assert (assertion.signature is not None) is told.get("signed", False)
    assert assertion.id == told.get("id", assertion.id)
    assert assertion.issuer == told.get("issuer", assertion.issuer)
    if "attributes" in told:
        assert [[one.name, one.space, *one.values] for one in assertion.attributes] == told["attributes"]
    assert all(finding.met for finding in trail.findings)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_an_assertion_that_breaks_a_rule_is_refused_for_that_rule(case):
    refusal, findings = refused(case, case.element)
    assert isinstance(refusal, SecurityError)
    assert (refusal.fault.local_name, findings[-1].rule.id) == (case.told["expect"], case.told["rule"])
    assert [finding.met for finding in findings].count(False) == 1


def test_every_rule_of_assertions_is_broken_by_a_case():
    broken = {case.told["rule"] for case in REFUSED}
    assert {rule.id for rule in RULES if rule.id.startswith("saml.")} == broken


@pytest.mark.parametrize(
    "case",
    [case for case in ACCEPTED if case.kind is TokenKind.SAML20 and "invalid" not in case.told],
    ids=str,
)
def test_what_is_accepted_follows_the_schema_of_oasis(case):
    alone = etree.fromstring(serialize(case.element))  # noqa: TID251  a validator of its own
    assert schema().validate(alone), schema().error_log


@pytest.mark.parametrize("case", ACCEPTED, ids=str)
def test_a_refusal_tells_the_caller_nothing_of_the_message(case):
    element = case.element
    element.set("stranger", "BOGUS")
    refusal, _ = refused(case, element)
    assert refusal.text.startswith("An invalid security token was provided")
    assert "BOGUS" not in refusal.text
    assert "BOGUS" not in refusal.private


@pytest.mark.parametrize(
    "case", [case for case in ACCEPTED if case.told["name"] == "the plainest assertion"], ids=str
)
def test_an_assertion_is_remembered_until_it_would_be_too_old(case):
    assertion = judged(case, case.element, Trail())
    assert until(assertion, case.policy) == NOW + timedelta(minutes=6)
    endless = replace(assertion, not_on_or_after=None)
    assert until(endless, case.policy) == NOW + timedelta(seconds=-10 + 300 + 60)


@pytest.mark.parametrize(
    "case", [case for case in ACCEPTED if case.told["name"] == "the plainest assertion"], ids=str
)
def test_an_assertion_of_thousands_of_elements_is_refused(case):
    element = case.element
    for _ in range(MAX_ELEMENTS):
        etree.SubElement(element[-1], "x")
    _, findings = refused(case, element)
    assert findings[-1].rule.id == "saml.shape"


@pytest.mark.parametrize(
    "case", [case for case in ACCEPTED if case.told["name"] == "the plainest assertion"], ids=str
)
def test_an_assertion_of_one_version_is_not_read_as_the_other(case):
    other = TokenKind.SAML20 if case.kind is TokenKind.SAML11 else TokenKind.SAML11
    _, findings = refused(replace(case, kind=other), case.element)
    assert findings[-1].rule.id == "saml.version"


TEXTS = st.sampled_from(
    [
        "",
        " ",
        "ALICE",
        "2026-11-22T12:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "x:y",
        "€\u00a0",
    ]
)
TAGS = st.sampled_from(sorted({node.tag for case in ACCEPTED for node in case.element.iter()}))


def mutate(root, random, text, tag):
    nodes = list(root.iter(etree.Element))
    node = random.choice(nodes)
    match random.randrange(8):
        case 0:
            node.text = text
        case 1 if node.attrib:
            node.set(random.choice(list(node.attrib)), text)
        case 2 if node.attrib:
            del node.attrib[random.choice(list(node.attrib))]
        case 3 if node is not root:
            node.getparent().remove(node)
        case 4:
            etree.SubElement(node, tag).text = text
        case 5:
            node.set(
                random.choice(
                    ["Id", "Format", "{urn:x}a", "NotBefore", "{http://www.w3.org/2001/XMLSchema-instance}type"]
                ),
                text,
            )
        case 6:
            node.append(etree.Comment("c"))
        case _:
            node.tag = tag


@settings(max_examples=300)
@given(
    st.sampled_from(ACCEPTED),
    st.randoms(use_true_random=False),
    st.lists(st.tuples(TEXTS, TAGS), min_size=1, max_size=3),
)
def test_a_mutated_assertion_is_refused_by_a_rule_or_still_follows_the_schema(case, random, steps):
    element = case.element
    for text, tag in steps:
        mutate(element, random, text, tag)
    try:
        assertion = judged(case, element, Trail())
    except RuleBrokenError:
        return
    assert assertion.user
    if case.kind is TokenKind.SAML20 and assertion.signature is None:
        alone = etree.fromstring(serialize(element))  # noqa: TID251  a validator of its own
        schema().validate(alone)
        mistakes = [str(mistake) for mistake in schema().error_log if not TOLERATED.search(mistake.message)]
        assert mistakes == [], serialize(element)
