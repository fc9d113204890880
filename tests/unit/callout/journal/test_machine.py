"""Whatever instances do, die of and leave undone: no entry is lost, and none is held by two who live.

Random steps on the journal and on a model of it, which is as simple as what is promised; after each step both
hold the same. Times are tens of seconds, so that the milliseconds of a real server's clock do not matter.
"""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.callout.journal.entries import ClaimLostError, Entry, Stage, State
from gateway.callout.journal.keeper import SqlJournal
from gateway.callout.values import Source
from tests.fixtures.journal import keep
from tests.unit.callout.journal.worlds import HERE, THERE, World, message

LEASE = 35.0
INSTANCES = 3
HANDLES = 12
SOURCES = st.sampled_from([HERE, THERE])
WHICH = st.integers(0, 1_000)
PAUSES = st.sampled_from([0, 15, 45, 105])


@dataclass
class Kept:
    """What the model knows of an entry."""

    source: Source
    due: float
    data: bytes
    state: State = State.WAITING
    stage: Stage = Stage.CALL
    attempts: int = 0
    owner: int | None = None
    claim: str | None = None

    def free(self) -> None:
        self.state, self.owner, self.claim = State.WAITING, None, None


@dataclass
class Held:
    """A claim as an instance remembers it, whether or not it still has it."""

    instance: int
    entry: Entry


