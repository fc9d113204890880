"""A thread that does a pool's chores when they are due, and is there only while there will be one."""

import threading
from collections.abc import Callable
from contextlib import suppress


class Housekeeper:
    """Wakes when `next_due` says so, which it asks under the pool's `lock`, and does a chore without it."""

    def __init__(
        self,
        name: str,
        lock: threading.Lock,
        next_due: Callable[[], float | None],
        now: Callable[[], float],
        do_chore: Callable[[], None],
    ) -> None:
        """Begin without a thread; see `see_to`."""
        self.thread: threading.Thread | None = None
        self._name = name
        self._lock = lock
        self._next_due = next_due
        self._now = now
        self._do_chore = do_chore
        self._call = threading.Condition(lock)
        self._looks_at = 0.0

    def see_to(self) -> None:
        """Have a thread that wakes when the next chore is due. Called under the lock."""
        due = self._next_due()
        if due is None:
            return
        if self.thread is not None:
            if due < self._looks_at:
                self._call.notify_all()
            return
        thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        # where no thread can be had, chores wait until the next conversation finds one
        with suppress(RuntimeError):
            thread.start()
            self.thread = thread

    def call(self) -> None:
        """Have the thread look at once what is due. Called under the lock."""
        self._call.notify_all()

    def _run(self) -> None:
        try:
            while self._await_chore():
                self._do_chore()
        finally:
            with self._lock:
                if self.thread is threading.current_thread():
                    self.thread = None

    def _await_chore(self) -> bool:
        """Wait until a chore may be due; False: there will be none, and the thread has left the house."""
        with self._lock:
            due = self._next_due()
            if due is None:
                self.thread = None
                return False
            left = due - self._now()
            if left > 0:
                self._looks_at = due
                self._call.wait(left)
                self._looks_at = 0.0
            return True
