"""The state machine: random steps of clients, programs and the operator."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.model.harness import Harness
from tests.model.inside import CALLOUT_PIPE, IDS, Inside
from tests.model.otma import Peer
from tests.model.said import FOREVER, HALF_MINUTE, NO_WAIT, TEN_MS, Input
from tests.model.wire import encode

SLOTS = 3
slots = st.integers(0, SLOTS - 1)
tpipes = st.sampled_from([*IDS[:SLOTS], "POOL", CALLOUT_PIPE])
rarely = st.integers(0, 9).map(lambda n: n == 9)
sometimes = st.integers(0, 3).map(lambda n: n == 3)


class Tally:
    """What was run, over all examples."""

    def __init__(self) -> None:
        self.examples = 0
        self.rules: Counter[str] = Counter()
        self.verbs: Counter[str] = Counter()


def move(**strategies: Any) -> Callable[[Callable[..., None]], Any]:
    """Make a rule of a method. While it runs the example counts as failed, so that nothing is drained then."""

    def decorate(method: Callable[..., None]) -> Any:
        @functools.wraps(method)
        def run(self: "Machine", **values: Any) -> None:
            self.failed = True
            import time

            t = time.monotonic()
            method(self, **values)
            if time.monotonic() - t > 0.1:
                print("SLOW", method.__name__, time.monotonic() - t, self.harness.log[-3:])
            self.failed = False

        return rule(**strategies)(run)

    return decorate


class Machine(RuleBasedStateMachine):
    """One example. `inside` and `tally` are set by whoever runs it."""

    inside: Inside
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.harness = Harness(self.inside)
        self.world = self.harness.world
        self.raw: list[Peer | None] = [None] * SLOTS
        self.failed = False

    def step(self, name: str) -> None:
        """Count a step, and see whether all agree after it."""
        self.tally.rules[name] += 1
        self.harness.settle()

    def peer(self, slot: int) -> Peer:
        """Return the connection of a slot; a new one if it is gone."""
        peer = self.raw[slot]
        if peer is None or peer.closed:
            self.raw[slot] = peer = self.harness.open()
        return peer

    def client(self, slot: int, peer: Peer, *, other: bool) -> str:
        """Return the client id to say: the one in use, the slot's own, or another."""
        if other:
            return IDS[(slot + 1) % SLOTS]
        return peer.client if peer.owes or peer.conversing else IDS[slot]

    def reads(self, tpipe: str) -> bool:
        """Whether somebody behind an ACK waits at this tpipe."""
        return any(peer.doing == "more" and peer.client == tpipe for peer in self.world.peers)

    # -- raw clients

    @move(
        slot=slots,
        other=rarely,
        program=st.sampled_from(
            ["TAG", "TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "TALK", "NOSUCH", "PING"]
        ),
        mode=st.sampled_from([0, 1]),
        confirm=st.booleans(),
        waits=st.booleans(),
        fates=st.tuples(sometimes, sometimes, st.sampled_from(["", "POOL", "IDA", "bad"])),
        flags=st.tuples(rarely, sometimes, sometimes),
        persistent=rarely.map(lambda rare: not rare),
        lterm=tpipes,
        store=st.sampled_from(["IMS1"] * 12 + ["NOSTORE"]),
    )
    def transaction(self, slot, other, program, mode, confirm, waits, fates, flags, persistent, lterm, store):
        peer = self.peer(slot)
        take_over, ignore_purg, dfs2082 = flags
        purge, reroute, name = fates
        if peer.conversing:
            mode, persistent = 1, peer.persistent
        if program == "PING":
            mode, confirm = 1, False
        elif mode == 0 and not other:
            confirm = True
        timer = HALF_MINUTE
        if program == "GATE" and not peer.conversing:
            timer = FOREVER if waits else TEN_MS
        elif program == "QUIET" and mode == 0:
            timer = TEN_MS
        text = self.harness.fresh()
        if peer.conversing and program != "PING":
            text = {"ABEND": "ABEND ", "NOSUCH": "END ", "QUIET": "END "}.get(program, "") + text
            program = ""
        said = Input(
            client=self.client(slot, peer, other=other),
            mode=mode,
            confirm=confirm,
            timer=timer,
            persistent=persistent,
            store=store,
            program=program,
            text=text,
            lterm=lterm if program == "PUT" else "",
            take_over=take_over,
            purge=purge,
            reroute=reroute,
            name=name if reroute else "",
            ignore_purg=ignore_purg,
            dfs2082=dfs2082,
        )
        if peer.deaf and len(peer.inbox) > 2:
            return
        self.harness.send(peer, said)
        self.step(f"transaction {program or 'step'} CM{mode}")

    def answer_input(self, slot: int, peer: Peer, verb: str, waits: bool, **fields: Any) -> Input:
        timer, mode, no_wait = TEN_MS, 0, False
        if peer.doing == "ack1":
            mode = 1
        elif peer.doing == "ack0" and waits and verb != "D":
            line = self.world.lines[peer.client]
            if verb == "A" and not line and not self.reads(peer.client):
                timer = FOREVER
        elif peer.doing == "ack0" and fields.get("keep"):
            timer, no_wait = NO_WAIT, True
        elif peer.doing == "ack-resume" and peer.resume is not None:
            if peer.resume.single:
                timer = NO_WAIT if waits else TEN_MS
            elif verb == "A" and waits and peer.resume.waits and not self.reads(peer.resume.tpipe):
                timer = FOREVER
        store, persistent = peer.store, peer.persistent
        return Input(
            verb,
            mode=mode,
            confirm=True,
            timer=timer,
            no_wait=no_wait,
            store=store,
            persistent=persistent,
            **fields,
        )

    @move(
        slot=slots,
        verb=st.sampled_from("AAAANND"),
        other=rarely,
        waits=st.booleans(),
        keep=st.booleans(),
        reason=st.sampled_from([None, 0x23]),
        fates=st.tuples(rarely, rarely),
    )
    def answer(self, slot, verb, other, waits, keep, reason, fates):
        peer = self.peer(slot)
        if peer.deaf:
            return
        purge, reroute = fates
        client = self.client(slot, peer, other=other)
        said = self.answer_input(
            slot, peer, verb, waits, client=client, keep=keep, reason=reason, purge=purge, reroute=reroute
        )
        doing = peer.doing or ("conversation" if peer.conversing else "idle")
        self.harness.send(peer, said)
        self.step(f"answer {verb} {doing}")

    @precondition(lambda self: any(peer and peer.owes for peer in self.raw))
    @move(verb=st.sampled_from("AAN"), waits=st.booleans(), keep=st.booleans())
    def answer_what_is_owed(self, verb, waits, keep):
        for slot, peer in enumerate(self.raw):
            if peer is not None and peer.owes:
                said = self.answer_input(slot, peer, verb, waits, client=peer.client, keep=keep)
                doing = peer.doing
                self.harness.send(peer, said)
                self.step(f"answer {verb} {doing}")
                return

    @move(
        slot=slots,
        other=rarely,
        option=st.sampled_from(["", "ONE", "SWAIT", "NOAUTO", "AUTO", "AUTO"]),
        kinds=st.sampled_from(["async", "async", "sync", "both"]),
        wrong=rarely,
        waits=st.booleans(),
        tpipe=tpipes,
        own=st.booleans(),
        persistent=rarely.map(lambda rare: not rare),
    )
    def resume(self, slot, other, option, kinds, wrong, waits, tpipe, own, persistent):
        peer = self.peer(slot)
        client = self.client(slot, peer, other=other)
        named = "" if own else tpipe
        forever = waits and option in {"AUTO", "SWAIT"} and not self.reads(named or client)
        if peer.deaf:
            return
        said = Input(
            "R",
            client,
            mode=1 if wrong and own else 0,
            confirm=True,
            timer=FOREVER if forever else TEN_MS,
            persistent=persistent,
            name=named,
            option=option,
            kinds=kinds,
            arch=0 if wrong and own else 3,
        )
        self.harness.send(peer, said)
        self.step(f"resume {option or 'none'} {kinds}")

    @move(
        slot=slots,
        verb=st.sampled_from("SSKJ"),
        program=st.sampled_from(["TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "NOSUCH", "TALK"]),
        other=rarely,
        lterm=tpipes,
        wrong=rarely,
    )
    def send_only(self, slot, verb, program, other, lterm, wrong):
        peer = self.peer(slot)
        if peer.deaf:
            return
        said = Input(
            verb,
            self.client(slot, peer, other=other),
            mode=1 if wrong else 0,
            timer=NO_WAIT,
            program=program,
            text=self.harness.fresh(),
            lterm=lterm if program == "PUT" else "",
        )
        self.harness.send(peer, said)
        self.step(f"send-only {verb} {program}")

    @precondition(lambda self: self.world.callouts)
    @move(
        slot=slots,
        verb=st.sampled_from("LM"),
        pick=st.integers(0, 99),
        error=st.sampled_from(["", "", "plain", "reason"]),
        wrong=rarely,
    )
    def respond(self, slot, verb, pick, error, wrong):
        peer = self.peer(slot)
        if peer.deaf:
            return
        callouts = list(self.world.callouts.values())
        said = Input(
            verb,
            "IDE",
            mode=0,
            timer=NO_WAIT,
            token=callouts[pick % len(callouts)].token,
            text=self.harness.fresh() if not error else "",
            keep=error == "plain",
            reason=0x23 if error == "reason" else None,
            arch=3,
            broken="token" if wrong else "",
        )
        self.harness.send(peer, said)
        self.step(f"respond {verb} {error or 'data'}")

    @move(slot=slots, whose=slots)
    def cancel_timer(self, slot, whose):
        peer = self.peer(slot)
        if peer.deaf:
            return
        self.harness.send(peer, Input("C", IDS[whose]))
        self.step("cancel timer")

    @move(slot=slots, how=st.sampled_from(["irm length", "no data", "no end", "exit"]))
    def broken_bytes(self, slot, how):
        peer = self.peer(slot)
        if peer.deaf:
            return
        self.harness.send(peer, Input(client=IDS[slot], program="TAG", text="BROKEN", broken=how))
        self.step(f"broken {how}")

    @move(slot=slots, reset=st.booleans(), cut=st.integers(0, 60))
    def leave(self, slot, reset, cut):
        peer = self.raw[slot]
        if peer is None or peer.closed:
            return
        doing = peer.doing or "idle"
        tail = encode(Input(client=IDS[slot], program="TAG", text="CUT"))[:cut]
        self.harness.disconnect(peer, reset=reset, tail=tail)
        self.step(f"leave {doing}")

    # -- IMS and its operator

    @move(tpipe=tpipes)
    def queue_output(self, tpipe):
        self.harness.queue_output(tpipe)
        self.step("queue output")

    @move(late=rarely)
    def call_out(self, late):
        self.harness.call_out(0.01 if late else None)
        self.step("call out")

    @precondition(lambda self: self.world.gates)
    @move(pick=st.integers(0, 9))
    def release(self, pick):
        units = list(self.world.gates)
        self.harness.release(units[pick % len(units)])
        self.step("release")

    @move(tpipe=tpipes, stop=rarely)
    def operate_tpipe(self, tpipe, stop):
        if stop:
            self.harness.stop_tpipe(tpipe)
        elif self.world.stopped:
            self.harness.start_tpipe(min(self.world.stopped))
        else:
            return
        self.step("stop tpipe" if stop else "start tpipe")

    @move(stop=rarely)
    def operate_store(self, stop):
        if self.world.up and stop:
            self.harness.stop_store()
        elif not self.world.up:
            self.harness.start_store()
        else:
            return
        self.step("data store")

    def teardown(self):
        try:
            if not self.failed:
                self.failed = True
                self.harness.finish()
                self.failed = False
        finally:
            if self.failed:
                print("\n".join(["-- the latest steps", *self.harness.log[-40:]]))
            for channel in self.harness.channels.values():
                channel.close()
            self.harness.abandon()
            import time

            t = time.monotonic()
            self.inside.clear()
            if time.monotonic() - t > 0.1:
                print("SLOW CLEAR", time.monotonic() - t)
            self.tally.examples += 1
