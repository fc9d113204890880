"""The ledger must be able to fail: clients with faults that would be easy to make, each found by it."""

import pytest

from gateway.errors import TransportError
from gateway.imsconnect import send_receive
from gateway.imsconnect.attempts import Attempts
from gateway.imsconnect.line import Line
from gateway.imsconnect.paths import Tried
from gateway.imsconnect.retrieval import Retrieval
from gateway.imsconnect.wire import ClientConnection
from tests.chaos.cutting import Cut
from tests.chaos.scenes import KINDS
from tests.chaos.stage import stage
from tests.fixtures.faces import FACES

pytestmark = pytest.mark.parametrize("face", FACES)

LOST_REPLY = [Cut("server", 0, "before", "reset"), Cut("server", 0, "within", "close")]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    with stage(tmp_path_factory.mktemp("seeded"), names=1_000) as made:
        kinds = {kind.name: kind for kind in KINDS}

        yield lambda name, face, cuts: made.play(kinds[name], face, cuts)


def counted(words: str, wrong: list[str]) -> int:
    return sum(words in what for what in wrong)


def nothing(*_: object, **__: object):
    return
    yield


def test_a_client_that_sends_again_when_the_reply_is_lost(played, face, monkeypatch):
    honest = Attempts._outcome

    def eager(self, error):
        return Tried.WORKED if isinstance(error, TransportError) else honest(self, error)

    monkeypatch.setattr(Attempts, "_outcome", eager)
    wrong = played("commit_mode_1", face, LOST_REPLY)
    assert counted("sent 2 times", wrong) == 2, wrong
    assert counted("executed 2 times", wrong) >= 2, wrong


def test_a_client_that_says_of_a_lost_reply_that_nothing_was_sent(played, face, monkeypatch):
    honest = TransportError.__init__

    def careless(self, *args, **more):
        honest(self, *args, **{**more, "maybe_sent": False})

    monkeypatch.setattr(TransportError, "__init__", careless)
    wrong = played("commit_mode_1", face, LOST_REPLY)
    assert counted("IMS saw it", wrong) == 2, wrong


def test_a_client_that_gives_the_answer_before_it_knows_of_the_commit(played, face, monkeypatch):
    monkeypatch.setattr(send_receive, "_ended", nothing)
    wrong = played("confirm", face, [Cut("client", 1, "before", "reset"), Cut("client", 1, "within", "close")])
    assert counted("executed 0 times, not once", wrong) == 2, wrong


def test_a_pool_that_lends_a_session_in_doubt_again(played, face, monkeypatch):
    def reusable(self: Line) -> bool:
        if self.in_doubt:
            here = self.destination
            self.in_doubt = False
            self._connection = ClientConnection(here.exit, here.code, here.max_message_bytes)
        return True

    monkeypatch.setattr(Line, "reusable", property(reusable))
    wrong = played("commit_mode_1", face, [Cut("server", 0, "before", "late")])
    assert counted("got the reply of", wrong), wrong


def test_a_retrieval_that_acknowledges_before_the_caller_has_the_message(played, face, monkeypatch):
    """It reads ahead: the ACK that asks for the next message leaves before this one is given to the caller."""
    honest, accept = Retrieval._next, Retrieval.accept
    ahead = {}

    def hasty(self, deadline):
        delivery = ahead.pop(id(self), None) or (yield from honest(self, deadline))
        if delivery is not None:
            yield from accept(self)
            ahead[id(self)] = yield from honest(self, deadline)
        return delivery

    monkeypatch.setattr(Retrieval, "_next", hasty)
    monkeypatch.setattr(Retrieval, "accept", nothing)
    wrong = played(
        "receive_queued", face, [Cut("server", 1, "within", "reset"), Cut("server", 1, "before", "close")]
    )
    assert counted("lost, or out of order", wrong) == 2, wrong
