"""Exclusive canonicalization: libxml2's, with a PrefixList that does not depend on who parsed the document."""

import hashlib
import threading

import pytest
import xmlsec
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.safexml import Bounds, parse
from gateway.wss.signature.canonical import CanonicalError, canonical, with_default, without_child
from tests.fixtures.certificates import key_of_kind
from tests.unit.wss.signature.making import DS, EXC, RSA_SHA256, SHA256, b64, pem, prefix_list, transform

PREFIXES = ("", "p", "q", "r")
NAMESPACES = ("urn:1", "urn:2", "urn:3")
TEXTS = (
    "",
    "t&gt;",
    ' xmlns:p="urn:1"',
    "&#13;\n",
    "<!-- <x xmlns='q'> -->",
    "é",
    '&lt;p:a xmlns:p="urn:1"',
    "<![CDATA[<]]>",
)
VALUES = ("1", "&gt;&lt;&#10;", "a&quot;b", " xmlns=&apos;urn:1&apos;", "'")
LISTS = [(), ("p",), ("p", "q", "p", "none", "xml"), ("r", "q"), ("p", "q", "r")]


def tree(text):
    return etree.fromstring(text)  # noqa: TID251  parsed in this thread, for libxml2's own PrefixList


def by_libxml2(element, prefixes):
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=list(prefixes) or None,
    )


@st.composite
def elements(draw, depth=3, scope=None, attributes=""):
    """An element with declarations that come, go and change, as text."""
    declared = draw(st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(NAMESPACES), max_size=3))
    if draw(st.integers(0, 4)) == 0:
        declared[""] = ""
    scope = (scope or {}) | declared
    usable = [prefix for prefix in PREFIXES if not prefix or scope.get(prefix)]
    prefix = draw(st.sampled_from(usable))
    name = f"{prefix}:{draw(st.sampled_from('ab'))}" if prefix else draw(st.sampled_from("ab"))
    text = f"<{name}{attributes}"
    text += "".join(f' xmlns{":" if one else ""}{one}="{uri}"' for one, uri in declared.items())
    of_attributes = {
        scope.get(one) if one else "": one for one in draw(st.lists(st.sampled_from(usable), max_size=3))
    }
    for one in of_attributes.values():
        text += f' {one}{":" if one else ""}x="{draw(st.sampled_from(VALUES))}"'
    text += ">" + draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        text += draw(elements(depth=depth - 1, scope=scope)) + draw(st.sampled_from(TEXTS))
    return f"{text}</{name}>"


@given(elements(), st.sampled_from(LISTS), st.booleans())
def test_a_prefix_list_is_what_libxml2_makes_of_it(text, prefixes, small):
    for element in tree(text).iter("*"):
        assert canonical(element, prefixes, small=small) == by_libxml2(element, prefixes)


@settings(max_examples=60)
@given(
    elements(),
    st.lists(st.sampled_from(["#default", "p", "q", "r"]), max_size=4, unique=True).map(tuple),
    st.data(),
)
def test_a_prefix_list_is_what_libxmlsec_makes_of_it_default_namespace_too(text, prefixes, data):
    declared = data.draw(st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(NAMESPACES), max_size=4))
    around = "".join(f' xmlns{":" if one else ""}{one}="{uri}"' for one, uri in declared.items())
    marked = (
        text.replace(" ", ' ID="it" ', 1)
        if " " in text.partition(">")[0]
        else text.replace(">", ' ID="it">', 1)
    )
    root = tree(
        f'<w:w xmlns:w="urn:w"{around}>{marked}<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{RSA_SHA256}"/>'
        f'<ds:Reference URI="#it"><ds:Transforms>{transform(EXC, prefix_list(" ".join(prefixes)))}'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>'
        "</ds:SignedInfo><ds:SignatureValue/></ds:Signature></w:w>"
    )
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem(key_of_kind("rsa-2048")), xmlsec.KeyFormat.PEM)
    context.register_id(root[0], "ID", None)
    context.sign(root[1])
    digest = hashlib.sha256(canonical(root[0], prefixes)).digest()
    assert root[1].findtext(f".//{{{DS}}}DigestValue") == b64(digest)


