"""Programs of the stand-in that keep a ledger: what IMS saw, and what became of it.

One line an event, appended to the file that IMSGW_TEST_LEDGER names: `SEEN id`, then `KEPT id` when the unit of
work was committed or `BACK id` when it was backed out; `PUT tpipe id` when a message is on a hold queue for
good, `ICAL id answer` when a synchronous callout came to its end. A line is with the system once it is written,
so a stand-in that is killed takes nothing with it.
"""

import asyncio
import os
from typing import Final

from gateway.standin import Context, Reply
from gateway.standin.builtin import Echo
from gateway.standin.programs import HOST, split

LEDGER: Final = "IMSGW_TEST_LEDGER"
PADDING: Final = "." * 60
"""So that a reply has a middle to be cut in."""


class _Written:
    """What the programs share: the file, opened when IMS starts."""

    def __init__(self) -> None:
        self._file = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def __del__(self) -> None:
        os.close(self._file)

    def note(self, *words: str) -> None:
        os.write(self._file, (" ".join(words) + "\n").encode())

    def enter(self, context: Context, text: str = "") -> tuple[str, list[str]]:
        """Note an input and, later, what became of its unit of work; return its id and the other words."""
        first, *others = (text or context.text).split()
        self.note("SEEN", first)
        context.unit.on_commit(lambda: self.note("KEPT", first))
        context.unit.on_back_out(lambda: self.note("BACK", first))
        return first, others


class Enter(_Written):
    """LEDGER id [milliseconds] [QUIET]: answers with the id, or not at all."""

    async def run(self, context: Context) -> Reply:
        entry, others = self.enter(context)
        for word in others:
            if word.isdigit():
                await asyncio.sleep(int(word) / 1000)
        if "QUIET" in others:
            return Reply()
        return context.text_reply(f"{entry} {PADDING}")


class EnterXml(_Written):
    """The same for XML: the id is the content of `text`, the wait that of `milliseconds`; answers like ECHO."""

    async def run(self, context: Context) -> Reply:
        document = context.xml
        assert document is not None
        self.enter(context, document.findtext("{*}text") or "")
        await asyncio.sleep(int(document.findtext("{*}milliseconds") or 0) / 1000)
        return await Echo().run(context)


class Converse(_Written):
    """LEDCONV id, then ids, then an id with END: every step an entry of its own."""

    conversational = True

    async def run(self, context: Context) -> Reply:
        entry, others = self.enter(context)
        steps = (context.spa or b"") + b"."
        return context.text_reply(f"{entry} {len(steps)}", spa=None if "END" in others else steps)


class Put(_Written):
    """LEDPUT id tpipe: puts its id on a hold queue, at commit."""

    async def run(self, context: Context) -> Reply:
        entry, (tpipe, *_) = self.enter(context)
        context.insert(tpipe, HOST.encode(f"{entry} {PADDING}"))
        # behind the sending off, which is what the unit does first
        context.unit.on_commit(lambda: self.note("PUT", tpipe, entry))
        return context.text_reply(entry)


class Call(_Written):
    """LEDCALL id descriptor: calls out and answers with what came back, NONE when nothing did."""

    async def run(self, context: Context) -> Reply:
        entry, (descriptor, *_) = self.enter(context)
        answer = await context.ical(descriptor, HOST.encode(entry), timeout_seconds=2)
        words = HOST.decode(answer.data).split() if answer.good else ["NONE"]
        self.note("ICAL", entry, *words)
        return Reply(split(HOST.encode(" ".join([entry, *words]))))


TRANSACTIONS: Final = {
    "LEDGER": {"program": "tests.chaos.programs:Enter"},
    "LEDCONV": {"program": "tests.chaos.programs:Converse"},
    "LEDPUT": {"program": "tests.chaos.programs:Put"},
    "LEDCALL": {"program": "tests.chaos.programs:Call"},
}
