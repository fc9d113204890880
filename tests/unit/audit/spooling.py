"""A process of its own that puts records into a spool: `python -m ... COMMAND FOLDER`.

put: until it is killed, printing the number of each record after `append` has returned. fill: until it fails
under a limit of so many bytes a file, print how many it was, then why, then whether it works without the limit.
disk: until the disk is full, then make room by removing a file beside the spool, and go on.
"""

import os
import resource
import sys
from pathlib import Path

from gateway.audit.spool import Spool
from gateway.audit.target import AuditUnavailableError
from gateway.clock import SYSTEM_CLOCK

SPOOL_BYTES = 64 * 1024 * 1024
FILE_BYTES = 20_000
BALLAST = "ballast"


def main(command: str, folder: Path) -> None:
    spool = Spool(folder, SYSTEM_CLOCK, SPOOL_BYTES, sync=False)
    if command == "put":
        number = 0
        while True:
            spool.append(b"record %d" % number)
            say(str(number))
            number += 1
    elif command == "fill":
        endless = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, endless))
        until_refused(spool)
        resource.setrlimit(resource.RLIMIT_FSIZE, (endless, endless))
        spool.append(b"after")
    else:
        until_refused(spool)
        (folder.parent / BALLAST).unlink()
        spool.append(b"after")
    say("done")


def until_refused(spool: Spool) -> None:
    number = 0
    try:
        while True:
            spool.append(b"record %d" % number)
            number += 1
    except AuditUnavailableError as error:
        say(str(number))
        say(str(error))


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # a line is whole or not there


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
