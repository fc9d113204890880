"""The page about the stand-in says what the stand-in does."""

import re
from pathlib import Path

import pytest

from gateway.standin import load
from gateway.standin.builtin import built_in
from gateway.standin.config import StandinConfig
from gateway.standin.phonebook import PhoneBook
from gateway.standin.seen import Seen
from tools import standin_reference

PAGE = (Path(__file__).parents[3] / "docs" / "stand-in.md").read_text()


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found


def test_every_table_is_named():
    assert [name for name in StandinConfig.model_fields if f"[{name}" not in PAGE] == []


def test_the_page_of_every_key_is_that_of_the_code():
    assert standin_reference.PAGE.read_text() == standin_reference.page()


def test_every_built_in_transaction_is_in_the_table():
    assert [name for name in built_in(PhoneBook()) if f"| `{name}` |" not in PAGE] == []


def test_every_field_of_the_record_is_named():
    known = {"number", "connection"}
    assert [name for name in Seen.__dataclass_fields__ if f"`{name}`" not in PAGE and name not in known] == []


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_examples_of_configuration_are_right(tmp_path, block):
    path = tmp_path / "standin.toml"
    path.write_text(block)
    load(path, {})
