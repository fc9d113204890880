"""Who waits for a session, who is refused, and how a pool ends."""

import threading
from contextlib import ExitStack

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import M, TransportError
from gateway.imsconnect.pool import Pool
from gateway.imsconnect.transport import ConnectFailed
from tests.unit.imsconnect.pooling import PATIENCE, FakeIms, picture, pool_of, wait_until


@pytest.fixture
def ims() -> FakeIms:
    return FakeIms()


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

                def interrupted(_self, _ready, _deadline):
                    raise KeyboardInterrupt

                monkeypatch.setattr(Pool, "_wait", interrupted)
                with pytest.raises(KeyboardInterrupt), pool.lease():
                    pytest.fail("never reached")
                monkeypatch.undo()
                assert pool.stats().waiting == 0
            with pool.lease():
                pass

    def test_what_was_granted_while_the_waiter_was_interrupted_goes_back(self, ims, clock, monkeypatch):
        with pool_of(ims, clock, size=1, wait=PATIENCE) as pool, ExitStack() as held:
            held.enter_context(pool.lease())

            def granted_then_interrupted(_self, _ready, _deadline):
                monkeypatch.undo()
                held.close()
                raise KeyboardInterrupt

            monkeypatch.setattr(Pool, "_wait", granted_then_interrupted)
            with pytest.raises(KeyboardInterrupt), pool.lease():
                pytest.fail("never reached")
            assert picture(pool) == "up: 1 of 1 open, 0 in use, 1 idle, 0 connecting, 0 waiting"

    def test_the_right_to_connect_goes_back_too(self, ims, clock, monkeypatch):
        with pool_of(ims, clock, size=1, wait=PATIENCE) as pool, ExitStack() as held:
            held.enter_context(pool.lease()).reusable = False

            def granted_then_interrupted(_self, _ready, _deadline):
                monkeypatch.undo()
                held.close()
                raise KeyboardInterrupt

            monkeypatch.setattr(Pool, "_wait", granted_then_interrupted)
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
