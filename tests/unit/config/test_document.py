import os
import re

import pytest

from gateway.config.document import MAX_DOCUMENT_BYTES, read_bounded, read_toml
from gateway.errors import ConfigError, Problem

WRONG = [
    "[a]\n[a]",
    "[[a]]\n[a]",
    "a = { b = 1, b = 2 }",
    "a = 1\na = 2",
    "a = 1\n[a.b]",
    "[a.b.c]\n[a]\nb.c.d = 1",
    "a = {}\n[a.b]",
    "a = {}\n[[a]]",
    "a = []\n[[a]]",
    "a.b = 1\n[a]\n",
    "a = { b = {}, b.c = 1 }",
    "a = { b.c = 1, b = 1 }",
    "a = 1 b = 2",
    "a b",
    "[a",
    "[[a]",
    "a = '''M4RK3R",
    'a = """M4RK3R',
    "a = 'M4RK3R",
    "a = 'M4RK3R\n'",
    'a = "M4RK3R',
    'a = "M4RK3R\n"',
    'a = "M4RK3R\x01"',
    "a = 'M4RK3R\x01'",
    "# M4RK3R\x01",
    'a = "M4RK3R\\q"',
    'a = """M4RK3R\\ x"""',
    'a = "M4RK3R\\u12"',
    'a = "M4RK3R\\ud800"',
    "a = 2026-02-30",
    "a = M4RK3R",
    "a =",
    "a = [1",
    "a = [1 2]",
    "a = { b = 1",
    "a = { b = 1 c = 2 }",
    "[]",
    "= 1",
    "M4RK3R",
    "[M4RK3R]x",
]


@pytest.mark.parametrize("text", WRONG)
def test_every_mistake_of_syntax_has_words_of_ours_with_its_place(text, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_toml(path, "x.toml")
    [problem] = caught.value.problems
    place = r"(line \d+, column \d+|at the end of the file)"
    assert re.fullmatch(rf"is not valid TOML: {place}: .+", problem.text)
    assert "this is not TOML" not in problem.text
    assert "M4RK3R" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_table_is_read(tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(b'\xef\xbb\xbfa = "\xc3\xa9"\r\n[b]\r\nc = 1\r\n')
    assert read_toml(path, "x.toml") == {"a": "é", "b": {"c": 1}}


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda _: None, "does not exist"),
        (lambda path: path.symlink_to(path.parent / "nowhere"), "does not exist"),
        (lambda path: path.mkdir(), "is a folder, not a file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to(path), "cannot be read: Too many levels of symbolic links"),
        (lambda path: path.write_bytes(b"#" * (MAX_DOCUMENT_BYTES + 1)), "is longer than 1048576 bytes"),
        (lambda path: path.write_bytes(b"a = 1\n# \xff"), "is not UTF-8 text (line 2)"),
        (lambda path: path.write_text("a = " + "[" * 50_000), "is not valid TOML: nested too deeply"),
        (lambda path: path.write_text("a = " + "9" * 5000), "is not valid TOML: a number is too long"),
    ],
)
def test_what_is_no_readable_file_is_named(make, text, tmp_path):
    path = tmp_path / "x.toml"
    make(path)
    with pytest.raises(ConfigError) as caught:
        read_toml(path, "bundles/x.toml")
    assert caught.value.problems == (Problem("bundles/x.toml", "", text),)


def test_a_file_up_to_the_bound_is_read(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345678")
    assert read_bounded(path, 8) == b"12345678"
    with pytest.raises(ValueError, match="is longer than 7 bytes"):
        read_bounded(path, 7)


def test_a_name_with_a_nul_names_no_file(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        read_bounded(tmp_path / "a\0b", 8)
