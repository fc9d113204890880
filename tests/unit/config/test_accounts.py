"""`identity/admin.toml`: every mistake named, nothing of a hash shown, weak or ruinous hashes refused."""

import tomllib
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher, Type
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.accounts import read_accounts
from gateway.config.secrets import HomeFiles

HASH = PasswordHasher(1, 7168, 1).hash("x")
DIGEST = "0123456789abcdef" * 4


def read(text, home="/nowhere"):
    from pathlib import Path

    return read_accounts(tomllib.loads(text), HomeFiles(Path(home), {}))


def account(**changes):
    row = {"name": "anna", "role": "viewer", "hash": HASH, **changes}
    lines = [f'{key} = "{value}"' for key, value in row.items() if value is not None]
    return "[[accounts]]\n" + "\n".join(lines) + "\n"


def token(more="", **changes):
    row = {"name": "mon", "role": "viewer", "sha256": DIGEST, **changes}
    return "[[tokens]]\n" + "\n".join(f'{key} = "{value}"' for key, value in row.items()) + f"\n{more}\n"


def test_a_file_that_is_right_is_read():
    table, faults = read(
        account() + account(name="otto", role="operator") + token("expires = 2027-01-31T00:00:00Z")
    )
    assert not faults
    assert {name: row.role for name, row in table.accounts.items()} == {"anna": "viewer", "otto": "operator"}
    assert table.tokens[0].expires == datetime(2027, 1, 31, tzinfo=UTC)


def test_an_empty_file_has_nobody():
    table, faults = read("")
    assert (table.accounts, table.tokens, faults) == ({}, (), ())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (account(role="boss"), "role"),
        (account(role=None), "role"),
        (account(name=""), "name"),
        (account(name="a b"), "name"),
        (account(name="../a"), "name"),
        (account(name="x" * 65), "name"),
        (account(hash=None), "hash"),
        (account(hash="secret-in-clear"), "hash"),
        (account(hash="$2b$12$abcdefghijklmnopqrstuv"), "hash"),
        (account(hash=PasswordHasher(1, 7168, 1, type=Type.I).hash("x")), "hash"),
        (account(hash=HASH.replace("m=7168", "m=1024")), "hash"),
        (account(hash=HASH.replace("m=7168", "m=4194304")), "hash"),
        (account(hash=HASH.replace("t=1", "t=1000")), "hash"),
        (account(hash=HASH.replace("p=1", "p=100")), "hash"),
        (account(hsah=HASH), "hsah"),
        (account() + account(), "name"),
        (token() + token(), "name"),
        (token(sha256="abc"), "sha256"),
        (token(sha256=DIGEST.upper()), "sha256"),
        (token("expires = 2027-01-31"), "expires"),
        (token("expires = 2027-01-31T00:00:00"), "expires"),
        (token('expires = "never"'), "expires"),
        ("accounts = 1", "accounts"),
        ('accounts = ["a"]', "accounts"),
        ("[accounts]\nname = 1", "accounts"),
        ("users = []", "users"),
    ],
)
def test_a_mistake_is_named_and_nobody_is_let_in(text, key):
    table, faults = read(text)
    assert table is None
    assert key in {str(fault.path[-1]) for fault in faults}


def test_what_is_said_of_a_mistake_shows_no_hash():
    _, faults = read(account(role="boss") + account(hash="secret-in-clear"))
    said = " ".join(str(fault.problem("f")) for fault in faults)
    assert "secret-in-clear" not in said
    assert HASH not in said


def test_rows_show_neither_hash_nor_digest():
    table, _ = read(account() + token())
    assert HASH not in repr(table)
    assert DIGEST not in repr(table)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "role", "hash", "sha256", "expires", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["accounts", "tokens", "x"]), _VALUES, max_size=3))
def test_whatever_stands_there_is_read_or_refused(raw):
    table, faults = read_accounts(raw, HomeFiles("/nowhere", {}))
    assert (table is None) == any(not fault.warning for fault in faults)
