"""`imsgw ims drain` and `respond`: nothing is acknowledged before it is safe."""

import json
import threading

import pytest

from gateway.cli import ims_drained
from gateway.errors import GatewayError
from gateway.imsconnect import Connection, ConnectionSettings, Interaction, transaction_input
from tests.fixtures.running_gateway import wait_until

SEGMENT = "C1 00 E0"
SHOWN = "A\\x00\\\\"


@pytest.fixture
def ims(ims):
    """The command, less patient with an empty queue."""

    def run(command, *arguments, **more):
        hurry = command == "drain" and not {"--wait", "--timeout"} & set(map(str, arguments))
        return ims(command, *arguments, *(("--wait", "0.1") if hurry else ()), **more)

    return run


@pytest.fixture
def held(ims, lab):
    """Put messages on the hold queue of a tpipe, each of a text or of several segments."""

    def hold(tpipe, *messages, hexadecimal=False):
        for message in messages:
            first, *others = message if isinstance(message, tuple) else (message,)
            more = [word for segment in others for word in ("--segment", segment)]
            flags = ("--hex",) if hexadecimal else ()
            options = ("--send-only", "--ack", "--client-id", tpipe)
            assert ims("send", "ECHO", first, *more, *flags, *options).exit_code == 0

    return hold


def depth(lab, tpipe):
    return lab.tpipes.depths.get(tpipe, 0)


class TestDrain:
    def test_the_messages_come_in_order_and_are_gone_afterwards(self, ims, held, lab):
        held("LATE01", "one", ("two", "second segment"), "three")
        result = ims("drain", "late01")
        assert result.stdout.splitlines() == ["one", "two", "second segment", "three"]
        assert (result.exit_code, result.stderr) == (0, "3 messages taken from LATE01\n")
        assert lab.tpipes.depths == {}

    def test_so_many_as_are_wanted(self, ims, held, lab):
        held("LATE01", "one", "two", "three")
        assert ims("drain", "LATE01", "--limit", "2").stdout == "one\ntwo\n"
        wait_until(lambda: lab.tpipes.in_delivery == 0, "the acknowledgment")
        assert lab.tpipes.depths == {"LATE01": 1}
        result = ims("drain", "LATE01", "--limit", "2")
        assert (result.stdout, result.stderr) == ("three\n", "1 message taken from LATE01\n")

    def test_of_so_many_none_is_lost_either(self, ims, held, lab):
        held("LATE01", "one", "two")
        assert ims("drain", "LATE01", "--limit", "2", "--into", "/dev/full").exit_code == 1
        wait_until(lambda: depth(lab, "LATE01") == 2, "the messages are back")

    def test_an_empty_tpipe_is_no_failure(self, ims):
        result = ims("drain", "EMPTY1", "--wait", "0.05")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "0 messages taken from EMPTY1\n"

    def test_one_s_own_client_id_is_a_tpipe_too(self, ims, held):
        held("MINE01", "one")
        assert ims("drain", "MINE01", "--client-id", "MINE01").stdout == "one\n"

    def test_json_is_a_line_a_message_with_the_same_keys_always(self, ims, held):
        held("LATE01", SEGMENT, SEGMENT, hexadecimal=True)
        rows = [json.loads(line) for line in ims("drain", "LATE01", "--json").stdout.splitlines()]
        assert rows[0] == {
            "tpipe": "LATE01",
            "number": 1,
            "segments": [{"text": "A\x00\\", "hex": "C100E0"}],
            "callout": None,
            "mod_name": None,
            "network_user": None,
            "network_session": None,
            "more_queued": rows[0]["more_queued"],
        }
        assert [row["number"] for row in rows] == [1, 2]

    def test_as_text_nothing_is_lost(self, ims, held):
        held("LATE01", SEGMENT, hexadecimal=True)
        assert ims("drain", "LATE01").stdout == f"{SHOWN}\n"

    def test_a_dump_may_be_asked_for(self, ims, held):
        held("LATE01", SEGMENT, hexadecimal=True)
        assert ims("drain", "LATE01", "--raw").stdout.startswith("000000  C100E0")

    def test_what_is_not_text_in_the_code_page_is_handed_back(self, ims, held, lab):
        held("LATE01", "C1", "FFFE", hexadecimal=True)
        result = ims("drain", "LATE01", "--ccsid", 1208)
        assert result.exit_code == 1
        assert "message 1 was handed back: it is not text in CCSID 1208" in result.stderr
        wait_until(lambda: depth(lab, "LATE01") == 2, "the messages are back")
        assert ims("drain", "LATE01", "--ccsid", 1208, "--json").exit_code == 0
        assert lab.tpipes.depths == {}

    def test_peek_leaves_the_message_where_it_is(self, ims, held, lab):
        held("LATE01", "one", "two")
        for _ in range(2):
            result = ims("drain", "LATE01", "--peek")
            assert (result.exit_code, result.stdout) == (0, "one\n")
            assert result.stderr == "1 message seen on LATE01\n"
        # a NAK is not answered: IMS may still be about to put it back
        wait_until(lambda: depth(lab, "LATE01") == 2, "the message is back")
        assert ims("drain", "LATE01").stdout == "one\ntwo\n"

    @pytest.mark.parametrize(
        "options",
        [
            ("--follow", "--peek"),
            ("--follow", "--limit", "1"),
            ("--limit", "0"),
            ("--raw", "--json"),
            ("--timeout", "100"),
            ("--wait", "0"),
            ("--wait", "4000"),
            ("--callouts", "some"),
        ],
    )
    def test_what_does_not_go_together_is_wrong_usage(self, ims, lab, options):
        assert ims("drain", "LATE01", *options).exit_code == 2
        assert lab.seen == ()

    def test_a_tpipe_that_cannot_be_is_wrong_usage(self, ims):
        result = ims("drain", "NOT A TPIPE")
        assert (result.exit_code, "altClientID" in result.stderr) == (2, True)

    def test_a_refusal_is_told(self, ims):
        result = ims("drain", "LATE01", IMSGW_IMS_PASSWORD="WRONG1")
        assert result.exit_code == 1
        assert "the sign-on was not accepted" in result.stderr


