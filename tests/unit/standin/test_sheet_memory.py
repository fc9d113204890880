"""What a stand-in that runs for a long time keeps: no more than it says."""

import asyncio

from gateway.imsconnect.wire import decode_input
from gateway.standin.seen import SeenInputs
from gateway.standin.tpipes import Tpipes
from tests.unit.standin.by_hand import CM0, CONFIRM, TEN_MS, Client, message, refusal, text, until


def test_the_record_keeps_no_more_bytes_than_allowed():
    seen = SeenInputs(100, keep_bytes=250)
    for _ in range(5):
        seen.note(1, decode_input(message(b"\x40" * 100)))
    assert [one.number for one in seen.all] == [4, 5]
    seen.update(5, segments=(b"",))
    seen.note(1, decode_input(message(b"\x40" * 100)))
    assert [one.number for one in seen.all] == [4, 5, 6]
    seen.clear()
    seen.note(1, decode_input(message(b"\x40" * 250)))
    assert [one.number for one in seen.all] == [7]


def test_an_input_larger_than_the_record_is_answered_all_the_same():
    seen = SeenInputs(100, keep_bytes=10)
    number = seen.note(1, decode_input(message(b"\x40" * 100)))
    seen.update(number, user="ALICE")
    seen.settle(number, "answered")
    assert seen.all == ()


def test_who_gives_up_waiting_at_a_tpipe_leaves_nothing_behind():
    async def wait() -> None:
        tpipes = Tpipes()
        for number in range(100):
            tpipes.changed(f"HWS{number:05}").cancel()
        kept = tpipes.changed("KEPT")
        await asyncio.sleep(0)
        assert list(tpipes._waiting) == ["KEPT"]
        tpipes.wake("KEPT")
        await kept
        await asyncio.sleep(0)
        assert tpipes._waiting == {}

    asyncio.run(wait())


def test_clients_with_generated_ids_leave_nothing_behind(standin):
    for _ in range(10):
        with Client(standin.port) as client:
            fields = {"f2": CM0 | 0x01, "f3": CONFIRM}
            answer = client.ask(text("ECHO 1", f1=0x40, **fields))
            generated = answer[16:24].decode("cp037")
            assert generated.startswith("HWS")
            ack = message(verb="A", timer=TEN_MS, client=generated, f2=CM0, f3=CONFIRM)
            assert client.ask(ack) == refusal(40, 1)
    until(lambda: standin.tpipes._waiting == {})
    assert standin.tpipes.depths == {}
    assert standin.tpipes.in_delivery == 0
