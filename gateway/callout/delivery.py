"""One delivery of an asynchronous callout: to its service, and the answer of that to IMS.

What fails and may succeed later is due again after a pause; what cannot succeed becomes a dead letter. The
answer is in the journal before it goes to IMS, so that a service is not called again because IMS is away.
"""

import logging
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

from gateway.audit.auditor import NotAuditedError
from gateway.callout.circuit import Circuit, pause
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.journal.entries import ClaimLostError, Entry, JournalError, Stage
from gateway.callout.means import Means
from gateway.callout.snapshot import Snapshot
from gateway.callout.told import message_id
from gateway.callout.values import Aim, Call, Received
from gateway.config.model import RetrySettings

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
STOPPED_SECONDS: Final = 15.0
"""How long a callout to a stopped service waits before that is looked at again; it counts as no attempt."""


class Kept(Protocol):
    """Does a write to the journal, again and again if need be."""

    def __call__(self, write: Callable[[], T], /) -> T:
        """Return what it returns. Raises JournalError when the process ends before it worked."""
        ...


class Delivery:
    """One delivery of one entry."""

    def __init__(self, means: Means, snapshot: Snapshot, entry: Entry, kept: Kept) -> None:
        """`entry` is claimed; `run` says what becomes of it. `kept` does what writes to the journal."""
        self._kept = kept
        self._means = means
        self._snapshot = snapshot
        self._entry = entry
        self.began = means.clock.monotonic()
        new = entry.new
        self.received = Received(
            new.source, new.data, network_user=new.network_user, network_session=new.network_session
        )
        self.aim: Aim | None = None
        self.trace = means.context(message_id(entry.id))

    def run(self) -> None:
        """Deliver it, or say what becomes of it."""
        try:
            self._run()
        except (ClaimLostError, JournalError):
            raise
        except Exception:  # noqa: BLE001  a mistake of ours, or a machine without threads or memory
            _LOG.exception("delivery of callout %s met an error of ours", self._entry.id)
            self._failed(self._unexpected(), RetrySettings() if self.aim is None else self._retry(self.aim))

    def _unexpected(self) -> CalloutError:
        """Return what to say of an error of ours; an input that IMS may have is not sent again."""
        hope = Hope.NONE if self.aim is not None and self._entry.stage is Stage.ANSWER else Hope.LATER
        return CalloutError(Status.INVOKING, "internal error of the gateway", hope=hope, maybe_done=True)

    def _run(self) -> None:
        reader = self._snapshot.reader
        try:
            aim = self.aim = reader.aim(reader.read(self.received), self.received)
        except CalloutError as error:
            self._failed(error, None)
            return
        if self._entry.stage is Stage.CALL:
            self._call(aim)
        else:
            self._submit(aim)

    def _call(self, aim: Aim) -> None:
        if not self._snapshot.enabled(aim):
            self._kept(lambda: self._means.journal.postponed(self._entry, STOPPED_SECONDS))
            return
        circuit = self._means.circuits.of(aim, self._retry(aim))
        wait = circuit.enter()
        if wait:
            self._kept(lambda: self._means.journal.postponed(self._entry, wait))
            return
        try:
            payload = self._ask(aim)
        except CalloutError as error:
            self._note(circuit, aim, error)
            self._failed(error, self._retry(aim))
            return
        except BaseException:
            circuit.left()
            raise
        self._note(circuit, aim, None)
        self._answered(aim, payload)

    def _ask(self, aim: Aim) -> Any | None:
        timeout = self._snapshot.operation(aim).timeout_ms / 1000
        deadline = self.began + timeout
        received = self.received
        return self._snapshot.outbound.call(
            Call(
                aim=aim,
                source=received.source,
                message_id=message_id(self._entry.id),
                deadline=deadline,
                give_up=deadline,
                synchronous=False,
                network_user=received.network_user,
                network_session=received.network_session,
                traceparent=str(self.trace or ""),
            )
        )

    def _answered(self, aim: Aim, payload: Any | None) -> None:
        means, settings = self._means, self._snapshot.operation(aim)
        if payload is None or not settings.response_transaction:
            self._done("accepted")
            return
        try:
            data = self._snapshot.reader.response(aim, payload)
        except CalloutError as error:
            self._failed(error, None)
            return
        self._entry = self._kept(lambda: means.journal.answered(self._entry, data))
        self._submit(aim)

    def _submit(self, aim: Aim) -> None:
        means, settings = self._means, self._snapshot.operation(aim)
        if not settings.response_transaction:
            self._done("accepted")
            return
        try:
            means.responder.submit(
                settings.response_transaction, self._entry.answer, aim.ccsid, settings.response_lterm
            )
        except CalloutError as error:
            self._failed(error, self._retry(aim))
            return
        self._done("answered")

    def _done(self, outcome: str) -> None:
        """Let the journal forget it, once that is recorded: it is kept until then, and not called again."""
        self._kept(lambda: self._record(outcome))
        self._kept(lambda: self._means.journal.delivered(self._entry))
        self._tell(outcome, None)

    def _record(self, outcome: str) -> None:
        try:
            self._means.told.delivering(outcome, self._entry, self)
        except NotAuditedError as error:
            raise JournalError(str(error)) from error

    def _failed(self, error: CalloutError, retry: RetrySettings | None) -> None:
        """Let it be delivered again, or give it up."""
        journal, entry = self._means.journal, self._entry
        if retry is None or error.hope is Hope.NONE or entry.attempts >= retry.attempts:
            self._kept(lambda: journal.dead(entry, error.status, error.text))
            self._tell("dead", error)
        else:
            wait = pause(retry, entry.attempts)
            self._kept(lambda: journal.again(entry, wait, error.status, error.text))
            self._tell("retried", error)

    def _note(self, circuit: Circuit, aim: Aim, error: CalloutError | None) -> None:
        told = self._means.told
        if error is not None and error.status is Status.IDENTITY:
            # the service was not asked
            circuit.left()
        elif error is None or error.hope is Hope.NONE:
            if circuit.succeeded():
                told.circuit(aim, opened=False, reason="")
        elif circuit.failed():
            told.circuit(aim, opened=True, reason=error.text)

    def _tell(self, outcome: str, error: CalloutError | None) -> None:
        self._means.told.delivery(outcome, self._entry, self, error)

    def _retry(self, aim: Aim) -> RetrySettings:
        return self._snapshot.deployment.services[aim.service].consumer.settings.retry
