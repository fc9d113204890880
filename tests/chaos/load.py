"""Many callers, receivers and responders at once on one client, while sockets are cut at random."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from gateway.errors import GatewayError
from gateway.imsconnect import InteractionVerb
from tests.chaos import scenes
from tests.chaos.cutting import RandomCuts
from tests.chaos.desk import Desk, settings_for
from tests.chaos.ledger import Book, Entries, Told, contradictions
from tests.chaos.scenes import Scene
from tests.chaos.stage import Stage
from tests.fixtures.faces import Face

PATIENCE_MS: Final = 700
TPIPES: Final = 4
DESCRIPTORS: Final = 2
READERS: Final = (
    InteractionVerb.RECEIVE_QUEUED,
    InteractionVerb.RECEIVE_CONTINUOUSLY,
    InteractionVerb.RECEIVE,
    InteractionVerb.RECEIVE_WAIT,
)
WEIGHTS: Final[dict[str, int]] = {
    "commit_mode_1": 30,
    "confirm": 14,
    "commit_mode_0": 14,
    "commit_mode_0_held": 3,
    "send": 4,
    "send_acknowledged": 6,
    "conversation": 6,
    "conversation_confirmed": 4,
    "caller_acknowledges": 4,
    "caller_rejects": 4,
    "put": 10,
    "call_out": 4,
}


@dataclass
class Chaos:
    """One run. `interactions` entries are made in all, `rate` of the messages are cut."""

    stage: Stage
    face: Face
    seed: int
    interactions: int
    callers: int
    rate: float
    book: Book = field(default_factory=Book)

    def __post_init__(self) -> None:
        self._prefix = next(self.stage.names)
        self._tpipes = [next(self.stage.names) for _ in range(TPIPES)]
        self._descriptors = [next(self.stage.names) for _ in range(DESCRIPTORS)]
        self._plans = [RandomCuts(self.seed + number, self.rate) for number in range(2)]
        self._over = threading.Event()
        self._scenes: list[Scene] = []

    def run(self) -> list[str]:
        """Make all the calls; return every promise that was broken."""
        entrances = [self.stage.proxy.listen(plan) for plan in self._plans]
        direct = self._desk(self.stage.standin.port)
        desk = self._desk(*(entrance.port for entrance in entrances))
        back = self._desk(*(entrance.port for entrance in reversed(entrances)))
        try:
            self._play(desk, back, direct)
            for scene in self._readers_of(direct, direct):
                scene.put_on += self.stage.ledger.read().put[scene.name]
                if scene.put_on:
                    scenes.drain(scene)
        finally:
            for each in (desk, back, direct):
                each.close()
            for entrance in entrances:
                entrance.release()
        self.stage.come_to_rest()
        return self._verdict()

    @property
    def figures(self) -> dict[str, Any]:
        """What it was, in numbers."""
        cuts: Counter[str] = Counter()
        for plan in self._plans:
            cuts.update(plan.counts)
        told = Counter(one.told.value for one in self.book.statements)
        return {
            "seed": self.seed,
            "callers": self.callers,
            "interactions": len(self.book.statements),
            "told": dict(sorted(told.items())),
            "faults_by_id": dict(sorted(self.book.faults.items())),
            "cuts": sum(cuts.values()),
            "cuts_by_kind": dict(sorted(cuts.items())),
            "messages_of_tpipes": sum(len(self.stage.ledger.read().put[name]) for name in self._tpipes),
            "deliveries_of_tpipes": sum(len(self.book.deliveries(name)) for name in self._tpipes),
        }

    # -- on the way

    def _desk(self, *ports: int) -> Desk:
        settings = settings_for(*ports, policy="balance", size=self.callers)
        return Desk(self.face, settings, self.stage.loop)

    def _scene(self, desk: Desk, direct: Desk, name: str) -> Scene:
        return Scene(desk, direct, self.book, self._prefix, name, PATIENCE_MS)

    def _readers_of(self, desk: Desk, direct: Desk) -> list[Scene]:
        return [self._scene(desk, direct, name) for name in self._tpipes]

    def _play(self, desk: Desk, back: Desk, direct: Desk) -> None:
        draws = [
            random.Random(f"{self.seed} {number}") for number in range(self.callers + TPIPES + DESCRIPTORS)
        ]
        self._scenes = [self._scene(desk, direct, next(self.stage.names)) for _ in range(self.callers)]
        callers = [partial(self._call, *each) for each in zip(self._scenes, draws, strict=False)]
        others: list[Callable[[], None]] = []
        for number, scene in enumerate(self._readers_of(back, direct)):
            others.append(partial(self._read, scene, draws[self.callers + number]))
        for number, name in enumerate(self._descriptors):
            scene = self._scene((desk, back)[number % 2], direct, name)
            others.append(partial(self._respond, scene, draws[-1 - number]))
        threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in callers + others
        ]
        for thread in threads:
            thread.start()
        for thread in threads[: len(callers)]:
            thread.join()
        for plan in self._plans:
            plan.disarm()
        self._over.set()
        for thread in threads[len(callers) :]:
            thread.join()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  a thread that ends early must not go unseen
            self.book.break_(f"a thread ended with {error!r}")

    def _call(self, scene: Scene, draw: random.Random) -> None:
        names, weights = list(WEIGHTS), list(WEIGHTS.values())
        while len(self.book.statements) < self.interactions:
            (name,) = draw.choices(names, weights)
            if name == "put":
                scenes.call(scene, draw.choice(self._tpipes), transaction="LEDPUT")
            elif name == "call_out":
                scenes.call(scene, draw.choice(self._descriptors), transaction="LEDCALL")
            else:
                getattr(scenes, name)(scene)
            if self.book.statements[-1].told is Told.NOTHING_SENT:
                # both endpoints are in back-off: leave them alone for a moment
                time.sleep(0.02)

    def _read(self, scene: Scene, draw: random.Random) -> None:
        while not self._over.is_set():
            verb = draw.choice(READERS)
            asked = scene.read(verb, 150)
            with suppress(GatewayError):
                if verb in {InteractionVerb.RECEIVE, InteractionVerb.RECEIVE_WAIT}:
                    scenes.read_one(scene.desk, scene, asked)
                else:
                    scenes.read_loop(scene.desk, scene, asked)

    def _respond(self, scene: Scene, draw: random.Random) -> None:
        verbs = (InteractionVerb.RESPOND_ACKNOWLEDGED, InteractionVerb.RESPOND)
        while not self._over.is_set():
            with suppress(GatewayError):
                scenes.take_request(scene.desk, scene, draw.choice(verbs))

    # -- afterwards

    def _verdict(self) -> list[str]:
        done = self.stage.ledger.read()
        wrong = [*self.book.broken, *done.of(self._prefix).against(self.book.statements)]
        for name in self._tpipes:
            wrong += contradictions(done.put[name], self.book.deliveries(name))
            wrong += [f"{one} is still queued on {name}" for one in self.stage.held(name)]
        for scene in self._scenes:
            wrong += self.stage.about_held(scene)
        wrong += _about_callouts(done)
        wrong += [f"a program failed: {one}" for one in self.stage.standin.datastore("IMS1").ims.failures]
        return wrong


def _about_callouts(done: Entries) -> list[str]:
    return [
        f"the callout of {entry} got {answer}"
        for entry, answers in done.icals.items()
        for answer in answers
        if answer not in {f"ANSWER {entry}", "NONE"}
    ]
