"""The pool of sessions: its picture after each step, then its threads."""

import threading

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import ImsError, M, TransportError
from gateway.imsconnect.lane import Lane
from tests.unit.imsconnect.pooling import PATIENCE, FakeIms, FakeSession, picture, pool_of, wait_until


@pytest.fixture
def ims() -> FakeIms:
    return FakeIms()


class TestLeases:
    def test_the_picture_tells_each_step(self, ims, clock):
        with pool_of(ims, clock) as pool:
            assert picture(pool) == "up: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"
            with pool.lease():
                assert picture(pool) == "up: 1 of 2 open, 1 in use, 0 idle, 0 connecting, 0 waiting"
                with pool.lease():
                    assert picture(pool) == "up: 2 of 2 open, 2 in use, 0 idle, 0 connecting, 0 waiting"
                assert picture(pool) == "up: 2 of 2 open, 1 in use, 1 idle, 0 connecting, 0 waiting"
            assert picture(pool) == "up: 2 of 2 open, 0 in use, 2 idle, 0 connecting, 0 waiting"
            assert repr(pool.stats()) == (
                "<pool ims1 up: 2 of 2 open, 0 in use, 2 idle, 0 connecting, 0 waiting; "
                "2 requests, 2 connects, 0 reuses, 0 stale, 0 dropped, 0 connect failures, 0 waits in vain>"
            )
        assert picture(pool) == "closed: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"
        assert all(session.closed for session in ims.sessions)

    def test_the_session_used_last_is_used_first(self, ims, clock):
        with pool_of(ims, clock, size=3) as pool:
            with pool.lease(), pool.lease(), pool.lease():
                pass
            for _ in range(3):
                with pool.lease() as session:
                    assert session.number == 0, "the outermost lease came back last"
            assert pool.stats().reuses == 3

    def test_a_session_in_doubt_is_closed(self, ims, clock):
        with pool_of(ims, clock) as pool:
            with pool.lease() as session:
                session.reusable = False
            assert session.closed
            assert picture(pool) == "up: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"
            assert pool.stats().dropped == 1

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError])
    def test_whatever_interrupts_a_lease_closes_the_session_in_doubt(self, ims, clock, interrupt):
        def converse(session: FakeSession) -> None:
            session.reusable = False
            raise interrupt

        with pool_of(ims, clock) as pool:
            with pytest.raises(interrupt), pool.lease() as session:
                converse(session)
            assert session.closed
            assert picture(pool) == "up: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"

    def test_a_session_whose_conversation_came_to_a_known_end_survives_an_error(self, ims, clock):
        with pool_of(ims, clock) as pool:
            with pytest.raises(ImsError), pool.lease() as session:
                raise ImsError(M.ROLLED_BACK)
            assert not session.closed
            assert pool.stats().idle == 1

    @pytest.mark.parametrize(
        ("error", "counter"),
        [
            (TransportError(M.SOCKET_TIMEOUT, {"milliseconds": "1"}), "socket_timeouts"),
            (ImsError(M.EXECUTION_TIMEOUT, {"milliseconds": "1"}), "execution_timeouts"),
            (TransportError(M.BAD_REPLY), "protocol_errors"),
            (TransportError(M.CONNECTION_LOST), "connections_lost"),
        ],
    )
    def test_errors_are_counted_by_kind(self, ims, clock, error, counter):
        with pool_of(ims, clock) as pool:
            with pytest.raises(type(error)), pool.lease():
                raise error
            assert getattr(pool.stats(), counter) == 1


class TestStaleSessions:
    def test_stale_sessions_are_replaced_silently_before_use(self, ims, clock):
        with pool_of(ims, clock, size=3) as pool:
            with pool.lease(), pool.lease(), pool.lease():
                pass
            ims.sessions[0].quiet = ims.sessions[1].quiet = False
            with pool.lease() as session:
                assert session.number == 2
            assert [s.closed for s in ims.sessions] == [True, True, False]
            stats = pool.stats()
            assert (stats.stale, stats.reuses, stats.connects) == (2, 1, 3)

    def test_when_all_are_stale_a_new_one_is_connected(self, ims, clock):
        with pool_of(ims, clock) as pool:
            with pool.lease(), pool.lease():
                pass
            for session in ims.sessions:
                session.quiet = False
            with pool.lease() as session:
                assert session.number == 2
            assert picture(pool) == "up: 1 of 2 open, 0 in use, 1 idle, 0 connecting, 0 waiting"

    def test_an_interrupt_while_looking_closes_the_session(self, ims, clock, monkeypatch):
        with pool_of(ims, clock) as pool:
            with pool.lease() as session:
                pass

            def interrupted(_self: FakeSession) -> bool:
                raise KeyboardInterrupt

            monkeypatch.setattr(FakeSession, "is_quiet", interrupted)
            with pytest.raises(KeyboardInterrupt), pool.lease():
                pytest.fail("never reached")
            assert session.closed
            assert picture(pool) == "up: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"


