"""The stand-in as a process of its own, as `imsgw standin` runs it."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


def start(config: Path, trace: int = 0, transcript: Path | None = None) -> subprocess.Popen[str]:
    """Start one; the caller ends it. A warning of Python's is an error."""
    code = (
        "import sys; from pathlib import Path; from gateway.standin import run; "
        "config, trace, *transcript = sys.argv[1:]; "
        "raise SystemExit(run(Path(config), int(trace), *map(Path, transcript)))"
    )
    arguments = [str(config), str(trace), *([str(transcript)] if transcript else [])]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
