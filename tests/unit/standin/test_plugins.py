"""Programs of the user's own."""

import ast
from pathlib import Path
from typing import ClassVar

import pytest

import gateway.standin
from gateway.errors import ConfigError
from gateway.standin import AbendError, Context, Reply
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    NO_WAIT,
    PURGE,
    TEN_MS,
    csm,
    ebcdic,
    llll,
    message,
    refusal,
    reply,
    segment,
    text,
    until,
)

IPURG = 0x20
"""IRM_F3_IPURG."""


class Shout:
    async def run(self, context: Context) -> Reply:
        return context.text_reply(*context.text.upper().split())


class Debit:
    """Changes something that its unit of work can take back."""

    balance = 100

    async def run(self, context: Context) -> Reply:
        before = Debit.balance

        def restore() -> None:
            Debit.balance = before

        context.unit.on_back_out(restore)
        Debit.balance -= int(context.text)
        if Debit.balance < 0:
            raise AbendError("U0777", "no money")
        return context.text_reply(str(Debit.balance))


class Bug:
    async def run(self, _context: Context) -> Reply:
        raise ZeroDivisionError("a bug")


class WrongReply:
    async def run(self, _context: Context) -> str:
        return "text"


class WrongSegment:
    async def run(self, _context: Context) -> Reply:
        return Reply(("text",))  # type: ignore[arg-type]


class LongSegment:
    async def run(self, _context: Context) -> Reply:
        return Reply((bytes(32_764),))


class WrongPurge:
    async def run(self, _context: Context) -> Reply:
        return Reply((b"x",), purged=(b"y",))  # type: ignore[arg-type]


class UnaskedSpa:
    async def run(self, context: Context) -> Reply:
        return context.text_reply("x", spa=b"y")


class TextSpa:
    conversational = True

    async def run(self, context: Context) -> Reply:
        return context.text_reply("x", spa="text")  # type: ignore[arg-type]


class LongSpa:
    conversational = True

    async def run(self, context: Context) -> Reply:
        return context.text_reply("x", spa=bytes(32_768))


class SpaAlone:
    conversational = True

    async def run(self, _context: Context) -> Reply:
        return Reply(spa=b"x")


class Purges:
    """Answers in three messages, or in one where PURG is ignored."""

    async def run(self, _context: Context) -> Reply:
        return Reply((b"A", b"B"), purged=((b"C",), (b"D", b"E")))


class LongModName:
    async def run(self, _context: Context) -> Reply:
        return Reply((b"x",), "TOOLONGNAME")


class NotAsync:
    def run(self, _context: Context) -> Reply:
        return Reply()


class NeedsArguments:
    def __init__(self, argument: str) -> None:
        self.argument = argument


def program(name: str) -> dict[str, str]:
    return {"program": f"{__name__}:{name}"}


class TestPrograms:
    def test_a_program_answers(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"SHOUT": program("Shout")}))
        assert client.ask(text("SHOUT hello world")) == reply("HELLO", "WORLD")

    def test_a_program_may_replace_a_built_in_one(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"ECHO": program("Shout")}))
        assert client.ask(text("ECHO hello")) == reply("HELLO")

    def test_its_changes_follow_the_unit_of_work(self, standin_factory, connect):
        Debit.balance = 100
        client = connect(standin_factory(transactions={"DEBIT": program("Debit")}))
        assert client.ask(text("DEBIT 30", f3=CONFIRM)) == llll(segment(ebcdic("70")), csm(0x30))
        assert client.ask(message(verb="N", f3=CONFIRM)) == refusal(4, 98)
        assert Debit.balance == 100
        assert client.ask(text("DEBIT 30")) == reply("70")

    def test_an_abend_on_purpose_shows_its_code_and_backs_out(self, standin_factory, connect):
        Debit.balance = 100
        client = connect(standin_factory(transactions={"DEBIT": program("Debit")}))
        expected = "DFS555I TRAN DEBIT    ABEND S000,U0777 ; MSG IN PROCESS: DEBIT"
        assert client.ask(text("DEBIT 101")) == reply(expected)
        assert Debit.balance == 100

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("Bug", "ZeroDivisionError: a bug"),
            ("WrongReply", "TypeError: run() returned str, not Reply"),
            ("WrongSegment", "TypeError: a segment is not bytes, or longer than 32763"),
            ("LongSegment", "TypeError: a segment is not bytes, or longer than 32763"),
            ("LongModName", "TypeError: mod_name is not ASCII, or longer than 8"),
            ("WrongPurge", "TypeError: segments is bytes, not a tuple"),
            ("UnaskedSpa", "TypeError: spa of a program that is not conversational"),
            ("TextSpa", "TypeError: spa is not bytes, or longer than 32767"),
            ("LongSpa", "TypeError: spa is not bytes, or longer than 32767"),
            ("SpaAlone", "TypeError: spa without a segment: the client could not go on"),
        ],
    )
    def test_anything_else_that_goes_wrong_is_an_abend_too(self, standin_factory, connect, name, reason):
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append, transactions={"OWN": program(name)})
        expected = "DFS555I TRAN OWN      ABEND S0C4,U0000 ; MSG IN PROCESS: OWN"
        assert connect(standin).ask(text("OWN", f1=0x80))[28:-12] == segment(ebcdic(expected))[4:]
        assert any("OWN abends: " in line and ".py:" in line for line in lines)
        assert standin.datastore("IMS1").ims.failures == (f"OWN: {reason}",)

    def test_a_send_only_program_may_fail_without_anybody_there(self, standin_factory, connect):
        standin = standin_factory(transactions={"OWN": program("Bug")})
        client = connect(standin)
        client.send(text("OWN", verb="S", f2=CM0))
        client.close()
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})


