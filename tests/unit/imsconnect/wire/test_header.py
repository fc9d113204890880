import pytest

from gateway.imsconnect.wire.header import Exit, HeaderCode, find_exit

EBCDIC_CONSTANTS = {
    "*SAMPLE*": "5CE2C1D4D7D3C55C",
    "*SAMPL1*": "5CE2C1D4D7D3F15C",
    "*HWSJAV*": "5CC8E6E2D1C1E55C",
    "*REQMOD*": "5CD9C5D8D4D6C45C",
    "*REQSTS*": "5CD9C5D8E2E3E25C",
    "*CSMOKY*": "5CC3E2D4D6D2E85C",
    "*GENCID*": "5CC7C5D5C3C9C45C",
    "*CORTKN*": "5CC3D6D9E3D2D55C",
    "*CTLDAT*": "5CC3E3D3C4C1E35C",
    "*NETUID*": "5CD5C5E3E4C9C45C",
    "*NETSID*": "5CD5C5E3E2C9C45C",
    "*PHRASE*": "5CD7C8D9C1E2C55C",
    "*TRCKID*": "5CE3D9C3D2C9C45C",
    "*CONTXT*": "5CC3D6D5E3E7E35C",
    "*XADPST*": "5CE7C1C4D7E2E35C",
    "CLIENT01": "C3D3C9C5D5E3F0F1",
    "IMS1": "C9D4E2F140404040",
    "": "4040404040404040",
}


@pytest.mark.parametrize(("text", "expected"), EBCDIC_CONSTANTS.items())
def test_names_have_their_ebcdic_bytes_padded_with_blanks(text, expected):
    assert HeaderCode.EBCDIC.encode(text) == bytes.fromhex(expected)
    assert HeaderCode.EBCDIC.decode(bytes.fromhex(expected)) == text


def test_ascii_names_are_padded_with_ascii_blanks():
    assert HeaderCode.ASCII.encode("IMS1") == b"IMS1    "
    assert HeaderCode.ASCII.blank == b"\x20"
    assert HeaderCode.EBCDIC.blank == b"\x40"


@pytest.mark.parametrize("code", HeaderCode)
def test_a_field_of_nulls_reads_as_blank(code):
    assert code.decode(bytes(8)) == ""
    assert code.decode(code.encode("AB", 3) + bytes(5)) == "AB"


@pytest.mark.parametrize("code", HeaderCode)
def test_a_name_too_long_is_refused_and_never_cut(code):
    with pytest.raises(ValueError, match="9 characters do not fit 8 bytes"):
        code.encode("NINECHARS")


@pytest.mark.parametrize("code", HeaderCode)
def test_a_character_outside_the_code_is_refused_without_naming_the_text(code):
    with pytest.raises(ValueError, match="position 3") as caught:
        code.encode("ABC€")
    assert "ABC" not in str(caught.value)


def test_bytes_that_are_not_ascii_are_refused():
    with pytest.raises(ValueError, match="position 1"):
        HeaderCode.ASCII.decode(b"A\xc1")


@pytest.mark.parametrize(
    ("irm_id", "expected"),
    [
        ("5CE2C1D4D7D3C55C", (Exit.HWSSMPL0, HeaderCode.EBCDIC)),
        ("5CE2C1D4D7D3F15C", (Exit.HWSSMPL1, HeaderCode.EBCDIC)),
        ("2A53414D504C452A", (Exit.HWSSMPL0, HeaderCode.ASCII)),
        ("2A53414D504C312A", (Exit.HWSSMPL1, HeaderCode.ASCII)),
        ("5CC8E6E2D1C1E55C", None),
        ("5CE2C1D4504C312A", None),
        ("", None),
    ],
)
def test_the_eight_bytes_of_irm_id_decide_exit_and_code(irm_id, expected):
    assert find_exit(bytes.fromhex(irm_id)) == expected


def test_only_hwssmpl0_replies_come_without_length():
    assert [member for member in Exit if not member.reply_has_length] == [Exit.HWSSMPL0]
