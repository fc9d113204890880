"""`imsgw admin`: accounts and tokens written, listed, removed; passwords and tokens kept nowhere."""

import hashlib
import json
import tomllib

import pytest
from argon2 import PasswordHasher

PASSWORD = "a password long enough"


@pytest.fixture
def home(tmp_path):
    """A home that holds nothing but gateway.toml."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/gateway.toml").write_text("")
    (tmp_path / "password").write_text(f"{PASSWORD}\nsecond line\n")
    return tmp_path / "home"


def rows(home, kind, file="identity/admin.toml"):
    return tomllib.loads((home / file).read_text()).get(kind, [])


def account(imsgw, home, name="anna", role="operator", *more):
    return imsgw(
        "admin",
        "account",
        name,
        "--role",
        role,
        "--password-file",
        home.parent / "password",
        "--home",
        home,
        *more,
    )


def test_an_account_is_made_with_a_hash_that_fits_its_password(imsgw, home):
    assert account(imsgw, home).exit_code == 0
    (row,) = rows(home, "accounts")
    assert (row["name"], row["role"]) == ("anna", "operator")
    assert PasswordHasher().verify(row["hash"], PASSWORD)
    assert (home / "identity/admin.toml").stat().st_mode & 0o777 == 0o600


def test_a_password_is_asked_for_twice_and_not_shown(imsgw, home):
    told = imsgw(
        "admin", "account", "anna", "--role", "viewer", "--home", home, typed=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert told.exit_code == 0, told.output
    assert PASSWORD not in told.output


def test_an_account_is_changed_in_place_and_comments_stay(imsgw, home):
    account(imsgw, home)
    account(imsgw, home, "otto", "viewer")
    file = home / "identity/admin.toml"
    file.write_text(file.read_text().replace('name = "otto"', 'name = "otto" # of the night shift'))
    before = rows(home, "accounts")
    assert account(imsgw, home, "otto", "operator").exit_code == 0
    after = rows(home, "accounts")
    assert after[0] == before[0]
    assert (after[1]["role"], after[1]["hash"] != before[1]["hash"]) == ("operator", True)
    assert "# of the night shift" in file.read_text()


def test_a_role_is_changed_and_the_password_kept(imsgw, home):
    account(imsgw, home)
    before = rows(home, "accounts")[0]["hash"]
    done = imsgw("admin", "account", "anna", "--role", "viewer", "--keep-password", "--home", home)
    assert done.exit_code == 0
    assert rows(home, "accounts")[0] == {"name": "anna", "role": "viewer", "hash": before}


def test_there_must_be_an_account_whose_password_is_kept(imsgw, home):
    told = imsgw("admin", "account", "anna", "--role", "viewer", "--keep-password", "--home", home)
    assert (told.exit_code, "no account anna" in told.stderr) == (1, True)


def test_a_token_is_printed_once_and_its_hash_kept(imsgw, home):
    told = imsgw("admin", "token", "mon", "--role", "viewer", "--days", 90, "--home", home)
    token = told.stdout.strip()
    (row,) = rows(home, "tokens")
    assert row["sha256"] == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) >= 43
    assert row["expires"].tzinfo is not None
    assert token not in (home / "identity/admin.toml").read_text()


def test_a_token_without_an_end_replaces_one_that_had_one(imsgw, home):
    imsgw("admin", "token", "mon", "--role", "viewer", "--days", 90, "--home", home)
    told = imsgw("admin", "token", "mon", "--role", "operator", "--json", "--home", home)
    (row,) = rows(home, "tokens")
    assert json.loads(told.stdout)["token"].startswith("imsgw_")
    assert (row["role"], "expires" in row) == ("operator", False)


def test_the_list_shows_who_there_is_and_no_hash(imsgw, home):
    account(imsgw, home)
    imsgw("admin", "token", "mon", "--role", "viewer", "--home", home)
    told = imsgw("admin", "list", "--home", home, "--json")
    assert [(row["kind"], row["name"], row["role"]) for row in json.loads(told.stdout)["rows"]] == [
        ("account", "anna", "operator"),
        ("token", "mon", "viewer"),
    ]
    for output in (told.stdout, imsgw("admin", "list", "--home", home).stdout):
        assert "argon2" not in output
        assert rows(home, "tokens")[0]["sha256"] not in output


def test_rows_are_removed(imsgw, home):
    for name in ("anna", "otto"):
        account(imsgw, home, name)
    imsgw("admin", "token", "anna", "--role", "viewer", "--home", home)
    assert imsgw("admin", "remove", "anna", "--home", home).exit_code == 0
    assert [row["name"] for row in rows(home, "accounts")] == ["otto"]
    assert [row["name"] for row in rows(home, "tokens")] == ["anna"]
    assert imsgw("admin", "remove", "anna", "--token", "--home", home).exit_code == 0
    assert rows(home, "tokens") == []
    assert imsgw("admin", "remove", "anna", "--home", home).exit_code == 1


def test_the_file_is_the_one_that_gateway_toml_names(imsgw, home):
    (home / "gateway.toml").write_text('[admin]\naccounts = "people/who.toml"\n[server]\nhttsp = 1\n')
    assert account(imsgw, home).exit_code == 0
    assert rows(home, "accounts", "people/who.toml")


@pytest.mark.parametrize(
    ("name", "role", "code"), [("a b", "viewer", 1), ("", "viewer", 1), ("anna", "boss", 2)]
)
def test_what_is_not_right_writes_nothing(imsgw, home, name, role, code):
    assert account(imsgw, home, name, role).exit_code == code
    assert not (home / "identity/admin.toml").exists()


def test_a_short_password_writes_nothing(imsgw, home):
    (home.parent / "password").write_text("short\n")
    told = account(imsgw, home)
    assert (told.exit_code, "12 characters" in told.stderr) == (1, True)
    assert not (home / "identity/admin.toml").exists()


@pytest.mark.parametrize(
    "text", ["accounts = 1\n", "[[accounts]]\nname = 1\n", "[[accounts]\n", '[[accounts]]\nname = "x"\n']
)
def test_a_file_with_a_mistake_is_not_changed(imsgw, home, text):
    (home / "identity").mkdir()
    (home / "identity/admin.toml").write_text(text)
    told = account(imsgw, home)
    assert (told.exit_code, "identity/admin.toml" in told.stderr) == (1, True)
    assert (home / "identity/admin.toml").read_text() == text


def test_rows_written_in_one_line_are_refused_in_words(imsgw, home):
    account(imsgw, home)
    digest = "0" * 64
    file = home / "identity/admin.toml"
    file.write_text(f'tokens = [{{ name = "a", role = "viewer", sha256 = "{digest}" }}]\n')
    told = imsgw("admin", "token", "mon", "--role", "viewer", "--home", home)
    assert (told.exit_code, "by hand" in told.stderr) == (1, True)
    assert "mon" not in file.read_text()


@pytest.mark.parametrize("command", ["account", "token", "list", "remove"])
def test_every_command_has_help_with_an_example(imsgw, command):
    told = imsgw("admin", command, "--help")
    assert (told.exit_code, f"imsgw admin {command}" in told.stdout) == (0, True)
