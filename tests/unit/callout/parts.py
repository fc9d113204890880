"""Parts of a callout that a test moves by hand: the service outside, IMS, the journal, what is told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

from gateway.audit.ports import CalloutAudit, Unaudited
from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.codes import CalloutError, Status
from gateway.callout.deployment import Deployed, Deployment
from gateway.callout.journal.entries import Entry, JournalError, NewEntry, Stage
from gateway.callout.means import Means
from gateway.callout.responder import Response
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Current, Snapshot
from gateway.callout.told import Told
from gateway.callout.values import Aim, Call, Form, Received, Request, Source
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import Consumer, ConsumerOperation, ConsumerSettings, RetrySettings
from gateway.observe.callout_events import CalloutEvent

SOURCE = Source("ims1", "HWS2SOAP")
TOKEN = bytes([0, 40]) + bytes(38)
UTF_8 = 1208


def received(data: bytes = b"request", token: bytes = TOKEN, user: str = "ALICE") -> Received:
    return Received(SOURCE, data, token, user if token else "")


class Reader:
    """Reads every message as a request for Rate; BAD cannot be read, LOST goes nowhere."""

    def read(self, message: Received) -> Request:
        if message.data.startswith(b"BAD"):
            raise CalloutError(Status.PARSING_DISCARDED, "it cannot be read")
        return Request("rating", "Rate", message.data, Form.BODY, UTF_8)

    def aim(self, request: Request, message: Received) -> Aim:
        if message.data.startswith(b"LOST"):
            raise CalloutError(Status.INVOKING, "there is no such service")
        return Aim(
            "rating", "P", "Rate", "https://rating.example/p?q=private", request.payload, Form.BODY, UTF_8
        )

    def response(self, _aim: Aim, payload: Any) -> bytes:
        return bytes(payload)


class Service:
    """The web service outside: does what the test gave it, call by call, then what it gave last."""

    def __init__(self, *acts: Callable[[Call], Any]) -> None:
        self.acts = list(acts)
        self.calls: list[Call] = []
        self.closed = 0
        self._lock = Lock()

    def call(self, call: Call) -> Any:
        with self._lock:
            self.calls.append(call)
            act = self.acts[0] if len(self.acts) == 1 else self.acts.pop(0)
        return act(call)

    def close(self) -> None:
        self.closed += 1


def answers(text: bytes = b"answer") -> Callable[[Call], Any]:
    return lambda _call: text


def fails(error: CalloutError) -> Callable[[Call], Any]:
    def act(_call: Call) -> Any:
        raise error

    return act


class Ims:
    """Takes what is sent to IMS; `acts` are done one by one, None: it is taken."""

    def __init__(self, *acts: Exception | None) -> None:
        self.responses: list[Response] = []
        self.inputs: list[tuple[str, bytes]] = []
        self._acts = list(acts)
        self._lock = Lock()

    def _act(self) -> None:
        error = self._acts.pop(0) if self._acts else None
        if error is not None:
            raise error

    def respond(self, response: Response) -> None:
        with self._lock:
            self.responses.append(response)
            self._act()

    def submit(self, transaction: str, data: bytes, _ccsid: int, _lterm: str) -> None:
        with self._lock:
            self.inputs.append((transaction, data))
            self._act()


class Notes:
    """The journal, as a list of what was asked of it."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.room = True
        self.trouble: list[JournalError] = []

    def _write(self, *said: Any) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.said.append(said)

    def take(self, new: NewEntry) -> Entry:
        self._write("take", new.data)
        return Entry("1" * 32, new, Stage.CALL, 1)

    def bury(self, new: NewEntry, status: int, _reason: str) -> str:
        self._write("bury", new.data, status)
        return "2" * 32

    def has_room(self) -> bool:
        if self.trouble:
            raise self.trouble.pop(0)
        return self.room

    def delivered(self, entry: Entry) -> None:
        self._write("delivered", entry.stage)

    def answered(self, entry: Entry, answer: bytes) -> Entry:
        self._write("answered", answer)
        return replace(entry, stage=Stage.ANSWER, attempts=1, answer=answer)

    def again(self, _entry: Entry, seconds: float, status: int, _reason: str) -> None:
        self._write("again", seconds, status)

    def postponed(self, _entry: Entry, _seconds: float) -> None:
        self._write("postponed")

    def dead(self, _entry: Entry, status: int, reason: str) -> None:
        self._write("dead", status, reason)

    def abandon(self, entry: Entry) -> None:
        self.said.append(("abandon", entry.id))


@dataclass
class Heard:
    """What was told."""

    events: list[CalloutEvent] = field(default_factory=list)

    def callout(self, event: CalloutEvent) -> None:
        self.events.append(event)


def deployment(
    operation: dict[str, Any] | None = None, retry: RetrySettings | None = None, *, enabled: bool = True
) -> Deployment:
    settings = ConsumerSettings(
        role="consumer",
        wsdl="rating.wsdl",
        bundles=("ims1",),
        enabled=enabled,
        retry=retry or RetrySettings(),
        operations={"*": ConsumerOperation(**operation or {})},
    )
    contract: Any = None
    consumer = Consumer("rating", Path("rating.wsdl"), settings)
    return Deployment(MappingProxyType({"rating": Deployed(consumer, contract)}), MappingProxyType({}))


@dataclass
class Scene:
    """All of it."""

    means: Any
    service: Service
    ims: Ims
    notes: Notes
    heard: Heard
    snapshot: Snapshot


@contextmanager
def stage(
    *acts: Callable[[Call], Any],
    ims: Ims | None = None,
    operation: dict[str, Any] | None = None,
    retry: RetrySettings | None = None,
    concurrency: int = 4,
    clock: Clock = SYSTEM_CLOCK,
    enabled: bool = True,
    audit: CalloutAudit | None = None,
) -> Iterator[Scene]:
    service, notes, heard = Service(*acts or (answers(),)), Notes(), Heard()
    ims = ims or Ims()
    snapshot = Snapshot(deployment(operation, retry, enabled=enabled), Reader(), service)
    alarm, late = Alarm(clock), ThreadPoolExecutor(4)
    journal: Any = notes
    responder: Any = ims
    means = Means(
        source=SOURCE,
        slots=Slots(concurrency),
        concurrency=concurrency,
        current=Current(snapshot),
        journal=journal,
        responder=responder,
        circuits=Circuits(clock),
        told=Told(SOURCE, heard, clock, audit),
        clock=clock,
        alarm=alarm,
        late=late,
        audit=audit or Unaudited(),
    )
    try:
        yield Scene(means, service, ims, notes, heard, snapshot)
    finally:
        alarm.close()
        late.shutdown()