class Machine(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.now = 0.0
        self.kept: dict[str, Kept] = {}
        self.instances: dict[int, SqlJournal] = {}
        self.heartbeats: dict[int, float] = {}
        self.patience: dict[int, float] = {}
        self.held: list[Held] = []
        self.started = 0
        self.taken = 0
        self.watcher = world.open()
        self.watcher.counts()
        for table in ("entries", "instances"):
            world.sql(f"DELETE FROM imsgw_journal_{table}")
        self.start()

    # -- instances ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.instances) < INSTANCES)
    @rule()
    def start(self):
        self.started += 1
        self.instances[self.started] = self.world.open(lease_seconds=LEASE)

    @precondition(lambda self: len(self.instances) > 1)
    @rule(which=WHICH)
    def crash(self, which):
        number = self.pick(which)
        self.world.crash(self.instances.pop(number))
        self.held = [held for held in self.held if held.instance != number]

    @precondition(lambda self: len(self.instances) > 1)
    @rule(which=WHICH)
    def leave(self, which):
        number = self.pick(which)
        journal = self.instances.pop(number)
        journal.close()
        self.world._opened.remove(journal)
        self.heartbeats.pop(number, None)
        for kept in self.kept.values():
            if kept.owner == number:
                kept.free()
        self.held = [held for held in self.held if held.instance != number]

    @rule(which=WHICH)
    def beat(self, which):
        number = self.pick(which)
        self.instances[number].beat()
        since = self.now - self.heartbeats.get(number, self.now)
        self.heartbeats[number] = self.now
        if self.patience.get(number, 0) > 0:
            self.patience[number] -= min(since, LEASE / 2)
        elif since > LEASE / 2:
            self.patience[number] = LEASE
        if self.patience.get(number, 0) > 0:
            return
        self.heartbeats = {n: at for n, at in self.heartbeats.items() if self.now - at < LEASE}
        for kept in self.kept.values():
            if kept.owner is not None and kept.owner not in self.heartbeats:
                kept.free()

    @rule(tens=st.integers(1, 5))
    def time_passes(self, tens):
        self.world.pass_time(10 * tens)
        self.now += 10 * tens

    # -- entries ------------------------------------------------------------------------------------------

    @rule(which=WHICH, source=SOURCES)
    def keep(self, which, source):
        self.taken += 1
        number, data = self.pick(which), f"message {self.taken}".encode()
        id_ = keep(self.instances[number], message(self.world, data, source))
        assert id_ not in self.kept
        self.kept[id_] = Kept(source, self.now, data)
        self.heartbeats.setdefault(number, self.now)

    @rule(which=WHICH, source=SOURCES)
    def take(self, which, source):
        self.taken += 1
        number, data = self.pick(which), f"message {self.taken}".encode()
        entry = self.instances[number].take(message(self.world, data, source))
        self.kept[entry.id] = Kept(
            source, self.now, data, State.WORKING, attempts=1, owner=number, claim=entry.claim
        )
        self.heartbeats.setdefault(number, self.now)
        self.held.append(Held(number, entry))

    @rule(which=WHICH, source=SOURCES)
    def bury(self, which, source):
        id_ = self.instances[self.pick(which)].bury(message(self.world, b"unreadable", source), 1006, "no XML")
        self.kept[id_] = Kept(source, self.now, b"unreadable", State.DEAD)

    @rule(which=WHICH, source=SOURCES, limit=st.integers(1, 4))
    def claim(self, which, source, limit):
        number = self.pick(which)
        due = sorted(
            kept.due
            for kept in self.kept.values()
            if kept.state is State.WAITING and kept.source == source and kept.due <= self.now
        )
        found = self.instances[number].claim(source, limit)
        assert [self.kept[entry.id].due for entry in found] == due[:limit]
        for entry in found:
            kept = self.kept[entry.id]
            assert kept.state is State.WAITING
            assert (entry.new.source, entry.new.data, entry.stage) == (source, kept.data, kept.stage)
            kept.state, kept.owner, kept.claim = State.WORKING, number, entry.claim
            kept.attempts += 1
            assert entry.attempts == kept.attempts
            self.held.append(Held(number, entry))
        if found:
            self.heartbeats.setdefault(number, self.now)
        del self.held[:-HANDLES]

    @precondition(lambda self: self.held)
    @rule(which=WHICH)
    def deliver(self, which):
        held = self.held.pop(which % len(self.held))
        self.instances[held.instance].delivered(held.entry)
        self.kept.pop(held.entry.id, None)

    @precondition(lambda self: self.held)
    @rule(which=WHICH)
    def answer(self, which):
        held = self.held.pop(which % len(self.held))
        journal, entry, kept = self.instances[held.instance], held.entry, self.kept.get(held.entry.id)
        self.heartbeats.setdefault(held.instance, self.now)
        if kept is None or not (kept.claim == entry.claim or (kept.claim is None and kept.stage is Stage.CALL)):
            with pytest.raises(ClaimLostError):
                journal.answered(entry, b"lost")
            return
        answered = journal.answered(entry, entry.new.data)
        assert (answered.stage, answered.attempts, answered.answer) == (Stage.ANSWER, 1, entry.new.data)
        kept.state, kept.stage, kept.attempts = State.WORKING, Stage.ANSWER, 1
        kept.owner, kept.claim = held.instance, entry.claim
        self.held.append(Held(held.instance, answered))

    @precondition(lambda self: self.held)
    @rule(which=WHICH, seconds=PAUSES)
    def again(self, which, seconds):
        held = self.held[which % len(self.held)]
        self.instances[held.instance].again(held.entry, seconds, 1002, "fault")
        self.let_go(held, seconds)

    @precondition(lambda self: self.held)
    @rule(which=WHICH, seconds=PAUSES)
    def postpone(self, which, seconds):
        held = self.held[which % len(self.held)]
        self.instances[held.instance].postponed(held.entry, seconds)
        if (kept := self.let_go(held, seconds)) is not None:
            kept.attempts -= 1

    @precondition(lambda self: self.held)
    @rule(which=WHICH)
    def give_up(self, which):
        held = self.held[which % len(self.held)]
        self.instances[held.instance].dead(held.entry, 1002, "fault")
        if (kept := self.let_go(held, 0)) is not None:
            kept.state = State.DEAD

    @precondition(lambda self: self.kept)
    @rule(which=WHICH, start=WHICH)
    def replay(self, which, start):
        id_ = sorted(self.kept)[start % len(self.kept)]
        kept = self.kept[id_]
        dead = kept.state is State.DEAD
        assert self.instances[self.pick(which)].replay([id_]) == dead
        if dead:
            kept.free()
            kept.due, kept.attempts = self.now, 0

    @precondition(lambda self: self.kept)
    @rule(which=WHICH, start=WHICH)
    def discard(self, which, start):
        id_ = sorted(self.kept)[start % len(self.kept)]
        dead = self.kept[id_].state is State.DEAD
        assert self.instances[self.pick(which)].discard([id_]) == dead
        if dead:
            del self.kept[id_]

    # -- what holds -----------------------------------------------------------------------------------------

    @invariant()
    def both_hold_the_same(self):
        found = {
            letter.id: (letter.state, letter.stage, letter.attempts, letter.source)
            for state in State
            for letter in self.watcher.letters(state, 10_000)
        }
        assert found == {
            id_: (kept.state, kept.stage, kept.attempts, kept.source) for id_, kept in self.kept.items()
        }

    def teardown(self):
        """All that was not delivered comes out, and at once of whoever is dead by now."""
        self.world.pass_time(1000)
        last = self.world.open(lease_seconds=LEASE)
        last.beat()
        alive = {entry.id for source in (HERE, THERE) for entry in last.claim(source, 10_000)}
        assert alive == {id_ for id_, kept in self.kept.items() if kept.state is not State.DEAD}
        for journal in (last, self.watcher, *self.instances.values()):
            journal.close()
            self.world._opened.remove(journal)

    # -- helpers --------------------------------------------------------------------------------------------

    def pick(self, which):
        numbers = sorted(self.instances)
        return numbers[which % len(numbers)]

    def let_go(self, held, seconds):
        kept = self.kept.get(held.entry.id)
        if kept is None or kept.claim != held.entry.claim:
            return None
        kept.free()
        kept.due = self.now + seconds
        return kept


@pytest.mark.parametrize(("store", "examples"), [("sqlite", 30), ("postgresql", 6)])
def test_no_entry_is_lost_and_none_is_held_twice(request, store, examples):
    world = request.getfixturevalue(f"{store}_world")
    how = settings(max_examples=examples, stateful_step_count=30)
    run_state_machine_as_test(lambda: Machine(world), settings=how)
