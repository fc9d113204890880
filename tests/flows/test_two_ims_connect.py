"""Two IMS Connect for one bundle: one dies under load, and only what was in flight on it is lost.

Both stand-ins are processes, killed as a machine dies. Each keeps a ledger of what it did, so it shows where
every call went, and that none was made twice.
"""

import threading
from contextlib import ExitStack
from functools import partial
from itertools import dropwhile

import pytest

from gateway.clock import SystemClock
from gateway.imsconnect import Interaction, transaction_input
from gateway.imsconnect.paths import SETTLED_SECONDS
from tests.chaos.desk import Desk, settings_for
from tests.chaos.ledger import Book, Ledger, Told
from tests.chaos.processes import Load, StandinProcess, together
from tests.chaos.programs import LEDGER, TRANSACTIONS
from tests.chaos.scenes import word_of
from tests.fixtures.calling import Caller, text_of
from tests.fixtures.faces import FACES, LoopThread
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import wait_until

CALLERS = 12
LOST = "IGW2003E"
POLICIES = ("order", "balance")


@pytest.fixture
def two(tmp_path):
    """Two stand-ins, the first and the second of the bundle."""
    with ExitStack() as stack:
        made = []
        for name in ("first", "second"):
            made.append(StandinProcess(tmp_path / name))
            stack.callback(made[-1].close)
        yield made


@pytest.fixture
def loop():
    thread = LoopThread()
    yield thread
    thread.stop()


class LaterClock(SystemClock):
    """The system's clock, which a test sets on."""

    __slots__ = ()
    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + type(self).ahead


@pytest.fixture
def later(monkeypatch):
    monkeypatch.setattr(LaterClock, "ahead", 0.0)
    return lambda seconds: monkeypatch.setattr(LaterClock, "ahead", LaterClock.ahead + seconds)


class SoapCallers:
    """Calls by SOAP; every thread has a connection of its own."""

    def __init__(self, gateway, book: Book) -> None:
        self._gateway = gateway
        self._book = book
        self._mine = threading.local()
        self._all: list[Caller] = []

    def __call__(self, entry: str) -> None:
        if not hasattr(self._mine, "caller"):
            self._mine.caller = Caller(self._gateway.https_url, self._gateway.ca)
            self._all.append(self._mine.caller)
        reply = self._mine.caller.post("LabPort", work("echo", entry, 10))
        if reply.status == 200:
            self._book.attempt(entry, lambda: text_of(reply) or "nothing")
        else:
            self._book.faults[reply.message_id] += 1
            told = Told.UNKNOWN if reply.message_id == LOST else Told.NOTHING_SENT
            self._book.say(entry, told, reply.fault_text)

    def close(self) -> None:
        for caller in self._all:
            caller.close()


def by_the_library(desk, book, milliseconds=10):
    """Return a call by the client itself."""

    def call(entry: str) -> None:
        asked = Interaction(
            transaction="LEDGER", segments=transaction_input("LEDGER", f"{entry} {milliseconds}")
        )
        book.attempt(entry, lambda: word_of(desk.run(asked)))

    return call


def faulted(book) -> set[str]:
    return {one.entry for one in book.statements if one.told is not Told.ANSWERED}


def lost_after_the_first_answer(book) -> list[str]:
    """Before a conversation has come to its end, a pool cannot tell a full IMS Connect from one that fails."""
    told = dropwhile(lambda one: one.told is not Told.ANSWERED, book.statements)
    return [one.entry for one in told if one.told is not Told.ANSWERED]


def judge(two, book, *in_flight: set[str]) -> None:
    """Only what was in flight on a stand-in that died has faults, and nothing was done twice."""
    assert book.broken == []
    assert together(*two).against(book.statements) == []
    lost = faulted(book)
    assert set(book.faults) <= {LOST}
    assert lost <= set().union(*in_flight), "a call had a fault that was not in flight"


