"""`imsgw`, and `python -m gateway`."""

import sys
from typing import Final

INTERRUPTED: Final = 130
"""Exit code of a command that Ctrl-C has ended, as shells have it."""


def main() -> None:
    """Run the command. Ctrl-C while it is being loaded ends it without a trace, as it does later."""
    try:
        from gateway.cli import main as run  # noqa: PLC0415  takes long enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
