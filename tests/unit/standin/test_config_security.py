"""The tables of users, profiles and TLS: what they may say, and how mistakes are named."""

from datetime import date

import pytest

from gateway.errors import ConfigError
from gateway.standin import RunningStandin, load


@pytest.fixture
def read(tmp_path):
    def load_text(text: str):
        path = tmp_path / "standin.toml"
        path.write_text(text)
        return load(path, {})

    return load_text


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ('[users.ALICE]\nrevoked = "2026-01-31"', "users.ALICE.revoked", "without quotes"),
        ("[users.ALICE]\nexpired = 2026-01-31T12:00:00", "users.ALICE.expired", "a date"),
        ('[users.ALICE]\npassword = "GEHEIM~1"', "users.ALICE.password", "RACF allows"),
        ('[users.ALICE]\ncertificates = ["CN=Alice"]', "users.ALICE.certificates", "subject:NAME"),
        ('[users.ALICE]\ndefault_group = "TOOLONGNAME"', "users.ALICE.default_group", "8 characters"),
        ('[facility."imsxcf.x"]\npermit = []', 'facility."imsxcf.x"', "IMSXCF.GROUP.MEMBER"),
        ('[applications.IMSAPPL]\npermit = ["BOB"]', "", "permit names BOB"),
        ('[commands.DIS]\npermit = ["BOB"]', "", "permit names BOB"),
        ('[terminals.7F000001]\npermit = ["BOB"]', "", "permit names BOB"),
        ('[facility."IMSXCF.A.B"]\npermit = ["BOB"]', "", "permit names BOB"),
        ("[ims_connect]\npswdmc = 'X'", "ims_connect.pswdmc", "N"),
        ("[racf]\npassword_history = 33", "racf.password_history", "32"),
        ("[otma]\nmember = ''", "otma.member", "1 to 8"),
    ],
)
def test_a_mistake_is_named_with_its_key(read, text, key, reason):
    with pytest.raises(ConfigError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.key.startswith(key)
    assert reason in problem.text
    assert "GEHEIM" not in str(problem)


def test_authentication_of_clients_needs_authorities(read, tmp_path):
    (tmp_path / "ims.pem").write_text("")
    tls = 'tls = { keystore = { path = "ims.pem" }, client_authentication = "safcheck" }'
    with pytest.raises(ConfigError) as caught:
        read(f"[ims_connect]\n{tls}")
    assert "ims_connect.tls.client_truststore" in str(caught.value)


def test_every_group_of_a_user_may_be_permitted(read):
    config = read(
        '[users.ALICE]\ngroups = ["A"]\ndefault_group = "B"\nrevoked_groups = ["C"]\n'
        '[applications.IMSAPPL]\npermit = ["ALICE", "A", "B", "C"]\n'
        '[facility."IMSXCF.IMSXCFG.HWS1"]\npermit = ["HWSUSER"]'
    )
    assert config.users["ALICE"].connected == {"A", "B", "C"}


def test_a_date_is_read_as_one(read):
    config = read("[users.ALICE]\nrevoked = 2026-01-31\nexpired = true")
    assert (config.users["ALICE"].revoked, config.users["ALICE"].expired) == (date(2026, 1, 31), True)


@pytest.mark.parametrize(
    ("keys", "rule"),
    [("", "N"), ("mixed_case = true", "Y"), ('pswdmc = "R"', "R"), ('mixed_case = true\npswdmc = "N"', "N")],
)
def test_pswdmc_comes_before_mixed_case(read, keys, rule):
    assert read(f"[ims_connect]\n{keys}").ims_connect.case_rule == rule


@pytest.mark.parametrize(
    "key",
    ['[ims_connect]\nsecurity_exit = "x:y"', '[racf]\nexit = "x:y"', '[otma]\nresume_tpipe_exit = "x:y"'],
)
def test_an_exit_that_cannot_be_loaded_keeps_the_stand_in_from_starting(read, key):
    with pytest.raises(ConfigError, match="cannot be loaded"):
        RunningStandin(read(key))