def one_dies_and_comes_back(two, load, policy: str, found=lambda: True) -> tuple[set[str], set[str]]:
    """Kill one, then the other; return what was in flight each time. `found`: every pool knows it is back."""
    first, second = two
    load.wait_for_more()
    if policy == "balance":
        assert first.done > 0
        assert second.done > 0
    else:
        assert second.done == 0
    lost_with_first = load.during(first.kill)
    load.wait_for_more()
    assert not lost_with_first & set(second.ledger.read().seen) & faulted(load.book)
    before = first.done
    first.start()
    wait_until(lambda: first.connections and found(), "every pool has found the one that is back", 60)
    if policy == "balance":
        wait_until(lambda: first.done > before + CALLERS, "calls to the one that is back")
    load.wait_for_more()
    # in order, one that has just come back is the second choice, and taken when there is no other
    lost_with_second = load.during(second.kill)
    load.wait_for_more()
    wait_until(lambda: first.done > before + CALLERS, "calls to the one that is back")
    return lost_with_first, lost_with_second


def all_restored(gateway, standin) -> bool:
    """Tell whether each worker that has lost a stand-in has found it again, by the log."""
    told = [line for line in gateway.log.splitlines() if f'"endpoint": "127.0.0.1:{standin.port}"' in line]
    lost = sum('"IMS Connect cannot be reached"' in line for line in told)
    return sum('"IMS Connect can be reached again"' in line for line in told) == lost


def bundle_of(two, policy):
    def write(home):
        path = home / "bundles/ims1.toml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(("host =", "port ="))]
        hosts = ", ".join(f'"127.0.0.1:{standin.port}"' for standin in two)
        at = lines.index("[ims_connect]") + 1
        lines[at:at] = [f"hosts = [{hosts}]", f'policy = "{policy}"']
        path.write_text("\n".join(lines) + "\n")

    return write


@pytest.mark.parametrize("policy", POLICIES)
def test_soap_callers_have_faults_for_what_was_in_flight_at_most(gateway_factory, two, policy):
    settings = {"server.workers": 2, "server.threads": CALLERS, "server.keepalive_seconds": 60}
    pool = {"ims_connect.pool": {"size": CALLERS, "connect_seconds": 5, "wait_seconds": 5}}
    gateway = gateway_factory(two[0], settings, pool, prepare=bundle_of(two, policy))
    book = Book()
    callers = SoapCallers(gateway, book)
    load = Load(callers, CALLERS, book)
    try:
        in_flight = one_dies_and_comes_back(two, load, policy, lambda: all_restored(gateway, two[0]))
    finally:
        load.stop()
        callers.close()
    judge(two, book, *in_flight)
    assert "Traceback" not in gateway.log


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("face", FACES)
def test_callers_of_the_library_have_errors_for_what_was_in_flight_at_most(two, loop, face, policy):
    book = Book()
    settings = settings_for(*(standin.port for standin in two), policy=policy, size=CALLERS)
    desk = Desk(face, settings, loop)
    load = Load(by_the_library(desk, book), CALLERS, book)
    try:
        in_flight = one_dies_and_comes_back(two, load, policy)
    finally:
        load.stop()
        desk.close()
    judge(two, book, *in_flight)


@pytest.mark.parametrize("face", FACES)
def test_in_order_one_that_is_back_is_preferred_again_once_it_has_settled(two, loop, face, later):
    first, second = two
    book = Book()
    desk = Desk(face, settings_for(*(standin.port for standin in two)), loop, clock=LaterClock())
    call = by_the_library(desk, book)
    entries = map(book.new, iter(lambda: "S", None))

    def goes_to(standin: StandinProcess) -> bool:
        entry = next(entries)
        call(entry)
        return standin.ledger.read().kept[entry] == 1

    try:
        assert goes_to(first)
        first.kill()
        assert goes_to(second)
        first.start()
        # the pool looks for it by itself
        wait_until(partial(connected_again, desk), "a connection to the one that is back", 60)
        assert goes_to(second)
        later(SETTLED_SECONDS - 5)
        assert goes_to(second)
        later(5.5)
        assert goes_to(first)
    finally:
        desk.close()
    assert faulted(book) == set()
    assert together(first, second).against(book.statements) == []


def connected_again(desk: Desk) -> bool:
    stats, _ = desk.client.stats()
    return stats.connects > 1


# -- the other takes over: drained, at its MAXSOC, stopped data store


