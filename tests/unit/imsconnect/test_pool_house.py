"""What a pool does by itself: warm up, ping, look whether a path is back; and what its borrowers do with it."""

import threading

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import M, TransportError
from gateway.imsconnect.breaker import RetryTimes
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.unserved import CLOSED_AT_ONCE
from gateway.observe.events import PathOpened, PathRestored, SocketsRefused, StillDown
from tests.unit.imsconnect.pooling import PATIENCE, FakeIms, FakeSession, picture, pool_of, wait_until

ONE = Lane.dedicated("CLIENT01")


@pytest.fixture
def ims() -> FakeIms:
    return FakeIms()


class TestLoans:
    def test_a_session_is_kept_until_the_loan_ends(self, ims, clock):
        with pool_of(ims, clock) as pool:
            loan = pool.borrow()
            assert pool.stats().in_use == 1
            assert pool.load == 1
            loan.end()
            assert picture(pool) == "up: 1 of 2 open, 0 in use, 1 idle, 0 connecting, 0 waiting"
            assert pool.load == 0

    def test_a_loan_ends_once(self, ims, clock):
        with pool_of(ims, clock) as pool:
            loan = pool.borrow()
            loan.end("connections_lost")
            other = pool.borrow()
            loan.end("connections_lost")
            assert pool.stats().connections_lost == 1
            assert pool.stats().in_use == 1
            other.end()

    def test_two_borrowers_of_one_client_id_get_the_same_session_one_after_the_other(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=4, wait=PATIENCE) as pool:
            got = []
            first = pool.borrow(ONE)
            assert first.session.lane == ONE

            def queue() -> None:
                with pool.lease(ONE) as session:
                    got.append(session)

            thread = threading.Thread(target=queue)
            thread.start()
            wait_until(lambda: pool.stats().waiting == 1)
            with pool.lease():
                assert got == []
            first.end()
            thread.join(PATIENCE)
            assert got == [first.session]
            assert len(ims.sessions) == 2


class TestSessionsThatWereNeverGood:
    def test_one_that_is_closed_at_once_is_a_failed_connection(self, ims, clock):
        ims.fresh_quiet = False
        with pool_of(ims, clock) as pool:
            with pytest.raises(TransportError) as caught:
                pool.borrow()
            assert caught.value.message is M.UNREACHABLE
            assert caught.value.private == CLOSED_AT_ONCE
            assert ims.sessions[0].closed
            assert pool.stats().connect_failures == 1

    def test_an_interrupt_while_looking_closes_it(self, ims, clock, monkeypatch):
        def interrupted(_self: FakeSession) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(FakeSession, "is_quiet", interrupted)
        with pool_of(ims, clock) as pool:
            with pytest.raises(KeyboardInterrupt):
                pool.borrow()
            assert ims.sessions[0].closed
            assert pool.stats().connecting == 0

    def test_with_pings_before_use_one_that_does_not_answer_is_a_failed_connection(self, ims, clock):
        ims.answers = False
        with pool_of(ims, clock, ping_on_borrow=True) as pool:
            with pytest.raises(TransportError):
                pool.borrow()
            assert ims.sessions[0].closed


class TestPings:
    def test_without_being_told_to_nothing_is_pinged(self, ims, clock):
        with pool_of(ims, clock) as pool:
            for _ in range(2):
                pool.borrow().end()
            assert ims.pinged == []

    def test_before_each_use_a_session_is_pinged_and_replaced_if_it_does_not_answer(self, ims, clock):
        with pool_of(ims, clock, ping_on_borrow=True) as pool:
            pool.borrow().end()
            first = ims.sessions[0]
            ims.pinged.clear()
            ims.before = lambda: setattr(ims, "answers", True)
            ims.answers = False
            with pool.lease() as session:
                assert session is ims.sessions[1]
            assert ims.pinged == [first, session]
            assert first.closed
            assert pool.stats().stale == 1

    def test_idle_sessions_are_pinged_without_any_traffic(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, idle=PATIENCE, ping=0.01) as pool:
            pool.borrow().end()
            wait_until(lambda: len(ims.pinged) >= 3)
            ims.answers = False
            wait_until(lambda: ims.sessions[0].closed)
            assert pool.stats().checks >= 2

    def test_nothing_is_asked_where_nothing_is_read(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, idle=PATIENCE, ping=0.01) as pool:
            with pool.lease(Lane.ONE_WAY) as session:
                session.lane = Lane.ONE_WAY
            wait_until(lambda: pool.stats().checks >= 3)
            assert ims.pinged == []
            session.quiet = False
            wait_until(lambda: session.closed)


