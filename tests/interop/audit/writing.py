"""A process of its own that writes records for a receiver: `python -m ... FOLDER PORT CA`.

It prints the number of each record after `write` has returned, until it is killed.
"""

import json
import os
import sys
import time
from pathlib import Path

from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.pki import truststore


def main(folder: Path, port: int, ca: Path) -> None:
    settings = SyslogSettings("127.0.0.1", port, truststore=truststore(ca))
    target = SyslogTarget(settings, folder, SYSTEM_CLOCK)
    number = 0
    while True:
        target.write(record("child", number))
        os.write(1, b"%d\n" % number)  # a line is whole or not there
        number += 1
        time.sleep(0.0002)


def record(who: str, number: int) -> str:
    """Return a record with an id of its own."""
    return json.dumps({"event": {"id": f"{who}-{number:06}"}, "message": "x" * 300})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