class TestIdleAndAge:
    def test_a_session_that_was_idle_too_long_is_closed(self, ims, clock):
        with pool_of(ims, clock, idle=240) as pool:
            with pool.lease():
                clock.move(10)
                with pool.lease():
                    pass
                clock.move(200)
            clock.move(39)
            pool.expire()
            assert picture(pool) == "up: 2 of 2 open, 0 in use, 2 idle, 0 connecting, 0 waiting"
            clock.move(1)
            pool.expire()
            assert [s.closed for s in ims.sessions] == [False, True]
            clock.move(200)
            pool.expire()
            assert pool.stats().expired == 2
            assert picture(pool) == "up: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"

    def test_idle_sessions_are_closed_without_any_traffic(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, idle=0.05) as pool:
            with pool.lease() as session:
                pass
            wait_until(lambda: session.closed)
            wait_until(lambda: pool._housekeeper.thread is None)
            with pool.lease() as session:
                pass
            wait_until(lambda: session.closed)

    def test_an_old_session_is_not_used_again(self, ims, clock):
        with pool_of(ims, clock, max_age=100, idle=1000) as pool:
            with pool.lease() as first:
                clock.move(89)
            assert not first.closed, "the jitter of a half takes a tenth off"
            with pool.lease() as again:
                assert again is first
                clock.move(2)
            assert first.closed
            assert pool.stats().aged == 1

    def test_a_session_that_aged_while_idle_is_replaced(self, ims, clock):
        with pool_of(ims, clock, max_age=100, idle=1000) as pool:
            with pool.lease() as first:
                pass
            clock.move(91)
            with pool.lease() as second:
                assert second is not first
            assert first.closed
            assert pool.stats().aged == 1

    def test_where_no_thread_can_be_had_leases_go_on(self, ims, clock, monkeypatch):
        def no_thread(_self):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", no_thread)
        with pool_of(ims, clock) as pool:
            for _ in range(2):
                with pool.lease():
                    pass
            assert pool.stats().reuses == 1


class TestLanes:
    def test_a_session_that_sent_one_way_reads_no_replies_afterwards(self, ims, clock):
        with pool_of(ims, clock) as pool:
            with pool.lease(Lane.ONE_WAY) as first:
                first.lane = Lane.ONE_WAY
            with pool.lease(Lane.REPLIES) as second:
                assert second is not first
            with pool.lease(Lane.ONE_WAY) as third:
                assert third is first

    def test_an_idle_session_of_the_other_lane_makes_room_when_all_places_are_taken(self, ims, clock):
        with pool_of(ims, clock, size=1) as pool:
            with pool.lease(Lane.ONE_WAY) as first:
                first.lane = Lane.ONE_WAY
            with pool.lease(Lane.REPLIES) as second:
                assert second is not first
                assert first.closed
            assert pool.stats().evicted == 1
            assert picture(pool) == "up: 1 of 1 open, 0 in use, 1 idle, 0 connecting, 0 waiting"


class TestManyThreads:
    def test_no_session_is_ever_in_two_hands_nor_are_there_more_than_allowed(self, ims):
        using: set[int] = set()
        most = 0
        guard = threading.Lock()
        failures: list[Exception] = []

        def work(number: int) -> None:
            nonlocal most
            for turn in range(25):
                try:
                    with pool.lease() as session:
                        with guard:
                            assert session.number not in using
                            using.add(session.number)
                            most = max(most, len(using))
                        session.reusable = (number + turn) % 7 != 0
                        session.quiet = (number + turn) % 5 != 0
                        with guard:
                            using.discard(session.number)
                except (AssertionError, TransportError) as error:
                    failures.append(error)

        with pool_of(ims, SYSTEM_CLOCK, size=4, wait=PATIENCE) as pool:
            threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE)
            stats = pool.stats()
        assert failures == []
        assert most <= 4
        assert (stats.requests, stats.in_use, stats.waiting, stats.connecting) == (1000, 0, 0, 0)
        assert stats.connects + stats.reuses == 1000
        assert sum(not session.closed for session in ims.sessions) == 0
