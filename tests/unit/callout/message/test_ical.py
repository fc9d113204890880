"""Control data. Bytes are EBCDIC by Python's own tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.callout.codes import CalloutError, Status
from gateway.callout.ical import LONGEST, TAGS, read_control
from gateway.callout.values import Control


def read(*sections, ccsid=1140, codec="cp1140"):
    return read_control(tuple((tag, text.encode(codec)) for tag, text in sections), ccsid)


def status(*sections, **how):
    with pytest.raises(CalloutError) as caught:
        read(*sections, **how)
    return caught.value.status


def test_the_four_tags():
    assert read(
        ("DFSCNVTR", "RATECNVD"),
        ("DFSHOSTPORT", "http://host1.example.com:8080"),
        ("DFSPORTNAME", "CheckBalancePort"),
        ("DFSENDPOINTURL", "https://host1.example.com/a"),
    ) == Control("RATECNVD", "http://host1.example.com:8080", "CheckBalancePort", "https://host1.example.com/a")


def test_none_is_nothing():
    assert read() == Control()


def test_tags_of_the_program_mean_nothing_here():
    assert read(("UUID", "1"), (" ", ""), ("DFSOTHER", "x"), ("UUID", "2")) == Control()
    assert read(("XDFSPORTNAME", "x"), ("DFSPORTNAME", "P")) == Control(port="P")


def test_blanks_and_low_values_around_a_value_are_left_out():
    assert read(("DFSPORTNAME", "  P  \x00\x00")) == Control(port="P")
    assert read(("DFSCNVTR", "CNVD    ")) == Control(converter="CNVD")


def test_an_address_is_in_the_code_page_of_the_bundle():
    # the brackets of 500 are X'4A' and X'5A', those of 1140 X'BA' and X'BB'
    section = ("DFSENDPOINTURL", "http://[::1]/")
    assert read(section, ccsid=500, codec="cp500").address == "http://[::1]/"
    assert read(section, ccsid=1140, codec="cp1140").address == "http://[::1]/"
    assert read(section, ccsid=1140, codec="cp500").address != "http://[::1]/"


def test_the_name_of_a_converter_is_the_same_bytes_in_every_code_page():
    # 273 (Germany) shows X'7C' as the paragraph sign; members' names have the byte
    sections = (("DFSCNVTR", bytes.fromhex("7CC1C2C4")),)
    assert read_control(sections, 273) == Control(converter="@ABD")


@pytest.mark.parametrize("name", ["D", "AD", "A1D", "@#$D", "ABCDEFGD"])
def test_names_of_converters(name):
    assert read(("DFSCNVTR", name)) == Control(converter=name)


@pytest.mark.parametrize("name", ["", " ", "RATECNV", "ABCDEFGHD", "rated", "1D", "A-D", "A D", "ÄD", "D\n"])
def test_what_is_no_name_of_a_converter(name):
    assert status(("DFSCNVTR", name)) is Status.CONVERTER_NAME


@pytest.mark.parametrize("value", ["", "   ", "\x00\x00"])
def test_tags_without_a_value(value):
    assert status(("DFSPORTNAME", value)) is Status.PORT_NAME_EMPTY
    assert status(("DFSENDPOINTURL", value)) is Status.ENDPOINT_URL_EMPTY
    assert status(("DFSHOSTPORT", value)) is Status.CONTROL_DATA_LENGTH


def test_a_value_that_is_too_long():
    for tag in ("DFSHOSTPORT", "DFSPORTNAME", "DFSENDPOINTURL", "DFSCNVTR"):
        assert status((tag, "x" * (LONGEST + 1))) is Status.CONTROL_DATA_LENGTH
    assert read(("DFSPORTNAME", "x" * LONGEST + " " * 9)).port == "x" * LONGEST


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_there_once(tag):
    assert status((tag, "AD"), (tag, "AD")) is Status.CONTROL_DATA_LENGTH


@pytest.mark.parametrize("tag", ["dfsportname", "DfsPortName", "DFSPORTNAME ", " DFSHOSTPORT", "DFSCNVTR\x00"])
def test_a_tag_that_is_nearly_one_is_not_passed_over(tag):
    """Or the call would go elsewhere than the program meant, without a word."""
    assert status((tag, "x")) is Status.CONTROL_DATA_LENGTH


def test_what_is_no_section():
    """Its length is wrong, or its tag is not closed: the program meant something, and nobody knows what."""
    assert status(("", "<DFSPORTNAME>P")) is Status.CONTROL_DATA_LENGTH
    assert status(("DFSPORTNAME", "P"), ("", "x")) is Status.CONTROL_DATA_LENGTH


def test_bytes_that_are_no_text():
    with pytest.raises(CalloutError) as caught:
        read_control((("DFSPORTNAME", bytes.fromhex("D70E42")),), 939)  # P, shift-out, half a character
    assert caught.value.status is Status.CONTROL_DATA_LENGTH


@given(
    st.lists(
        st.tuples(st.one_of(st.sampled_from(TAGS), st.text(max_size=12)), st.binary(max_size=30)), max_size=5
    ),
    st.sampled_from([37, 1140, 939]),
)
def test_whatever_comes_is_control_data_or_one_of_our_errors(sections, ccsid):
    try:
        control = read_control(tuple(sections), ccsid)
    except CalloutError as error:
        assert error.status in {
            Status.CONTROL_DATA_LENGTH,
            Status.PORT_NAME_EMPTY,
            Status.ENDPOINT_URL_EMPTY,
            Status.CONVERTER_NAME,
        }
        return
    given = {tag for tag, _ in sections}
    assert bool(control.port) == ("DFSPORTNAME" in given)
    assert bool(control.converter) == ("DFSCNVTR" in given)
