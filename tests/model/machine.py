"""The state machine: the steps of `raw_moves`, and those of callers of the client library."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from gateway.imsconnect import Client
from tests.fixtures.faces import LoopThread
from tests.model.inside import IDS
from tests.model.library import Library
from tests.model.moves import (
    LIBRARY,
    RAW,
    fates,
    kinds,
    library_slots,
    move,
    rarely,
    sometimes,
    tpipes,
    transaction_codes,
)
from tests.model.raw_moves import RawMoves
from tests.model.said import HALF_MINUTE, NO_WAIT, TEN_MS, Input


class Machine(RawMoves):
    """One example. `loop` too is set by whoever runs it."""

    loop: LoopThread

    def __init__(self) -> None:
        super().__init__()
        self.libraries: list[Library | None] = [None] * LIBRARY
        self.client = Client(self.harness.settings)

    def library(self, slot: int, *, take_over: bool = False) -> Library:
        """Return a connection of the library; a new one if it is gone."""
        library = self.libraries[slot]
        if library is not None and library.lost and not library.gone:
            library.answer("A")
        if library is None or library.gone:
            loop = self.loop if slot else None
            library = self.harness.open_library(IDS[RAW + slot], loop, take_over=take_over)
            self.libraries[slot] = library
        return library

    @move(
        slot=library_slots,
        program=transaction_codes,
        mode=st.sampled_from([0, 1]),
        confirm=st.booleans(),
        by_caller=st.booleans(),
        fates=fates,
        flags=st.tuples(sometimes, sometimes, sometimes),
        lterm=tpipes,
    )
    def run_by_library(self, slot, program, mode, confirm, by_caller, fates, flags, lterm):
        take_over, ignore_purg, dfs2082 = flags
        library = self.library(slot, take_over=take_over)
        peer, text = library.peer, self.harness.fresh()
        purge, reroute, name = fates
        if program == "PING" and not peer.doing and not peer.conversing:
            library.ping()
            library.look()
            self.step("library PING")
            return
        program = "TAG" if program == "PING" else program
        mode = 1 if program == "TALK" else mode
        if peer.conversing and not peer.doing:
            if program == "PUT":
                library.deallocate()
                self.step("library deallocate")
                return
            text = {"ABEND": "ABEND ", "NOSUCH": "END ", "QUIET": "END "}.get(program, "") + text
            program, mode = "", 1
        timed = program == "GATE" or (program == "QUIET" and mode == 0)
        said = Input(
            mode=mode,
            confirm=confirm or mode == 0,
            timer=TEN_MS if timed else HALF_MINUTE,
            program=program,
            text=text,
            lterm=lterm if program == "PUT" else "",
            purge=purge and mode == 0,
            reroute=reroute and not purge and mode == 0,
            name=name if reroute and name != "bad" else "",
            ignore_purg=ignore_purg and mode == 0,
            dfs2082=dfs2082 and mode == 0,
        )
        if peer.doing:
            library.misuse(said)
        else:
            library.run(said, by_caller=by_caller)
        self.step(f"library {program or 'step'} CM{mode}")

    @move(
        slot=library_slots,
        option=st.sampled_from(["ONE", "SWAIT", "NOAUTO", "AUTO"]),
        kinds=kinds,
        tpipe=tpipes,
    )
    def receive_by_library(self, slot, option, kinds, tpipe):
        library = self.library(slot)
        if library.peer.doing or library.peer.conversing:
            return
        library.receive(Input("R", option=option, kinds=kinds, name=self._full(tpipe)))
        self.step(f"library receive {option} {kinds}")

    @move(
        slot=library_slots,
        what=st.sampled_from(["A", "A", "A", "N", "drop", "close"]),
        reason=st.sampled_from([None, 0x23]),
        keep=st.booleans(),
        reroute=rarely,
    )
    def answer_by_library(self, slot, what, reason, keep, reroute):
        library = self.libraries[slot]
        if library is None or library.gone:
            return
        doing = library.peer.doing or "idle"
        if what == "close":
            self.harness.leave_library(library)
        elif what == "drop":
            if library.messages is not None and doing == "ack-resume":
                library.drop_messages()
        else:
            library.answer(what, reason=reason, keep=keep, reroute=reroute and not keep)
        self.step(f"library {what} {doing}")

    @move(
        slot=library_slots,
        verb=st.sampled_from("SKJLMC"),
        program=st.sampled_from(["TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "NOSUCH"]),
        lterm=tpipes,
        pick=st.integers(0, 99),
        error=st.sampled_from(["", "", "plain", "reason"]),
    )
    def send_by_library(self, slot, verb, program, lterm, pick, error):
        if verb == "C":
            client_id = IDS[pick % (RAW + LIBRARY)]
            self.harness.open_library(client_id, self.loop if slot else None, take_over=False).cancel()
            self.step("library C")
            return
        library = self.library(slot)
        if library.peer.doing or library.peer.conversing or (verb in "LM" and not self.world.callouts):
            return
        if verb in "LM":
            library.send(self._response(verb, pick, error))
        else:
            lterm = lterm if program == "PUT" else ""
            text = self.harness.fresh()
            library.send(Input(verb, mode=0, timer=NO_WAIT, program=program, text=text, lterm=lterm))
        self.step(f"library {verb}")

    @precondition(lambda self: self.world.up)
    @move(
        programs=st.lists(
            st.sampled_from(["TAG", "TAG", "MANY", "GATE", "QUIET", "ABEND", "NOSUCH"]), min_size=1, max_size=4
        ),
        mode=st.sampled_from([0, 1]),
        confirm=st.booleans(),
    )
    def run_by_pool(self, programs, mode, confirm):
        inputs = [
            Input(
                mode=mode,
                confirm=confirm or mode == 0,
                timer=TEN_MS if program in {"GATE", "QUIET"} else HALF_MINUTE,
                program=program,
                text=self.harness.fresh(),
            )
            for program in programs
            if program != "QUIET" or mode == 0
        ]
        if inputs:
            self.harness.pooled(*inputs, client=self.client)
            self.step(f"pool CM{mode} {len(inputs)}")

    def teardown(self):
        try:
            if not self.failed:
                self.failed = True
                self.harness.finish()
                self.failed = False
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self.client.close()
            for channel in self.harness.channels.values():
                channel.close()
            self.harness.abandon()
            self.inside.clear()
            self.tally.examples += 1
