import os
import traceback

import pytest

from gateway.config.secrets import MAX_SECRET_BYTES, HomeFiles
from gateway.config.values import NoSecretError, NoSuchPathError, RefusalError


@pytest.fixture
def files(tmp_path):
    return HomeFiles(tmp_path, {"SET": "M4RK3R\n", "EMPTY": ""})


def test_a_literal_stands_for_itself(files):
    assert files.secret("M4RK3R ").reveal() == "M4RK3R "


def test_a_variable_is_taken_as_it_is(files):
    assert files.secret({"env": "SET"}).reveal() == "M4RK3R\n"


@pytest.mark.parametrize("value", [{"env": "UNSET"}, {"env": "EMPTY"}, {"file": "gone"}])
def test_a_secret_that_is_not_there_is_told_from_a_value_that_is_none(files, value):
    with pytest.raises(NoSecretError):
        files.secret(value)
    with pytest.raises(RefusalError) as caught:
        files.secret({"environ": "SET"})
    assert not isinstance(caught.value, NoSecretError)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"M4RK3R", "M4RK3R"),
        (b"M4RK3R\n", "M4RK3R"),
        (b"M4RK3R\r\n", "M4RK3R"),
        (b"M4RK3R\n\n", "M4RK3R\n"),
        (b"M4RK3R\r", "M4RK3R\r"),
        (b" M4RK3R \n", " M4RK3R "),
        ("schlüssel\n".encode(), "schlüssel"),
        (b"x" * MAX_SECRET_BYTES, "x" * MAX_SECRET_BYTES),
    ],
)
def test_a_file_gives_its_content_without_one_line_end(files, tmp_path, content, secret):
    (tmp_path / "s").write_bytes(content)
    assert files.secret({"file": "s"}).reveal() == secret
    assert files.secret({"file": str(tmp_path / "s")}).reveal() == secret


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "file s is empty"),
        (b"\n", "file s is empty"),
        (b"\r\n", "file s is empty"),
        (b"M4RK3R\xff", "file s is not UTF-8 text"),
        (b"M4RK3R" * 1000, "file s is longer than 4096 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_and_its_content_is_not(files, tmp_path, content, text):
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(RefusalError) as caught:
        files.secret({"file": "s"})
    assert str(caught.value) == text
    assert "M4RK3R" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"env": "UNSET"}, "environment variable UNSET is not set"),
        ({"env": "EMPTY"}, "environment variable EMPTY is empty"),
        ({"env": "a\nb"}, "environment variable a\\nb is not set"),
        ({"file": "none"}, "file none does not exist"),
        ({"file": "a\0b"}, "file a\\u0000b does not exist"),
        ({"file": "."}, "file . is a folder, not a file"),
        ({"file": "x" * 5000}, f"file {'x' * 200}... cannot be read: File name too long"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(files, value, text):
    with pytest.raises(RefusalError) as caught:
        files.secret(value)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"env": ""},
        {"env": 1},
        {"file": None},
        {"enf": "SET"},
        {"env": "SET", "file": "s"},
        {"env": {"env": "SET"}},
        {"M4RK3R": "M4RK3R"},
    ],
)
def test_a_table_of_another_shape_is_no_secret(files, value):
    with pytest.raises(RefusalError, match=r"must be a text, { env = .* } or { file = .* }"):
        files.secret(value)


def test_a_pipe_is_refused_and_nobody_waits_for_it(files, tmp_path):
    os.mkfifo(tmp_path / "s")
    with pytest.raises(RefusalError, match="file s is not a regular file"):
        files.secret({"file": "s"})


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o604, True)])
def test_a_secret_file_that_everybody_can_read_is_noticed(files, tmp_path, mode, warned):
    path = tmp_path / "s"
    path.write_text("M4RK3R")
    path.chmod(mode)
    notice = files.notice({"file": "s"})
    text = f"file s can be read by every user of this machine (mode {mode:04o})"
    assert notice == (text if warned else None)


def test_a_secret_in_clear_is_noticed_and_a_reference_is_not(files):
    assert "stands here in clear" in (files.notice("M4RK3R") or "")
    for value in ("", {"env": "SET"}, {"file": "none"}, {"file": "a\0b"}, {"file": 3}, ["M4RK3R"], 5):
        assert files.notice(value) is None


def test_a_path_counts_from_the_home(files, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a.p12").touch()
    assert files.file("keys/a.p12") == tmp_path / "keys" / "a.p12"
    assert files.path("keys") == tmp_path / "keys"
    assert files.file(str(tmp_path / "keys" / "a.p12")) == tmp_path / "keys" / "a.p12"


def test_a_path_that_leads_nowhere_is_refused(files, tmp_path):
    (tmp_path / "keys").mkdir()
    for name in ("none", "a\0b", "x" * 5000, "keys/none"):
        with pytest.raises(NoSuchPathError, match="does not exist"):
            files.path(name)
    with pytest.raises(RefusalError, match="must not be empty"):
        files.path("")
    with pytest.raises(RefusalError, match="keys is a folder, not a file"):
        files.file("keys")


def test_an_unreadable_secret_file_is_named(files, tmp_path, monkeypatch):
    (tmp_path / "s").write_text("M4RK3R")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "M4RK3R")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(RefusalError) as caught:
        files.secret({"file": "s"})
    assert str(caught.value) == "file s cannot be read: Permission denied"
