"""The pool of sessions: its picture after each step, then its threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import ImsError, M, TransportError
from gateway.imsconnect.places import Limits
from gateway.imsconnect.pool import Pool
from gateway.imsconnect.session import Lane
from gateway.imsconnect.transport import ConnectFailed

PATIENCE = 20.0


@dataclass(eq=False)
class FakeSession:
    number: int
    lane: Lane = Lane.REPLIES
    reusable: bool = True
    quiet: bool = True
    closed: bool = False
    aborted: threading.Event = field(default_factory=threading.Event)

    def is_quiet(self) -> bool:
        return self.quiet

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted.set()


@dataclass
class FakeIms:
    """Makes sessions, or fails to."""

    up: bool = True
    sessions: list[FakeSession] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """Called before each connection comes to be, outside the pool's lock."""

    def connect(self) -> FakeSession:
        self.before()
        if not self.up:
            raise ConnectFailed("ims.example:9999: connect: Connection refused")
        self.sessions.append(FakeSession(len(self.sessions)))
        return self.sessions[-1]


@pytest.fixture
def ims() -> FakeIms:
    return FakeIms()


@contextmanager
def pool_of(ims: FakeIms, clock: Clock, **limits: float) -> Iterator[Pool[FakeSession]]:
    size = int(limits.pop("size", 2))
    pool = Pool("ims1", Limits(size, **{"wait": 0.0, "idle": 240.0, **limits}), ims.connect, clock, lambda: 0.5)
    try:
        yield pool
    finally:
        pool.close(0)


def picture(pool: Pool[FakeSession]) -> str:
    """The gauges of the repr."""
    return repr(pool.stats()).removeprefix("<pool ims1 ").split(";")[0]


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.002)):
        if condition():
            return
        pause.wait(0.002)
    pytest.fail("it never happened")


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
            wait_until(lambda: pool._housekeeper is None)
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


