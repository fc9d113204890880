"""Canonical forms beside those of a second implementation, written from the standard and without libxml2."""

import random

import pytest

from gateway.safexml import Bounds, parse
from gateway.wss.signature.canonical import canonical
from tests.unit.wss.signature.reference_c14n import exclusive, read

PREFIXES = ("", "p", "q", "r", "xmlnsx", "a.b", "\u00e9")
NAMESPACES = ("urn:1", "urn:2", "urn:3", "http://x/y?z'", "urn:%20")
NAMES = ("a", "b", "A", "xmlns-x", "ab")
ATTRIBUTES = ("x", "y", "lang", "xmlns-", "Z", "\u00e9")
TEXTS = (
    "",
    "t&gt;",
    ' xmlns:p="urn:1"',
    "&#13;\n",
    "<!-- <x xmlns='q'> -->",
    "\u00e9\U0001f600",
    '&lt;p:a xmlns="urn:1"',
    "<![CDATA[<]]>",
    "]]&gt;",
    "\t",
    "&amp;amp;",
    "&quot;",
    "\r\n",
    "\x7f\x85\u2028",
)
VALUES = (
    "1",
    "&gt;&lt;&#10;&#13;&#9;",
    "a&quot;b",
    " xmlns=&apos;urn:1&apos; ",
    "'>",
    "\n\t x",
    "&amp;",
    "\u00e9\U0001f600",
    "\x7f\x85",
)
LISTS = (
    (),
    ("p",),
    ("#default",),
    ("p", "#default"),
    ("q", "r", "nope", "xml"),
    ("p", "q", "r", "#default", "\u00e9", "a.b"),
    ("xmlnsx", "xmlns"),
)


def qualified(prefix, local):
    return f"{prefix}:{local}" if prefix else local


def element(choose, depth, scope):
    """Return an element as text, with declarations that come, go, change and are undone."""
    declared = {
        choose.choice(PREFIXES): choose.choice(NAMESPACES) for _ in range(choose.choice((0, 0, 1, 2, 3)))
    }
    if choose.random() < 0.2:
        declared[""] = ""
    scope = scope | declared
    usable = [prefix for prefix in PREFIXES if not prefix or scope.get(prefix)]
    name = qualified(choose.choice(usable), choose.choice(NAMES))
    written = [f' {qualified("xmlns" if one else "", one or "xmlns")}="{uri}"' for one, uri in declared.items()]
    written += attributes(choose, usable, scope)
    choose.shuffle(written)
    inside = ""
    for _ in range(choose.choice((0, 1, 2, 3))):
        inside += choose.choice(TEXTS)
        if depth and choose.random() < 0.7:
            inside += element(choose, depth - 1, scope)
    start = f"<{name}{''.join(written)}"
    return f"{start}/>" if not inside and choose.random() < 0.5 else f"{start}>{inside}</{name}>"


def attributes(choose, usable, scope):
    """Return attributes of which no two have one name."""
    found = {}
    for _ in range(choose.choice((0, 0, 1, 3))):
        prefix, local = choose.choice([*usable, "xml"]), choose.choice(ATTRIBUTES)
        if prefix == "xml":
            local = "lang"
        found[scope.get(prefix, prefix) if prefix else "", local] = prefix
    return [f' {qualified(prefix, local)}="{choose.choice(VALUES)}"' for (_, local), prefix in found.items()]


@pytest.mark.parametrize("seed", range(4))
def test_the_form_of_any_subtree_is_that_of_the_standard(seed):
    choose = random.Random(seed)
    for _ in range(150):
        text = element(choose, 4, {})
        ours = list(parse(text.encode(), Bounds()).iter("*"))
        theirs = read(text.encode()).elements()
        for index in choose.sample(range(len(ours)), min(4, len(ours))):
            prefixes = choose.choice(LISTS)
            small = choose.random() < 0.7
            told = (text, index, prefixes)
            assert canonical(ours[index], prefixes, small=small) == exclusive(theirs[index], prefixes), told


IN_ONE_PLACE = (
    '<n0:local xmlns:n0="foo:bar" xmlns:n3="ftp://example.org"><n1:elem2 xmlns:n1="http://example.net" '
    'xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:local>'
)
IN_ANOTHER = (
    '<n2:pdu xmlns:n1="http://example.com" xmlns:n2="http://foo.example" xml:lang="fr" xml:space="retain">'
    '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2>'
    "</n2:pdu>"
)
IN_BOTH = (
    '<n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff>'
    "</n1:elem2>"
)
"""The example of the standard, section 2.2."""
PROMOTED = '<p:c xmlns="urn:d" xmlns:p="urn:p"></p:c>'


@pytest.mark.parametrize(
    ("text", "prefixes", "octets"),
    [
        (IN_ONE_PLACE, (), IN_BOTH),
        (IN_ANOTHER, (), IN_BOTH),
        ('<r xmlns="urn:d"><p:c xmlns:p="urn:p"/></r>', ("#default",), PROMOTED),
        ('<r xmlns:x="urn:x"><c><x:d/></c></r>', ("x",), '<c xmlns:x="urn:x"><x:d></x:d></c>'),
    ],
)
def test_the_second_implementation_and_ours_give_the_forms_of_the_standard(text, prefixes, octets):
    assert exclusive(read(text.encode()).elements()[1], prefixes).decode() == octets
    assert canonical(parse(text.encode(), Bounds())[0], prefixes).decode() == octets
