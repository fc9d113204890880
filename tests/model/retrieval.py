"""RESUME TPIPE and synchronous callouts, in the model."""

from tests.model.otma import ANSWERED, ERROR_RESPONSE, NAKED, Callout, Message, Peer, Record, Resume, to_item
from tests.model.said import FOREVER, LEVEL, NO_WAIT, WANTS_ACK, Data, Input, Rsm
from tests.model.transactions import Transactions


class Retrieval(Transactions):
    """Who reads which tpipe, and what becomes of what was delivered."""

    def resume(self, peer: Peer, message: Input, record: Record) -> None:
        """Begin a RESUME TPIPE, or refuse it at a stopped tpipe."""
        peer.store = message.store
        tpipe = message.name or peer.client
        if tpipe in self.stopped:
            self.refuse(peer, message, record, 12, 82)
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
            self.time_out_wait(peer)

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

    def answer_resume(self, peer: Peer, message: Input) -> None:
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
        if message.verb == "N" and message.reroute and not (message.keep or message.purge or resume.single):
            peer.doing, resume.looked = "resume", False
            self._wait(resume)
            return
        self.end_resume(peer)
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

    def end_resume(self, peer: Peer) -> None:
        resume, peer.resume = peer.resume, None
        if resume is None:
            return
        resume.record.settle(f"{resume.delivered} delivered")
        self.lines[resume.tpipe].remove(resume)
        self.woken.append(resume.tpipe)

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

    def call_out(self, text: str, tpipe: str, token: bytes) -> Callout:
        """A program issues an ICAL."""
        callout = self.callouts[text] = Callout(text, tpipe, token=token)
        self.hold(tpipe, callout)
        return callout

    def respond(self, peer: Peer, message: Input, record: Record) -> None:
        callout = self.by_token(message.token)
        if callout is None:
            if message.verb == "L":
                self.refuse(peer, message, record, 16, 0x2B)
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

    def time_out_wait(self, peer: Peer) -> None:
        """The timer of a RESUME TPIPE or of an ACK is over."""
        answer = peer.answer
        assert answer is not None
        peer.doing = "ims"
        self.end_resume(peer)
        self.timer(peer, answer.timer, persistent=answer.persistent)

    def serve(self, tpipe: str) -> None:
        """Give what is queued to whoever waits for it."""
        if self.lines[tpipe]:
            self._look(self.lines[tpipe][0])
        for peer in self.peers:
            if peer.client == tpipe and peer.doing == "more" and peer.answer is not None:
                item = self.take(tpipe, "async")
                if isinstance(item, Message):
                    self.send_output(peer, item)
