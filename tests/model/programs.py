"""Programs for the stand-in that keep a ledger of their units of work, and wait where the test wants it."""

import asyncio

from gateway.standin import AbendError, Context, Reply


class Tagged:
    """Answers with its input; `units` says what became of each unit of work, by input text."""

    conversational = False

    def __init__(self) -> None:
        self.units: dict[str, str] = {}

    def begin(self, context: Context) -> str:
        text = context.text
        self.units[text] = "open"
        context.unit.on_back_out(lambda: self.units.update({text: "backed out"}))
        context.unit.on_commit(lambda: self.units.update({text: "committed"}))
        return text

    async def run(self, context: Context) -> Reply:
        return context.text_reply(f"RE {self.begin(context)}")


class Many(Tagged):
    """Ends two messages by PURG and leaves a third."""

    async def run(self, context: Context) -> Reply:
        text = self.begin(context)
        first, *others = (context.text_reply(f"RE{n} {text}").segments for n in (1, 2, 3))
        return Reply(first, purged=tuple(others))


class Put(Tagged):
    """Inserts a message to the tpipe that its LTERM names."""

    async def run(self, context: Context) -> Reply:
        text = self.begin(context)
        context.insert(context.lterm, *context.text_reply(f"PUT {text}").segments)
        return context.text_reply(f"RE {text}")


class Gate(Tagged):
    """Waits until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: dict[str, asyncio.Event] = {}

    async def run(self, context: Context) -> Reply:
        text = self.begin(context)
        self.gates[text] = asyncio.Event()
        await self.gates[text].wait()
        return context.text_reply(f"RE {text}")


class Quiet(Tagged):
    """Answers nothing."""

    async def run(self, context: Context) -> Reply:
        self.begin(context)
        return Reply()


class Abends(Tagged):
    """Ends abnormally."""

    async def run(self, context: Context) -> Reply:
        self.begin(context)
        raise AbendError("U0777")


class Talk(Tagged):
    """Holds a conversation until it hears END or ABEND."""

    conversational = True

    async def run(self, context: Context) -> Reply:
        text = self.begin(context)
        if text.startswith("ABEND"):
            raise AbendError("U0778")
        ends = text.startswith("END")
        return context.text_reply(f"RE {text}", spa=None if ends else b"SPA")


TRANSACTIONS = {
    "TAG": "Tagged",
    "MANY": "Many",
    "PUT": "Put",
    "GATE": "Gate",
    "QUIET": "Quiet",
    "ABEND": "Abends",
    "TALK": "Talk",
}


def transactions() -> dict[str, dict[str, str]]:
    """Return the `transactions` tables of the stand-in."""
    return {code: {"program": f"{__name__}:{name}"} for code, name in TRANSACTIONS.items()}