class TestInto:
    def test_a_file_is_appended_to(self, ims, held, tmp_path):
        held("LATE01", "one")
        assert ims("drain", "LATE01", "--into", tmp_path / "box").stdout == ""
        held("LATE01", "two")
        ims("drain", "LATE01", "--into", tmp_path / "box")
        assert (tmp_path / "box").read_text() == "one\ntwo\n"
        assert (tmp_path / "box").stat().st_mode & 0o777 == 0o600

    def test_a_folder_gets_a_file_a_message_and_none_is_overwritten(self, ims, held, tmp_path):
        (tmp_path / "box").mkdir()
        (tmp_path / "box" / "LATE01-000002.json").write_text("mine")
        held("LATE01", "one", "two")
        assert ims("drain", "LATE01", "--into", tmp_path / "box", "--json").exit_code == 0
        files = {path.name: path.read_text() for path in (tmp_path / "box").iterdir()}
        assert set(files) == {f"LATE01-{number:06}.json" for number in (1, 2, 3)}
        assert files["LATE01-000002.json"] == "mine"
        assert json.loads(files["LATE01-000003.json"])["segments"][0]["text"] == "two"

    def test_a_name_with_a_slash_behind_makes_the_folder(self, ims, held, tmp_path):
        held("LATE01", "one")
        assert ims("drain", "LATE01", "--into", f"{tmp_path}/new/box/").exit_code == 0
        assert [path.name for path in (tmp_path / "new/box").iterdir()] == ["LATE01-000001.txt"]

    def test_a_full_disk_loses_nothing(self, ims, held, lab):
        held("LATE01", "one", "two")
        result = ims("drain", "LATE01", "--into", "/dev/full")
        assert result.exit_code == 1
        assert "/dev/full: No space left on device; what was not written is still IMS's" in result.stderr
        wait_until(lambda: depth(lab, "LATE01") == 2, "the messages are back")

    def test_a_place_that_cannot_be_written_is_told_before_anything_is_asked_for(
        self, ims, held, lab, tmp_path
    ):
        held("LATE01", "one")
        asked = len(lab.seen)
        result = ims("drain", "LATE01", "--into", tmp_path / "no" / "box")
        assert (result.exit_code, "No such file or directory" in result.stderr) == (1, True)
        assert len(lab.seen) == asked

    @pytest.mark.parametrize("into", ["box", "box/"])
    def test_what_fails_half_way_leaves_nothing_half_done(self, ims, held, lab, tmp_path, monkeypatch, into):
        held("LATE01", "one", "two", "three")
        real = ims_drained._write
        written = []

        def second_fails(descriptor, data):
            real(descriptor, data if len(written) != 1 else data[:2])
            written.append(data)
            if len(written) == 2:
                raise OSError(28, "No space left on device")

        monkeypatch.setattr(ims_drained, "_write", second_fails)
        result = ims("drain", "LATE01", "--into", f"{tmp_path}/{into}")
        assert result.exit_code == 1
        assert "1 message taken from LATE01" in result.stderr
        wait_until(lambda: depth(lab, "LATE01") == 2, "the messages are back")
        monkeypatch.undo()
        assert ims("drain", "LATE01", "--into", f"{tmp_path}/{into}").exit_code == 0
        box = tmp_path / "box"
        kept = (
            sorted(path.read_text() for path in box.iterdir()) if box.is_dir() else box.read_text().split("\n")
        )
        assert sorted(text.strip() for text in kept if text) == ["one", "three", "two"]

    def test_a_message_is_written_before_it_is_acknowledged(self, ims, held, lab, tmp_path, monkeypatch):
        held("LATE01", "one")
        seen = []
        real = Connection.acknowledge

        def look(connection):
            seen.append(((tmp_path / "box").read_text(), lab.tpipes.depths, lab.tpipes.in_delivery))
            real(connection)

        monkeypatch.setattr(Connection, "acknowledge", look)
        assert ims("drain", "LATE01", "--into", tmp_path / "box").exit_code == 0
        (text, depths, in_delivery) = seen[0]
        assert text == "one\n"
        assert depths.get("LATE01", 0) + in_delivery == 1

    def test_an_acknowledgment_that_may_not_have_come_is_told(self, ims, held, lab, tmp_path):
        held("LATE01", "one")
        lab.faults.add(kind="drop", on="request", verb="A")
        result = ims("drain", "LATE01", "--into", tmp_path / "box")
        assert result.exit_code == 1
        assert f"message 1 is written to {tmp_path / 'box'}, but may come again" in result.stderr
        assert (tmp_path / "box").read_text() == "one\n"


