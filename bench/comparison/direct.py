"""Calls of the IMS Connect client, no gateway: `python -m bench.comparison.direct PORT RATE SECONDS CALLERS`.

What the gateway adds to the time of a call is told from this: the same transaction, text and rate, each call
due at its own moment and its time counted from then, as the load generator does it.
"""

import json
import sys
import threading
import time

from bench.comparison.place import USERS
from bench.comparison.race import text_of
from gateway.imsconnect import (
    Client,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Interaction,
    PoolSettings,
    transaction_input,
)


def percentiles(seconds: list[float]) -> dict[str, int]:
    """Return microseconds as the load generator tells them."""
    times = sorted(seconds)
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {name: round(times[int((len(times) - 1) * part)] * 1e6) for name, part in at.items()}


def measure(port: int, rate: float, seconds: float, callers: int) -> dict[str, int]:
    """Make the calls; return how long they took."""
    settings = ConnectionSettings(
        endpoints=(Endpoint("127.0.0.1", port),),
        datastore="IMS1",
        credentials=Credentials.of("GWUSER", USERS["GWUSER"]),
        pool=PoolSettings(size=callers),
    )
    interaction = Interaction(transaction="ECHO", segments=transaction_input("ECHO", text_of(1)))
    took: list[float] = []
    begin = threading.Barrier(callers)
    with Client(settings) as client:

        def call(number: int) -> None:
            client.run(interaction)  # opens a socket, which is nobody's time
            begin.wait()
            start = time.monotonic()
            due = start + number / rate
            while due < start + seconds:
                time.sleep(max(due - time.monotonic(), 0))
                client.run(interaction)
                took.append(time.monotonic() - due)
                due += callers / rate

        threads = [threading.Thread(target=call, args=(number,)) for number in range(callers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return percentiles(took)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))))
