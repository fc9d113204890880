"""Callers that go on calling through a proxy, each over one kept-alive connection, and what each call gave."""

import http.client
import threading
from collections.abc import Callable
from typing import Self

from tests.fixtures.calling import Caller, header_of, trusting
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import wait_until
from tests.flows.cluster.proxies import Proxy
from tests.flows.wss.scene import Scene, user, with_nonce

PAUSE_SECONDS = 0.04
"""Between two calls of a caller: the load is to be there, not to be high."""
SLEEP_MS = 250
LOST = (http.client.HTTPException, OSError)

Call = Callable[[Scene, Caller], str]
"""Makes a call and returns its tracking id."""


def whoami(scene: Scene, caller: Caller) -> str:
    """Call with a UsernameToken that has a nonce of its own."""
    reply = scene.post(caller, "SecurePhoneBookPort", with_nonce())
    assert reply.status == 200, (reply.status, reply.body)
    assert user(reply) == "ALICE"
    return header_of(reply.headers, "x-tracking-id")


def sleep(_scene: Scene, caller: Caller, milliseconds: int = SLEEP_MS) -> str:
    """Call a transaction that takes its time, so that there is always something in flight."""
    reply = caller.post("LabPort", work("sleep", f"{milliseconds}"))
    assert reply.status == 200, (reply.status, reply.body)
    assert f"{milliseconds}".encode() in reply.body
    return header_of(reply.headers, "x-tracking-id")


CALLS: tuple[Call, ...] = (whoami, whoami, sleep, sleep)
CALLERS = len(CALLS)


class Load:
    """Callers in threads of their own, from the beginning of the block to its end."""

    def __init__(self, scene: Scene, proxy: Proxy) -> None:
        self._scene, self._proxy = scene, proxy
        self._end = threading.Event()
        self.answered: list[str] = []
        """Tracking ids of the calls that were answered as they should be."""
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._go_on, args=(call,), daemon=True) for call in CALLS]

    def _go_on(self, call: Call) -> None:
        with Caller(self._proxy.url, trusting(self._scene.gateway.ca)) as caller:
            while not self._end.wait(PAUSE_SECONDS):
                try:
                    self.answered.append(call(self._scene, caller))
                except (AssertionError, *LOST) as error:
                    self.failures.append(error)

    def more(self, calls: int = 20) -> None:
        """Return when so many more calls were answered."""
        before = len(self.answered)
        wait_until(lambda: len(self.answered) >= before + calls, f"{calls} more calls")

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a call hangs"
