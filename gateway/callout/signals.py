"""The signals of the callout process, taken one by one by its main thread."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue


@contextmanager
def signals() -> "Iterator[SimpleQueue[signal.Signals]]":
    """Give a queue that the signals of the process go to."""
    inbox: SimpleQueue[signal.Signals] = SimpleQueue()
    before = {
        number: signal.signal(number, lambda got, _frame: inbox.put(signal.Signals(got)))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    try:
        yield inbox
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
