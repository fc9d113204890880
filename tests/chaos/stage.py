"""A stand-in with the ledger's programs behind a cutting proxy, and a verdict on what callers say of it."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gateway.standin import RunningStandin
from gateway.standin.programs import HOST
from tests.chaos.cutting import Cut, CuttingProxy, OneCut
from tests.chaos.desk import Desk, settings_for
from tests.chaos.ledger import Book, Ledger, Told, contradictions
from tests.chaos.programs import LEDGER, TRANSACTIONS
from tests.chaos.scenes import Kind, Scene, call
from tests.fixtures.faces import Face, LoopThread
from tests.fixtures.running_gateway import wait_until
from tests.fixtures.standin import standin_config

HURRIED_MS = (200, 1_000, 5_000)
"""Patience of a caller that is going to be kept waiting: more of it each time that the machine is too slow."""
PATIENT_MS = (5_000,)
AT_A_TIME = 24
STRIKES_WITHIN = 3.0
"""Seconds; a caller may have done all it does while its last message is on the way to where it is cut."""


@dataclass
class Stage:
    """What scenes play on."""

    standin: RunningStandin
    proxy: CuttingProxy
    ledger: Ledger
    loop: LoopThread
    names: Iterator[str]
    """Names of tpipes that are descriptors too, each used once."""

    def play(self, kind: Kind, face: Face, cuts: Iterable[Cut]) -> list[str]:
        """Play a kind of scene once for every cut, many at a time; return every promise that was broken."""
        book = Book()
        prefix = next(self.names)
        direct = Desk(face, settings_for(self.standin.port, size=AT_A_TIME), self.loop)
        try:
            with ThreadPoolExecutor(AT_A_TIME) as pool:
                played = pool.map(partial(self._until_struck, kind, face, book, prefix, direct), cuts)
                scenes = [scene for scenes in played for scene in scenes]
        finally:
            direct.close()
        self.come_to_rest()
        wrong = [*book.broken, *self.ledger.read().of(prefix).against(book.statements)]
        for cut, scene in scenes:
            wrong += [f"{cut}: {what}" for what in self._about_tpipe(scene)]
        return wrong

    def come_to_rest(self) -> None:
        """Wait until no connection is open and every program has ended."""
        ims = self.standin.datastore("IMS1").ims
        wait_until(lambda: not self.standin.connections and not ims.inputs, "the stand-in at rest")

    def scene(self, desk: Desk, direct: Desk, book: Book, prefix: str) -> Scene:
        """Return a scene with a tpipe of its own."""
        return Scene(
            desk,
            direct,
            book,
            prefix,
            next(self.names),
            put=self.standin.queue_output,
            ical=partial(self.standin.ical, timeout_seconds=1.0),
        )

    def _until_struck(
        self, kind: Kind, face: Face, book: Book, prefix: str, direct: Desk, cut: Cut
    ) -> list[tuple[Cut, Scene]]:
        """Play a scene; again where a caller in a hurry has given up before the scene came to its cut."""
        scenes = []
        for patience_ms in HURRIED_MS if cut.how in {"stall", "late"} else PATIENT_MS:
            scene, struck = self._one(kind, face, book, prefix, direct, OneCut(cut), patience_ms)
            scenes.append((cut, scene))
            if struck:
                return scenes
        book.break_(f"{cut} never struck: the scene has other messages")
        return scenes

    def _one(
        self, kind: Kind, face: Face, book: Book, prefix: str, direct: Desk, plan: OneCut, patience_ms: int
    ) -> tuple[Scene, bool]:
        entrance = self.proxy.listen(plan)
        desk = Desk(face, settings_for(entrance.port, size=2), self.loop)
        scene = self.scene(desk, direct, book, prefix)
        scene.patience_ms = patience_ms
        try:
            kind.play(scene)
            struck = plan.wait_struck(STRIKES_WITHIN)
            plan.disarm()
            self._follow(scene)
        finally:
            desk.close()
            entrance.release()
        return scene, struck

    def _follow(self, scene: Scene) -> None:
        """Whatever happened, the client serves its next caller, with that caller's own answer."""
        # a socket that was idle when it stalled looks good, so its next caller waits in vain
        scene.patience_ms = HURRIED_MS[1]
        with suppress(AssertionError):
            wait_until(lambda: call(scene) is Told.ANSWERED, "an answer", 10)
            return
        scene.book.break_("the client does not serve again")

    def _about_tpipe(self, scene: Scene) -> list[str]:
        """Return what is wrong with the messages of a scene's own tpipe, if it has one."""
        if not scene.put_on:
            return self.about_held(scene)
        wrong = contradictions(scene.put_on, scene.book.deliveries(scene.name))
        return wrong + [f"{one} is still queued" for one in self.held(scene.name)]

    def about_held(self, scene: Scene) -> list[str]:
        """Return what is wrong with commit mode 0 output on the tpipe of a scene's own client id."""
        held = self.held(scene.name)
        wrong = [f"{one} is held for a stranger" for one in held if one not in scene.may_be_held]
        kept = self.ledger.read().kept
        told = {one.entry: one.told for one in scene.book.statements if one.entry in scene.may_be_held}
        lost = (one for one in told if kept[one] and told[one] is not Told.ANSWERED and one not in held)
        return wrong + [f"{one} was executed, and its output is lost" for one in lost]

    def held(self, tpipe: str) -> list[str]:
        """Return the entries whose output waits on a tpipe, oldest first."""
        return [HOST.decode(output.segments[0]).split()[0] for output in self.standin.tpipes.held(tpipe)]


@contextmanager
def stage(folder: Path, *, names: int = 4_000, **ims_connect: Any) -> Iterator[Stage]:
    """Start everything; `ims_connect` are keys of the stand-in's table."""
    path = folder / "ledger"
    path.touch()
    known = [f"T{number:05d}" for number in range(names)]
    with ExitStack() as stack:
        os.environ[LEDGER] = str(path)
        stack.callback(os.environ.pop, LEDGER, None)
        config = standin_config(
            ims_connect={"keep_seen": 0, **ims_connect},
            transactions=TRANSACTIONS,
            descriptors={name: {"tpipe": name} for name in known},
        )
        standin = stack.enter_context(RunningStandin(config))
        proxy = CuttingProxy(standin.host, standin.port)
        stack.callback(proxy.stop)
        loop = LoopThread()
        stack.callback(loop.stop)
        yield Stage(standin, proxy, Ledger(path), loop, iter(known))