def test_a_prefix_list_works_on_what_another_thread_has_parsed():
    text = b'<a:r xmlns:a="urn:a" xmlns:seen-nowhere-else="urn:b"><a:c/></a:r>'
    found = []
    thread = threading.Thread(target=lambda: found.append(parse(text, Bounds())))
    thread.start()
    thread.join()
    wanted = b'<a:c xmlns:a="urn:a" xmlns:seen-nowhere-else="urn:b"></a:c>'
    assert canonical(found[0][0], ("seen-nowhere-else",)) == wanted


@pytest.mark.parametrize(
    ("text", "prefixes", "octets"),
    [
        ('<r xmlns="urn:d"><p:c xmlns:p="urn:p"/></r>', (), b'<p:c xmlns:p="urn:p"></p:c>'),
        (
            '<r xmlns="urn:d"><p:c xmlns:p="urn:p"/></r>',
            ("#default",),
            b'<p:c xmlns="urn:d" xmlns:p="urn:p"></p:c>',
        ),
        ('<r xmlns="urn:d"><c xmlns=""/></r>', ("#default",), b"<c></c>"),
        ('<r xmlns:x="urn:x"><c><x:d/></c></r>', ("x",), b'<c xmlns:x="urn:x"><x:d></x:d></c>'),
        ('<r xml:lang="en" xml:space="preserve"><c/> tail</r>', ("xml",), b"<c></c>"),
    ],
)
def test_these_forms_are_those_of_the_standard(text, prefixes, octets):
    assert canonical(tree(text)[0], prefixes) == octets


@pytest.mark.parametrize("uri", ["relative", "../x", "//host", "?q", "#f"])
@pytest.mark.parametrize("small", [True, False])
def test_a_relative_namespace_name_raises_and_gives_no_empty_form(uri, small):
    for text in (f'<r><c xmlns:x="{uri}"/></r>', f'<r><c><d xmlns="{uri}"/></c></r>'):
        with pytest.raises(CanonicalError):
            canonical(tree(text)[0], small=small)


@pytest.mark.parametrize(
    "text",
    [
        '<r><p:c xmlns:p="urn:a?b&amp;c"/></r>',
        '<r><c><d xmlns="urn:a?b&amp;c"/></c></r>',
        '<r><c><d xmlns:q="urn:q" xmlns:p="urn:&amp;amp;" p:x=""/></c></r>',
    ],
)
def test_an_ampersand_in_a_namespace_name_raises(text):
    with pytest.raises(CanonicalError):
        canonical(tree(text)[0])


def test_an_ampersand_in_a_promoted_namespace_name_raises():
    root = tree('<r xmlns:p="urn:a&amp;b"><c/></r>')
    assert canonical(root[0]) == b"<c></c>"
    with pytest.raises(CanonicalError):
        canonical(root[0], ("p",))


def test_an_instruction_cannot_be_taken_for_tags():
    root = tree("<r><c><?x <y xmlns='z'>?><d/></c></r>")
    with pytest.raises(CanonicalError):
        without_child(canonical(root[0]), root[0][1])
    with pytest.raises(CanonicalError):
        canonical(tree('<r xmlns:p="urn:p"><c><?x <y xmlns="z">?></c></r>')[0], ("p",))


@pytest.mark.parametrize(
    ("octets", "declared"),
    [
        (b"<a></a>", b'<a xmlns=""></a>'),
        (b'<p:a xmlns:p="u" x="1"></p:a>', b'<p:a xmlns="" xmlns:p="u" x="1"></p:a>'),
        (b'<a xmlns="u"></a>', b'<a xmlns="u"></a>'),
    ],
)
def test_the_default_namespace_is_declared_on_the_apex(octets, declared):
    assert with_default(octets) == declared


@given(elements(), st.data(), st.sampled_from(LISTS))
def test_a_child_taken_out_of_the_form_is_the_form_without_the_child(text, data, prefixes):
    root = tree(f"<w>{text}</w>")
    parents = [element for element in root.iter("*") if element.find("*") is not None]
    parent = data.draw(st.sampled_from(parents))
    child = data.draw(st.sampled_from(list(parent.iterchildren("*"))))
    taken = without_child(canonical(parent, prefixes), child)
    before = etree.tostring(root)
    assert etree.tostring(root) == before
    previous = child.getprevious()
    tail = child.tail or ""
    if previous is None:
        parent.text = (parent.text or "") + tail
    else:
        previous.tail = (previous.tail or "") + tail
    parent.remove(child)
    assert taken == by_libxml2(parent, prefixes)
