"""Have mypy see the installed package's types: `check.py PYTHON`, the interpreter that has it installed.

Without `py.typed` in the package mypy would take everything of it for Any: then what is wrong here would pass.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

RIGHT = Path(__file__).with_name("right.py")
WRONG = """
from gateway.imsconnect import Client, ConnectionSettings, Interaction

SETTINGS = ConnectionSettings.to("127.0.0.1", "9999", "IMS1")
NUMBER: int = Client(SETTINGS).run(Interaction(transaction="IVTNO")).text()
NOTHING = Client(SETTINGS).rum(Interaction())
"""
MISTAKES = {"arg-type", "assignment", "attr-defined"}
MYPY = ("-m", "mypy", "--strict", "--config-file=", "--cache-dir=/dev/null", "--follow-imports=silent")


def errors(python: str, file: Path) -> set[str]:
    """Return the codes of the errors that mypy finds in a program of somebody else."""
    command = [sys.executable, *MYPY, f"--python-executable={python}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    sys.stdout.write(done.stdout)
    assert done.returncode in {0, 1}, done.stderr
    return set(re.findall(r"\[([a-z-]+)\]$", done.stdout, re.MULTILINE))


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        (wrong := Path(folder) / "wrong.py").write_text(WRONG)
        assert errors(sys.argv[1], RIGHT) == set(), "a program without mistakes"
        assert errors(sys.argv[1], wrong) == MISTAKES, "each mistake is found"