def in_process(standin_factory, tmp_path, monkeypatch, **ims_connect):
    """Start two stand-ins in this process; the keys are those of the first."""
    made = []
    for name, keys in (("first", ims_connect), ("second", {})):
        path = tmp_path / f"ledger-{name}"
        path.touch()
        monkeypatch.setenv(LEDGER, str(path))
        standin = standin_factory(ims_connect=keys, transactions=TRANSACTIONS)
        standin.ledger = Ledger(path)
        made.append(standin)
    return made


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("face", FACES)
def test_a_drained_endpoint_gets_nothing_and_costs_no_call(
    standin_factory, tmp_path, monkeypatch, loop, face, policy
):
    two = first, second = in_process(standin_factory, tmp_path, monkeypatch)
    book = Book()
    desk = Desk(face, settings_for(first.port, second.port, policy=policy, size=CALLERS), loop)
    load = Load(by_the_library(desk, book), CALLERS, book)
    try:
        load.wait_for_more()
        desk.drain(0)
        under_way = load.during(load.wait_for_more)
        wait_until(lambda: not first.connections, "its sockets closed")
        at_rest = sum(first.ledger.read().seen.values())
        load.wait_for_more()
        assert sum(first.ledger.read().seen.values()) == at_rest
        desk.resume(0)
        wait_until(lambda: sum(first.ledger.read().seen.values()) > at_rest, "calls to it again")
        load.wait_for_more()
    finally:
        load.stop()
        desk.close()
    assert under_way
    assert faulted(book) == set()
    assert together(*two).against(book.statements) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("face", FACES)
def test_a_stopped_data_store_costs_no_call(standin_factory, tmp_path, monkeypatch, loop, face, policy):
    """DSCLOSE (8/73): nothing was executed, so another IMS Connect may do it."""
    two = first, second = in_process(standin_factory, tmp_path, monkeypatch)
    book = Book()
    desk = Desk(face, settings_for(first.port, second.port, policy=policy, size=CALLERS), loop)
    load = Load(by_the_library(desk, book), CALLERS, book)
    try:
        load.wait_for_more()
        first.faults.add(kind="refuse", return_code=8, reason_code=73, count=0)
        load.wait_for_more()
        at_rest = sum(first.ledger.read().seen.values())
        load.wait_for_more()
    finally:
        load.stop()
        desk.close()
    assert sum(first.ledger.read().seen.values()) == at_rest
    assert second.ledger.read().seen
    assert faulted(book) == set()
    assert together(*two).against(book.statements) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("face", FACES)
def test_what_gets_no_socket_at_its_maxsoc_goes_to_the_other(
    standin_factory, tmp_path, monkeypatch, loop, face, policy
):
    """Four times as many callers as it has sockets, and each keeps one longer than the others wait."""
    two = first, second = in_process(standin_factory, tmp_path, monkeypatch, maxsoc=CALLERS // 4)
    book = Book()
    settings = settings_for(
        first.port, second.port, policy=policy, size=CALLERS, wait_seconds=0.1, ping_on_use=True
    )
    desk = Desk(face, settings, loop)
    load = Load(by_the_library(desk, book, milliseconds=250), CALLERS, book)
    try:
        load.wait_for_more(4)
    finally:
        load.stop()
        desk.close()
    assert first.ledger.read().kept
    assert second.ledger.read().kept
    assert faulted(book) == set()
    assert together(*two).against(book.statements) == []


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("face", FACES)
def test_an_endpoint_at_its_maxsoc_costs_the_first_calls_at_most(
    standin_factory, tmp_path, monkeypatch, loop, face, policy
):
    """It takes a socket and closes it when the request has left: nobody can tell, but the pool learns of it."""
    two = first, second = in_process(standin_factory, tmp_path, monkeypatch, maxsoc=CALLERS // 4)
    book = Book()
    desk = Desk(face, settings_for(first.port, second.port, policy=policy, size=CALLERS), loop)
    load = Load(by_the_library(desk, book), CALLERS, book)
    try:
        load.wait_for_more(4)
        learning = faulted(book)
        load.wait_for_more(12)
    finally:
        load.stop()
        desk.close()
    assert first.ledger.read().kept
    assert set(book.faults) <= {LOST}
    assert len(lost_after_the_first_answer(book)) <= 2 * CALLERS
    assert faulted(book) == learning
    assert together(*two).against(book.statements) == []