class TestWaiting:
    def test_a_full_pool_refuses_after_the_wait_and_says_what_it_looks_like(self, ims, clock):
        with pool_of(ims, clock, size=1) as pool, pool.lease():
            with pytest.raises(TransportError) as caught, pool.lease():
                pytest.fail("there is no place")
            assert caught.value.message is M.NO_SOCKET
            assert not caught.value.maybe_sent
            assert "1 of 1 open, 1 in use" in caught.value.private
            stats = pool.stats()
            assert (stats.wait_timeouts, stats.queued, stats.waiting) == (1, 1, 0)

    def test_who_comes_first_is_served_first(self, ims):
        served = []
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool, ExitStack() as held:
            held.enter_context(pool.lease())

            def queue(number: int) -> None:
                with pool.lease():
                    served.append(number)

            threads = []
            for number in range(8):
                threads.append(threading.Thread(target=queue, args=(number,)))
                threads[-1].start()
                wait_until(lambda: pool.stats().waiting == len(threads))
            held.close()
            for thread in threads:
                thread.join(PATIENCE)
            assert served == list(range(8))
            assert len(ims.sessions) == 1

    def test_a_freed_place_lets_a_waiter_connect(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:
            got = []

            def queue() -> None:
                with pool.lease() as session:
                    got.append(session)

            with pool.lease() as first:
                waiter = threading.Thread(target=queue)
                waiter.start()
                wait_until(lambda: pool.stats().waiting == 1)
                first.reusable = False
            waiter.join(PATIENCE)
            assert got == [ims.sessions[1]]

    def test_an_interrupted_waiter_leaves_the_queue(self, ims, clock, monkeypatch):
        with pool_of(ims, clock, size=1, wait=PATIENCE) as pool:
            with pool.lease():

                def interrupted(_self, _seconds):
                    raise KeyboardInterrupt

                monkeypatch.setattr(threading.Event, "wait", interrupted)
                with pytest.raises(KeyboardInterrupt), pool.lease():
                    pytest.fail("never reached")
                monkeypatch.undo()
                assert pool.stats().waiting == 0
            with pool.lease():
                pass

    def test_what_was_granted_while_the_waiter_was_interrupted_goes_back(self, ims, clock, monkeypatch):
        with pool_of(ims, clock, size=1, wait=PATIENCE) as pool, ExitStack() as held:
            held.enter_context(pool.lease())

            def granted_then_interrupted(_self, _seconds):
                monkeypatch.undo()
                held.close()
                raise KeyboardInterrupt

            monkeypatch.setattr(threading.Event, "wait", granted_then_interrupted)
            with pytest.raises(KeyboardInterrupt), pool.lease():
                pytest.fail("never reached")
            assert picture(pool) == "up: 1 of 1 open, 0 in use, 1 idle, 0 connecting, 0 waiting"

    def test_the_right_to_connect_goes_back_too(self, ims, clock, monkeypatch):
        with pool_of(ims, clock, size=1, wait=PATIENCE) as pool, ExitStack() as held:
            held.enter_context(pool.lease()).reusable = False

            def granted_then_interrupted(_self, _seconds):
                monkeypatch.undo()
                held.close()
                raise KeyboardInterrupt

            monkeypatch.setattr(threading.Event, "wait", granted_then_interrupted)
            with pytest.raises(KeyboardInterrupt), pool.lease():
                pytest.fail("never reached")
            assert picture(pool) == "up: 0 of 1 open, 0 in use, 0 idle, 0 connecting, 0 waiting"


class TestBackOff:
    def test_after_a_failed_connect_requests_fail_at_once_until_one_probe_may_go(self, ims, clock):
        ims.up = False
        with pool_of(ims, clock) as pool:
            with pytest.raises(TransportError) as first, pool.lease():
                pytest.fail("never reached")
            assert first.value.message is M.UNREACHABLE
            assert first.value.private == "ims.example:9999: connect: Connection refused"
            assert isinstance(first.value.__cause__, ConnectFailed)
            assert picture(pool).startswith("back-off 0.1 s: 0 of 2 open")
            with pytest.raises(TransportError) as second, pool.lease():
                pytest.fail("never reached")
            assert second.value.message is M.UNREACHABLE
            assert second.value.private == (
                "in back-off, 0.1 s left, after: ims.example:9999: connect: Connection refused"
            )
            assert not second.value.maybe_sent
            stats = pool.stats()
            assert (stats.connect_failures, stats.backoff_refusals) == (1, 1)
            clock.move(0.1)
            ims.up = True
            with pool.lease():
                pass
            assert picture(pool) == "up: 1 of 2 open, 0 in use, 1 idle, 0 connecting, 0 waiting"

    def test_without_time_left_the_failure_to_connect_is_what_the_caller_is_told(self, ims, clock):
        with pool_of(ims, clock, wait=0) as pool, pool.lease():
            ims.up = False
            with pytest.raises(TransportError) as caught, pool.lease():
                pytest.fail("never reached")
            assert caught.value.message is M.UNREACHABLE

    def test_an_idle_session_is_used_during_back_off(self, ims, clock):
        with pool_of(ims, clock) as pool:
            with pool.lease():
                ims.up = False
                with pytest.raises(TransportError), pool.lease():
                    pytest.fail("never reached")
            with pool.lease() as session:
                assert session.number == 0

    def test_only_one_probe_goes_at_a_time(self, ims, clock):
        ims.up = False
        refusals = []
        with pool_of(ims, clock, size=8, wait=PATIENCE) as pool:
            with pytest.raises(TransportError), pool.lease():
                pytest.fail("never reached")
            clock.move(1)

            def meanwhile() -> None:
                ims.before = lambda: None
                with pytest.raises(TransportError) as caught, pool.lease():
                    pytest.fail("the probe is still under way")
                refusals.append(caught.value.message)
                ims.up = True

            ims.before = meanwhile
            with pool.lease():
                pass
            assert refusals == [M.UNREACHABLE]

    def test_those_who_wait_are_told_when_nothing_is_left_to_wait_for(self, ims):
        outcomes: list[TransportError] = []
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:

            def queue() -> None:
                try:
                    with pool.lease():
                        pytest.fail("IMS Connect is down")
                except TransportError as error:
                    outcomes.append(error)

            threads = [threading.Thread(target=queue) for _ in range(20)]
            with pool.lease() as session:
                for thread in threads:
                    thread.start()
                wait_until(lambda: pool.stats().waiting == 20)
                ims.up = False
                session.reusable = False
            for thread in threads:
                thread.join(PATIENCE)
            assert [error.message for error in outcomes] == [M.UNREACHABLE] * 20
            assert len({error.private for error in outcomes}) > 1

    def test_when_no_more_sockets_can_be_had_requests_wait_for_those_there_are(self, ims):
        """IMS Connect at its MAXSOC: the sockets that are open go on serving everybody."""
        with pool_of(ims, SYSTEM_CLOCK, size=8, wait=PATIENCE) as pool:
            got = []

            def queue() -> None:
                with pool.lease() as session:
                    got.append(session)

            threads = [threading.Thread(target=queue) for _ in range(20)]
            with pool.lease() as only:
                ims.up = False
                for thread in threads:
                    thread.start()
                wait_until(lambda: pool.stats().waiting == 20)
            for thread in threads:
                thread.join(PATIENCE)
            assert got == [only] * 20

    def test_an_interrupt_while_connecting_frees_the_place_and_the_probe(self, ims, clock):
        def interrupted() -> None:
            raise KeyboardInterrupt

        ims.up = False
        with pool_of(ims, clock, size=1) as pool:
            with pytest.raises(TransportError), pool.lease():
                pytest.fail("never reached")
            clock.move(1)
            ims.before, ims.up = interrupted, True
            with pytest.raises(KeyboardInterrupt), pool.lease():
                pytest.fail("never reached")
            ims.before = lambda: None
            with pool.lease():
                pass


class TestClosing:
    def test_a_closed_pool_refuses(self, ims, clock):
        with pool_of(ims, clock) as pool:
            pool.close(0)
            with pytest.raises(TransportError) as caught, pool.lease():
                pytest.fail("never reached")
            assert caught.value.message is M.STOPPING
            assert not caught.value.maybe_sent

    def test_leases_and_waiters_finish_while_it_drains(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:
            done = []

            def queue() -> None:
                with pool.lease() as session:
                    done.append(session)

            closer = threading.Thread(target=pool.close, args=(PATIENCE,))
            waiter = threading.Thread(target=queue)
            with pool.lease() as session:
                waiter.start()
                wait_until(lambda: pool.stats().waiting == 1)
                closer.start()
                wait_until(lambda: pool.stats().closed)
                assert not session.aborted.is_set()
            for thread in (waiter, closer):
                thread.join(PATIENCE)
            assert done == [session]
            assert not session.aborted.is_set()
            assert session.closed

    def test_what_has_not_finished_by_then_is_aborted(self, ims):
        with pool_of(ims, SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:
            outcomes: list[TransportError] = []

            def hang() -> None:
                with pool.lease() as session:
                    session.aborted.wait(PATIENCE)
                    session.reusable = False

            def queue() -> None:
                try:
                    with pool.lease():
                        pytest.fail("never reached")
                except TransportError as error:
                    outcomes.append(error)

            hanging, waiting = threading.Thread(target=hang), threading.Thread(target=queue)
            hanging.start()
            wait_until(lambda: pool.stats().in_use == 1)
            waiting.start()
            wait_until(lambda: pool.stats().waiting == 1)
            pool.close(0.01)
            for thread in (hanging, waiting):
                thread.join(PATIENCE)
            assert [error.message for error in outcomes] == [M.STOPPING]
            assert ims.sessions[0].closed
            assert pool.stats().in_use == 0

    def test_a_connection_that_comes_after_the_end_is_aborted(self, ims, clock):
        with pool_of(ims, clock) as pool:
            ims.before = lambda: pool.close(0)
            with pool.lease() as session:
                assert session.aborted.is_set()
            assert session.closed


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
