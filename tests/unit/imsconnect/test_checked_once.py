"""A client checks an interaction before it takes a socket; the dialogue checks what is not that very one."""

import asyncio
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import GatewayError, ImsError, M
from gateway.imsconnect import (
    AsyncClient,
    Client,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Interaction,
    Reply,
)
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.dialogue import Dialogue
from gateway.imsconnect.inputs import Destination

WHO = Credentials.of("USER1", "PASSW0RD")
SETTINGS = ConnectionSettings(endpoints=(Endpoint("ims.example", 9999),), datastore="IMS1", credentials=WHO)
PLAIN = Interaction(transaction="IVTNO", segments=(b"\xc1",))
WITHIN_ITS_BUDGET = Interaction(transaction="IVTNO", segments=(b"\xc1",), budget_ms=8_000)


class FakeSession:
    """Notes what it is asked."""

    endpoint = "ims.example:9999"
    client_id = "CLIENT01"

    def __init__(self) -> None:
        self.asked: list[tuple[Interaction, bool]] = []

    def run(self, interaction: Interaction, credentials: Credentials, *, checked: bool = False) -> Reply:
        assert credentials is WHO
        self.asked.append((interaction, checked))
        return Reply()


def _run(interaction: Interaction, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Interaction, bool]]:
    session = FakeSession()
    monkeypatch.setattr(Client, "_on_a_session", lambda _self, _lane, use, *_rest: use(session))
    with Client(SETTINGS) as client:
        client.run(interaction)
    return session.asked


def _run_async(interaction: Interaction, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Interaction, bool]]:
    session = FakeSession()
    answering = SimpleNamespace(
        endpoint=session.endpoint,
        client_id=session.client_id,
        run=AsyncMock(side_effect=session.run),
    )
    monkeypatch.setattr(AsyncClient, "_on_a_session", lambda _self, _lane, use, *_rest: use(answering))

    async def run() -> None:
        async with AsyncClient(SETTINGS) as client:
            await client.run(interaction)

    asyncio.run(run())
    return session.asked


both = pytest.mark.parametrize("run", [_run, _run_async], ids=["threads", "asyncio"])


@both
def test_what_the_client_has_checked_goes_on_as_checked(run, monkeypatch):
    ((asked, checked),) = run(PLAIN, monkeypatch)
    assert asked is PLAIN
    assert checked


@both
def test_what_a_budget_has_changed_is_looked_at_again(run, monkeypatch):
    ((asked, checked),) = run(WITHIN_ITS_BUDGET, monkeypatch)
    assert asked is not WITHIN_ITS_BUDGET
    assert asked.socket_timeout_ms <= 8_000
    assert not checked


def test_a_dialogue_checks_what_nobody_says_is_checked():
    dialogue = Dialogue(Destination.of(SETTINGS), ClientId("CLIENT01"), "ims.example:9999", SYSTEM_CLOCK)
    with pytest.raises(GatewayError) as broken:
        next(dialogue.run(Interaction(transaction="lower", segments=(b"\xc1",)), WHO))
    assert broken.value.message is M.INTERACTION
    with pytest.raises(ImsError) as unfit:
        next(dialogue.run(PLAIN, Credentials.of("USER1", "NINECHARS")))
    assert unfit.value.sign_on_failed
    assert dialogue.line.reusable, "nothing was sent"
