"""Both commit modes, conversations and send-only, in the model."""

from tests.model.otma import Exchange, Ims, Message, Peer, Record
from tests.model.said import CONVERSATION, FOREVER, LEVEL, NO_WAIT, QUEUED, WANTS_ACK, Data, Input, Rsm

SEND_ONLY = {"S", "K", "J"}
ABEND, NO_SUCH, NO_RESPONSE = "DFS555I", "DFS064", "DFS2082"
KNOWN = {"TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "TALK"}
"""What the programs do: see `programs`."""


class Transactions(Ims):
    """From an input to the fate of its output and of its unit of work."""

    def transaction(self, peer: Peer, message: Input, record: Record) -> None:
        """Take an input for IMS."""
        zero, sends = message.mode == 0, message.verb in SEND_ONLY
        if (sends and not zero) or (not sends and zero and not message.confirm):
            self.refuse(peer, message, record, 4, 9)
        elif message.program == "TALK" and (zero or sends):
            # DFS1291E
            self.refuse(peer, message, record, 16, 0x1A)
        elif message.verb == "K" and message.program not in KNOWN:
            self.refuse(peer, message, record, 16, 0x1A)
        else:
            peer.store = message.store
            self._run(Exchange(peer, message, record, message.text))

    def _run(self, exchange: Exchange) -> None:
        """Have IMS run the program; send-only waits for nothing."""
        peer, message = exchange.peer, exchange.input
        program = "TALK" if peer.conversing else message.program
        if program in KNOWN:
            self.units[exchange.unit] = "open"
        if program == "PUT":
            exchange.puts = ((message.lterm, f"PUT {message.text}"),)
        if message.verb in SEND_ONLY:
            exchange.waited_for = False
            if message.verb == "K":
                self.say(peer, Data((), self.flags(peer.client, LEVEL)))
            self.over(peer)
        else:
            peer.doing, peer.exchange = "ims", exchange
        if program == "GATE":
            self.gates[exchange.unit] = exchange
            if exchange.waited_for and message.timer != FOREVER:
                self.time_out(exchange)
            return
        self._came(exchange, program)

    def _came(self, exchange: Exchange, program: str) -> None:
        """The program has ended."""
        message, text = exchange.input, exchange.input.text
        dfs = ""
        if program == "ABEND" or (program == "TALK" and text.startswith("ABEND")):
            self.back_out(exchange)
            dfs = ABEND
        elif program not in KNOWN:
            dfs = NO_SUCH
        elif program == "QUIET":
            self.commit(exchange)
            if message.verb in SEND_ONLY:
                exchange.record.settle("committed")
                return
            if not exchange.waited_for or (message.mode == 0 and not message.dfs2082):
                exchange.record.settle("no reply")
                self.time_out(exchange)
                return
            dfs = NO_RESPONSE
        outputs: tuple[tuple[str, ...], ...] = ((dfs or f"RE {text}",),)
        if program == "MANY":
            outputs = tuple((f"RE{n} {text}",) for n in (1, 2, 3))
            if message.mode == 1 or message.ignore_purg:
                outputs = (tuple(line for (line,) in outputs),)
        exchange.goes_on = program == "TALK" and not dfs and not text.startswith("END")
        if not exchange.waited_for:
            self._abandoned(exchange, outputs)
        elif message.mode == 0:
            self._then_send(exchange, outputs, dfs)
        else:
            self._then_commit(exchange, outputs[0], dfs)

    def release(self, unit: str) -> None:
        """Let a program that waits go on."""
        self._came(self.gates.pop(unit), "TAG")

    def _abandoned(self, exchange: Exchange, outputs: tuple[tuple[str, ...], ...]) -> None:
        """Nobody waits for this output."""
        message = exchange.input
        if message.mode == 1:
            if message.confirm:
                self.back_out(exchange)
            self.commit(exchange)
            exchange.record.settle("backed out" if message.confirm else "lost")
            return
        self.commit(exchange)
        asked = () if message.verb in SEND_ONLY else (message,)
        for lines in outputs:
            one = Message(lines)
            self.new(one, message.client)
            exchange.record.settle(self.put_away(one, *asked))

    def _then_commit(self, exchange: Exchange, lines: tuple[str, ...], dfs: str) -> None:
        """Commit mode 1: send, then commit; with CONFIRM the client's answer decides."""
        peer = exchange.peer
        flags = LEVEL | (CONVERSATION if exchange.goes_on else 0)
        if exchange.input.confirm and not dfs:
            peer.doing = "ack1"
            self.say(peer, Data(lines, self.flags(peer.client, flags | WANTS_ACK)))
            return
        self.commit(exchange)
        exchange.record.settle(dfs or "answered")
        peer.conversing = exchange.goes_on
        self.say(peer, Data(lines, self.flags(peer.client, flags)))
        self.over(peer)

    def _then_send(self, exchange: Exchange, outputs: tuple[tuple[str, ...], ...], dfs: str) -> None:
        """Commit mode 0: commit, then send; the output is the tpipe's until it is acknowledged."""
        peer = exchange.peer
        for lines in outputs:
            message = Message(lines)
            self.new(message, peer.client)
            message.fate = "sent"
            exchange.own.append(message)
        exchange.name = dfs
        self.commit(exchange)
        self.send_output(peer, exchange.own[0])

    def send_output(self, peer: Peer, message: Message) -> None:
        assert peer.exchange is not None
        flags = LEVEL | WANTS_ACK
        if any(other is not message for other in peer.exchange.own):
            flags |= QUEUED
        peer.doing, peer.sent = "ack0", message
        self.say(peer, Data(message.lines, self.flags(peer.client, flags)))

    def answer_mode_1(self, peer: Peer, message: Input) -> None:
        exchange = peer.exchange
        assert exchange is not None
        if message.verb != "A":
            self.back_out(exchange)
            exchange.record.settle("backed out")
            peer.conversing = False
            self.say(peer, Rsm(4, 98))
            self.over(peer)
            return
        self.commit(exchange)
        exchange.record.settle("committed")
        peer.conversing = exchange.goes_on
        if not exchange.goes_on:
            self.say(peer, Rsm(4, 97))
        self.over(peer)

    def answer_mode_0(self, peer: Peer, message: Input) -> None:
        exchange, sent = peer.exchange, peer.sent
        assert exchange is not None
        assert isinstance(sent, Message)
        if message.verb == "A":
            sent.fate = "acknowledged"
            if exchange.own:
                exchange.own.popleft()
                exchange.record.settle(exchange.name or "acknowledged")
            self._more(peer, message)
            return
        peer.doing, peer.sent = "more", None
        if exchange.own:
            self.put_own_away(exchange, message)
        else:
            self.put_away(sent, message)
        self._nothing_more(peer, message)

    def put_own_away(self, exchange: Exchange, *naks: Input) -> None:
        for one in exchange.own:
            exchange.record.settle(self.put_away(one, exchange.input, *naks))
        exchange.own.clear()

    def _more(self, peer: Peer, ack: Input) -> None:
        """After an ACK comes what else waits for this client, until the ACK's timer is over."""
        exchange = peer.exchange
        assert exchange is not None
        if ack.no_wait and ack.timer == NO_WAIT:
            left = tuple(exchange.own)
            self.over(peer)
            for one in left:
                self.put_away(one, exchange.input)
            return
        item = exchange.own[0] if exchange.own else self.take(peer.client, "async")
        if isinstance(item, Message):
            self.send_output(peer, item)
        elif ack.timer == FOREVER:
            peer.doing, peer.sent, peer.answer = "more", None, ack
        else:
            self.timer(peer, ack.timer, persistent=ack.persistent)

    def _nothing_more(self, peer: Peer, nak: Input) -> None:
        if nak.no_wait and nak.timer == NO_WAIT:
            self.over(peer)
        else:
            self.timer(peer, nak.timer, persistent=nak.persistent)

    def time_out(self, exchange: Exchange) -> None:
        """The timer of a send-receive is over before there is output."""
        message = exchange.input
        exchange.waited_for, exchange.peer.conversing = False, False
        self.timer(exchange.peer, message.timer, persistent=message.persistent)
