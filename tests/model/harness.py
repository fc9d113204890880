"""One run: the model, the stand-in, and the clients between them, held together step by step."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from gateway.imsconnect import ConnectionSettings, Interaction
from tests.fixtures.faces import LoopThread
from tests.model.connect import World
from tests.model.inside import CALLOUT_PIPE, PATIENCE, Inside
from tests.model.library import Library, check_reply, interaction_of, open_face
from tests.model.otma import Message, Peer
from tests.model.said import HALF_MINUTE, NO_WAIT, TEN_MS, WANTS_ACK, Closed, Data, Input, Request, Said
from tests.model.wire import encode, listen
from tests.unit.standin.by_hand import Client, ebcdic


class Raw:
    """A socket of the test's own: it says what the test wants, and hears every byte."""

    def __init__(self, inside: Inside) -> None:
        self.socket = Client(inside.running.port)
        self.socket.socket.settimeout(PATIENCE)
        self.gone = False
        self.last: Said | None = None

    def send(self, said: Input) -> None:
        self.socket.send(encode(said))

    def expect(self, said: Said) -> None:
        """Hear what the model says, and nothing else."""
        self.last = heard = listen(self.socket)
        assert heard == said, f"the client heard {heard}, not {said}"
        if isinstance(said, Closed):
            self.close()

    def close(self) -> None:
        self.gone = True
        self.socket.close()


