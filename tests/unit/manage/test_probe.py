"""A bundle tried out: each step told, nobody's message taken, no password tried more often than RACF bears."""

from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Bundle, SignOnSettings
from gateway.config.secrets import HomeFiles
from gateway.config.strict import settle
from gateway.identity.signon import SignOnGuard
from gateway.manage.probe import Guard, Probed, Step, probe
from gateway.standin import RunningStandin
from tests.fixtures.pki import PASSWORD, Pki
from tests.fixtures.ports import free_ports
from tests.fixtures.standin import USERS, StandinFactory

RACF = {"racf": True, "otma_security": "check", "max_bad_passwords": 0}


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return Guard(tmp_path, SignOnSettings())


def bundle_of(*ports: int, password: str = "GWPASS1", user: str = "GWUSER", **connect: Any) -> Bundle:
    place = {"hosts": [f"127.0.0.1:{port}" for port in ports], "datastore": "IMS1", **connect}
    own = {"credentials": {"user": user, "password": password}} if user else {}
    return settle(Bundle, {"ims_connect": place, **own}, "x.toml", HomeFiles(Path("/"), {}))


def steps(probed: Probed) -> list[tuple[str, bool]]:
    return [(step.name, step.done) for step in probed.steps]


@pytest.fixture
def ims(standin_factory: StandinFactory) -> RunningStandin:
    return standin_factory(ims_connect=RACF, users=USERS)


def test_each_step_is_told_as_it_ends(ims: RunningStandin, guard: Guard) -> None:
    told: list[tuple[str, Step]] = []
    (probed,) = probe("ims1", bundle_of(ims.port), guard, tell=lambda *said: told.append(said))
    assert steps(probed) == [("connect", True), ("ping", True), ("sign on", True)]
    assert [step for _, step in told] == list(probed.steps)
    assert {address for address, _ in told} == {f"127.0.0.1:{ims.port}"}
    assert probed.done


def test_a_wrong_password_is_tried_at_one_address_only_and_is_not_told(
    standin_factory: StandinFactory, guard: Guard
) -> None:
    both = [standin_factory(ims_connect=RACF, users=USERS) for _ in range(2)]
    first, second = probe("ims1", bundle_of(*(one.port for one in both), password="WRONG"), guard)
    assert steps(first)[-1] == ("sign on", False)
    assert "password" in first.steps[-1].text
    assert "WRONG" not in repr((first.facts(), second.facts()))
    assert second.steps[-1].skipped
    assert not first.done
    assert second.done
    assert [seen for seen in both[1].seen if seen.user] == []


def test_a_refusal_counts_at_the_guard_of_the_gateway_and_who_is_held_back_is_not_tried(
    ims: RunningStandin, guard: Guard
) -> None:
    SignOnGuard(guard.state, guard.settings, SYSTEM_CLOCK, lambda _: None).close()
    bundle = bundle_of(ims.port, password="WRONG")
    for _ in range(guard.settings.failures_per_user):
        probe("ims1", bundle, guard)
    asked = len(ims.seen)
    (held,) = probe("ims1", bundle_of(ims.port, password="WRONG2"), guard)
    assert steps(held)[-1] == ("sign on", False)
    assert len([seen for seen in ims.seen[asked:] if seen.user]) == 0


def test_where_no_gateway_has_counted_nothing_is_written(ims: RunningStandin, guard: Guard) -> None:
    probe("ims1", bundle_of(ims.port, password="WRONG"), guard)
    assert list(guard.state.iterdir()) == []


def test_a_bundle_without_a_user_signs_nobody_on(ims: RunningStandin, guard: Guard) -> None:
    (probed,) = probe("ims1", bundle_of(ims.port, user=""), guard)
    assert probed.steps[-1].skipped
    assert probed.done


def test_an_address_where_nobody_listens_ends_with_the_first_step(ims: RunningStandin, guard: Guard) -> None:
    (free,) = free_ports(1)
    dead, alive = probe("ims1", bundle_of(free, ims.port), guard)
    assert steps(dead) == [("connect", False)]
    assert "refused" in dead.steps[0].text
    assert alive.done


def test_tls_is_told_with_what_ims_connect_has_shown(
    standin_factory: StandinFactory, pki: Pki, guard: Guard
) -> None:
    tls = {"keystore": {"path": str(pki.keys.server), "password": PASSWORD.reveal()}}
    ims = standin_factory(ims_connect={**RACF, "tls": tls}, users=USERS)
    trusting = {"truststore": {"path": str(pki.keys.ca)}, "server_name": "localhost"}
    (probed,) = probe("ims1", bundle_of(ims.port, tls=trusting), guard)
    assert steps(probed)[:2] == [("connect", True), ("tls", True)]
    assert probed.tls is not None
    assert probed.tls.version == "TLSv1.3"
    assert "localhost" in probed.tls.names
    assert probed.facts()["tls"]["sha256"] == probed.tls.sha256
    strange = {**trusting, "truststore": {"path": str(pki.other.ca)}}
    (refused,) = probe("ims1", bundle_of(ims.port, tls=strange), guard)
    assert steps(refused) == [("connect", False)]
