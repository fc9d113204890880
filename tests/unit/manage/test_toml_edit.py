"""Keys of a TOML file set and removed: every byte outside of them stays."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.manage.toml_edit import REMOVED, KeyPath, TomlEditError, edited

FILE = """# The way to IMS1; ask Mary before you change it.

[ims_connect]     # first
host = "zos1"     # the LPAR
port   =   9999   # as in HWSCFG
pool = { size = 32, wait_seconds = 5 }   # inline
tls.truststore = { path = "a.pem" }      # dotted
list = [
  "a",   # one
  "b",
]

[credentials]
user = 'GWUSER'
# password comes from the environment
password = { env = "X" }

[operations."*"]
transaction = "IVTNO"
"""


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("ims_connect", "port"), 9998, "port   =   9999   # as", "port   =   9998   # as"),
        (("ims_connect", "host"), "zos2", '"zos1"     # the', '"zos2"     # the'),
        (("ims_connect", "pool", "size"), 16, "size = 32,", "size = 16,"),
        (("ims_connect", "tls", "truststore", "path"), "b.pem", '"a.pem"', '"b.pem"'),
        (("operations", "*", "transaction"), "ECHO", '"IVTNO"', '"ECHO"'),
        (("credentials", "user"), "OTHER", "'GWUSER'", '"OTHER"'),
        (("credentials", "password"), REMOVED, 'password = { env = "X" }\n', ""),
    ],
)
def test_nothing_but_the_value_changes(path: KeyPath, value: Any, old: str, new: str) -> None:
    assert FILE.count(old) == 1
    assert edited(FILE.encode(), {path: value}).decode() == FILE.replace(old, new)


def test_a_new_key_goes_to_the_end_of_its_table_and_all_else_stays() -> None:
    after = edited(FILE.encode(), {("credentials", "group"): "GWGROUP"}).decode()
    assert [line for line in after.splitlines() if line not in FILE.splitlines()] == ['group = "GWGROUP"']
    assert tomllib.loads(after)["credentials"]["group"] == "GWGROUP"


def test_a_new_key_above_the_tables_stays_above_them() -> None:
    after = edited(b'role = "provider"\n\n[security]\ntoken = "none"\n', {("enabled",): False})
    assert tomllib.loads(after.decode()) == {
        "role": "provider",
        "enabled": False,
        "security": {"token": "none"},
    }


def test_a_new_table_is_made_with_its_keys() -> None:
    after = edited(FILE.encode(), {("callout", "tpipes"): ["A"], ("callout", "nak"): "retain"}).decode()
    assert after.startswith(FILE)
    assert tomllib.loads(after)["callout"] == {"tpipes": ["A"], "nak": "retain"}


def test_line_ends_of_other_systems_stay_and_new_lines_have_them_too() -> None:
    dos = FILE.replace("\n", "\r\n").encode()
    after = edited(dos, {("ims_connect", "port"): 1, ("credentials", "group"): "G", ("new", "key"): True})
    assert after.count(b"\n") == after.count(b"\r\n")
    assert b"port   =   1   # as in HWSCFG\r\n" in after


def test_a_byte_order_mark_stays() -> None:
    assert edited(b"\xef\xbb\xbfa = 1\n", {("a",): 2}) == b"\xef\xbb\xbfa = 2\n"


def test_what_was_removed_is_not_there_and_removing_nothing_changes_nothing() -> None:
    assert edited(FILE.encode(), {("credentials", "group"): REMOVED, ("no", "table"): REMOVED}) == FILE.encode()
    after = edited(FILE.encode(), {("credentials",): REMOVED})
    assert "credentials" not in tomllib.loads(after.decode())


TABLES = """# top
[a]
b = 1

# takes {x}y, gives z
[operations.One]   # first
transaction = "A"
# of One

# ask Mary
[operations.Two]
transaction = "B"

# last words
[operations.Three.inner]
x = 1
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_goes_with_its_own_comment_and_the_comments_of_others_stay(end: str) -> None:
    text = TABLES.replace("\n", end)
    without_one = text.replace(
        end.join(("# takes {x}y, gives z", "[operations.One]   # first", 'transaction = "A"', "")), ""
    )
    assert edited(text.encode(), {("operations", "One"): REMOVED}).decode() == without_one
    without_two = text.replace(end.join(("[operations.Two]", 'transaction = "B"', "", "")), "")
    assert edited(text.encode(), {("operations", "Two"): REMOVED}).decode().split() == without_two.split()


def test_a_line_that_only_looks_like_a_header_is_none() -> None:
    text = 'a = """\n[operations.One]\n"""\n[operations.One]\nx = 1\n[b]\ny = 1\n'
    after = edited(text.encode(), {("operations", "One"): REMOVED}).decode()
    assert tomllib.loads(after) == {"a": "[operations.One]\n", "b": {"y": 1}}


@pytest.mark.parametrize("data", [b"a = ", b"a = 1\na = 2\n", b"\xff\xfe", b"[a\n", b"a = 1\n[a]\nb = 1\n"])
def test_what_is_no_toml_is_not_edited(data: bytes) -> None:
    with pytest.raises(TomlEditError, match="is not valid TOML"):
        edited(data, {("a",): 1})


def test_a_key_below_something_that_is_no_table_is_refused() -> None:
    with pytest.raises(TomlEditError, match=r"something else than a table at ims_connect\.port"):
        edited(FILE.encode(), {("ims_connect", "port", "number"): 1})


def test_an_error_shows_no_value() -> None:
    with pytest.raises(TomlEditError) as refused:
        edited(b'password = "M4RK3R"\n', {("password", "env"): "S3CR3T"})
    assert "M4RK3R" not in str(refused.value)
    assert "S3CR3T" not in str(refused.value)


KEYS = st.sampled_from(["a", "b", "c d", "*", 'q"q', "ä"])
PLAIN = st.one_of(
    st.integers(-(2**40), 2**40),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.one_of(PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(KEYS, PLAIN, max_size=2))
SETTINGS = st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=4)


@given(table=SETTINGS, path=st.lists(KEYS, min_size=1, max_size=3).map(tuple), value=VALUES)
def test_the_edit_is_this_one_and_no_other(table: dict[str, Any], path: KeyPath, value: Any) -> None:
    before = edited(b"", {(key,): inner for key, inner in table.items()})
    assert tomllib.loads(before.decode()) == table
    try:
        after = tomllib.loads(edited(before, {path: value}).decode())
    except TomlEditError:
        return  # a key on the way is no table, or stands where it cannot be set alone
    found: Any = after
    for key in path[:-1]:
        found = found[key]
    assert found.pop(path[-1]) == value
    wanted: Any = tomllib.loads(before.decode())
    place = wanted
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place.pop(path[-1], None)
    assert after == wanted
