"""The memory that bodies share."""

import pytest

from gateway.errors import GatewayError, M
from gateway.web.memory import SMALL_BODY, BodyMemory


def test_sixteen_of_the_largest_bodies_fit_and_the_next_is_refused() -> None:
    memory = BodyMemory(10_000_000)
    for _ in range(16):
        memory.lease().grow_to(10_000_000)
    with pytest.raises(GatewayError) as refused:
        memory.lease().grow_to(SMALL_BODY + 1)
    assert refused.value.message is M.BUSY


def test_small_bodies_pass_when_the_memory_is_taken() -> None:
    memory = BodyMemory(10_000_000)
    memory.taken = memory.limit
    memory.lease().grow_to(SMALL_BODY)


def test_a_lease_grows_and_gives_all_of_it_back() -> None:
    memory = BodyMemory(1024)
    lease = memory.lease()
    for size in (10, 1000, 100_000):
        lease.grow_to(size)
        assert memory.taken == size
    lease.release()
    lease.release()
    assert memory.taken == 0


def test_there_are_64_mib_at_least() -> None:
    assert BodyMemory(1024).limit == 64 * 1024 * 1024
