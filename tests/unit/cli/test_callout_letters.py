"""`imsgw callout dead-letters`, on a journal that nobody else has open."""

import json
import stat
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import NewEntry, Stage
from gateway.callout.values import Source
from gateway.cli import callout_letters
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import JournalSettings
from tests.fixtures.journal import keep
from tests.fixtures.postgresql import PASSWORD

HERE = Source("ims1", "HWSPIPE1")
RECEIVED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
# cp037, from the code page's table: "<a>" is 4C 81 6E, "A" C1, "é" 51
EBCDIC = bytes.fromhex("4C816EC1514C61816E")


class Place:
    """A home that holds nothing but gateway.toml, and its journal."""

    def __init__(self, folder, settings, toml):
        self.home = folder
        self.settings = settings
        (folder / "gateway.toml").write_text(toml)

    def journal(self):
        return open_journal(self.settings, self.home / "var", SYSTEM_CLOCK)

    def bury(self, data=b"<a/>", service="RATING", reason="no answer", status=1001, operation="getRate"):
        journal = self.journal()
        new = NewEntry(HERE, data, RECEIVED, service, operation)
        id_ = journal.bury(new, status, reason)
        journal.close()
        return id_

    def put(self, **changes):
        journal = self.journal()
        id_ = keep(journal, NewEntry(HERE, b"<w/>", RECEIVED, **changes))
        journal.close()
        return id_

    def answer(self, answer, data=b"<a/>"):
        """Keep a message whose service has answered, and whose answer IMS did not take."""
        journal = self.journal()
        entry = journal.answered(journal.take(NewEntry(HERE, data, RECEIVED)), answer)
        journal.dead(entry, 1003, "IMS is away")
        journal.close()
        return entry.id

    def waiting(self):
        journal = self.journal()
        entries = journal.claim(HERE, 100)
        journal.close()
        return {entry.id: entry for entry in entries}


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        return Place(tmp_path, JournalSettings(), "")
    server = request.getfixturevalue("shared_postgresql")
    settings = server.settings(server.new_database())
    toml = f'[journal]\nstore = "{settings.store}"\npassword = {{ env = "JOURNAL_PASSWORD" }}\n'
    return Place(tmp_path, settings, toml)


