"""IMS Connect's side of the model: what a connection may say in which state, and what follows from it."""

from tests.model.otma import NEVER_ANSWERED, TIMED_OUT, Callout, Message, Peer, Record
from tests.model.retrieval import Retrieval
from tests.model.said import LEVEL, NO_WAIT, Data, Input, Rsm
from tests.model.transactions import SEND_ONLY

RESPONSES = {"L", "M"}
SILENCE = (0, 0)
BROKEN = {"irm length": (4, 6), "no data": (4, 12), "no end": (4, 7), "token": (4, 9), "exit": SILENCE}
"""What IMS Connect says to bytes that are no message; SILENCE: it says nothing and closes."""


def _malformed(message: Input) -> tuple[int, int] | None:
    """Return the codes for a message that is wrong whatever the state."""
    if message.broken:
        return BROKEN[message.broken]
    if message.verb == "R" and message.kinds != "async" and message.arch < 3:
        return 4, 9
    return (4, 93) if message.verb == "R" and message.mode == 1 else None


class World(Retrieval):
    """The whole model: `hear` takes a client's message, `said` gathers what the clients are told."""

    def connect(self, number: int) -> Peer:
        """A client connects."""
        peer = Peer(number)
        self.peers.append(peer)
        return peer

    def disconnect(self, peer: Peer) -> None:
        """A client leaves, in whatever state: that counts as NAK."""
        self._drop(peer)
        self.leave(peer)

    def hear(self, peer: Peer, message: Input) -> None:
        """Take a message of a client."""
        if peer.closed:
            return
        peer.inbox.append(message)
        self._read(peer)

    def _read(self, peer: Peer) -> None:
        while peer.inbox and not peer.deaf and not peer.closed:
            self._take(peer, peer.inbox.popleft())

    def _take(self, peer: Peer, message: Input) -> None:
        refusal = _malformed(message) or self._unexpected(peer, message)
        if refusal is not None:
            self._drop(peer)
            if refusal != SILENCE and message.verb not in NEVER_ANSWERED:
                self.say(peer, Rsm(*refusal))
            self.shut(peer)
            return
        record = self._record(message)
        peer.persistent = message.persistent
        if peer.owes or peer.conversing:
            self._continue(peer, message, record)
        elif (message.verb in {" ", "R"} or message.verb in SEND_ONLY) and not self._claim(peer, message):
            self.refuse(peer, message, record, 8, 56)
        else:
            self._begin(peer, message, record)

    def _unexpected(self, peer: Peer, message: Input) -> tuple[int, int] | None:
        """Return the codes for a message that the state does not allow."""
        verb = message.verb
        if peer.owes:
            return None if verb in self._answers(peer) else (8, 36)
        if peer.conversing:
            return None if verb == "D" or (verb == " " and message.mode == 1) else (8, 36)
        return {"A": (8, 16), "N": (8, 16), "D": (8, 36)}.get(verb)

    def _answers(self, peer: Peer) -> str:
        """Return what may be said to output: commit mode 0 knows no DEALLOCATE."""
        of_mode_0 = peer.exchange is not None and peer.exchange.input.mode == 0
        return "AN" if peer.doing in {"ack0", "late"} and of_mode_0 else "AND"

    def _continue(self, peer: Peer, message: Input, record: Record) -> None:
        """Go on with what is open: the same client id, or it is lost."""
        if message.client != peer.client:
            unheard = self._is_unheard(peer, message)
            self._drop(peer)
            if unheard:
                record.settle("refused 8/16")
                self.shut(peer)
            else:
                self.refuse(peer, message, record, 8, 16)
        elif peer.owes:
            record.settle("taken")
            self._answer(peer, message)
        elif message.verb == "D":
            record.settle("taken")
            peer.conversing = False
            self.say(peer, Rsm(4, 97))
            self.over(peer)
        else:
            self._begin(peer, message, record)

    def _is_unheard(self, peer: Peer, message: Input) -> bool:
        """Whether the client reads nothing behind this answer: honoured NO_WAIT, or inside a conversation.

        A reading: IMS Connect then refuses it without a word, by closing.
        """
        if peer.doing == "ack1":
            return message.verb == "A" and peer.exchange is not None and peer.exchange.goes_on
        if message.timer != NO_WAIT or message.verb == "D":
            return False
        single = peer.resume is not None and peer.resume.single
        return message.no_wait if peer.doing == "ack0" else peer.doing == "ack-resume" and single

    def _record(self, message: Input) -> Record:
        record = Record(message.client, message.verb)
        self.records.append(record)
        return record

    def _claim(self, peer: Peer, message: Input) -> bool:
        """Become the one under a client id; False: somebody else is."""
        before = self.holders.get(message.client)
        if before is not None and before is not peer:
            if not message.take_over:
                return False
            self._drop(before)
            self.shut(before)
        if peer.client != message.client and self.holders.get(peer.client) is peer:
            del self.holders[peer.client]
        peer.client = message.client
        self.holders[message.client] = peer
        return True

    def _begin(self, peer: Peer, message: Input, record: Record) -> None:
        if message.program == "PING":
            self._ping(peer, record)
        elif message.verb == "C":
            self._cancel_timer(peer, message, record)
        elif message.store not in {"IMS1", "SHORT"}:
            self.refuse(peer, message, record, 4 if message.verb == "R" else 8, 72)
        elif message.store == "IMS1" and not self.up:
            self.refuse(peer, message, record, *((4, 74) if message.verb == "R" else (8, 76)))
        elif message.verb in RESPONSES:
            self.respond(peer, message, record)
        elif message.verb == "R":
            self.resume(peer, message, record)
        else:
            self.transaction(peer, message, record)

    def _ping(self, peer: Peer, record: Record) -> None:
        record.settle("ping")
        self.say(peer, Data(("HWSC0030I *PING RESPONSE*",), LEVEL))
        if peer.conversing:
            self.shut(peer)
        else:
            self.over(peer)

    def _answer(self, peer: Peer, message: Input) -> None:
        """ACK, NAK or DEALLOCATE that was due."""
        if peer.doing == "late":
            self.say(peer, Rsm(16, 0x2B))
            self.shut(peer)
        elif peer.doing == "ack1":
            self.answer_mode_1(peer, message)
        elif peer.doing == "ack0":
            self.answer_mode_0(peer, message)
        else:
            self.answer_resume(peer, message)

    def time_out_ack(self, peer: Peer) -> None:
        """OTMA gives up waiting for ACK or NAK (ACKTO)."""
        exchange, resume = peer.exchange, peer.resume
        if peer.doing == "ack-resume":
            assert resume is not None
            if isinstance(peer.sent, Callout) and peer.sent.end is None:
                self.end(peer.sent, TIMED_OUT)
            self._drop(peer)
            self.say(peer, Rsm(12, 81))
            self.shut(peer)
        elif peer.doing == "ack0":
            assert exchange is not None
            sent = peer.sent
            peer.doing, peer.sent = "late", None
            if exchange.own:
                self.put_own_away(exchange)
            elif isinstance(sent, Message):
                self.back(sent)
        elif peer.doing == "ack1":
            assert exchange is not None
            self.back_out(exchange)
            exchange.record.settle("backed out")
            peer.conversing, peer.doing = False, "late"
            if exchange.goes_on:
                self.say(peer, Rsm(4, 98))
                self.over(peer)

    def wake(self) -> None:
        """Give what is queued to whoever waits, and read what was sent meanwhile, until nothing moves."""
        while True:
            while self.woken:
                self.serve(self.woken.pop(0))
            ready = [peer for peer in self.peers if peer.inbox and not peer.deaf and not peer.closed]
            if not ready:
                return
            for peer in ready:
                self._read(peer)

    def _expire(self, peer: Peer) -> None:
        """Another connection has cancelled the timer."""
        if peer.doing == "ims":
            assert peer.exchange is not None
            self.time_out(peer.exchange)
        else:
            self.time_out_wait(peer)

    def _cancel_timer(self, peer: Peer, message: Input, record: Record) -> None:
        holder = self.holders.get(message.client)
        if holder is None or not holder.deaf:
            self.refuse(peer, message, record, 8, 16)
            return
        record.settle("timer cancelled")
        self._expire(holder)
        self.say(peer, Rsm(8, 59))
        self.shut(peer)

    def _drop(self, peer: Peer) -> None:
        """A connection is lost in the middle of something: what was sent counts as refused."""
        doing, exchange, sent, resume = peer.doing, peer.exchange, peer.sent, peer.resume
        peer.doing, peer.exchange, peer.sent, peer.conversing = "", None, None, False
        if doing == "ims" and exchange is not None:
            exchange.waited_for = False
        elif doing == "ack1" and exchange is not None:
            self.back_out(exchange)
            exchange.record.settle("backed out")
        elif doing == "ack0" and exchange is not None:
            if exchange.own:
                self.put_own_away(exchange)
            elif isinstance(sent, Message):
                self.back(sent)
        elif doing in {"resume", "ack-resume"} and resume is not None:
            if sent is not None:
                self.back(sent)
            self.end_resume(peer)

    def stop_store(self) -> None:
        """The data store IMS1 is stopped: who waits for it or owes an answer is told."""
        self.up = False
        for peer in self.peers:
            if peer.closed or not peer.doing or peer.store != "IMS1":
                continue
            code = Rsm(44, 0) if peer.doing == "resume" else Rsm(8, 77)
            self._drop(peer)
            self.say(peer, code)
            self.shut(peer)
