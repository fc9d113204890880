"""One snapshot of what is deployed, at work: it goes when nobody uses it any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from gateway.callout.deployment import Deployment
from gateway.callout.ports import Outbound, Reader
from gateway.callout.values import Aim
from gateway.config.model import ConsumerOperation


class Snapshot:
    """What reads messages, says where they go and calls, by one deployment. Thread-safe."""

    def __init__(self, deployment: Deployment, reader: Reader, outbound: Outbound) -> None:
        """Take over all three: `outbound` is closed with this."""
        self.deployment = deployment
        self.reader = reader
        self.outbound = outbound
        self._users = 0
        self._retired = False
        self._lock = Lock()

    def operation(self, aim: Aim) -> ConsumerOperation:
        """Return the settings of the operation that a request goes to."""
        settings = self.deployment.services[aim.service].consumer.operation(aim.operation)
        assert settings is not None, "what is deployed has settings for each operation"
        return settings

    def enabled(self, aim: Aim) -> bool:
        """Tell whether the service that a request goes to is called; False: it is stopped."""
        return self.deployment.services[aim.service].consumer.settings.enabled

    def retire(self) -> None:
        """Close it once the last one that uses it has ended."""
        with self._lock:
            self._retired = True
            close = not self._users
        if close:
            self.outbound.close()

    def _enter(self) -> bool:
        with self._lock:
            if self._retired:
                return False
            self._users += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            close = self._retired and not self._users
        if close:
            self.outbound.close()


class Current:
    """The snapshot that counts now. Thread-safe."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Begin with one."""
        self._snapshot = snapshot
        self._closed = False

    def swap(self, snapshot: Snapshot) -> None:
        """Have another one count from now on; callouts in work end with the one they began with."""
        before, self._snapshot = self._snapshot, snapshot
        before.retire()

    @property
    def deployment(self) -> Deployment:
        """What is deployed now."""
        return self._snapshot.deployment

    @contextmanager
    def use(self) -> Iterator[Snapshot]:
        """Use the snapshot of this moment. Raises RuntimeError behind `close`."""
        snapshot = self._snapshot
        while not snapshot._enter():  # noqa: SLF001  the two are one mechanism
            if self._closed:
                raise RuntimeError("callout has ended")
            # it was swapped in between: take the next
            snapshot = self._snapshot
        try:
            yield snapshot
        finally:
            snapshot._leave()  # noqa: SLF001

    def close(self) -> None:
        """Let it go once nobody uses it."""
        self._closed = True
        self._snapshot.retire()