@pytest.fixture
def letters(place, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setenv("JOURNAL_PASSWORD", PASSWORD)

    def run(*arguments, typed=None):
        words = [str(each) for each in arguments]
        return CliRunner().invoke(callout_letters.app, [*words, "--home", str(place.home)], input=typed)

    return run


def found(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


# -- list -----------------------------------------------------------------------------------------------------


def test_where_there_is_no_journal_nothing_is_listed_and_none_is_made(letters, place):
    assert found(letters("list", "--json")) == {"letters": [], "more": False}
    result = letters("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "there is no journal yet" in result.stderr
    assert not (place.home / "var").exists()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("dead", "there are no dead letters"),
        ("waiting", "nothing waits for delivery"),
        ("working", "nothing is being delivered"),
    ],
)
def test_an_empty_list_says_so_beside_the_output(letters, place, state, words):
    letters("discard", place.bury(), "--yes")
    result = letters("list", "--state", state)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{words}\n")


def test_dead_letters_are_listed_oldest_first_and_nothing_else(letters, place):
    first, second = place.bury(), place.bury(service="", operation="", reason="no XML", status=1006)
    place.put()
    shown = found(letters("list", "--json"))["letters"]
    assert [letter["id"] for letter in shown] == [first, second]
    changed = shown[0].pop("changed")
    assert shown[0] == {
        "id": first,
        "message_id": f"urn:uuid:{first[:8]}-{first[8:12]}-{first[12:16]}-{first[16:20]}-{first[20:]}",
        "bundle": "ims1",
        "tpipe": "HWSPIPE1",
        "service": "RATING",
        "operation": "getRate",
        "stage": "call",
        "state": "dead",
        "attempts": 0,
        "received": "2026-03-04T05:06:07+00:00",
        "status": 1001,
        "reason": "no answer",
        "size": 4,
    }
    assert abs((datetime.fromisoformat(changed) - SYSTEM_CLOCK.now()).total_seconds()) < 600


def test_the_table_has_a_line_for_each(letters, place):
    id_ = place.bury(reason="line\nbreak \x1b[31m")
    header, line = letters("list").stdout.splitlines()
    assert header.split() == [*callout_letters._COLUMNS]
    assert line.startswith(f"{id_}  ims1/HWSPIPE1  RATING   getRate ")
    assert line.endswith("1001  line break  [31m")


def test_what_waits_is_shown_when_asked_for(letters, place):
    place.bury()
    id_ = place.put()
    (shown,) = found(letters("list", "--state", "waiting", "--json"))["letters"]
    assert (shown["id"], shown["state"]) == (id_, "waiting")


def test_what_is_being_delivered_is_shown_when_asked_for(letters, place):
    id_ = place.put()
    journal = place.journal()
    journal.claim(HERE, 1)
    (shown,) = found(letters("list", "--state", "working", "--json"))["letters"]
    assert (shown["id"], shown["state"]) == (id_, "working")
    journal.close()


def test_no_more_are_listed_than_asked_for_and_that_is_said(letters, place):
    ids = [place.bury() for _ in range(3)]
    shown = found(letters("list", "--limit", 2, "--json"))
    assert ([letter["id"] for letter in shown["letters"]], shown["more"]) == (ids[:2], True)
    assert "more than 2" in letters("list", "--limit", 2).stderr
    assert letters("list", "--limit", 3).stderr == ""


# -- show -----------------------------------------------------------------------------------------------------


def test_an_entry_is_shown_by_the_beginning_of_its_id_or_by_its_message_id(letters, place):
    id_ = place.bury(b"<a>\xc3\xa9</a>")
    urn = found(letters("show", id_, "--json"))["message_id"]
    for name in (id_, id_[:10], id_[:10].upper(), urn):
        shown = found(letters("show", name, "--json"))
        assert (shown["id"], shown["text"], shown["ccsid"]) == (id_, "<a>é</a>", 1208)
        assert shown["hex"] == "3C613EC3A93C2F613E"


def test_a_message_in_ebcdic_is_shown_as_text(letters, place):
    id_ = place.bury(EBCDIC)
    shown = found(letters("show", id_, "--json"))
    assert (shown["text"], shown["ccsid"]) == ("<a>Aé</a>", 1140)
    lines = letters("show", id_).stdout.splitlines()
    assert lines[-2:] == ["message, CCSID 1140:", "<a>Aé</a>"]
    assert f"id          {id_}" in lines
    assert "reason      no answer" in lines


# X'9F' is the euro sign of CCSID 1140, the currency sign of 37
def test_the_code_page_is_that_of_the_bundle(letters, place):
    id_ = place.bury(bytes.fromhex("9F"))
    (place.home / "bundles").mkdir()
    bundle = place.home / "bundles" / "ims1.toml"
    bundle.write_text("[callout]\nhost_ccsid = 37\n")
    shown = found(letters("show", id_, "--json"))
    assert (shown["text"], shown["ccsid"]) == ("¤", 37)
    for useless in ("[callout]\nhost_ccsid = 99\n", "callout = 1\n", "[callout]\n", "= no TOML"):
        bundle.write_text(useless)
        shown = found(letters("show", id_, "--json"))
        assert (shown["text"], shown["ccsid"]) == ("€", 1140)


def test_another_code_page_is_taken_on_request(letters, place):
    id_ = place.bury(bytes.fromhex("9F"))
    assert found(letters("show", id_, "--ccsid", 37, "--json"))["text"] == "¤"


def test_what_is_no_text_is_shown_as_a_dump(letters, place):
    id_ = place.bury(b"\xff\xfe")
    shown = found(letters("show", id_, "--ccsid", 1208, "--json"))
    assert (shown["text"], shown["ccsid"], shown["hex"]) == (None, None, "FFFE")
    assert letters("show", id_, "--ccsid", 1208).stdout.splitlines()[-1].startswith("000000  FFFE ")
    assert letters("show", id_, "--hex").stdout.splitlines()[-1].startswith("000000  FFFE ")


def test_a_message_cannot_steer_the_terminal(letters, place):
    id_ = place.bury(b"\x1b[2J<a/>", service="S\x1b[2J", reason="\x07")
    assert "\x1b" not in letters("show", id_, "--ccsid", 1208).stdout
    assert "\x07" not in letters("show", id_).stdout


def test_the_message_goes_into_a_new_file_for_its_owner_alone(letters, place):
    id_, path = place.bury(bytes(range(256))), place.home / "message.bin"
    assert letters("show", id_, "--data", path).exit_code == 0
    assert path.read_bytes() == bytes(range(256))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"mine")
    refused = letters("show", id_, "--data", path)
    assert (refused.exit_code, path.read_bytes()) == (1, b"mine")
    assert "File exists" in refused.stderr


