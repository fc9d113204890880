"""Characters that a code page lacks. Expected bytes are those of Python's own tables, or written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.payload.references import encode_with_references
from gateway.safexml import Bounds, parse


def test_what_the_page_has_is_written_as_it_is():
    assert encode_with_references("<a>Grüße</a>", 37) == "<a>Grüße</a>".encode("cp037")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<a>€</a>", "<a>&#8364;</a>"),
        ("<a b='€'/>", "<a b='&#8364;'/>"),
        ('<a b="x€" c="\'€"/>', '<a b="x&#8364;" c="\'&#8364;"/>'),
        ("<a>日本</a>", "<a>&#26085;&#26412;</a>"),
        ("<a>\U0001f600</a>", "<a>&#128512;</a>"),
        ("<a><![CDATA[<€&]]></a>", "<a>&lt;&#8364;&amp;</a>"),
        ("<a><!-- > € -->x</a>", "<a>x</a>"),
        ("<a><!-- ü --> €</a>", "<a><!-- ü --> &#8364;</a>"),
        ("<a>&amp;€&lt;</a>", "<a>&amp;&#8364;&lt;</a>"),
    ],
)
def test_what_it_lacks_becomes_a_reference(text, written):
    assert encode_with_references(text, 37) == written.encode("cp037")


@pytest.mark.parametrize("text", ["<a€/>", "<a b€='1'/>", "<a>x</a€>", "<a><?p €?></a>"])
def test_where_there_are_no_references_it_is_refused(text):
    with pytest.raises(UnmappableCharacter) as caught:
        encode_with_references(text, 37)
    assert caught.value.character == "€"


def test_utf_8_needs_none():
    assert encode_with_references("<a€>日</a€>", 1208) == "<a€>日</a€>".encode()


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=50),
    st.sampled_from([37, 273, 1026, 1140, 930, 939]),
)
def test_a_program_reads_the_text_that_was_written(value, ccsid):
    element = etree.Element("a", b=value)
    element.text = value
    data = encode_with_references(etree.tostring(element, encoding="unicode"), ccsid)
    read = parse(CodePage.of(ccsid).decode(data).encode(), Bounds())
    assert (read.text or "", read.get("b")) == (value, value)
