"""`imsgw ims codes`."""

import json

import pytest


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("8/56", "8/56 DUPECLNT: duplicate client id"),
        ("DUPECLNT", "8/56 DUPECLNT: duplicate client id"),
        ("dupeclnt", "8/56 DUPECLNT: duplicate client id"),
        ("8/78/8", "8/78/8 SECFAIL: RACF refused the user: password or PassTicket wrong"),
        ("8/78/0x1C", "8/78/28 SECFAIL: RACF refused the user: the user is revoked"),
        ("16/X'33'", "16/51: OTMA sense code X'0033'"),
        ("16/51", "16/51: OTMA sense code X'0033'"),
        ("40", "40: IRM_TIMER expired"),
        ("40/69", "40/69: IRM_TIMER expired after 30 s"),
        ("XADPST/108", "XADPST/108: inbound: converter not found"),
        ("DFS555I", "DFS555: the program ended abnormally"),
        ("DFS064", "DFS064: there is no such transaction code"),
    ],
)
def test_a_code_is_explained(imsgw, what, words):
    result = imsgw("ims", "codes", what)
    assert result.exit_code == 0
    assert result.stdout.startswith(words)


def test_what_to_do_and_whether_again_is_told(imsgw):
    lines = imsgw("ims", "codes", "8/72").stdout.splitlines()
    assert "  do: check the datastore name" in lines
    assert "  send it again: elsewhere" in lines


@pytest.mark.parametrize("what", ["8/999", "99", "99/1", "NONSENSE", "DFS9999", "XADPST/1", "1/2/3/4", "-1"])
def test_what_nobody_told_us_of_is_a_failure(imsgw, what):
    result = imsgw("ims", "codes", "--", what)
    assert (result.exit_code, result.stdout) == (1, "")
    assert what in result.stderr


def test_all_of_them_are_listed(imsgw):
    lines = imsgw("ims", "codes").stdout.splitlines()
    assert len(lines) > 100
    assert any(line.split()[:2] == ["8/72", "NFNDDST"] for line in lines)
    assert any(line.startswith("DFS065") for line in lines)


def test_json_has_the_same_keys_always(imsgw):
    rows = json.loads(imsgw("ims", "codes", "--json").stdout)
    assert {frozenset(row) for row in rows} == {
        frozenset({"code", "name", "text", "action", "who", "again", "socket_closed"})
    }
