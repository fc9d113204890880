"""Programs of the user's own."""

import pytest

from gateway.errors import ConfigError
from gateway.standin import AbendError, Context, Reply
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
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

    @pytest.mark.parametrize("name", ["Bug", "WrongReply", "WrongSegment", "LongSegment", "LongModName"])
    def test_anything_else_that_goes_wrong_is_an_abend_too(self, standin_factory, connect, name):
        lines: list[str] = []
        standin = standin_factory(trace=1, write=lines.append, transactions={"OWN": program(name)})
        expected = "DFS555I TRAN OWN      ABEND S0C4,U0000 ; MSG IN PROCESS: OWN"
        assert connect(standin).ask(text("OWN", f1=0x80))[28:-12] == segment(ebcdic(expected))[4:]
        assert any("OWN abends: " in line and ".py:" in line for line in lines)

    def test_a_send_only_program_may_fail_without_anybody_there(self, standin_factory, connect):
        standin = standin_factory(transactions={"OWN": program("Bug")})
        client = connect(standin)
        client.send(text("OWN", verb="S", f2=CM0))
        client.close()
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})


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