class Harness:
    """What one example of the state machine works with."""

    def __init__(self, inside: Inside) -> None:
        self.inside = inside
        self.world = World()
        self.settings = ConnectionSettings.to("127.0.0.1", inside.running.port, "IMS1")
        self.channels: dict[int, Any] = {}
        self.count = 0
        self.acknowledged: Counter[tuple[str, ...]] = Counter()
        """What clients have heard and then acknowledged."""
        self.log: list[str] = []
        """What was done, for whoever looks for a mistake."""

    def fresh(self) -> str:
        """Return a text that nobody has said yet."""
        self.count += 1
        return f"T{self.count:04}"

    def note(self, text: str) -> None:
        self.log.append(text)

    # -- clients

    def open(self) -> Peer:
        """Connect a raw socket."""
        number = self.inside.accepted + 1
        channel = Raw(self.inside)
        assert self.inside.wait_for(lambda: self.inside.accepted == number), "not accepted"
        self.channels[number] = channel
        return self.world.connect(number)

    def send(self, peer: Peer, said: Input) -> None:
        """Have a raw client say something."""
        channel = self.channels[peer.number]
        self.note(
            f"#{peer.number} ({peer.doing or 'idle'}{' conversing' if peer.conversing else ''}) says {said}"
        )
        if said.verb == "A" and peer.doing in {"ack0", "ack-resume"} and said.client == peer.client:
            self._note_acknowledged(channel.last)
        self.world.hear(peer, said)
        channel.send(said)

    def _note_acknowledged(self, last: Said | None) -> None:
        if isinstance(last, Data):
            self.acknowledged[last.lines] += 1
        elif isinstance(last, Request):
            self.acknowledged[last.text,] += 1

    def open_library(self, client_id: str, loop: LoopThread | None, *, take_over: bool) -> Library:
        """Connect the library with a client id of the caller's."""
        number = self.inside.accepted + 1
        face = open_face(self.settings, client_id, loop, take_over=take_over)
        assert self.inside.wait_for(lambda: self.inside.accepted == number), "not accepted"
        peer = self.world.connect(number)
        library = Library(
            face,
            peer,
            client_id,
            tell=lambda said: self.tell(peer, said),
            note_acknowledged=self._note_acknowledged,
            leave=lambda: self.leave_library(library),
            take_over=take_over,
        )
        self.channels[number] = library
        return library

    def leave_library(self, library: Library) -> None:
        """Have the caller close its connection."""
        self.note(f"#{library.peer.number} ({library.peer.doing or 'idle'}) closes")
        library.hand_back()
        self.world.disconnect(library.peer)
        library.close()

    def tell(self, peer: Peer, said: Input) -> list[Said]:
        """Have the model hear what the library says; return what this client hears."""
        self.note(
            f"#{peer.number} ({peer.doing or 'idle'}{' conversing' if peer.conversing else ''}) runs {said}"
        )
        self.world.hear(peer, said)
        self.world.wake()
        mine = [one for who, one in self.world.said if who is peer]
        self.world.said = [(who, one) for who, one in self.world.said if who is not peer]
        for one in mine:
            self.note(f"    #{peer.number} hears {one}")
        return mine

    def _is_impatient(self, peer: Peer) -> bool:
        """Whether OTMA gives up waiting for the ACK that a client of the data store SHORT owes."""
        return peer.store == "SHORT" and peer.owes and peer.doing != "late"

    # -- callers that share sockets

    def pooled(self, *inputs: Input, client: Any) -> None:
        """Have several callers of one client run transactions at the same time."""
        calls = []
        for given in inputs:
            self.count += 1
            said = replace(given, client=f"*{self.count}", purge=given.mode == 0)
            peer = self.world.connect(0)
            heard = self.tell(peer, said)
            if isinstance(heard[0], Data) and heard[0].flags & WANTS_ACK:
                no_wait = NO_WAIT if said.mode == 0 else HALF_MINUTE
                ack = replace(said, verb="A", timer=no_wait, no_wait=said.mode == 0)
                heard += self.tell(peer, ack)
                self._note_acknowledged(heard[0] if said.mode == 0 else None)
            if not peer.closed:
                self.world.leave(peer)
            interaction = replace(interaction_of(said, by_caller=False, raises=False), undeliverable=None)
            calls.append((interaction, heard[0]))

        def check(call: tuple[Interaction, Said]) -> None:
            check_reply(lambda: client.run(call[0]), call[1], by_caller=False)

        with ThreadPoolExecutor(len(calls)) as threads:
            list(threads.map(check, calls))

    def disconnect(self, peer: Peer, *, reset: bool = False, tail: bytes = b"") -> None:
        """Have a raw client leave, in the middle of a message if it says more."""
        self.note(f"#{peer.number} ({peer.doing or 'idle'}) leaves")
        channel = self.channels[peer.number]
        channel.gone = True
        if tail:
            channel.socket.send(tail)
        self.world.disconnect(peer)
        (channel.socket.reset if reset else channel.socket.close)()

    # -- the other side

    def queue_output(self, tpipe: str) -> None:
        """Have a program insert output for a tpipe."""
        text = self.fresh()
        self.note(f"queue {text} at {tpipe}")
        self.world.hold(tpipe, Message((text,)))
        self.inside.running.queue_output(tpipe, ebcdic(text))

    def call_out(self, seconds: float | None = None) -> None:
        """Have a program issue an ICAL; with `seconds` wait until it has timed out."""
        text = self.fresh()
        self.note(f"ICAL {text} {seconds}")
        running = self.inside.running
        before = len(running.icals)
        future = running.ical("OUT", ebcdic(text), timeout_seconds=seconds)
        assert self.inside.wait_for(lambda: len(running.icals) > before and bool(running.icals[-1].token))
        token = running.icals[-1].token
        assert (len(token), token[:2]) == (40, b"\x00\x28")
        callout = self.world.call_out(text, CALLOUT_PIPE, token)
        if seconds is not None:
            self.world.wake()
            future.result(20)
            self.world.end(callout, (0x100, 0x104))

    def release(self, unit: str) -> None:
        """Let a program go on that waits."""
        self.note(f"release {unit}")
        gate = self.inside.programs["GATE"]
        assert self.inside.wait_for(lambda: unit in gate.gates), "the program does not run"
        self.world.release(unit)
        self.inside.call(gate.gates.pop(unit).set)

    def stop_store(self) -> None:
        self.note("stop_store")
        self.world.stop_store()
        self.inside.running.stop_datastore("IMS1")

    def start_store(self) -> None:
        self.note("start_store")
        self.world.up = True
        self.inside.running.start_datastore("IMS1")

    def stop_tpipe(self, tpipe: str) -> None:
        self.note(f"stop_tpipe {tpipe}")
        self.world.stop_tpipe(tpipe)
        self.inside.running.stop_tpipe(tpipe)

    def start_tpipe(self, tpipe: str) -> None:
        self.note(f"start_tpipe {tpipe}")
        self.world.stopped.discard(tpipe)
        self.inside.running.start_tpipe(tpipe)

    # -- holding them against each other

    def settle(self) -> None:
        """Hear what clients must hear, and look whether IMS stands where the model stands."""
        self.world.wake()
        while timed_out := [peer for peer in self.world.peers if self._is_impatient(peer)]:
            for peer in timed_out:
                self.note(f"#{peer.number} lets ACKTO pass")
                self.world.time_out_ack(peer)
            self.world.wake()
        for peer, said in self.heard():
            self.channels[peer.number].expect(said)
        self.inside.agree(self.world)

    def heard(self) -> Iterator[tuple[Peer, Said]]:
        """Take what the model has said."""
        while self.world.said:
            peer, said = self.world.said.pop(0)
            self.note(f"    #{peer.number} hears {said}")
            yield peer, said

    def finish(self) -> None:
        """Bring everything to its end, drain what is queued, and account for every message."""
        if not self.world.up:
            self.start_store()
        for tpipe in tuple(self.world.stopped):
            self.start_tpipe(tpipe)
        for unit in tuple(self.world.gates):
            self.release(unit)
            self.settle()
        for peer in self.world.peers:
            if not peer.closed:
                self._last_words(peer)
        self._end_callouts()
        self._drain()
        self._account()

    def abandon(self) -> None:
        """Leave no program and no ICAL behind, whatever went wrong."""
        gates = self.inside.programs["GATE"].gates
        for gate in tuple(gates.values()):
            self.inside.call(gate.set)
        self.inside.call(self.inside.running.callouts.stop)

    def _last_words(self, peer: Peer) -> None:
        """Prove that nothing unheard is on a connection that is between conversations, and leave."""
        channel = self.channels[peer.number]
        if isinstance(channel, Library):
            if not peer.doing and not peer.conversing and channel.face.usable:
                channel.ping()
            if not channel.gone:
                self.leave_library(channel)
            self.settle()
            return
        if not peer.doing and not peer.conversing and self.world.holders.get(peer.client) is peer:
            self.send(peer, Input(client=peer.client, program="PING"))
            self.settle()
        if not peer.closed:
            self.disconnect(peer)
            self.settle()

    def _end_callouts(self) -> None:
        for callout in tuple(self.world.callouts.values()):
            if callout.end is None:
                peer = self.open()
                self.send(peer, Input("M", mode=0, token=callout.token, text="BYE"))
                self.settle()
                self.disconnect(peer)
                self.settle()

    def _drain(self) -> None:
        for tpipe in tuple(self.world.queues):
            if not self.world.depth(tpipe):
                continue
            peer = self.open()
            ask = Input("R", "IDF", mode=0, confirm=True, timer=TEN_MS, option="NOAUTO", name=tpipe)
            self.send(peer, ask)
            self.settle()
            while peer.doing == "ack-resume":
                self.send(peer, Input("A", "IDF", mode=0, confirm=True, timer=TEN_MS))
                self.settle()
            self.disconnect(peer)
            self.settle()

    def _account(self) -> None:
        """Every message was acknowledged by one client, or purged because somebody asked for that."""
        taken = Counter(one.lines for one in self.world.messages if one.fate == "acknowledged")
        left = [one.lines for one in self.world.messages if one.fate not in {"acknowledged", "purged"}]
        assert not left, f"not accounted for: {left}"
        taken += Counter((one.text,) for one in self.world.callouts.values() if one.arrived)
        assert taken == self.acknowledged, "acknowledged otherwise than delivered"
        assert not self.inside.running.tpipes.depths
        assert not self.inside.running.tpipes.requests
        assert not self.inside.running.tpipes.in_delivery