class TestCallouts:
    @pytest.fixture
    def calling(self, lab):
        """Run CALLOUT in a thread; what it was answered comes in a list."""
        answers, threads = [], []

        def call(text):
            settings = ConnectionSettings.to(lab.host, lab.port, "IMS1", "GWUSER", "GWPASS1")
            interaction = Interaction(
                transaction="CALLOUT",
                segments=transaction_input("CALLOUT", text),
                execution_timeout_ms=60_000,
                socket_timeout_ms=60_000,
            )

            def run():
                try:
                    with Connection(settings) as connection:
                        answers.append(connection.run(interaction).text())
                except GatewayError as error:
                    answers.append(str(error))

            threads.append(threading.Thread(target=run))
            threads[-1].start()
            wait_until(lambda: lab.tpipes.requests, "the callout is queued")
            return answers, threads[-1]

        yield call
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()

    def test_a_callout_is_taken_and_answered(self, ims, calling):
        answers, thread = calling("what time is it")
        taken = ims("drain", "CALLPIPE", "--callouts", "only", "--json", "--peek")
        assert taken.exit_code == 0
        taken = ims("drain", "CALLPIPE", "--callouts", "too")
        head, request = taken.stdout.splitlines()
        word, token, user = head.split()
        assert (word, len(token), user, request) == ("callout", 80, "GWUSER", "what time is it")
        answer = ims("respond", token, "late")
        assert (answer.exit_code, answer.stderr) == (0, "IMS has taken it\n")
        thread.join(20)
        assert answers == ["late"]

    def test_json_has_the_token_and_the_request(self, ims, calling):
        _, thread = calling("please")
        result = ims("drain", "CALLPIPE", "--callouts", "only", "--json")
        callout = json.loads(result.stdout)["callout"]
        assert callout["request"] == {"text": "please", "hex": "97938581A285"}
        assert callout["control_data"] == []
        told = json.loads(ims("respond", callout["token"], "--reason", 77, "--json").stdout)
        assert told == {"token": callout["token"], "taken": True}
        thread.join(20)

    def test_an_answer_nobody_waits_for_is_refused(self, ims):
        token = "00280001" + "C9D4E2F1" + "00" * 32
        result = ims("respond", token, "too late")
        assert (result.exit_code, result.stdout) == (1, "")

    @pytest.mark.parametrize(
        "arguments", [("0028", "x"), ("zz", "x"), ("0028" * 20,), ("0028" * 20, "x", "--reason", 1)]
    )
    def test_what_is_no_answer_is_wrong_usage(self, ims, lab, arguments):
        assert ims("respond", *arguments).exit_code == 2
        assert lab.seen == ()
