import pytest

from gateway.imsconnect.wire import HeaderCode, LocalProtocolError
from gateway.imsconnect.wire.control_data import encode_control_data, read_control_data

# Format of the callout control data in the message, laid out by hand, ASCII
STRUCTURE = bytes.fromhex(
    "00000028"  # CTL_LLLL
    "2A43544C4441542A"  # *CTLDAT*
    "00000000"
    "00000003"  # CTL_HDRLEN1: <a>
    "3C613E3C623E3C2F613E"  # <a><b></a>
    "00000003"  # CTL_HDRLEN2: <c>
    "3C633E3C2F"  # <c></ ...
    "633E"
)


def test_sections_end_at_their_closing_tags():
    length = len(STRUCTURE).to_bytes(4)
    structure = length + STRUCTURE[4:]
    assert read_control_data(structure, HeaderCode.ASCII) == ((b"<a><b></a>", b"<c></c>"), b"")
    assert encode_control_data((b"<a><b></a>", b"<c></c>"), HeaderCode.ASCII) == structure


def test_no_structure_means_no_sections():
    assert read_control_data(None, HeaderCode.EBCDIC) == ((), b"")
    assert read_control_data(bytes(16), HeaderCode.EBCDIC) == ((), b"")


@pytest.mark.parametrize(
    "section", [b"", b"text", b"<a", b"<>x</>", b"<a>1", b"<a>1</b>", b"<a>1</a>more", b"x<a>1</a>"]
)
def test_what_is_no_section_is_not_written(section):
    with pytest.raises(LocalProtocolError):
        encode_control_data((section,), HeaderCode.ASCII)


@pytest.mark.parametrize("cut", range(17, len(STRUCTURE)))
def test_what_is_no_section_is_read_as_it_stands(cut):
    second = 16 + 4 + 10
    expected = ((b"<a><b></a>",), STRUCTURE[second:cut]) if cut >= second else ((), STRUCTURE[16:cut])
    assert read_control_data(STRUCTURE[:cut], HeaderCode.ASCII) == expected


@pytest.mark.parametrize(
    "rest",
    [
        b"\0\0\0\x04<a>1</a>",  # a length that is not the tag's
        b"\0\0\0\x03<a>1</b>",
        b"\0\0\0\x00",
        b"\xff\xff\xff\xff<a>1</a>",
        b"<a>1</a>",  # no length
        b"\0",
    ],
)
def test_a_wrong_section_leaves_those_before_it_whole(rest):
    structure = encode_control_data((b"<c>2</c>",), HeaderCode.ASCII, rest)
    assert int.from_bytes(structure[:4]) == len(structure)
    assert read_control_data(structure, HeaderCode.ASCII) == ((b"<c>2</c>",), rest)