def test_an_answer_that_ims_is_yet_to_get_is_shown_beside_the_message(letters, place):
    id_ = place.answer(EBCDIC, "<é/>".encode())
    shown = found(letters("show", id_, "--json"))
    assert (shown["stage"], shown["text"], shown["ccsid"], shown["size"]) == ("answer", "<é/>", 1208, 5)
    assert shown["answer"] == {"size": 9, "ccsid": 1140, "text": "<a>Aé</a>", "hex": EBCDIC.hex().upper()}
    lines = letters("show", id_).stdout.splitlines()
    assert "stage       answer to IMS" in lines
    assert lines[-5:] == [
        "message, CCSID 1208:",
        "<é/>",
        "",
        "answer for IMS, 9 bytes, CCSID 1140:",
        "<a>Aé</a>",
    ]
    assert letters("show", id_, "--hex").stdout.splitlines()[-2] == "answer for IMS, 9 bytes, a dump:"
    other = found(letters("show", id_, "--ccsid", 1141, "--json"))
    assert (other["ccsid"], other["answer"]["ccsid"]) == (1141, 1141)


def test_before_its_service_has_answered_there_is_no_answer(letters, place):
    id_, path = place.bury(), place.home / "message.bin"
    assert found(letters("show", id_, "--json"))["answer"] is None
    assert "answer" not in letters("show", id_).stdout.replace("no answer", "")
    result = letters("show", id_, "--data", path, "--answer", place.home / "answer.bin")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "there is no answer, its service is to be called" in result.stderr
    assert not path.exists()


def test_an_answer_that_is_empty_or_no_text_is_shown_all_the_same(letters, place):
    shown = found(letters("show", place.answer(b""), "--json"))["answer"]
    assert (shown["size"], shown["text"], shown["hex"]) == (0, "", "")
    shown = found(letters("show", place.answer(b"\xff"), "--ccsid", 1208, "--json"))["answer"]
    assert (shown["size"], shown["text"], shown["ccsid"], shown["hex"]) == (1, None, None, "FF")


# cp037: X'27' is ESC
def test_an_answer_cannot_steer_the_terminal(letters, place):
    id_ = place.answer(bytes.fromhex("4CF2D1276E27"))
    for more in ((), ("--ccsid", 37), ("--hex",), ("--json",)):
        assert all(line.isprintable() for line in letters("show", id_, *more).output.split("\n"))


def test_message_and_answer_go_into_new_files_for_their_owner_alone(letters, place):
    id_, answer, message = place.answer(b"\x00\xff"), place.home / "answer.bin", place.home / "message.bin"
    shown = letters("show", id_, "--answer", answer)
    assert "message, CCSID 1208:" in shown.stdout
    assert "answer for IMS" not in shown.stdout
    assert (answer.read_bytes(), stat.S_IMODE(answer.stat().st_mode)) == (b"\x00\xff", 0o600)
    assert letters("show", id_, "--answer", answer).exit_code == 1
    answer.unlink()
    assert letters("show", id_, "--answer", answer, "--data", message).exit_code == 0
    assert (answer.read_bytes(), message.read_bytes()) == (b"\x00\xff", b"<a/>")
    assert letters("show", id_, "--answer", "-").stdout_bytes == b"\x00\xff"


def test_the_message_alone_goes_to_standard_output(letters, place):
    id_ = place.bury(bytes(range(256)))
    result = letters("show", id_, "--data", "-")
    assert result.stdout_bytes == bytes(range(256))


@pytest.mark.parametrize("name", ["0" * 32, "xyz", "", "%", "' OR 1=1"])
def test_what_is_no_entry_is_not_found(letters, place, name):
    place.bury()
    result = letters("show", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no entry begins so" in result.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--ccsid", 5),
        ("--data", "-", "--json"),
        ("--answer", "-", "--json"),
        ("--answer", "-", "--data", "-"),
        ("--answer", "x", "--data", "-"),
        ("--no-such-option",),
    ],
)
def test_wrong_usage_of_show(letters, place, wrong):
    result = letters("show", place.bury(), *wrong)
    assert (result.exit_code, result.stdout) == (2, "")


# -- replay and discard ---------------------------------------------------------------------------------------


def test_what_is_replayed_is_delivered_again_and_counted_anew(letters, place):
    one, other = place.bury(), place.bury()
    assert found(letters("replay", one[:12], "--json")) == {"replayed": 1, "ids": [one]}
    waiting = place.waiting()
    assert waiting.keys() == {one}
    assert waiting[one].attempts == 1
    assert [letter["id"] for letter in found(letters("list", "--json"))["letters"]] == [other]


def test_an_answer_is_not_asked_for_again(letters, place):
    id_ = place.put()
    journal = place.journal()
    entry = journal.answered(journal.claim(HERE, 1)[0], b"answer")
    journal.dead(entry, 1003, "IMS is away")
    journal.close()
    letters("replay", id_)
    assert (place.waiting()[id_].stage, place.waiting()[id_].answer) == (Stage.ANSWER, b"answer")


