"""The phone book: as text in the layout of the sample program, as XML, and through its converter."""

import pytest

from gateway.codepage import CodePage
from gateway.safexml import Bounds, parse
from gateway.standin.ivtno import Ivtnod
from tests.unit.standin.by_hand import ebcdic, reply, text
from tests.unit.standin.test_builtin import output_data, xml

NS = "urn:ims-gateway:example:phonebook"
NAMES = ("message", "command", "lastName", "firstName", "extension", "zipCode")


def laid_out(command: str, last: str, first: str = "", extension: str = "", zip_code: str = "") -> str:
    return f"{command:<8}{last:<10}{first:<10}{extension:<10}{zip_code:<7}"


def ask_text(client, *fields: str) -> tuple[str, str]:
    """Return message and fields of the answer; its shape is checked."""
    line = output_data(client.ask(text("IVTNO     " + laid_out(*fields)))).decode("cp037")
    assert len(line) == 89
    assert line.endswith("0001")
    return line[:40].rstrip(), line[40:85]


def document(**fields: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<phonebook xmlns="{NS}">{inner}</phonebook>'


def read(data: bytes, ccsid: int = 1208) -> tuple[str | None, ...]:
    root = parse(CodePage.of(ccsid).decode(data).encode(), Bounds())
    assert root.tag == f"{{{NS}}}phonebookResponse"
    assert [child.tag for child in root] == [f"{{{NS}}}{name}" for name in NAMES]
    return tuple(child.text for child in root)


FIRST = laid_out("DISPLAY", "LAST1", "FIRST1", "8-111-1111", "D01/R01")


class TestText:
    def test_display(self, client):
        assert ask_text(client, "DISPLAY", "LAST1") == ("ENTRY WAS DISPLAYED", FIRST)

    def test_a_short_message_counts_as_filled_with_blanks(self, client):
        answer = client.ask(text("IVTNO     DISPLAY LAST1"))
        assert answer == reply(f"{'ENTRY WAS DISPLAYED':<40}{FIRST}0001")

    def test_add_update_delete(self, client, standin):
        added = ("SMITH", "JOHN", "8-111-9999", "D09/R09")
        assert ask_text(client, "ADD", *added) == ("ENTRY WAS ADDED", laid_out("ADD", *added))
        assert ask_text(client, "UPDATE", "SMITH", "", "8-222-9999") == (
            "ENTRY WAS UPDATED",
            laid_out("UPDATE", "SMITH", "JOHN", "8-222-9999", "D09/R09"),
        )
        assert standin.book.entries["SMITH"].extension == "8-222-9999"
        assert ask_text(client, "DELETE", "SMITH")[0] == "ENTRY WAS DELETED"
        assert ask_text(client, "DISPLAY", "SMITH")[0] == "SPECIFIED PERSON WAS NOT FOUND"

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            (("SHOW", "LAST1"), "PROCESS CODE IS NOT VALID"),
            (("DISPLAY", ""), "LAST NAME WAS NOT SPECIFIED"),
            (("DISPLAY", "NOBODY"), "SPECIFIED PERSON WAS NOT FOUND"),
            (("UPDATE", "NOBODY"), "SPECIFIED PERSON WAS NOT FOUND"),
            (("DELETE", "NOBODY"), "SPECIFIED PERSON WAS NOT FOUND"),
            (("ADD", "SMITH", "JOHN"), "DATA IS NOT ENOUGH."),
            (("ADD", "LAST1", "A", "B", "C"), "ADDITION OF ENTRY HAS FAILED"),
        ],
    )
    def test_what_the_program_refuses(self, client, standin, fields, message):
        before = standin.book.entries
        assert ask_text(client, *fields) == (message, laid_out(*fields))
        assert standin.book.entries == before

    @pytest.mark.parametrize("lines", [("IVTNO     " + " " * 46,), ("IVTNO     ", "DISPLAY LAST1")])
    def test_what_is_not_in_the_layout_abends(self, client, lines):
        assert client.ask(text(*lines)) == reply(
            "DFS555I TRAN IVTNO    ABEND S000,U0016 ; MSG IN PROCESS: IVTNO"
        )


