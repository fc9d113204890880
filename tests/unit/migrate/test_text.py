"""Octets to text, whatever the encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codepage import CodePage
from gateway.migrate.places import RefusedError
from gateway.migrate.properties import read_properties
from gateway.migrate.text import plain_text, xml_text

EBCDIC = CodePage.of(1047)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("<a>ü</a>".encode(), "UTF-8"),
        (b"\xef\xbb\xbf" + "<a>ü</a>".encode(), "UTF-8"),
        ('<?xml version="1.0" encoding="UTF-8"?><a>ü</a>'.encode(), "UTF-8"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>'.encode("iso-8859-1"), "ISO-8859-1"),
        ("<?xml version='1.0' encoding='windows-1252'?><a>ü</a>".encode("cp1252"), "WINDOWS-1252"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>ü</a>'.encode("utf-16"), "UTF-16"),
        (EBCDIC.encode('<?xml version="1.0" encoding="IBM-1047"?><a>ü</a>'), "EBCDIC"),
        (EBCDIC.encode("<!-- of z/OS --><a>ü</a>"), "EBCDIC"),
    ],
)
def test_the_encoding_is_told_by_the_octets_or_the_declaration(data, encoding):
    found = xml_text(data)
    assert found.encoding == encoding
    assert found.text.endswith("<a>ü</a>")
    assert "<?xml" not in found.text


def test_lines_keep_their_numbers():
    assert xml_text(b'<?xml version="1.0"\n?>\n<a/>').text == "\n\n<a/>"
    assert xml_text(EBCDIC.encode('<?xml version="1.0"?>\x85<a/>')).text == "\n<a/>"


@pytest.mark.parametrize("name", ["rot13", "hex", "zip", "unicode_escape", "no-such-encoding", "idna", "uu"])
def test_a_declaration_that_names_no_encoding_of_text_is_refused(name):
    with pytest.raises(RefusedError, match="names the encoding"):
        xml_text(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode())


def test_octets_that_are_not_in_their_encoding_are_refused_with_the_line():
    with pytest.raises(RefusedError, match="is not UTF-8") as refused:
        xml_text(b"<a>\n\xff</a>")
    assert refused.value.line == 2


@given(
    st.binary(max_size=300) | st.binary(max_size=80).map(lambda tail: b'<?xml version="1.0" encoding="' + tail)
)
def test_any_octets_are_text_or_refused(data):
    for read in (xml_text, plain_text):
        try:
            assert isinstance(read(data).text, str)
        except RefusedError as error:
            assert str(error)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("httpPort=8080", ("httpport",), "8080"),
        ("httpPort : 8080", ("httpport",), "8080"),
        ("httpPort\t8080", ("httpport",), "8080"),
        ("http.port=8080", ("http", "port"), "8080"),
        ("  keystore = C:\\\\keys\\\\a.jks", ("keystore",), "C:\\keys\\a.jks"),
        ("text = a \\\n   b", ("text",), "a b"),
        ("text = \\u00fc", ("text",), "ü"),
        ("a\\ b = c", ("ab",), "c"),
        ("alone", ("alone",), ""),
        ("# comment\n! comment\n\nx=1", ("x",), "1"),
        ("path=a=b", ("path",), "a=b"),
    ],
)
def test_properties_are_read_as_java_reads_them(line, key, value):
    [found] = read_properties(line, "file.properties")
    assert (found.path, found.value) == (key, value)


def test_a_line_that_is_no_property_is_refused_with_its_number():
    with pytest.raises(RefusedError) as refused:
        read_properties("a=1\n=x\n", "file.properties")
    assert refused.value.line == 2


@given(st.text(max_size=300))
def test_any_text_is_properties_or_refused(text):
    try:
        for one in read_properties(text, "file.properties"):
            assert one.path
            assert one.place.line
    except RefusedError as error:
        assert error.line


def test_a_line_of_one_word_is_told_by_its_number_alone():
    """Damage may have left the end of a password there."""
    [one] = read_properties("ht<httpsks1\n", "server.properties")
    assert (one.place.line, one.place.name) == (1, "")
