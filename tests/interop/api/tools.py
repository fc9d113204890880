"""The tools from outside, in an environment of their own; see install-tools.sh."""

import subprocess
from pathlib import Path

from tests.interop.outside import BUILD_SECONDS, lack, plain_environment

FOLDER = Path(__file__).parents[3] / "build/api-tools"


def run_tool(name: str, *arguments: str, folder: Path) -> str:
    """Run a tool and return what it printed; fail, or skip where it is not installed."""
    import pytest

    program = FOLDER / "bin" / name
    if not program.exists():
        lack(f"not installed: {name} (tests/interop/api/install-tools.sh installs it)")
    done = subprocess.run(
        [str(program), *arguments],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"{name} is not content:\n{done.stdout[-12_000:]}\n{done.stderr[-2000:]}")
    return done.stdout
