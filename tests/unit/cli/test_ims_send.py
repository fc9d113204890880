"""`imsgw ims send`, `ping` and `command` against the stand-in."""

import json

import pytest

from gateway.imsconnect.wire import HeaderCode, Verb

HELLO = "8885939396"
"""hello in code page 37."""
SIGNED_ON = ("--user", "GWUSER")


class TestSend:
    def test_a_transaction_of_the_installation_verification_has_its_code_in_ten_bytes(self, ims):
        result = ims("send", "IVTNO", "DISPLAY LAST1")
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("ENTRY WAS DISPLAYED")

    def test_a_line_is_printed_for_each_segment(self, ims):
        result = ims("send", "ECHO", "one", "--segment", "two", "--segment", "three")
        assert result.stdout.splitlines() == ["one", "two", "three"]

    def test_the_code_and_names_may_be_typed_in_lower_case(self, ims, lab):
        assert ims("send", "whoami", "--lterm", "term1").exit_code == 0
        assert (lab.seen[-1].transaction, lab.seen[-1].lterm) == ("WHOAMI", "TERM1")

    @pytest.mark.parametrize(
        ("width", "field"), [((), 8), (("--code-width", 10), 10), (("--code-width", 5), 5)]
    )
    def test_the_field_of_the_code_is_as_wide_as_said(self, ims, width, field):
        result = ims("send", "ECHO", "x", *width)
        assert result.stdout == "x\n", field

    def test_a_field_in_which_ims_would_read_another_code_is_wrong_usage(self, ims, lab):
        result = ims("send", "ECHO", "x", "--code-width", 4)
        assert result.exit_code == 2
        assert "the field of ECHO has 5 characters or more" in result.stderr
        assert lab.seen == ()

    def test_the_text_may_come_from_a_file_or_standard_input(self, ims, tmp_path):
        (tmp_path / "text").write_text("from a file\n")
        assert ims("send", "ECHO", "--file", tmp_path / "text").stdout == "from a file\n"
        assert ims("send", "ECHO", "--file", "-", typed="typed\n").stdout == "typed\n"

    def test_text_and_file_exclude_each_other(self, ims, tmp_path):
        (tmp_path / "text").write_text("x")
        assert ims("send", "ECHO", "y", "--file", tmp_path / "text").exit_code == 2

    def test_a_file_that_cannot_be_read_is_named(self, ims):
        result = ims("send", "ECHO", "--file", "not-there")
        assert (result.exit_code, "not-there: No such file" in result.stderr) == (2, True)

    def test_hexadecimal_digits_are_bytes(self, ims):
        result = ims("send", "ECHO", HELLO, "--hex", "--segment", "00 FF", "--json")
        assert [one["hex"] for one in json.loads(result.stdout)["segments"]] == [HELLO, "00FF"]

    def test_what_is_no_hexadecimal_is_wrong_usage(self, ims):
        assert ims("send", "ECHO", "xyz", "--hex").exit_code == 2

    def test_a_text_longer_than_a_segment_is_cut(self, ims, lab):
        result = ims("send", "ECHO", "--file", "-", typed="x" * 40_000)
        assert result.exit_code == 0
        assert len(lab.seen[-1].segments) == 2
        assert sum(len(line) for line in result.stdout.splitlines()) == 40_000

    def test_characters_that_do_not_show_are_written_so_that_they_can_be_undone(self, ims):
        result = ims("send", "ECHO", "C1 00 0D E0", "--hex")
        assert result.stdout == "A\\x00\\r\\\\\n"

    def test_what_is_not_text_in_the_code_page_is_dumped(self, ims):
        options = ("--hex", "--ccsid", 1208)
        result = ims("send", "ECHO", "C1FF", *options)
        assert (result.exit_code, result.stdout[:12]) == (0, "000000  C1FF")
        (segment,) = json.loads(ims("send", "ECHO", "C1FF", *options, "--json").stdout)["segments"]
        assert segment == {"text": None, "hex": "C1FF"}

    def test_the_code_is_in_page_37_whatever_page_the_data_is_in(self, ims, lab):
        result = ims("send", "ECHO", "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n", "--ccsid", 1208)
        assert result.stdout == "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\n"
        assert lab.seen[-1].segments == (bytes.fromhex("C5C3C8D640404040") + b"gr\xc3\xbcn",)

    def test_a_dump_may_be_asked_for(self, ims):
        assert ims("send", "ECHO", "hello", "--raw").stdout.startswith("000000  88 85939396")

    def test_ascii_is_translated_by_ims_connect(self, ims, lab):
        assert ims("send", "ECHO", "hello", "--ascii").stdout == "hello\n"
        assert lab.seen[-1].code is HeaderCode.ASCII

    @pytest.mark.parametrize(("page", "ccsid"), [((), "37"), (("--ascii",), "367 (ASCII)")])
    def test_a_character_that_the_code_page_lacks_is_named_and_nothing_sent(self, ims, lab, page, ccsid):
        result = ims("send", "ECHO", "5 \N{EURO SIGN}", *page)
        assert result.exit_code == 1
        assert f"Character U+20AC at position 2 is not in CCSID {ccsid}" in result.stderr
        assert "nothing was sent" in result.stderr
        assert lab.seen == ()

    def test_a_code_page_that_is_not_there_is_wrong_usage(self, ims):
        assert ims("send", "ECHO", "x", "--ccsid", 4711).exit_code == 2

    def test_both_commit_modes_and_sync_levels(self, ims, lab):
        for options, expected in {
            ("--commit-mode", "0"): (0, "confirm"),
            ("--commit-mode", "1"): (1, "none"),
            ("--sync-level", "confirm"): (1, "confirm"),
        }.items():
            assert ims("send", "ECHO", "x", *options).exit_code == 0
            request = [one for one in lab.seen if one.transaction == "ECHO" and one.segments][-1]
            assert (request.commit_mode, request.sync_level.lower()) == expected

    def test_json_has_the_same_keys_always(self, ims):
        answer = json.loads(ims("send", "ECHO", "x", "--json", "--client-id", "mine01").stdout)
        assert answer == {
            "segments": [{"text": "x", "hex": "A7"}],
            "client_id": "MINE01",
            "mod_name": None,
            "dfs": None,
            "conversation_open": False,
            "output_queued": False,
            "timer_ms": 5000,
        }


