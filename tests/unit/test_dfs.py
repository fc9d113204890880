"""Messages of IMS in the output of a transaction, told from data that only looks like them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codepage import MIXED, SUPPORTED, UTF_8, CodePage
from gateway.dfs import MEANINGS, SEVERITIES, find_dfs
from tests.unit.codepage.pages import page

# Of IBM's manuals: DFS messages; ICO0079E
MESSAGES = [
    ("DFS064 12:34:56 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=XYZ", "DFS064", ""),
    ("DFS065 12:34:56 TRAN/LTERM STOPPED", "DFS065", ""),
    ("DFS555I TRAN IVTNO ABEND S0C7,U0000", "DFS555", "I"),
    ("DFS2082 RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY", "DFS2082", ""),
    ("DFS3649A /SIGN COMMAND REQUIRED FOR IMS", "DFS3649", "A"),
    ("DFS1292E SECURITY VIOLATION", "DFS1292", "E"),
    ("DFS2469W TRANSACTION REJECTED", "DFS2469", "W"),
    ("DFS0001X SOMETHING", "DFS0001", "X"),
    ("DFS058I", "DFS058", "I"),
    ("DFS065", "DFS065", ""),
]
DATA = [
    "DFSOMETHING",
    "DFS",
    "DFS 065",
    "DFS12",
    "DFS12 X",
    "DFS12345 X",
    "DFS555ITEM",
    "DFS555-1",
    "DFS555i TRAN",
    "DFS555D TRAN",
    "DFS555II",
    "DFS065.",
    "dfs065 TRAN STOPPED",
    " DFS065 TRAN STOPPED",
    "XDFS065 TRAN STOPPED",
    "",
]
EBCDIC = [ccsid for ccsid in SUPPORTED if ccsid not in {UTF_8, *MIXED}]


@pytest.mark.parametrize("ccsid", [37, 273, 500, 1047, 1140])
@pytest.mark.parametrize(("text", "number", "severity"), MESSAGES)
def test_a_message_of_ims_is_taken_apart(text, number, severity, ccsid):
    message = find_dfs((CodePage.of(ccsid).encode(text),), ccsid)
    assert message is not None
    assert (message.number, message.severity, message.text) == (number, severity, text)
    assert message.identifier == number + severity


@pytest.mark.parametrize(("text", "number", "severity"), MESSAGES)
def test_in_ascii_mode_too(text, number, severity):
    message = find_dfs((text.encode(),), 37)
    assert message is not None
    assert (message.number, message.severity, message.text) == (number, severity, text)


@pytest.mark.parametrize("encoding", ["cp037", "ascii"])
@pytest.mark.parametrize("text", DATA)
def test_data_that_looks_like_one_is_none(text, encoding):
    assert find_dfs((text.encode(encoding),), 37) is None


@pytest.mark.parametrize("ccsid", EBCDIC)
def test_the_number_is_found_in_whatever_code_page_the_host_has(ccsid):
    for configured in (37, 1047, UTF_8):
        message = find_dfs((CodePage.of(ccsid).encode("DFS065 STOPPED"),), configured)
        assert message is not None
        assert message.text == "DFS065 STOPPED"


@pytest.mark.parametrize("filler", [b"\x00", b"\x40", b"\x15", b"\x25", b"\x0d"])
def test_what_may_stand_behind_the_number(filler):
    assert find_dfs(("DFS065".encode("cp037") + filler,), 37) is not None
    assert find_dfs(("DFS065I".encode("cp037") + filler,), 37) is not None


@pytest.mark.parametrize("segments", [(), (b"",), (b"data", "DFS065 STOPPED".encode("cp037"))])
def test_only_how_the_output_begins_counts(segments):
    assert find_dfs(segments, 37) is None


def test_the_text_is_of_all_segments_and_printable():
    segments = ("DFS555I TRAN A\x00\x00".encode("cp037"), "\x15MORE\x07".encode("cp037"))
    message = find_dfs(segments, 37)
    assert message is not None
    assert " ".join(message.text.split()) == "DFS555I TRAN A MORE"
    assert message.text.isprintable()


def test_national_characters_are_read_in_the_page_of_the_host():
    message = find_dfs((CodePage.of(273).encode("DFS555I FÜR MÜLLER"),), 273)
    assert message is not None
    assert message.text == "DFS555I FÜR MÜLLER"


def test_text_that_is_none_in_the_page_of_the_host_is_shown_as_far_as_it_goes():
    page(939)
    segment = "DFS555I MSG IN PROCESS: ".encode("cp037") + b"\x0e\x42"
    message = find_dfs((segment,), 939)
    assert message is not None
    assert message.text.startswith("DFS555I MSG IN PROCESS:")
    assert find_dfs((b"DFS555I MSG \xff\xfe",), 37).text == "DFS555I MSG ??"


def test_data_of_the_caller_in_a_message_stays_out_of_its_repr():
    message = find_dfs(("DFS555I TRAN PAY MSG IN PROCESS: PAY 4711".encode("cp037"),), 37)
    assert "4711" not in repr(message)


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("DFS1292E SECURITY VIOLATION", True),
        ("DFS2469W TRANSACTION REJECTED", True),
        ("DFS1292 SECURITY VIOLATION", True),
        ("DFS129E NO", False),
        ("DFS065 STOPPED", False),
    ],
)
def test_messages_about_permission_are_told_from_others(text, denied):
    message = find_dfs((text.encode("cp037"),), 37)
    assert message is not None
    assert message.not_authorized is denied


def test_what_is_known_of_a_message_is_said():
    known = [
        "064",
        "065",
        "555",
        "0809",
        "1292",
        "1970",
        "2082",
        "2407",
        "2469",
        "3494",
        "3649",
        "4199",
        "7444",
        "9123",
    ]
    assert sorted(MEANINGS) == sorted(f"DFS{number}" for number in known)
    for number, meaning in MEANINGS.items():
        found = find_dfs((number.encode("cp037"),), 37)
        assert found is not None
        assert found.meaning == meaning
        assert found.severity in SEVERITIES
    unknown = find_dfs(("DFS9999I X".encode("cp037"),), 37)
    assert unknown is not None
    assert unknown.meaning == ""


@pytest.mark.parametrize("encoding", ["cp037", "ascii"])
def test_they_are_found_in_the_code_of_the_header(encoding):
    message = find_dfs(("DFS065 TRAN STOPPED".encode(encoding),))
    assert message is not None
    assert message.text == "DFS065 TRAN STOPPED"


@given(st.lists(st.binary(max_size=40), max_size=3), st.sampled_from([37, 1047, 939, UTF_8]))
def test_no_output_fails(segments, ccsid):
    page(ccsid)
    for start in (b"", b"DFS065 ", "DFS065 ".encode("cp037")):
        find_dfs((start, *segments), ccsid)
        find_dfs(tuple(start + segment for segment in segments), ccsid)
