"""IMS Connect's side of the model: what a connection may say in which state, and what follows from it."""

from tests.model.otma import (
    ANSWERED,
    ERROR_RESPONSE,
    NAKED,
    NEVER_ANSWERED,
    TIMED_OUT,
    Callout,
    Exchange,
    Ims,
    Message,
    Peer,
    Record,
    Resume,
    to_item,
)
from tests.model.said import CONVERSATION, FOREVER, LEVEL, NO_WAIT, QUEUED, WANTS_ACK, Data, Input, Rsm

SEND_ONLY = {"S", "K", "J"}
RESPONSES = {"L", "M"}
ABEND, NO_SUCH, NO_RESPONSE = "DFS555I", "DFS064", "DFS2082"
KNOWN = {"TAG", "MANY", "PUT", "GATE", "QUIET", "ABEND", "TALK"}
BROKEN = {"irm length": (4, 6), "no data": (4, 12), "no end": (4, 7), "token": (4, 9), "exit": None}
"""What IMS Connect says to bytes that are no message; None: it says nothing and closes."""


class World(Ims):
    """The whole model: `hear` takes a client's message, `said` gathers what the clients are told."""

    def __init__(self) -> None:
        super().__init__()
        self.peers: list[Peer] = []

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

    # -- the state machine

    def _take(self, peer: Peer, message: Input) -> None:
        refusal = self._violation(peer, message)
        if refusal is not None:
            self._drop(peer)
            if refusal and message.verb not in NEVER_ANSWERED:
                self.say(peer, Rsm(*refusal))
            self.shut(peer)
            return
        record = self._record(message)
        peer.persistent = message.persistent
        if peer.owes or peer.conversing:
            if message.client != peer.client:
                unheard = self._is_unheard(peer, message)
                self._drop(peer)
                if unheard:
                    record.settle("refused 8/16")
                    self.shut(peer)
                else:
                    self._refuse(peer, message, record, 8, 16)
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
            return
        if (message.verb in {" ", "R"} or message.verb in SEND_ONLY) and not self._claim(peer, message):
            self._refuse(peer, message, record, 8, 56)
            return
        self._begin(peer, message, record)

    def _violation(self, peer: Peer, message: Input) -> tuple[int, int] | tuple[()] | None:
        """What is wrong with a message before anybody looks into it; an empty answer closes."""
        verb = message.verb
        if message.broken:
            return BROKEN[message.broken] or ()
        if verb == "R" and message.kinds != "async" and message.arch < 3:
            return 4, 9
        if verb == "R" and message.mode == 1:
            return 4, 93
        if verb in RESPONSES and message.arch < 3:
            return 4, 9
        if peer.doing in {"ack0"} and verb not in {"A", "N"}:
            return 8, 36
        if peer.doing == "late" and verb not in {"A", "N"} | (
            {"D"} if peer.exchange and peer.exchange.input.mode else set()
        ):
            return 8, 36
        if peer.doing in {"ack1", "ack-resume"} and verb not in {"A", "N", "D"}:
            return 8, 36
        if peer.owes:
            return None
        if peer.conversing:
            return None if verb == "D" or (verb == " " and message.mode == 1) else (8, 36)
        if verb in {"A", "N"}:
            return 8, 16
        return (8, 36) if verb == "D" else None

    def _is_unheard(self, peer: Peer, message: Input) -> bool:
        """Whether the client reads nothing behind this answer, good or bad: NO_WAIT where it is honoured."""
        if message.timer != NO_WAIT or message.verb == "D":
            return False
        single = peer.resume is not None and peer.resume.single
        return message.no_wait if peer.doing == "ack0" else peer.doing == "ack-resume" and single

    def _record(self, message: Input) -> Record:
        record = Record(message.client, message.verb)
        self.records.append(record)
        return record

    def _refuse(self, peer: Peer, message: Input, record: Record, code: int, reason: int) -> None:
        record.settle(f"refused {code}/{reason}")
        if message.verb in {"S", "J"} and code in {12, 16}:
            # IMS said no, and this client waits for no word of IMS
            self.over(peer)
            return
        if message.verb not in NEVER_ANSWERED:
            self.say(peer, Rsm(code, reason))
        self.shut(peer)

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
            self._refuse(peer, message, record, 4 if message.verb == "R" else 8, 72)
        elif message.store == "IMS1" and not self.up:
            self._refuse(peer, message, record, *((4, 74) if message.verb == "R" else (8, 76)))
        elif message.verb in RESPONSES:
            self._respond(peer, message, record)
        elif message.verb == "R":
            self._resume(peer, message, record)
        else:
            self._transaction(peer, message, record)

    def _ping(self, peer: Peer, record: Record) -> None:
        record.settle("ping")
        self.say(peer, Data(("HWSC0030I *PING RESPONSE*",), LEVEL))
        if peer.conversing:
            self.shut(peer)
        else:
            self.over(peer)

    # -- transactions

    def _transaction(self, peer: Peer, message: Input, record: Record) -> None:
        if message.verb == " " and message.mode == 0 and not message.confirm:
            self._refuse(peer, message, record, 4, 9)
        elif message.verb in SEND_ONLY and message.mode == 1:
            self._refuse(peer, message, record, 4, 9)
        elif message.program == "TALK" and (message.mode == 0 or message.verb != " "):
            self._refuse(peer, message, record, 16, 0x1A)
        elif message.verb == "K" and message.program not in KNOWN:
            self._refuse(peer, message, record, 16, 0x1A)
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
                self._expire(peer)
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
                self._expire(exchange.peer)
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
        exchange = self.gates.pop(unit)
        self._came(exchange, "TAG")
        self._read(exchange.peer)

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
        self._send_output(peer, exchange.own[0])

    def _send_output(self, peer: Peer, message: Message) -> None:
        assert peer.exchange is not None
        flags = LEVEL | WANTS_ACK
        if any(other is not message for other in peer.exchange.own):
            flags |= QUEUED
        peer.doing, peer.sent = "ack0", message
        self.say(peer, Data(message.lines, self.flags(peer.client, flags)))

    # -- answers

    def _answer(self, peer: Peer, message: Input) -> None:
        """ACK, NAK or DEALLOCATE that was due."""
        if peer.doing == "late":
            self.say(peer, Rsm(16, 0x2B))
            self.shut(peer)
        elif peer.doing == "ack1":
            self._answer_mode_1(peer, message)
        elif peer.doing == "ack0":
            self._answer_mode_0(peer, message)
        else:
            self._answer_resume(peer, message)

    def _answer_mode_1(self, peer: Peer, message: Input) -> None:
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

    def _answer_mode_0(self, peer: Peer, message: Input) -> None:
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
            self._put_own_away(exchange, message)
        else:
            self.put_away(sent, message)
        self._nothing_more(peer, message)

    def _put_own_away(self, exchange: Exchange, *naks: Input) -> None:
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
            self._send_output(peer, item)
        elif ack.timer == FOREVER:
            peer.doing, peer.sent, peer.answer = "more", None, ack
        else:
            self.timer(peer, ack.timer, persistent=ack.persistent)

    def _nothing_more(self, peer: Peer, nak: Input) -> None:
        if nak.no_wait and nak.timer == NO_WAIT:
            self.over(peer)
        else:
            self.timer(peer, nak.timer, persistent=nak.persistent)

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
                self._put_own_away(exchange)
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

    # -- RESUME TPIPE

    def _resume(self, peer: Peer, message: Input, record: Record) -> None:
        peer.store = message.store
        tpipe = message.name or peer.client
        if tpipe in self.stopped:
            self._refuse(peer, message, record, 12, 82)
            return
        resume = Resume(peer, message, tpipe, record)
        self.lines[tpipe].append(resume)
        peer.doing, peer.resume, peer.answer = "resume", resume, message
        self._wait(resume)

    def _wait(self, resume: Resume) -> None:
        """Look for a message; without one wait for the timer of R or of the latest ACK."""
        peer = resume.peer
        self._look(resume)
        assert peer.answer is not None
        if peer.doing == "resume" and peer.answer.timer != FOREVER:
            self._expire(peer)

    def _look(self, resume: Resume) -> None:
        peer = resume.peer
        turn = self.lines[resume.tpipe][0] is resume
        if peer.doing != "resume" or not turn or (resume.looked and not resume.waits):
            return
        resume.looked = True
        item = self.take(resume.tpipe, resume.input.kinds)
        if item is not None:
            peer.doing, peer.sent = "ack-resume", item
            self.say(peer, to_item(item, self.flags(resume.tpipe, LEVEL | WANTS_ACK)))
            self._read(peer)

    def _answer_resume(self, peer: Peer, message: Input) -> None:
        resume, sent = peer.resume, peer.sent
        assert resume is not None
        assert sent is not None
        peer.doing, peer.sent, peer.answer = "resume", None, message
        if message.verb == "A":
            self._arrived(sent)
            resume.delivered += 1
            if not resume.single:
                resume.looked = False
                self._wait(resume)
                return
        elif message.verb == "D" or (isinstance(sent, Callout) and message.keep):
            resume.looked = True
            self._not_taken(resume, sent)
        elif isinstance(sent, Callout):
            if sent.end is None:
                self.end(sent, NAKED, message.reason or 0)
        else:
            peer.doing = "ims"
            self.put_away(sent, message)
        self._end_resume(peer)
        if resume.single and message.timer == NO_WAIT and message.verb != "D":
            self.over(peer)
        else:
            self.timer(peer, message.timer, persistent=message.persistent)

    def _arrived(self, item: Message | Callout) -> None:
        if isinstance(item, Callout):
            item.arrived = True
        if not isinstance(item, Callout) or item.end is None:
            item.fate = "acknowledged"

    def _not_taken(self, resume: Resume, item: Message | Callout) -> None:
        """A message goes back where it stood; not to the one who did not take it."""
        resume.peer.doing = "ims"
        self.back(item)

    def _end_resume(self, peer: Peer) -> None:
        resume, peer.resume = peer.resume, None
        if resume is None:
            return
        resume.record.settle(f"{resume.delivered} delivered")
        self.lines[resume.tpipe].remove(resume)
        self.woken.append(resume.tpipe)

    def wake(self) -> None:
        """Give what is queued to whoever waits for it, behind all that happened at once."""
        while self.woken:
            self._serve(self.woken.pop(0))

    def _serve(self, tpipe: str) -> None:
        if self.lines[tpipe]:
            self._look(self.lines[tpipe][0])
        for peer in self.peers:
            if peer.client == tpipe and peer.doing == "more" and peer.answer is not None:
                item = self.take(tpipe, "async")
                if isinstance(item, Message):
                    self._send_output(peer, item)
                    self._read(peer)

    # -- what ends a wait

    def _expire(self, peer: Peer) -> None:
        """The timer is over, or another connection has cancelled it."""
        if peer.doing == "ims":
            exchange = peer.exchange
            assert exchange is not None
            exchange.waited_for, peer.conversing = False, False
            self.timer(peer, exchange.input.timer, persistent=exchange.input.persistent)
        else:
            answer = peer.answer
            assert answer is not None
            peer.doing = "ims"
            self._end_resume(peer)
            self.timer(peer, answer.timer, persistent=answer.persistent)
        self._read(peer)

    def _cancel_timer(self, peer: Peer, message: Input, record: Record) -> None:
        holder = self.holders.get(message.client)
        if holder is None or not holder.deaf:
            self._refuse(peer, message, record, 8, 16)
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
                self._put_own_away(exchange)
            elif isinstance(sent, Message):
                self.back(sent)
        elif doing in {"resume", "ack-resume"} and resume is not None:
            if sent is not None:
                self.back(sent)
            self._end_resume(peer)

    def stop_tpipe(self, tpipe: str) -> None:
        """/STOP TMEMBER TPIPE."""
        self.stopped.add(tpipe)
        line, self.lines[tpipe] = self.lines[tpipe], []
        for resume in line:
            peer, sent = resume.peer, resume.peer.sent
            peer.doing, peer.sent, peer.resume = "", None, None
            resume.record.settle(f"{resume.delivered} delivered")
            if sent is not None:
                self.back(sent)
            self.say(peer, Rsm(12, 81))
            self.shut(peer)

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

    # -- callouts

    def call_out(self, text: str, tpipe: str, token: bytes) -> Callout:
        """A program issues an ICAL."""
        callout = self.callouts[text] = Callout(text, tpipe, token=token)
        self.hold(tpipe, callout)
        return callout

    def _respond(self, peer: Peer, message: Input, record: Record) -> None:
        callout = self.by_token(message.token)
        if callout is None:
            if message.verb == "L":
                self._refuse(peer, message, record, 16, 0x2B)
                return
            record.settle("dropped")
        else:
            record.settle("response taken")
            if message.reason is not None or message.keep:
                self.end(callout, ERROR_RESPONSE, message.reason or 0)
            else:
                self.end(callout, ANSWERED, data=message.text)
            if message.verb == "L":
                self.say(peer, Data((), LEVEL))
        self.over(peer)
