"""The page about the stand-in says what the stand-in does."""

import re
import sys
import types
from pathlib import Path

import pytest

from gateway.standin import Context, Fault, load
from gateway.standin.builtin import built_in
from gateway.standin.config import (
    ConverterSettings,
    DescriptorSettings,
    ImsConnectPort,
    PassTicketProfile,
    StandinConfig,
    TpipeSettings,
    TransactionSettings,
    User,
)
from gateway.standin.phonebook import PhoneBook
from gateway.standin.seen import Seen
from tests.unit.standin.by_hand import reply, text

PAGE = (Path(__file__).parents[3] / "docs" / "stand-in.md").read_text()
MODELS = [
    ImsConnectPort,
    User,
    PassTicketProfile,
    TransactionSettings,
    ConverterSettings,
    TpipeSettings,
    DescriptorSettings,
    Fault,
]


def blocks(language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_explained(model):
    assert [name for name in model.model_fields if f"`{name}`" not in PAGE and f"`{name} = " not in PAGE] == []


def test_every_table_is_named():
    assert [name for name in StandinConfig.model_fields if f"[{name}" not in PAGE] == []


def test_every_built_in_transaction_is_in_the_table():
    assert [name for name in built_in(PhoneBook()) if f"| `{name}` |" not in PAGE] == []


def test_every_field_of_the_record_is_named():
    known = {"number", "connection"}
    assert [name for name in Seen.__dataclass_fields__ if f"`{name}`" not in PAGE and name not in known] == []


def test_what_a_program_gets_is_named():
    assert [name for name in Context.__dataclass_fields__ if f"`{name}`" not in PAGE] == []


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_examples_of_configuration_are_right(tmp_path, block):
    path = tmp_path / "standin.toml"
    path.write_text(block)
    load(path, {})


def test_the_example_program_runs(standin_factory, connect, monkeypatch):
    module = types.ModuleType("my_programs")
    exec(blocks("python")[0], module.__dict__)
    monkeypatch.setitem(sys.modules, "my_programs", module)
    client = connect(standin_factory(transactions={"DEBIT": {"program": "my_programs:Debit"}}))
    assert client.ask(text("DEBIT 30")) == reply("BALANCE 70")
