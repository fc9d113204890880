import asyncio
from contextlib import suppress

from gateway.standin.locks import RecordLocks
from gateway.standin.units import UnitOfWork


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_waiting_units_get_their_turn_in_order():
    async def scenario() -> list[str]:
        locks, order = RecordLocks(), []

        async def work(name: str) -> None:
            unit = UnitOfWork()
            await locks.acquire("SMITH", unit)
            order.append(f"{name} in")
            await turns()
            order.append(f"{name} out")
            unit.commit()

        await asyncio.gather(*(work(name) for name in "ABC"))
        return order

    assert asyncio.run(scenario()) == ["A in", "A out", "B in", "B out", "C in", "C out"]


def test_other_records_are_free():
    async def scenario() -> None:
        locks = RecordLocks()
        await locks.acquire("SMITH", UnitOfWork())
        await asyncio.wait_for(locks.acquire("JONES", UnitOfWork()), 5)

    asyncio.run(scenario())


def test_who_gives_up_waiting_blocks_nobody():
    async def scenario() -> None:
        locks, holder = RecordLocks(), UnitOfWork()
        await locks.acquire("SMITH", holder)
        waiting = asyncio.create_task(locks.acquire("SMITH", UnitOfWork()))
        await turns()
        waiting.cancel()
        await turns()
        holder.commit()
        await asyncio.wait_for(locks.acquire("SMITH", UnitOfWork()), 5)

    asyncio.run(scenario())


def test_who_is_cancelled_just_when_its_turn_comes_hands_it_on():
    async def scenario() -> None:
        locks, holder = RecordLocks(), UnitOfWork()
        await locks.acquire("SMITH", holder)
        waiting = asyncio.create_task(locks.acquire("SMITH", UnitOfWork()))
        await turns()
        holder.commit()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(locks.acquire("SMITH", UnitOfWork()), 5)

    asyncio.run(scenario())