class TestSendOnly:
    def test_an_acknowledged_one_is_known_to_be_queued(self, ims, lab):
        result = ims("send", "NOREPLY", "x", "--send-only", "--ack")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "IMS has queued it\n")
        assert lab.seen[-1].verb is Verb.SEND_ONLY_ACK

    def test_of_one_without_acknowledgment_nothing_is_known(self, ims):
        result = ims("send", "NOREPLY", "x", "--send-only", "--in-order")
        assert (result.exit_code, result.stderr) == (0, "sent; nobody tells what becomes of it\n")

    def test_a_refused_sign_on_shows_with_an_acknowledgment(self, ims):
        result = ims("send", "NOREPLY", "x", "--send-only", "--ack", IMSGW_IMS_PASSWORD="WRONG1")
        assert result.exit_code == 1
        assert "IMS has not done it" in result.stderr

    @pytest.mark.parametrize(
        "options",
        [
            ("--ack",),
            ("--in-order",),
            ("--send-only", "--commit-mode", "1"),
            ("--commit-mode", "0", "--sync-level", "none"),
            ("--purge", "--hold"),
            ("--send-only", "--purge"),
            ("--reroute", "HWSOTHER"),
        ],
    )
    def test_what_does_not_go_together_is_wrong_usage_and_nothing_is_sent(self, ims, lab, options):
        result = ims("send", "ECHO", "x", *options)
        assert (result.exit_code, result.stdout) == (2, "")
        assert lab.seen == ()

    def test_a_rule_that_is_broken_is_named(self, ims):
        result = ims("send", "ECHO", "x", "--in-order")
        assert "sendOnly: serial delivery goes with send-only" in result.stderr
        told = json.loads(ims("send", "ECHO", "x", "--in-order", "--json").stdout)["error"]
        assert (told["id"], told["outcome"]) == ("IGW2015E", "not-sent")


