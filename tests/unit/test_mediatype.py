"""The Content-Type header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mediatype import parse_media_type


@pytest.mark.parametrize(
    ("header", "kind", "parameters"),
    [
        ("text/xml", "text/xml", {}),
        ("Text/XML; Charset=UTF-8", "text/xml", {"charset": "UTF-8"}),
        (
            'application/soap+xml;charset="utf-8" ; action="urn:a;b"',
            "application/soap+xml",
            {"charset": "utf-8", "action": "urn:a;b"},
        ),
        ('text/xml; a="x\\"y"', "text/xml", {"a": 'x"y'}),
        ("text/xml;", "text/xml", {}),
    ],
)
def test_type_and_parameters_are_read(header, kind, parameters):
    media = parse_media_type(header)
    assert (media.type, dict(media.parameters)) == (kind, parameters)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text",
        "text/",
        "text/xml charset=utf-8",
        "text/xml; charset",
        'text/xml; a="',
        "text/xml; a=1; A=2",
        "text/xml, text/xml",
    ],
)
def test_malformed_and_ambiguous_headers_are_refused(header):
    with pytest.raises(ValueError):
        parse_media_type(header)


@given(st.text(max_size=60))
def test_any_text_is_a_media_type_or_a_value_error(header):
    try:
        parse_media_type(header)
    except ValueError:
        pass
