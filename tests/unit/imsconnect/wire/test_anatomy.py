"""The anatomy explains each byte of every message once, good or damaged, and shows no secret."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.imsconnect.wire import Exit, HeaderCode, Rsm, describe
from gateway.imsconnect.wire.anatomy import HIDDEN, UNREADABLE, Field
from gateway.imsconnect.wire.anatomy_input import input_anatomy
from gateway.imsconnect.wire.anatomy_output import output_anatomy
from gateway.imsconnect.wire.anatomy_stream import captured
from tests.fuzz.wire_cases import mutated
from tests.unit.imsconnect.wire import corpus
from tests.unit.imsconnect.wire.test_corpus import each, requested
from tests.unit.standin.by_hand import csm, ebcdic, llll, message, reply, rsm, segment, text

PASSWORD = ebcdic("PASSW0RD")


def assert_tiles(fields: Iterable[Field], data: bytes) -> list[Field]:
    """Every byte belongs to one field, and shows as it is unless the field is hidden."""
    found = list(fields)
    at = 0
    for field in found:
        assert field.offset == at
        if field.hidden:
            assert set(field.data) <= {0x5C, 0x2A}
        else:
            assert field.data == data[at : at + len(field.data)]
        assert field.meaning
        assert field.meaning.isprintable()
        at = field.end
    assert at == len(data)
    assert all(field.readable for field in found[:-1])
    return found


def by_name(data: bytes) -> dict[str, Field]:
    return {field.name: field for field in input_anatomy(data)}


@each("input")
def test_a_good_input_is_explained_to_its_end(case):
    fields = assert_tiles(input_anatomy(case.data), case.data)
    assert (fields[-1].name, fields[-1].data) == ("EOM", bytes.fromhex("00040000"))


@each("output")
def test_a_good_output_is_explained_to_its_end(case):
    fields = assert_tiles(output_anatomy(case.data, case.exit, case.code, requested(case)), case.data)
    assert fields[-1].name in {"CSM_ID", "RSM_RSNCOD"}


@each("refused")
def test_a_refused_input_is_explained_as_far_as_it_goes(case):
    assert_tiles(input_anatomy(case.data), case.data)


@each("hostile")
def test_a_hostile_output_ends_in_what_is_wrong_with_it(case):
    fields = assert_tiles(output_anatomy(case.data, case.exit, case.code), case.data)
    if "max_message" not in case.expected:
        assert fields[-1].name == UNREADABLE
        assert fields[-1].meaning.startswith("cannot be read: ")


@each("input")
def test_an_input_cut_anywhere_says_where_it_ends(case):
    for length in range(len(case.data)):
        fields = assert_tiles(input_anatomy(case.data[:length]), case.data[:length])
        assert fields[-1].name == UNREADABLE
        assert "end" in fields[-1].meaning or "no LLLL" in fields[-1].meaning


@each("output")
def test_an_output_cut_anywhere_says_where_it_ends(case):
    for length in range(len(case.data)):
        data = case.data[:length]
        fields = assert_tiles(output_anatomy(data, case.exit, case.code, requested(case)), data)
        assert fields[-1].name == UNREADABLE


@pytest.mark.parametrize("folder", ["input", "output", "refused", "hostile"])
def test_any_mutation_is_explained_in_every_way_without_an_error(folder):
    choose = random.Random(20_04)
    seeds = [case.data for case in corpus.cases(folder)]
    for _ in range(400):
        data = mutated(choose.choice(seeds), choose)
        assert_tiles(input_anatomy(data), data)
        for exit_ in Exit:
            for code in HeaderCode:
                assert_tiles(output_anatomy(data, exit_, code), data)


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_explained_once(data):
    assert_tiles(input_anatomy(data), data)
    for exit_ in Exit:
        assert_tiles(output_anatomy(data, exit_, HeaderCode.ASCII), data)
    found = list(captured(data))
    assert b"".join(message.data for message in found) == data
    for message_ in found:
        assert_tiles(message_.fields(), message_.data)


def test_no_mutation_of_a_request_shows_its_password_to_who_decodes_a_capture():
    choose = random.Random(7)
    seeds = [case.data for case in corpus.cases("input") if PASSWORD in case.data]
    for _ in range(2000):
        data = mutated(choose.choice(seeds), choose)
        for found in captured(data):
            shown = b"".join(field.data for field in found.fields())
            assert PASSWORD not in shown
            assert "PASSW0RD" not in "".join(field.meaning for field in found.fields())


class TestSecrets:
    def test_a_password_is_asterisks_whatever_its_length(self):
        for password in ("A", "GEHEIM1", "PASSW0RD"):
            found = by_name(text("ECHO", password=password))["IRM_RACF_PW"]
            assert (found.hidden, found.meaning, found.data) == (True, HIDDEN, b"\x5c" * 8)

    def test_no_password_is_said_to_be_none(self):
        found = by_name(text("ECHO"))["IRM_RACF_PW"]
        assert (found.hidden, found.meaning) == (False, "blank")

    @pytest.mark.parametrize("code", ["cp037", "ascii"])
    @pytest.mark.parametrize("words", ["HWSPWCH OLD1/NEW1/NEW1", "hwspwch OLD1/NEW1", " HWSPWCH OLD1/NEW1"])
    def test_a_password_change_is_hidden_even_where_the_exit_would_not_know_it(self, code, words):
        data = message(words.encode(code), code=code)
        shown = b"".join(field.data for field in input_anatomy(data))
        assert "OLD1".encode(code) not in shown
        assert "NEW1".encode(code) not in shown

    def test_a_password_change_of_two_segments_is_hidden_in_both(self):
        data = message(ebcdic("HWSPWCH OLD1/"), ebcdic("NEW1/NEW1"))
        assert [f.hidden for f in input_anatomy(data) if f.name == "DATA"] == [True, True]

    def test_a_password_change_that_is_cut_is_hidden(self):
        data = message(ebcdic("HWSPWCH OLD1/NEW1/NEW1"))
        for length in range(len(data)):
            assert ebcdic("OLD1") not in b"".join(f.data for f in input_anatomy(data[:length]))

    @pytest.mark.parametrize("kind", ["*PHRASE*", "*CONTXT*", "*TRSTUS*"])
    def test_an_extension_that_may_hold_a_secret_shows_its_length_alone(self, kind):
        data = message(b"ECHO", arch=5, f0=0x04, extensions=((kind, ebcdic("LET ME IN")),))
        fields = by_name(data)
        assert fields["IRMEXTN_ID"].meaning == kind
        assert (fields["IRMEXTN_DATA"].data, fields["IRMEXTN_DATA"].meaning) == (b"\x5c" * 9, HIDDEN)

    @pytest.mark.parametrize("kind", ["*NETUID*", "*NETSID*", "*TRCKID*"])
    def test_an_extension_that_is_a_name_is_shown(self, kind):
        data = message(b"ECHO", arch=5, f0=0x04, extensions=((kind, ebcdic("CN=ALICE")),))
        assert by_name(data)["IRMEXTN_DATA"].meaning == "'CN=ALICE'"

    def test_the_password_is_hidden_where_it_stands_a_second_time(self):
        fields = by_name(text("ECHO PASSW0RD", password="PASSW0RD", application="PASSW0RD"))
        assert fields["DATA"].hidden
        assert fields["IRM_APPL_NM"].hidden

    @pytest.mark.parametrize("exit_id", ["*HWSJAV*", "*MYEXIT*"])
    def test_of_an_exit_with_another_user_portion_nothing_behind_the_fixed_one_is_shown(self, exit_id):
        data = text("ECHO", exit_id=exit_id, password="PASSW0RD")
        fields = assert_tiles(input_anatomy(data), data)
        assert [f.name for f in fields[-2:]] == ["IRM_CLIENTID", UNREADABLE]
        assert fields[-1].hidden

    def test_names_are_hidden_when_bytes_are_missing_before_the_password(self):
        whole = text("ECHO", password="PASSW0RD")
        data = whole[:60] + whole[68:]
        assert ebcdic("PASSW0RD") not in b"".join(f.data for f in input_anatomy(data))

    def test_a_request_is_never_shown_as_a_reply(self):
        data = text("ECHO", password="PASSW0RD")
        for exit_ in Exit:
            assert PASSWORD not in b"".join(f.data for f in output_anatomy(data, exit_, HeaderCode.EBCDIC))


def meaning(data: bytes, name: str) -> str:
    return next(f.meaning for f in output_anatomy(data, Exit.HWSSMPL1, HeaderCode.EBCDIC) if f.name == name)


class TestMeanings:
    """Words for what the tables of IBM say; codes of the RSM are those of `wire.meaning`."""

    @pytest.mark.parametrize(
        ("offset", "value", "words"),
        [
            (0x06, 0, "level 0: base"),
            (0x14, 0x40, "NOTRANS"),
            (0x15, 0x00, "default"),
            (0x15, 0x01, "0.01 s"),
            (0x15, 0x19, "0.25 s"),
            (0x15, 0x1A, "0.3 s"),
            (0x15, 0x1E, "0.5 s"),
            (0x15, 0x27, "0.95 s"),
            (0x15, 0x28, "1 s"),
            (0x15, 0x31, "10 s"),
            (0x15, 0x45, "30 s"),
            (0x15, 0x63, "60 s"),
            (0x15, 0x64, "120 s"),
            (0x15, 0x9E, "3600 s"),
            (0x15, 0xE9, "NO_WAIT: no waiting"),
            (0x15, 0xFF, "waits for ever"),
            (0x15, 0x9F, "not defined: the default counts"),
            (0x16, 0x00, "transaction socket"),
            (0x16, 0x10, "persistent socket"),
            (0x16, 0x40, "non-persistent socket"),
            (0x16, 0x20, "not defined"),
            (0x17, 0x01, "UTF-8"),
            (0x20, 0xC2, "MFSREQ + CIDREQ + NOWAIT"),
            (0x20, 0x08, "X'08' (reserved)"),
            (0x21, 0x40, "CM0"),
            (0x21, 0x00, "no commit mode: the exit's default"),
            (0x22, 0x41, "DFS2082 + SYNCONF"),
            (0x22, 0x00, "sync level NONE"),
            (0x23, 0xC1, "A: ACK"),
            (0x23, 0x40, "blank: send-receive"),
            (0x23, 0xC9, "no kind of message"),
        ],
    )
    def test_a_byte_of_the_irm_says_what_it_stands_for(self, offset, value, words):
        data = bytearray(text("ECHO"))
        data[offset] = value
        found = next(field for field in input_anatomy(bytes(data)) if field.offset == offset)
        assert found.meaning == words

    def test_irm_f5_is_the_option_of_resume_tpipe_there(self):
        fields = by_name(message(verb="R", f2=0x40))
        assert fields["IRM_F5"].meaning == "no option: as NOAUTO"

    @pytest.mark.parametrize(
        ("structure", "name", "words"),
        [
            (rsm(8, 72), "RSM_RETCOD", "return code 8, the socket is closed"),
            (rsm(40, 0x45), "RSM_RETCOD", "return code 40, the socket stays open"),
            (rsm(8, 78, 8), "RSM_RACFRC/OTMRSN", "RACF return code 8"),
            (rsm(16, 0x1A, 7), "RSM_RACFRC/OTMRSN", "OTMA reason code 7"),
            (csm(0x30), "CSM_FLG1", "ACK or NAK required + protocol level valid"),
            (csm(0x80, 2), "CSM_PRLVLFLG", "level 2: ACK with NO_WAIT for commit mode 0 (not valid)"),
            (csm(0x10, 9), "CSM_PRLVLFLG", "level 9: not known"),
            (csm(0x01), "CSM_FLG1", "X'01' (reserved)"),
        ],
    )
    def test_a_byte_of_a_status_says_what_it_stands_for(self, structure, name, words):
        assert meaning(llll(structure), name) == words

    @pytest.mark.parametrize(
        ("return_code", "reason_code", "start"),
        [
            (8, 72, "72 NFNDDST: "),
            (8, 36, "36: "),
            (40, 0x45, "X'45': "),
            (16, 0x1A, "OTMA sense code X'001A'"),
        ],
    )
    def test_the_reason_code_comes_with_its_name_and_words(self, return_code, reason_code, start):
        data = llll(rsm(return_code, reason_code))
        said = meaning(data, "RSM_RSNCOD")
        assert said.startswith(start)
        assert describe(Rsm(return_code, reason_code)).text in said

    def test_the_status_of_the_xml_adapter_speaks_by_its_return_code(self):
        data = llll(rsm(108, 0, name="*XADPST*"))
        assert "converter" in meaning(data, "RSM_RETCOD")
        assert meaning(data, "RSM_RSNCOD") == "none"

    def test_a_message_of_ims_is_said_to_be_one(self):
        assert "(DFS064, a message of IMS" in meaning(reply("DFS064 NO SUCH TRANSACTION CODE"), "DATA")
        assert "message of IMS" not in meaning(reply("HELLO DFS064"), "DATA")

    def test_a_long_text_is_shown_by_its_beginning(self):
        assert meaning(reply("A" * 100), "DATA") == f"'{'A' * 60}' ..."

    def test_data_that_is_no_text_is_said_to_be_none(self):
        assert meaning(llll(segment(bytes(range(16))), csm()), "DATA") == "16 bytes, not text"


def test_what_does_not_print_never_reaches_a_meaning():
    data = message(ebcdic("A\r\nB\x1b[31m"), client="A\nB", lterm="\x07")
    assert_tiles(input_anatomy(data), data)


def test_a_message_of_very_many_segments_is_explained_in_one_go():
    # more than a minute if the work grew with the square of the length
    data = message(*([b"X"] * 100_000))
    assert sum(1 for _ in input_anatomy(data)) > 300_000
