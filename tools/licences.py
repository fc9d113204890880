"""Write docs/licences.md: the licences of what the product brings along, by the locked requirements.

The licence of a package is what its own metadata say, as pip-licenses reads them, put into SPDX's words by
licences.txt, which also has the list of what is accepted. Usage: python -m tools.licences [--check]

With --check nothing is written; exit 1 says that the page is stale. A licence that is not accepted, or that is
unknown, is an error with and without it.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCK = ROOT / "requirements" / "runtime.txt"
WORDS = Path(__file__).resolve().with_suffix(".txt")
_LOCKED = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_NEVER = re.compile(r"^.*sys_platform == 'never'.*$", re.MULTILINE)
"""What pyproject.toml keeps from being installed anywhere."""
_OPERATORS = re.compile(r"\s+(?:AND|OR)\s+|[()]")

HEAD = """\
# Licences

What an installation brings along, beside Python itself: the packages of `requirements/runtime.txt`, with the
licence that each states. Made by `make docs`; `make lint` fails when a package comes with a licence that is not
on the list in `tools/licences.txt`.

IMS Gateway itself is under the Apache License 2.0. Packages under the LGPL and the MPL are used as they are, as
modules of their own that can be exchanged for another version in the same environment; nothing of them is
changed or copied into this product.

| package | version | licence |
| --- | --- | --- |
"""


class LicenceError(Exception):
    """A licence is not accepted or not known; the text names the packages."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What licences.txt says."""

    allowed: frozenset[str]
    words: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> "Rules":
        """Read the file's text."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        said: dict[str, list[str]] = {"allowed": [], "words": [], "package": []}
        for line in lines:
            kind, _, rest = line.partition(" ")
            said[kind].append(rest)
        pairs = {kind: dict(each.split(" = ") for each in said[kind]) for kind in ("words", "package")}
        return cls(frozenset(said["allowed"]), pairs["words"], pairs["package"])

    def licence(self, package: str, stated: str | None) -> str:
        """Return the SPDX expression of a package's licence. Raises LicenceError."""
        found = self.packages.get(package) or self.words.get(stated or "", stated or "")
        parts = [part for part in _OPERATORS.split(found) if part]
        if not parts or not set(parts) <= self.allowed:
            raise LicenceError(f"{package}: {found or 'no licence is known'}")
        return found


def locked(text: str) -> dict[str, list[str]]:
    """Return the versions of each package of a lock: several where they depend on the version of Python."""
    found: dict[str, list[str]] = {}
    for name, version in _LOCKED.findall(_NEVER.sub("", text)):
        found.setdefault(_normal(name), []).append(version)
    return found


def installed() -> dict[str, str]:
    """Return what the packages of this environment state, as pip-licenses reads it."""
    command = [
        str(Path(sys.executable).parent / "pip-licenses"),
        "--format=json",
        "--from=mixed",
        "--with-system",
    ]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603
    return {_normal(each["Name"]): each["License"] for each in listed}


def page(packages: Mapping[str, list[str]], stated: Mapping[str, str], rules: Rules) -> str:
    """Return the page. Raises LicenceError that names every package that is wrong."""
    lines, wrong = [], []
    for name, versions in sorted(packages.items()):
        try:
            licence = rules.licence(name, stated.get(name))
        except LicenceError as error:
            wrong.append(str(error))
        else:
            lines.append(f"| {name} | {', '.join(versions)} | {licence} |\n")
    if wrong:
        raise LicenceError("; ".join(wrong))
    return HEAD + "".join(lines)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: list[str]) -> int:
    """Write the page, or tell whether it is stale."""
    rules = Rules.read(WORDS.read_text(encoding="utf-8"))
    try:
        text = page(locked(LOCK.read_text(encoding="utf-8")), installed(), rules)
    except LicenceError as error:
        print(f"licences that are not accepted: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.name} is stale: run make docs", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
