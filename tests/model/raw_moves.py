"""Random steps of sockets that say anything, of programs, and of the operator."""

import sys
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition

from tests.model.harness import Harness
from tests.model.inside import IDS, Inside
from tests.model.moves import (
    RAW,
    Tally,
    fates,
    kinds,
    mostly,
    move,
    options,
    rarely,
    raw_slots,
    sometimes,
    tpipes,
    transaction_codes,
)
from tests.model.otma import Peer
from tests.model.said import FOREVER, HALF_MINUTE, NO_WAIT, TEN_MS, Input
from tests.model.wire import encode


class RawMoves(RuleBasedStateMachine):
    """One example: raw clients, IMS and its operator. `inside` and `tally` are set by whoever runs it."""

    inside: Inside
    tally: Tally

    def __init__(self) -> None:
        super().__init__()
        self.harness = Harness(self.inside)
        self.world = self.harness.world
        self.raw: list[Peer | None] = [None] * RAW
        self.failed = False

    def fail(self, error: BaseException) -> None:
        """Say what was done before something went wrong."""
        self.tally.failures.append(f"{type(error).__name__}: {error}")
        sys.stdout.write(
            "\n".join(["-- the latest steps", *self.harness.log[-60:], self.tally.failures[-1], ""])
        )

    def step(self, name: str) -> None:
        """Count a step, and see whether all agree after it."""
        self.tally.rules[name] += 1
        self.harness.settle()

    def peer(self, slot: int, *, legal: bool, conversing: bool = False) -> tuple[int, Peer]:
        """Return a connection; a legal step goes to one that may begin something, as far as there is one."""
        order = [*range(slot, RAW), *range(slot)]
        if legal:
            slot = next((one for one in order if self._free(one)), slot)
        if legal and conversing:
            slot = next((one for one in order if self._free(one) and self._converses(one)), slot)
        peer = self.raw[slot]
        if peer is None or peer.closed:
            self.raw[slot] = peer = self.harness.open()
        return slot, peer

    def _free(self, slot: int) -> bool:
        peer = self.raw[slot]
        return peer is None or peer.closed or not peer.doing

    def _converses(self, slot: int) -> bool:
        peer = self.raw[slot]
        return peer is not None and peer.conversing

    def name(self, slot: int, peer: Peer, *, other: bool) -> str:
        """Return the client id to say: the one in use, the slot's own, or another."""
        if other:
            return IDS[slot + 1]
        return peer.client if peer.owes or peer.conversing else IDS[slot]

    def reads(self, tpipe: str) -> bool:
        """Whether somebody behind an ACK waits at this tpipe."""
        return any(peer.doing == "more" and peer.client == tpipe for peer in self.world.peers)

    # -- raw clients

    @move(
        slot=raw_slots,
        legal=mostly,
        other=rarely,
        program=transaction_codes,
        mode=st.sampled_from([0, 1]),
        confirm=st.booleans(),
        waits=st.booleans(),
        fates=fates,
        flags=st.tuples(rarely, sometimes, sometimes),
        persistent=mostly,
        lterm=tpipes,
        store=st.sampled_from(["IMS1"] * 12 + ["NOSTORE"]),
        ackto=rarely,
    )
    def transaction(
        self, slot, legal, other, program, mode, confirm, waits, fates, flags, persistent, lterm, store, ackto
    ):
        slot, peer = self.peer(slot, legal=legal, conversing=program == "TALK")
        if peer.deaf and len(peer.inbox) > 2:
            return
        take_over, ignore_purg, dfs2082 = flags
        purge, reroute, name = fates
        if peer.conversing:
            mode, persistent = 1, peer.persistent
        if program == "PING":
            mode, confirm = 1, False
        elif mode == 0 and legal:
            confirm = True
        timer = HALF_MINUTE
        if program == "GATE" and not peer.conversing:
            timer = FOREVER if waits else TEN_MS
        elif program == "QUIET" and mode == 0:
            timer = TEN_MS
        text = self.harness.fresh()
        if peer.conversing and program != "PING":
            text = {"ABEND": "ABEND ", "NOSUCH": "END ", "QUIET": "END "}.get(program, "") + text
            program, store = "", peer.store
        elif ackto and not peer.doing:
            store = "SHORT"
        said = Input(
            client=self.name(slot, peer, other=other),
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
        self.harness.send(peer, said)
        self.step(f"transaction {program or 'step'} CM{mode}")

    def _answer(self, peer: Peer, verb: str, waits: bool, **fields: Any) -> Input:
        timer, mode, no_wait = TEN_MS, 0, False
        if peer.doing == "ack1":
            mode = 1
        elif peer.doing == "ack0" and waits and verb != "D":
            if verb == "A" and not self.world.lines[peer.client] and not self.reads(peer.client):
                timer = FOREVER
        elif peer.doing == "ack0" and fields.get("keep"):
            timer, no_wait = NO_WAIT, True
        elif peer.doing == "ack-resume" and peer.resume is not None:
            if peer.resume.single:
                timer = NO_WAIT if waits else TEN_MS
            elif verb == "A" and waits and peer.resume.waits and not self.reads(peer.resume.tpipe):
                timer = FOREVER
        return Input(
            verb,
            mode=mode,
            confirm=True,
            timer=timer,
            no_wait=no_wait,
            store=peer.store,
            persistent=peer.persistent,
            **fields,
        )

    @precondition(lambda self: any(peer and peer.owes for peer in self.raw))
    @move(
        slot=raw_slots,
        verb=st.sampled_from("AAAAAANND"),
        other=rarely,
        waits=st.booleans(),
        keep=st.booleans(),
        reason=st.sampled_from([None, 0x23]),
        fates=st.tuples(rarely, rarely),
    )
    def answer(self, slot, verb, other, waits, keep, reason, fates):
        owing = [one for one, peer in enumerate(self.raw) if peer is not None and peer.owes]
        slot = owing[slot % len(owing)]
        self._say_answer(slot, verb, other, waits, keep=keep, reason=reason, purge=fates[0], reroute=fates[1])

    def _say_answer(self, slot: int, verb: str, other: bool, waits: bool, **fields: Any) -> None:
        slot, peer = self.peer(slot, legal=False)
        if peer.deaf:
            return
        said = self._answer(peer, verb, waits, client=self.name(slot, peer, other=other), **fields)
        doing = peer.doing or ("conversation" if peer.conversing else "idle")
        self.harness.send(peer, said)
        self.step(f"answer {verb} {doing}")

    @move(
        slot=raw_slots,
        legal=mostly,
        other=rarely,
        option=options,
        kinds=kinds,
        wrong=rarely,
        waits=st.booleans(),
        tpipe=tpipes,
        own=sometimes,
        persistent=mostly,
        ackto=rarely,
    )
    def resume(self, slot, legal, other, option, kinds, wrong, waits, tpipe, own, persistent, ackto):
        slot, peer = self.peer(slot, legal=legal)
        client = self.name(slot, peer, other=other)
        named = "" if own else self._full(tpipe)
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
            store="SHORT" if ackto and not peer.doing and not peer.conversing else "IMS1",
        )
        self.harness.send(peer, said)
        self.step(f"resume {option or 'none'} {kinds}")

    def _full(self, tpipe: str) -> str:
        """Return a tpipe where something waits, the next one to `tpipe`; or itself."""
        full = sorted(name for name, queue in self.world.queues.items() if queue)
        return next((name for name in full if name >= tpipe), full[0] if full else tpipe)

    @move(
        slot=raw_slots,
        legal=mostly,
        verb=st.sampled_from("SSKJ"),
        program=st.sampled_from(["TAG", "TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "NOSUCH", "TALK"]),
        other=rarely,
        lterm=tpipes,
        wrong=rarely,
    )
    def send_only(self, slot, legal, verb, program, other, lterm, wrong):
        slot, peer = self.peer(slot, legal=legal)
        if peer.deaf:
            return
        said = Input(
            verb,
            self.name(slot, peer, other=other),
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
        slot=raw_slots,
        legal=mostly,
        verb=st.sampled_from("LM"),
        pick=st.integers(0, 99),
        error=st.sampled_from(["", "", "plain", "reason"]),
        wrong=rarely,
    )
    def respond(self, slot, legal, verb, pick, error, wrong):
        slot, peer = self.peer(slot, legal=legal)
        if peer.deaf:
            return
        said = self._response(verb, pick, error)
        self.harness.send(peer, Input(**{**vars(said), "broken": "token" if wrong else ""}))
        self.step(f"respond {verb} {error or 'data'}")

    def _response(self, verb: str, pick: int, error: str) -> Input:
        callouts = list(self.world.callouts.values())
        return Input(
            verb,
            "IDE",
            mode=0,
            timer=NO_WAIT,
            token=callouts[-1 - pick % len(callouts)].token,
            text=self.harness.fresh() if not error else "",
            keep=error == "plain",
            reason=0x23 if error == "reason" else None,
        )

    @move(
        slot=raw_slots,
        how=st.sampled_from(
            ["irm length", "no data", "no end", "exit", "cancel", "cancel", "leave", "reset", "answer"]
        ),
        whose=st.integers(0, 3),
        cut=st.integers(0, 60),
        verb=st.sampled_from("AND"),
    )
    def disturb(self, slot, how, whose, cut, verb):
        """What nobody should do, or only in need."""
        if how == "answer":
            self._say_answer(slot, verb, other=False, waits=False)
            return
        peer = self.raw[slot]
        doing = (peer and peer.doing) or "idle"
        if how in {"leave", "reset"}:
            if peer is not None and not peer.closed:
                tail = encode(Input(client=IDS[slot], program="TAG", text="CUT"))[:cut]
                self.harness.disconnect(peer, reset=how == "reset", tail=tail)
        else:
            slot, peer = self.peer(slot, legal=how == "cancel")
            if peer.deaf:
                return
            said = Input(client=IDS[slot], program="TAG", text="BROKEN", broken=how)
            self.harness.send(peer, Input("C", IDS[whose]) if how == "cancel" else said)
        self.step(f"{how} {doing}")

    # -- IMS and its operator

    @move(
        what=st.sampled_from(
            ["queue", "queue", "ical", "ical", "late ical", "release", "release", "tpipe", "store"]
        ),
        tpipe=tpipes,
        pick=st.integers(0, 9),
    )
    def elsewhere(self, what, tpipe, pick):
        """What IMS, its programs and its operator do."""
        harness = self.harness
        if what == "queue":
            harness.queue_output(tpipe)
        elif what == "release" and self.world.gates:
            units = list(self.world.gates)
            harness.release(units[pick % len(units)])
        elif what == "tpipe":
            if self.world.stopped:
                harness.start_tpipe(min(self.world.stopped))
            elif pick > 6:
                harness.stop_tpipe(tpipe)
        elif what == "store":
            if not self.world.up:
                harness.start_store()
            elif pick > 7:
                harness.stop_store()
        elif "ical" in what:
            harness.call_out(0.01 if what == "late ical" else None)
        self.step(what)
