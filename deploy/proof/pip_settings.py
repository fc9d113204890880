"""Write down how this machine's pip reaches packages, for the build's secrets: `pip_settings.py FOLDER`.

Makes in FOLDER `pip.conf`, `ca.pem` (empty when pip's own certificates serve) and `folders`: local folders with
packages, one a line. Settings come from pip's files and the PIP_* variables, the latter first.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

KEPT = (
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
"""Settings about the way to the packages; others (user, target, ...) would change what is built."""

CERTIFICATES = "/run/secrets/ca.pem"


def settings() -> dict[str, str]:
    """Return the settings of [global] and [install], overridden by the environment's."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        found.setdefault(section, {})[name.replace("_", "-")] = str(ast.literal_eval(value))
    return found.get("global", {}) | found.get("install", {}) | found.get(":env:", {})


def main(folder: Path) -> None:
    """Write the three files."""
    found = settings()
    certificates = found.get("cert") or os.environ.get("SSL_CERT_FILE", "")
    (folder / "ca.pem").touch()
    lines = ["[global]"]
    if certificates:
        shutil.copyfile(certificates, folder / "ca.pem")
        lines.append(f"cert = {CERTIFICATES}")
    lines += [f"{name} = {' '.join(found[name].split())}" for name in KEPT if name in found]
    (folder / "pip.conf").write_text("\n".join(lines) + "\n")
    links = found.get("find-links", "").split()
    local = [link for link in links if Path(link).is_absolute() and Path(link).is_dir()]
    (folder / "folders").write_text("".join(f"{link}\n" for link in local))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