class TestXml:
    @pytest.mark.parametrize("ccsid", [1208, 1140])
    def test_display(self, standin_factory, connect, ccsid):
        client = connect(standin_factory(transactions={"IVTNO": {"ccsid": ccsid}}))
        answer = client.ask(xml("IVTNO", document(command="DISPLAY", lastName="LAST2"), ccsid))
        expected = ("ENTRY WAS DISPLAYED", "DISPLAY", "LAST2", "FIRST2", "8-111-2222", "D02/R02")
        assert read(output_data(answer), ccsid) == expected

    def test_a_refusal_has_empty_elements(self, client):
        answer = client.ask(xml("IVTNO", document(command="DISPLAY", lastName="NOBODY")))
        expected = ("SPECIFIED PERSON WAS NOT FOUND", "DISPLAY", "NOBODY", None, None, None)
        assert read(output_data(answer)) == expected

    def test_markup_in_values_is_data(self, client, standin):
        fields = {"lastName": "A&amp;B", "firstName": "&lt;C", "extension": "1", "zipCode": "2"}
        answer = client.ask(xml("IVTNO", document(command="ADD", **fields)))
        assert read(output_data(answer))[2:4] == ("A&B", "<C")
        assert "A&B" in standin.book.entries

    def test_comments_are_no_elements(self, client):
        request = document(command="DISPLAY", lastName="LAST1").replace("<lastName>", "<!-- who --><lastName>")
        assert read(output_data(client.ask(xml("IVTNO", request))))[2] == "LAST1"

    def test_utf_8_is_text_for_a_program_that_reads_ebcdic(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"IVTNO": {"ccsid": 1140}}))
        request = xml("IVTNO", document(command="DISPLAY", lastName="LAST1"))
        assert output_data(client.ask(request)).startswith(ebcdic("DFS555I"))

    def test_a_value_too_long_is_named(self, client):
        answer = client.ask(xml("IVTNO", document(command="DISPLAY", lastName="ABCDEFGHIJK")))
        assert read(output_data(answer))[0] == "lastName IS LONGER THAN 10"

    @pytest.mark.parametrize(
        "wrong",
        [
            "<phonebook><command>DISPLAY</command><lastName>LAST1</lastName></phonebook>",
            document(command="DISPLAY"),
            document(lastName="LAST1"),
            document(command="DISPLAY", lastName="LAST1", street="X"),
            document(command="DISPLAY", lastName="<b/>"),
            document(command="DISPLAY", lastName="L").replace("</phonebook>", "<command/></phonebook>"),
            f'<other xmlns="{NS}"/>',
        ],
        ids=["no-namespace", "no-name", "no-command", "unknown", "nested", "twice", "other-root"],
    )
    def test_what_is_not_a_request_abends(self, client, standin, wrong):
        answer = client.ask(xml("IVTNO", wrong))
        assert output_data(answer).startswith(ebcdic("DFS555I TRAN IVTNO    ABEND S000,U0016"))
        assert standin.seen[0].outcome == "DFS555I"


class TestConverter:
    def test_request_to_bytes(self):
        root = parse(document(command="DISPLAY", lastName="LAST1").encode(), Bounds())
        assert Ivtnod().to_bytes(root, "IVTNO") == (ebcdic("IVTNO     " + laid_out("DISPLAY", "LAST1")),)

    def test_bytes_to_response(self):
        line = f"{'ENTRY WAS DISPLAYED':<40}{FIRST}0001"
        root = Ivtnod().to_xml((ebcdic(line),))
        assert [child.text for child in root] == [
            "ENTRY WAS DISPLAYED",
            "DISPLAY",
            "LAST1",
            "FIRST1",
            "8-111-1111",
            "D01/R01",
        ]

    @pytest.mark.parametrize("value", ["ABCDEFGHIJK", "\u0141ODZ"], ids=["too-long", "not-in-ebcdic"])
    def test_a_value_that_does_not_fit_is_refused(self, value):
        root = parse(document(command="DISPLAY", lastName=value).encode(), Bounds())
        with pytest.raises(ValueError):
            Ivtnod().to_bytes(root, "IVTNO")

    @pytest.mark.parametrize("segments", [(), (b"\x40" * 88,), (b"\x40" * 89, b"\x40" * 89)])
    def test_an_answer_of_another_shape_is_refused(self, segments):
        with pytest.raises(ValueError):
            Ivtnod().to_xml(segments)
