"""One run: the model, the stand-in, and the clients between them, held together step by step."""

from collections import Counter
from collections.abc import Iterator

from tests.model.connect import World
from tests.model.inside import CALLOUT_PIPE, PATIENCE, Inside
from tests.model.otma import Message, Peer
from tests.model.said import TEN_MS, Closed, Data, Input, Request, Said
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
        self.channels: dict[int, Raw] = {}
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
