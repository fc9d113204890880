"""What a stand-in and the model have inside, in the same words, so that they can be held against each other."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from gateway.standin import RunningStandin, StandinConfig
from gateway.standin.held import HeldOutput
from tests.fixtures.standin import standin_config
from tests.model import programs
from tests.model.connect import World
from tests.model.otma import Callout, Message
from tests.model.wire import text

IDS = ("IDA", "IDB", "IDC", "IDD", "IDE", "IDF")
"""Client ids that somebody chose; others are of the client's own making."""
CALLOUT_PIPE = "CALLPIPE"
PATIENCE = float(os.environ.get("IMSGW_MODEL_PATIENCE", "20"))
"""Seconds in which IMS must have done what it was told."""

T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """All that can be seen between two steps."""

    queues: dict[str, list[tuple[str, ...]]]
    requests: dict[str, list[str]]
    sent: list[tuple[str, ...]]
    """On their way to a client, ACK or NAK due."""
    holders: dict[str, int]
    """Client ids in use, by which connection."""
    conversations: list[str]
    lines: dict[str, int]
    """RESUME TPIPEs at each tpipe."""
    units: dict[str, str]
    icals: dict[str, tuple[int, int, int, str] | None]
    records: list[tuple[str, str, str]]
    """Client id, verb and fate of each input."""

    def against(self, other: "Picture") -> str:
        """Say where another one differs."""
        mine, theirs = asdict(self), asdict(other)
        return "\n".join(
            f"{name}: model {mine[name]}, stand-in {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        )


def picture_of_model(world: World) -> Picture:
    """Return what the model expects."""
    items: list[Message | Callout] = [*world.messages, *world.callouts.values()]
    conversing = (peer.client for peer in world.peers if peer.conversing)
    return Picture(
        queues=_by_tpipe(world, Message),
        requests=_by_tpipe(world, Callout),
        sent=sorted(_lines(item) for item in items if item.fate == "sent"),
        holders={name: peer.number for name, peer in world.holders.items() if name in IDS},
        conversations=sorted(name if name in IDS else "*" for name in conversing),
        lines={tpipe: len(line) for tpipe, line in world.lines.items() if line},
        units=world.units,
        icals={text: callout.end for text, callout in world.callouts.items()},
        records=sorted((_name(one.client), one.verb, one.fate) for one in world.records),
    )


def _by_tpipe(world: World, kind: type) -> dict[str, Any]:
    found = {}
    for tpipe, queue in world.queues.items():
        items = [item for item in queue if isinstance(item, kind)]
        if items:
            found[tpipe] = [item.text if isinstance(item, Callout) else item.lines for item in items]
    return found


def _lines(item: Message | Callout) -> tuple[str, ...]:
    return (item.text,) if isinstance(item, Callout) else item.lines


def _name(client_id: str) -> str:
    return client_id if client_id in {*IDS, ""} else "*"


def config() -> StandinConfig:
    """Return the configuration of the stand-in under test."""
    return standin_config(
        transactions=programs.transactions(),
        descriptors={"OUT": {"tpipe": CALLOUT_PIPE, "sync_timeout_seconds": 900}},
        datastores={"SHORT": {"ims": "IMS1", "ackto_seconds": 0.05}},
    )


class Inside:
    """A running stand-in, looked at and steered in its own thread."""

    def __init__(self, running: RunningStandin) -> None:
        self.running = running
        self._services = running.standin._services

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the stand-in's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.running._loop).result(2 * PATIENCE)

    def call(self, act: Callable[[], T]) -> T:
        """Call something in the stand-in's loop."""

        async def run() -> T:
            return act()

        return self.do(run())

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Let the stand-in work until a condition holds; return whether it does."""

        async def wait() -> bool:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + PATIENCE
            while not (holds := condition()) and loop.time() < deadline:  # noqa: ASYNC110  any condition
                await asyncio.sleep(0)  # lets the stand-in work
            return holds

        return self.do(wait())

    def agree(self, world: World) -> None:
        """Wait until the stand-in is where the model is. Raises AssertionError with the difference."""
        expected = picture_of_model(world)
        if not self.wait_for(lambda: self.picture() == expected):
            raise AssertionError("IMS differs\n" + expected.against(self.call(self.picture)))

    def picture(self) -> Picture:
        """Return what is inside. In the stand-in's loop."""
        ims, tpipes = self._services.ims, self._services.tpipes
        holders = self._services.clients._holders
        queues: dict[str, Any] = {}
        requests: dict[str, Any] = {}
        for (tpipe, _kind), queue in tpipes._queues.items():
            for entry in queue:
                held = entry.held
                if isinstance(held, HeldOutput):
                    queues.setdefault(tpipe, []).append(tuple(map(text, held.segments)))
                else:
                    requests.setdefault(tpipe, []).append(text(held.data))
        return Picture(
            queues=queues,
            requests=requests,
            sent=sorted(_texts(entry.held) for entry in tpipes._delivering),
            holders={name: session.number for name, session in holders.items() if name in IDS},
            conversations=sorted(_name(one.client_id) for one in ims.conversations.all),
            lines={tpipe: len(line) for tpipe, line in tpipes.turns._lines.items() if line},
            units={name: fate for one in self.programs.values() for name, fate in one.units.items()},
            icals={text(one.data): _end(one.answer) if one.answer else None for one in ims.callouts.all},
            records=sorted(
                (_name(one.client_id), one.verb.value, one.outcome.rsplit(", ", 1)[-1])
                for one in self._services.seen.all
            ),
        )

    @property
    def programs(self) -> dict[str, Any]:
        """The programs with their ledgers."""
        known = self._services.ims._programs
        return {code: known[code] for code in programs.TRANSACTIONS}

    @property
    def accepted(self) -> int:
        """Number of the latest connection."""
        return self.running.standin._connections

    def clear(self) -> None:
        """Forget everything: the next run begins with an empty IMS. No connection may be open."""
        assert self.wait_for(lambda: self.running.connections == 0), "a connection stays open"
        self.call(self._clear)

    def _clear(self) -> None:
        ims, tpipes = self._services.ims, self._services.tpipes
        tpipes.clear()
        for tpipe in tpipes.turns.stopped:
            tpipes.turns.start(tpipe)
        self._services.seen.clear()
        for program in self.programs.values():
            program.units.clear()
        self.programs["GATE"].gates.clear()
        ims.callouts._record.clear()
        self.running.standin.start_datastore("IMS1")


def _texts(held: Any) -> tuple[str, ...]:
    return tuple(map(text, held.segments)) if isinstance(held, HeldOutput) else (text(held.data),)


def _end(answer: Any) -> tuple[int, int, int, str]:
    return answer.return_code, answer.reason_code, answer.extended_reason, text(answer.data)