class TestWarmth:
    def test_sessions_are_opened_in_the_background(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=4, min_open=3) as pool:
            pool.warm()
            wait_until(lambda: pool.stats().idle == 3)
            with pool.lease() as session:
                assert session in ims.sessions
            assert pool.stats().reuses == 1

    def test_failing_costs_nobody(self, ims):
        ims.up = False
        with pool_of(ims, SYSTEM_CLOCK, size=4, min_open=3) as pool:
            pool.warm()
            wait_until(lambda: pool.stats().connect_failures == 1)
            wait_until(lambda: pool._housekeeper.thread is None)

    def test_one_that_is_dropped_is_replaced(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=4, min_open=1) as pool:
            pool.warm()
            wait_until(lambda: pool.stats().idle == 1)
            with pool.lease() as session:
                session.reusable = False
            wait_until(lambda: pool.stats().idle == 1 and len(ims.sessions) == 2)


class TestPathsThatGoAndCome:
    def test_a_pool_looks_by_itself_whether_the_path_is_back(self, ims):
        ims.up = False
        with pool_of(ims, SYSTEM_CLOCK, probe_in_background=True, endpoint="a:9999") as pool:
            with pytest.raises(TransportError):
                pool.borrow()
            wait_until(lambda: pool.stats().connect_failures >= 2)
            ims.up = True
            wait_until(lambda: pool.stats().idle == 1)
        opened, restored = ims.events
        assert opened == PathOpened("ims1", "a:9999", "ims.example:9999: connect: Connection refused")
        assert isinstance(restored, PathRestored)
        assert restored.tries >= 2

    def test_what_is_told_is_told_outside_the_lock(self, ims, clock, monkeypatch):
        seen = []
        ims.up = False
        with pool_of(ims, clock) as pool:
            monkeypatch.setattr(ims, "path_changed", lambda event: seen.append((event, pool.stats().state)))
            with pytest.raises(TransportError):
                pool.borrow()
        assert [state for _, state in seen] == ["back-off 0.1 s"]

    def test_logs_stay_quiet(self, ims, clock):
        ims.up = False
        retry = RetryTimes(fast_tries=2, long_interval=15.0, reporting_interval=60.0)
        with pool_of(ims, clock, retry=retry) as pool:
            for _ in range(600):
                with pytest.raises(TransportError):
                    pool.borrow()
                clock.move(1)
            tries = pool.stats().connect_failures
        assert 30 <= tries <= 100
        assert isinstance(ims.events[0], PathOpened)
        assert all(isinstance(event, StillDown) for event in ims.events[1:])
        assert 8 <= len(ims.events) <= 11

    def test_sockets_that_are_refused_while_others_work_are_told(self, ims, clock):
        with pool_of(ims, clock) as pool, pool.lease():
            ims.up = False
            with pytest.raises(TransportError):
                pool.borrow()
            assert pool.stats().limit == 1
        assert [type(event) for event in ims.events] == [SocketsRefused]


class TestDraining:
    def test_a_drained_pool_lends_nothing_until_it_is_resumed(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:
            refusals = []

            def queue() -> None:
                with pytest.raises(TransportError) as caught, pool.lease():
                    pytest.fail("drained")
                refusals.append(caught.value.private)

            thread = threading.Thread(target=queue)
            with pool.lease() as session:
                thread.start()
                wait_until(lambda: pool.stats().waiting == 1)
                pool.drain()
                thread.join(PATIENCE)
                assert not session.closed
            assert session.closed
            assert refusals == ["drained: the path was taken out of use"]
            assert picture(pool) == "draining: 0 of 1 open, 0 in use, 0 idle, 0 connecting, 0 waiting"
            pool.resume()
            with pool.lease() as session:
                assert not session.closed