class TestFailures:
    @pytest.mark.parametrize(
        ("arguments", "words", "outcome"),
        [
            (("NOSUCH", "x"), "DFS064", "IMS has not done it"),
            (("ABEND", "x"), "DFS555I", "IMS has backed it out"),
            (("ECHO", "x", "--datastore", "IMS9"), "NFNDDST", "IMS has not done it"),
            (("SLEEP", "60000", "--timeout", "20"), "IGW2006E IMS did not answer within 20 ms", "unknown: "),
        ],
    )
    def test_a_failure_is_told_in_words_with_what_became_of_it(self, ims, arguments, words, outcome):
        result = ims("send", *arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert words in result.stderr
        assert f"outcome: {outcome}" in result.stderr

    def test_a_refused_sign_on_tells_who_typed_it_everything_but_the_password(self, ims):
        result = ims("send", "ECHO", "x", IMSGW_IMS_PASSWORD="SECRET9")
        assert result.exit_code == 1
        assert "return code 8, reason code 78, RACF or OTMA code 8" in result.stderr
        assert "correct the password; do not loop" in result.stderr
        assert "SECRET9" not in result.output

    def test_the_socket_timeout_says_that_the_outcome_is_unknown(self, ims):
        result = ims("send", "SLEEP", "60000", "--timeout", "forever", "--socket-timeout", 100)
        assert result.exit_code == 1
        assert "IGW2004E" in result.stderr
        assert "Look before you send it again" in result.stderr

    def test_an_ims_connect_that_is_not_there_was_sent_nothing(self, imsgw, free_port):
        result = imsgw("ims", "send", "ECHO", "x", "--port", free_port)
        assert result.exit_code == 1
        assert "Connection refused" in result.stderr
        assert "outcome: nothing was sent" in result.stderr

    def test_errors_as_json_have_the_same_keys_always(self, ims, imsgw, free_port):
        refused = json.loads(ims("send", "ECHO", "x", "--datastore", "IMS9", "--json").stdout)["error"]
        away = json.loads(imsgw("ims", "send", "ECHO", "x", "--port", free_port, "--json").stdout)["error"]
        dfs = json.loads(ims("send", "ABEND", "x", "--json").stdout)["error"]
        assert set(refused) == set(away) == set(dfs)
        assert (refused["return_code"], refused["reason_code"], refused["name"]) == (8, 72, "NFNDDST")
        assert [refused["outcome"], away["outcome"], dfs["outcome"]] == ["not-done", "not-sent", "backed-out"]
        assert dfs["dfs"] == "DFS555I"


class TestPing:
    def test_ims_connect_answers_without_anybody_signing_on(self, ims):
        result = ims("ping", user="")
        assert result.exit_code == 0
        assert "HWSC0030I *PING RESPONSE*" in result.stdout

    def test_nothing_is_asked_for(self, ims):
        assert ims("ping", user="BOB", IMSGW_IMS_PASSWORD=None).exit_code == 0

    def test_one_that_is_not_there(self, imsgw, free_port):
        result = imsgw("ims", "ping", "--port", free_port)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Connection refused" in result.stderr
        (row,) = json.loads(imsgw("ims", "ping", "--port", free_port, "--json").stdout)["endpoints"]
        assert (row["answer"], row["error"]["id"]) == (None, "IGW2001E")

    def test_json(self, ims, lab):
        (row,) = json.loads(ims("ping", "--json").stdout)["endpoints"]
        assert row["endpoint"] == f"127.0.0.1:{lab.port}"
        assert row["answer"] == "HWSC0030I *PING RESPONSE*"
        assert row["milliseconds"] > 0
        assert row["error"] is None


class TestCommand:
    def test_the_answer_is_printed(self, ims):
        result = ims("command", "/DISPLAY ACTIVE")
        assert (result.exit_code, result.stderr) == (0, "")
        assert "REGID" in result.stdout

    def test_a_message_of_ims_is_the_answer_not_an_error(self, ims):
        result = ims("command", "/DISPLAY NONSENSE", "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["dfs"]

    def test_a_command_has_its_slash(self, ims, lab):
        assert ims("command", "DISPLAY ACTIVE").exit_code == 2
        assert lab.seen == ()


class TestPassword:
    def test_the_new_password_is_typed_twice_and_never_shown(self, ims):
        result = ims("password", typed="NEWPASS1\nNEWPASS1\n")
        assert result.exit_code == 0
        assert "HWSC0031I PASSWORD CHANGE SUCCESSFUL" in result.stdout
        assert "NEWPASS1" not in result.output
        assert ims("send", "ECHO", "x", IMSGW_IMS_PASSWORD="NEWPASS1").exit_code == 0
        assert ims("send", "ECHO", "x").exit_code == 1

    def test_it_may_come_from_a_file_or_the_environment(self, ims, tmp_path):
        (tmp_path / "new").write_text("NEWPASS2\n")
        assert ims("password", "--new-password-file", tmp_path / "new").exit_code == 0
        changed = {"IMSGW_IMS_PASSWORD": "NEWPASS2", "IMSGW_IMS_NEW_PASSWORD": "NEWPASS3"}
        assert ims("password", **changed).exit_code == 0

    def test_a_wrong_old_password_changes_nothing(self, ims):
        variables = {"IMSGW_IMS_PASSWORD": "WRONG1", "IMSGW_IMS_NEW_PASSWORD": "NEWPASS1"}
        assert ims("password", **variables).exit_code == 1
        assert ims("send", "ECHO", "x").exit_code == 0

    @pytest.mark.parametrize("options", [(), ("--user", "GWUSER", "--no-password")])
    def test_it_has_to_be_somebodys_and_the_old_one_known(self, ims, options):
        assert ims("password", *options, user="").exit_code == 2


class TestCancelTimer:
    def test_a_session_that_waits_gets_its_timeout(self, ims, lab, hold):
        import threading

        done = []
        options = ("--client-id", "WAITS1", "--timeout", "60000", "--json")
        waiting = threading.Thread(target=lambda: done.append(run_alone(lab, options)))
        waiting.start()
        while not hold.running:
            waiting.join(0.01)
        assert ims("cancel-timer", "waits1").stdout == "cancelled: the wait of WAITS1\n"
        waiting.join(20)
        assert done == ["IGW2006E"]

    def test_where_nobody_waits_it_is_refused(self, ims):
        result = ims("cancel-timer", "NOBODY1")
        assert result.exit_code == 1
        assert "outcome" not in result.stderr


def run_alone(lab, options):
    """Run the client in a thread: one runner of commands cannot be used by two."""
    from gateway.errors import GatewayError
    from gateway.imsconnect import Connection, ConnectionSettings, Interaction, transaction_input

    settings = ConnectionSettings.to(lab.host, lab.port, "IMS1", "GWUSER", "GWPASS1")
    interaction = Interaction(
        transaction="HOLD",
        segments=transaction_input("HOLD", "x"),
        execution_timeout_ms=60_000,
        socket_timeout_ms=60_000,
    )
    with Connection(settings, options[1]) as connection:
        try:
            connection.run(interaction)
        except GatewayError as error:
            return error.message.id
    return "no timeout"
