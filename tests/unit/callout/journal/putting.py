"""A process of its own that uses the journal of one machine: `python -m ... COMMAND STATE`.

take: for each line that comes in, a process that prints its number, then keeps messages until it is killed,
printing each id after `take` has returned; then a line `gone`. claim: when a line comes in, claim everything
and print the ids. fill: keep messages until it fails under a limit of so many bytes a file, print the ids, then
why, then whether it works without the limit.
"""

import os
import resource
import sys
from pathlib import Path

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import Journal, JournalError, NewEntry
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import JournalSettings

HERE = Source("ims1", "HWSPIPE1")
NEW = NewEntry(HERE, b"x" * 3000, SYSTEM_CLOCK.now())
LIMIT = 400_000


def main(command: str, state: Path) -> None:
    if command == "take":
        for _ in sys.stdin:
            if (child := os.fork()) == 0:
                take(opened(state))
            os.waitpid(child, 0)
            say("gone")
    elif command == "claim":
        claim(opened(state))
    else:
        fill(opened(state))


def opened(state: Path) -> Journal:
    return open_journal(JournalSettings(), state, SYSTEM_CLOCK)


def take(journal: Journal) -> None:
    say(str(os.getpid()))
    while True:
        say(journal.take(NEW).id)


def claim(journal: Journal) -> None:
    say("ready")
    sys.stdin.readline()
    while entries := journal.claim(HERE, 3):
        for entry in entries:
            say(entry.id)
    # without `close`, which would give them back


def fill(journal: Journal) -> None:
    endless = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, endless))
    try:
        while True:
            say(journal.take(NEW).id)
    except JournalError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (endless, endless))
        say(f"failed: {error}")
    for _ in range(3):
        say(journal.take(NEW).id)
    journal.close()


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # a line is whole or not there


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
