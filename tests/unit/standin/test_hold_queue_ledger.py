"""Clients that leave at any step of RESUME TPIPE: every message arrives, and none again that was confirmed."""

import random

import pytest

from tests.unit.standin.by_hand import Client, until
from tests.unit.standin.output_by_hand import NOAUTO, answer, queue, resume

MESSAGES = 12


class Ledger:
    """What clients got, and of what they know that their ACK has arrived."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.confirmed: set[str] = set()

    def visit(self, client: Client, number: int, steps: int) -> bool:
        """Do so many steps of sending and reading, then leave; tell whether the queue was empty."""
        name = f"CLIENT{number:02}"
        unconfirmed = ""
        for step in range(steps):
            first = step == 0
            fields = {"client": name, "arch": 1, "reroute": "SHARED"} if first else {"client": name}
            client.send(resume(NOAUTO, **fields) if first else answer(**fields))
            if step == steps - 1 and number % 2:
                return False  # leaves without reading
            output = client.output()
            if unconfirmed:
                self.confirmed.add(unconfirmed)
            if len(output) == 24:
                return True
            unconfirmed = output[8:-12].decode("cp037")
            assert unconfirmed not in self.confirmed
            self.received.append(unconfirmed)
        return False


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kept", [False, True])
def test_nothing_is_lost_and_nothing_confirmed_comes_again(standin_factory, tmp_path, seed, kept):
    chance = random.Random(seed)
    tables = {"state": {"path": str(tmp_path / "queues.sqlite")}} if kept else {}
    standin = standin_factory(**tables)
    texts = [f"MESSAGE {number}" for number in range(MESSAGES)]
    queue(standin, *texts, tpipe="SHARED")
    ledger = Ledger()
    for number in range(100):
        with Client(standin.port) as client:
            empty = ledger.visit(client, number, chance.randint(1, 6))
            if chance.random() < 0.1:
                standin.restart()
        until(lambda: standin.connections == 0)
        if empty:
            break
    assert (standin.tpipes.depths, standin.tpipes.in_delivery) == ({}, 0)
    # a message may come twice, when nobody knows whether its ACK has arrived; but never out of order
    assert sorted(set(ledger.received), key=texts.index) == texts
    assert ledger.received == sorted(ledger.received, key=texts.index)
