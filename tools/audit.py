"""Ask for known vulnerabilities of the locked requirements: pip-audit, and what its answer is worth.

pip-audit ends well where the service knows none of the packages, or was never reached. So it is counted here
what was really looked up. Exit 0: everything was, and is clean but for requirements/audit-exceptions.toml. 1:
there are vulnerabilities, or an exception is over. Where the service could not be asked, or did not know a
package, that is said as NOT AUDITED, and is 3 with --require, else 0.

Usage: python -m tools.audit [--require]
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gateway.clock import SYSTEM_CLOCK

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("runtime.txt", "dev.txt")
EXCEPTIONS = ROOT / "requirements" / "audit-exceptions.toml"
SECONDS = 90
"""Longest wait for the service, for each of the two locks."""
NOT_AUDITED = 3


@dataclass(frozen=True, slots=True)
class Known:
    """A vulnerability that is accepted for a while."""

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Found:
    """What pip-audit says of a lock."""

    looked_up: int
    skipped: tuple[str, ...]
    vulnerable: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Package with version, id, other ids."""


def exceptions(text: str) -> list[Known]:
    """Read the file of exceptions. Raises TypeError or ValueError for one that lacks something."""
    found = [Known(**each) for each in tomllib.loads(text).get("exception", [])]
    for each in found:
        if not each.reason.strip() or not isinstance(each.until, date):
            raise ValueError(f"exception {each.id} has no reason or no date")
    return found


def read(report: str) -> Found:
    """Read pip-audit's JSON."""
    packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    vulnerable = [
        (f"{each['name']} {each['version']}", one["id"], tuple(one.get("aliases", ())))
        for each in asked
        for one in each.get("vulns", ())
    ]
    skipped = tuple(each["name"] for each in packages if "skip_reason" in each)
    return Found(len(asked), skipped, tuple(vulnerable))


def verdict(found: Found, known: Sequence[Known], today: date) -> list[str]:
    """Return what is wrong: vulnerabilities without an exception, exceptions that are over."""
    accepted = {(each.package, each.id) for each in known if each.until >= today}
    over = [f"the exception for {each.id} in {each.package} ended on {each.until}" for each in known]
    wrong = [text for text, each in zip(over, known, strict=True) if each.until < today]
    for package, one, others in found.vulnerable:
        if not {(package.split()[0], name) for name in (one, *others)} & accepted:
            wrong.append(f"{package}: {one} {' '.join(others)}".strip())
    return wrong


def ask(lock: Path) -> str | None:
    """Run pip-audit; return its report, None: there is none."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--no-deps", "--format=json"]
    command += ["--progress-spinner=off", "--timeout=10", f"--requirement={lock}"]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.stdout.startswith("{") else None


def main(arguments: list[str]) -> int:
    """Audit both locks; print what was found."""
    known = exceptions(EXCEPTIONS.read_text(encoding="utf-8"))
    wrong: list[str] = []
    unknown = False
    for name in LOCKS:
        report = ask(ROOT / "requirements" / name)
        found = read(report) if report else Found(0, (), ())
        wrong += verdict(found, known, SYSTEM_CLOCK.now().date())
        if not found.looked_up:
            print(f"{name}: NOT AUDITED: the vulnerability service cannot be reached or knows nothing")  # noqa: T201
        elif found.skipped:
            print(f"{name}: {found.looked_up} looked up, NOT AUDITED: {', '.join(found.skipped)}")  # noqa: T201
        else:
            print(f"{name}: {found.looked_up} packages looked up")  # noqa: T201
        unknown |= not found.looked_up or bool(found.skipped)
    for line in dict.fromkeys(wrong):
        print(line, file=sys.stderr)  # noqa: T201
    if wrong:
        return 1
    return NOT_AUDITED if unknown and "--require" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
