"""The model-based test for long: at least STEPS random steps against the stand-in and the client."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STEPS = 60_000


def measure() -> dict[str, object]:
    """Run it and return what was run: steps, examples, seeds, rules. Raises SystemExit when it fails."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/model/test_model.py"]
        asked = {"IMSGW_MODEL_STEPS": str(STEPS), "IMSGW_MODEL_REPORT": str(report)}
        done = subprocess.run(
            run, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True, check=False
        )
        print(done.stdout[-5000:], flush=True)
        if done.returncode:
            raise SystemExit("the stand-in or the client differs from the model")
        figures: dict[str, object] = json.loads(report.read_text())
    return {**figures, "seconds": round(time.monotonic() - started)}