class TestPurg:
    """PURG calls: Ignore PURG call; The purge function, multiple-message output, and NAKs."""

    CONFIRMED: ClassVar = {"f2": CM0, "f3": CONFIRM}
    FIRST = llll(segment(b"A"), segment(b"B"), csm(0xB0))
    """X'80': more waits."""

    @pytest.fixture
    def standin(self, standin_factory):
        return standin_factory(transactions={"PURGES": program("Purges")})

    def test_commit_mode_0_brings_one_message_after_the_other(self, standin, connect):
        client = connect(standin)
        ack = message(verb="A", timer=TEN_MS, **self.CONFIRMED)
        assert client.ask(text("PURGES", **self.CONFIRMED)) == self.FIRST
        assert client.ask(ack) == llll(segment(b"C"), csm(0xB0))
        assert client.ask(ack) == llll(segment(b"D"), segment(b"E"), csm(0x30))
        assert client.ask(ack) == refusal(40, TEN_MS)
        assert standin.tpipes.depths == {}

    def test_the_rest_waits_for_a_client_that_does_not(self, standin, connect):
        client = connect(standin)
        client.ask(text("PURGES", **self.CONFIRMED))
        client.send(message(verb="A", f1=0x02, timer=NO_WAIT, **self.CONFIRMED))
        client.assert_open()
        assert [held.segments for held in standin.tpipes.held("CLIENT01")] == [(b"C",), (b"D", b"E")]

    def test_a_nak_of_the_first_leaves_all_in_order(self, standin, connect):
        client = connect(standin)
        client.ask(text("PURGES", **self.CONFIRMED))
        assert client.ask(message(verb="N", timer=TEN_MS, **self.CONFIRMED)) == refusal(40, TEN_MS)
        held = [one.segments for one in standin.tpipes.held("CLIENT01")]
        assert held == [(b"A", b"B"), (b"C",), (b"D", b"E")]

    def test_a_nak_with_purge_leaves_none(self, standin, connect):
        client = connect(standin)
        client.ask(text("PURGES", f2=CM0, f3=CONFIRM | PURGE))
        client.ask(message(verb="N", timer=TEN_MS, f2=CM0, f3=CONFIRM | PURGE))
        assert standin.tpipes.depths == {}

    def test_send_only_holds_each(self, standin, connect):
        connect(standin).send(text("PURGES", verb="S", f2=CM0))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 3})

    @pytest.mark.parametrize(
        ("fields", "flags"),
        [
            ({"f2": CM0, "f3": CONFIRM | IPURG}, 0x30),
            ({}, 0x10),
            ({"f3": CONFIRM}, 0x30),
        ],
        ids=["commit-mode-0-ignoring", "commit-mode-1", "commit-mode-1-confirm"],
    )
    def test_one_message_where_purg_is_ignored(self, standin, connect, fields, flags):
        expected = llll(*(segment(data) for data in (b"A", b"B", b"C", b"D", b"E")), csm(flags))
        assert connect(standin).ask(text("PURGES", **fields)) == expected

    def test_send_only_ignoring_purg_holds_one(self, standin, connect):
        connect(standin).send(text("PURGES", verb="S", f2=CM0, f3=IPURG))
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})


def test_the_built_in_programs_use_the_interface_and_nothing_else():
    folder = Path(gateway.standin.__file__).parent
    own = {"builtin", "callout_programs", "ivtno", "phonebook"}
    for module in own:
        for node in ast.walk(ast.parse((folder / f"{module}.py").read_text())):
            if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("gateway"):
                continue
            if str(node.module).rpartition(".")[2] in own or node.module in {
                "gateway.codepage",
                "gateway.safexml",
            }:
                continue
            names = {alias.name for alias in node.names}
            assert names <= set(gateway.standin.__all__), f"{module} imports {names} from {node.module}"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no colon", "does not read package.module:Class"),
        (":Class", "does not read package.module:Class"),
        ("no_such_module:Class", "ModuleNotFoundError"),
        (f"{__name__}:NoSuchClass", "AttributeError"),
        (f"{__name__}:NeedsArguments", "TypeError"),
        (f"{__name__}:NotAsync", "async def run"),
    ],
)
def test_a_program_that_cannot_be_used_is_named(standin_factory, path, reason):
    with pytest.raises(ConfigError) as caught:
        standin_factory(transactions={"OWN": {"program": path}})
    (problem,) = caught.value.problems
    assert problem.key == "transactions.OWN.program"
    assert reason in problem.text


def test_a_converter_that_cannot_be_used_is_named(standin_factory):
    with pytest.raises(ConfigError, match=r"converters\.OWND\.program: .* lacks to_bytes or to_xml"):
        standin_factory(converters={"OWND": program("Shout")})
