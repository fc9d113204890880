"""The page about programs says what programs get, and its examples run."""

import re
import sys
import types
from pathlib import Path

import pytest

import gateway.standin
from gateway.standin import Context, Reply, load
from gateway.standin.builtin import built_in
from gateway.standin.phonebook import PhoneBook
from tests.unit.standin.by_hand import CM0, CONFIRM, message, refusal, reply, text, until

PAGE = (Path(__file__).parents[3] / "docs" / "stand-in-programs.md").read_text()
FOR_TESTS = {
    "Fault",
    "RunningStandin",
    "Seen",
    "Standin",
    "StandinConfig",
    "load",
    "run",
    "Converter",
    "Transaction",
}
"""What is exported for those who run a stand-in, not for programs."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def module(monkeypatch):
    """All examples but the test in one module, as the page has them stand in one file."""
    module = types.ModuleType("my_programs")
    for block in blocks("python")[:-1]:
        exec(block, module.__dict__)
    monkeypatch.setitem(sys.modules, "my_programs", module)
    return module


@pytest.fixture
def standin(module, standin_factory, tmp_path):
    path = tmp_path / "standin.toml"
    path.write_text("\n".join(blocks("toml")))
    config = load(path, {})
    transactions = {
        code: {"program": t.program, "regions": t.regions} for code, t in config.transactions.items()
    }
    descriptors = {name: {"tpipe": d.tpipe} for name, d in config.descriptors.items()}
    return standin_factory(transactions=transactions, descriptors=descriptors)


@pytest.mark.parametrize("kind", [Context, Reply])
def test_every_field_is_named(kind):
    assert [name for name in kind.__dataclass_fields__ if f"`{name}`" not in PAGE] == []


def test_every_export_for_programs_is_named():
    assert [name for name in gateway.standin.__all__ if name not in FOR_TESTS and name not in PAGE] == []


def test_every_built_in_program_is_named():
    assert [name for name in built_in(PhoneBook()) if f"`{name}`" not in PAGE] == []


class TestExamples:
    def test_a_debit_is_taken_back(self, standin, connect):
        client = connect(standin)
        assert client.ask(text("DEBIT 30", f3=CONFIRM)) == reply("BALANCE 70", flags=0x30)
        assert client.ask(message(verb="N", f3=CONFIRM)) == refusal(4, 98)
        assert client.ask(text("DEBIT 30")) == reply("BALANCE 70")

    def test_an_abend_shows_its_code(self, standin, connect):
        assert b"U0777" in connect(standin).ask(text("DEBIT 101")).decode("cp037").encode()

    def test_no_number_is_given_twice(self, standin, connect):
        first, second = connect(standin), connect(standin)
        assert first.ask(text("COUNT", f3=CONFIRM)) == reply("1", flags=0x30)
        second.send(text("COUNT", client="SECOND"))
        until(lambda: len(standin.datastore("IMS1").ims.inputs) == 1)
        first.ask(message(verb="N", f3=CONFIRM))
        assert second.output() == reply("1")

    def test_a_conversation_is_held(self, standin, connect):
        client = connect(standin)
        assert client.ask(text("ORDER TEA")) == reply("1 ITEMS", flags=0x50)
        assert client.ask(text("CUPS")) == reply("2 ITEMS", flags=0x50)
        assert client.ask(text("SEND")) == reply("ORDERED", "TEA", "CUPS")
        client.ask(text("ORDER TEA"))
        assert client.ask(text("NONE")) == reply("NOTHING ORDERED")

    def test_a_callout_that_nobody_answers_is_told_and_the_note_is_left(self, standin, connect):
        reader = connect(standin)
        reader.send(
            message(
                verb="R",
                arch=3,
                f0=0x80,
                f5=0x10,
                f2=CM0,
                f3=CONFIRM,
                reroute="HWS2SOAP",
                client="READER",
                timer=0xFF,
            )
        )
        client = connect(standin)
        client.send(text("RATE EUR"))
        reader.output()
        reader.send(message(verb="N", arch=3, f2=CM0, f3=CONFIRM, client="READER", timer=0xE9))
        assert client.output().decode("cp037")[8:].startswith("NO RATE: ")
        until(lambda: standin.tpipes.depths == {"AUDIT": 1})

    @pytest.mark.usefixtures("module")
    def test_the_test_passes(self):
        namespace: dict[str, object] = {}
        exec(blocks("python")[-1], namespace)
        (test,) = (value for name, value in namespace.items() if name.startswith("test_"))
        test()
