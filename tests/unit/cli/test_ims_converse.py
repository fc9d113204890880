"""`imsgw ims converse`: a conversation from the shell."""

import json

import pytest


def test_each_line_is_a_step_and_the_end_of_input_ends_the_conversation(ims, lab):
    result = ims("converse", "CONVERSE", "one", typed="two\nthree\n")
    assert result.stdout.splitlines() == [
        "SAID 1",
        "one",
        "SAID 2",
        "one",
        "two",
        "SAID 3",
        "one",
        "two",
        "three",
    ]
    assert (result.exit_code, result.stderr) == (0, "conversation ended\n")
    assert lab.seen[-1].verb.value == "D"


def test_ims_may_end_it(ims):
    result = ims("converse", "CONVERSE", "one", typed="END\n")
    assert result.stdout.splitlines()[-2:] == ["SAID 1 IN ALL", "one"]
    assert (result.exit_code, result.stderr) == (0, "IMS ended the conversation\n")


def test_what_could_not_be_said_any_more_is_a_failure(ims):
    result = ims("converse", "CONVERSE", "one", typed="END\nand another thing\n")
    assert result.exit_code == 1
    assert result.stderr == "IMS ended the conversation\nthere was more to send\n"


def test_the_steps_are_on_one_connection_under_one_client_id(ims, lab):
    assert ims("converse", "CONVERSE", "one", "--client-id", "TALK01", typed="two\n").exit_code == 0
    assert {(one.connection, one.client_id) for one in lab.seen} == {(1, "TALK01")}


def test_with_confirm_each_answer_is_acknowledged(ims, lab):
    result = ims("converse", "CONVERSE", "one", "--sync-level", "confirm", typed="END\n")
    assert result.exit_code == 0
    assert [one.verb.value for one in lab.seen] == [" ", "A", " ", "A"]


def test_json_is_a_line_a_step(ims):
    result = ims("converse", "CONVERSE", "one", "--json", typed="END\n")
    steps = [json.loads(line) for line in result.stdout.splitlines()]
    assert [step["conversation_open"] for step in steps] == [True, False]
    assert steps[0]["segments"][0]["text"] == "SAID 1"


def test_an_empty_line_is_sent_as_a_blank(ims, lab):
    assert ims("converse", "CONVERSE", "one", typed="\nEND\n").exit_code == 0
    assert lab.seen[1].segments == (b"\x40",)


def test_a_transaction_that_is_not_conversational_ends_at_once(ims):
    result = ims("converse", "ECHO", "one")
    assert (result.exit_code, result.stdout) == (0, "one\n")
    assert result.stderr == "IMS ended the conversation\n"


@pytest.mark.parametrize("transaction", ["NOSUCH", "ABEND"])
def test_a_message_of_ims_that_ends_it_is_shown_and_a_failure(ims, transaction):
    result = ims("converse", transaction, "one")
    assert result.exit_code == 1
    assert result.stdout.startswith("DFS")


def test_a_connection_that_is_lost_on_the_way_is_told(ims, lab):
    lab.faults.add(kind="drop", on="request", transaction="CONVERSE", nth=2)
    result = ims("converse", "CONVERSE", "one", typed="two\n")
    assert result.exit_code == 1
    assert "outcome: unknown" in result.stderr


def test_a_conversational_transaction_that_is_only_sent_to_is_a_failure(ims, lab):
    result = ims("send", "CONVERSE", "one")
    assert result.exit_code == 1
    assert "IGW2012E" in result.stderr
