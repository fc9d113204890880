"""A process that writes lines into a trail, for tests that kill it: `python -m ... PATH NAME COUNT CHAIN`."""

import sys
from pathlib import Path

from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret


def main(path: str, name: str, count: str, chain: str) -> None:
    settings = FileSettings(
        Path(path),
        max_bytes=20_000,
        keep_files=400,
        chain=chain == "chain",
        chain_key=Secret("k" * 16 if chain == "chain" else ""),
    )
    target = FileTarget(settings, FORMATS["json"].chained, SYSTEM_CLOCK)
    for number in range(int(count)):
        target.write(f'{{"process": "{name}", "number": {number}}}')
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