def test_all_of_a_service_are_replayed_or_discarded_and_no_others(letters, place):
    ids = [place.bury(service=name) for name in ("RATING", "EVENTS", "RATING", "")]
    result = letters("replay", "--all", "--service", "RATING")
    assert (result.exit_code, result.stdout) == (0, "2 dead letters to be delivered again\n")
    assert place.waiting().keys() == {ids[0], ids[2]}
    result = letters("discard", "--all", "--service", "EVENTS", "--yes")
    assert (result.exit_code, result.stdout) == (0, "1 dead letter discarded\n")
    assert [letter["id"] for letter in found(letters("list", "--json"))["letters"]] == [ids[3]]


def test_all_are_more_than_one_page(letters, place, monkeypatch):
    monkeypatch.setattr("gateway.cli.callout_letters_home._PAGE", 2)
    ids = {place.bury() for _ in range(5)}
    assert found(letters("replay", "--all", "--json"))["replayed"] == 5
    assert place.waiting().keys() == ids


def test_all_of_nothing_is_nothing(letters, place):
    assert letters("replay", "--all").stdout == "0 dead letters to be delivered again\n"
    place.put()
    assert letters("discard", "--all").stdout == "0 dead letters discarded\n"


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_is_discarded_without_a_yes(letters, place, answer):
    id_ = place.bury()
    result = letters("discard", id_, typed=answer)
    assert result.exit_code == 1
    assert id_ in result.stderr
    assert len(found(letters("list", "--json"))["letters"]) == 1
    assert letters("discard", id_, typed="y\n").exit_code == 0
    assert found(letters("list", "--json"))["letters"] == []


@pytest.mark.parametrize("command", ["replay", "discard"])
def test_one_that_is_none_keeps_all_from_being_changed(letters, place, command):
    dead, waiting = place.bury(), place.put()
    yes = ("--yes",) if command == "discard" else ()
    for other, words in ((waiting, "is no dead letter, but waiting"), ("0" * 32, "no entry begins so")):
        result = letters(command, dead, other, *yes)
        assert (result.exit_code, result.stdout) == (1, "")
        assert words in result.stderr
    assert len(found(letters("list", "--json"))["letters"]) == 1


@pytest.mark.parametrize("command", ["replay", "discard"])
@pytest.mark.parametrize("wrong", [(), ("0", "--all"), ("0", "--service", "RATING")])
def test_it_must_be_said_which_are_meant(letters, command, wrong):
    assert letters(command, *wrong).exit_code == 2


# -- what stands in the way -----------------------------------------------------------------------------------


def test_another_mistake_in_the_home_does_not_matter_but_one_in_the_journal_does(letters, place):
    toml = (place.home / "gateway.toml").read_text()
    (place.home / "gateway.toml").write_text(f"[server]\nhttps = 5\n{toml}")
    assert letters("list").exit_code == 0
    (place.home / "gateway.toml").write_text("[journal]\nlease = 5\n")
    result = letters("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "gateway.toml: journal.lease: unknown key" in result.stderr
    (place.home / "gateway.toml").write_text("journal = 5\n")
    assert "must be a table" in letters("list").stderr


def test_a_journal_that_cannot_be_used_is_told_in_words(letters, place, monkeypatch):
    place.bury()
    if place.settings.store == "sqlite":
        (place.home / "var" / "journal.db").write_bytes(b"something else" * 1000)
        words = "is no SQLite database"
    else:
        monkeypatch.setenv("JOURNAL_PASSWORD", "wrong-one")
        words = "password authentication failed"
    result = letters("list")
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert "wrong-one" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["list", "show", "replay", "discard", None])
def test_every_command_has_help_with_an_example(command):
    words = ["--help"] if command is None else [command, "--help"]
    result = CliRunner().invoke(callout_letters.app, words)
    assert result.exit_code == 0
    assert "imsgw callout dead-letters" in result.stdout.partition("Example")[2]


@pytest.mark.parametrize("more", [(), ("--json",), ("--ccsid", 37, "--json")])
def test_a_message_does_not_steer_the_terminal_of_whoever_looks_at_it(place, letters, more):
    # cp037: X'27' is ESC, X'3B' is U+009B, both begin a sequence for terminals; then "]0;" and BEL
    id_ = place.bury(bytes.fromhex("4C3BF2D127BDF05E2F6E"), reason="it says \x9b2J \u202e", service="\x9bJ")
    shown = letters("show", id_, *more).output + letters("list", *(more[-1:])).output
    assert all(line.isprintable() for line in shown.split("\n"))
