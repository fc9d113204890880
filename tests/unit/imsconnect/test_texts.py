"""Texts as segments: the code of the transaction code, the field it stands in, where a text is cut."""

import pytest

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.imsconnect import HeaderCode, segments_of, transaction_input

ECHO_IN_37 = bytes.fromhex("C5C3C8D640404040")
LONGEST = 32_763


class TestTransactionCode:
    def test_it_is_in_code_page_37_whatever_the_text_is_in(self):
        assert transaction_input("ECHO", "€", ccsid=1208) == (ECHO_IN_37 + bytes.fromhex("E282AC"),)
        # @, # and $ have other bytes in the German page
        assert transaction_input("T@#$", "§", ccsid=273) == (bytes.fromhex("E37C7B5B404040407C"),)

    def test_on_a_connection_in_ascii_it_is_ascii_and_so_is_the_text(self):
        assert transaction_input("ECHO", "A b", code=HeaderCode.ASCII) == (b"ECHO    A b",)

    def test_on_a_connection_in_ascii_the_text_may_be_in_a_page_of_its_own(self):
        assert transaction_input("ECHO", "é", ccsid=1208, code=HeaderCode.ASCII) == (b"ECHO    \xc3\xa9",)

    def test_a_character_that_ascii_lacks_is_named(self):
        with pytest.raises(UnmappableCharacter, match=r"U\+20AC at position 2"):
            transaction_input("ECHO", "5 €", code=HeaderCode.ASCII)

    def test_the_field_is_as_wide_as_the_program_says(self):
        assert transaction_input("IVTNO", "X", width=10) == (bytes.fromhex("C9E5E3D5D64040404040E7"),)
        assert transaction_input("IVTNO", "X", width=6) == (bytes.fromhex("C9E5E3D5D640E7"),)
        assert transaction_input("EIGHTLNG", "X") == (bytes.fromhex("C5C9C7C8E3D3D5C7E7"),)

    @pytest.mark.parametrize(
        ("transaction", "width"), [("IVTNO", 5), ("IVTNO", 4), ("IVTNO", 0), ("EIGHTLNG", 7), ("SEVENLN", 7)]
    )
    def test_a_field_in_which_ims_reads_another_code_is_refused(self, transaction, width):
        with pytest.raises(ValueError, match="a blank ends the code"):
            transaction_input(transaction, "X", width=width)

    @pytest.mark.parametrize("transaction", ["", "NINECHARS", "lower", "TWO WRDS", "TAB\t", "É"])
    def test_what_is_no_transaction_code_is_refused(self, transaction):
        with pytest.raises(ValueError, match="a transaction code is"):
            transaction_input(transaction, "X")

    def test_no_text_leaves_the_code(self):
        assert transaction_input("ECHO") == (ECHO_IN_37,)


class TestLongTexts:
    def test_what_fits_is_one_segment(self):
        assert [len(one) for one in transaction_input("ECHO", "x" * (LONGEST - 8))] == [LONGEST]

    def test_what_does_not_goes_on_in_another(self):
        pieces = transaction_input("ECHO", "x" * (LONGEST - 7))
        assert [len(one) for one in pieces] == [LONGEST, 1]

    def test_nothing_is_lost_or_cut_in_two(self):
        text = "漢字かなABC" * 5
        first, *others = transaction_input("ECHO", text, ccsid=930, longest=31)
        page = CodePage.of(930)
        pieces = (first[8:], *others)
        assert len(pieces) > 2
        assert all(len(piece) <= 31 for piece in (first, *others))
        assert "".join(map(page.decode, pieces)) == text

    def test_segments_of_cuts_alike(self):
        assert segments_of("ABCDE", longest=2) == (b"\xc1\xc2", b"\xc3\xc4", b"\xc5")
        assert segments_of("ABCDE", code=HeaderCode.ASCII, longest=2) == (b"AB", b"CD", b"E")
        assert segments_of("é€", 1208, longest=4) == ("é".encode(), "€".encode())
        assert segments_of("") == ()

    @pytest.mark.parametrize("longest", [0, LONGEST + 1])
    def test_a_segment_that_no_ll_can_tell_is_refused(self, longest):
        with pytest.raises(ValueError, match="1 to 32763 bytes"):
            segments_of("A", longest=longest)
        with pytest.raises(ValueError, match="1 to 32763 bytes"):
            transaction_input("ECHO", "A", longest=longest)

    def test_a_segment_that_the_field_fills_is_refused(self):
        with pytest.raises(ValueError, match="no room"):
            transaction_input("ECHO", "A", longest=8)
