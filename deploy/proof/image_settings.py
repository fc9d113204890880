"""Compare the image's settings with the documented ones: `image_settings.py INSPECTED.json PIP_FOLDER`.

With `--size` instead: read `buildah images --json` and print the size in megabytes. Exit code 1 with a line for
each difference.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROMISED = {
    "User": "10001:10001",
    "Entrypoint": ["imsgw"],
    "Cmd": ["serve"],
    "ExposedPorts": {"8443/tcp": {}, "9443/tcp": {}, "9444/tcp": {}},
    "Volumes": {"/var/lib/imsgw": {}},
    "WorkingDir": "/etc/imsgw",
    "StopSignal": "SIGTERM",
}
ENVIRONMENT = {"IMSGW_HOME=/etc/imsgw", "IMSGW_STATE=/var/lib/imsgw", "IMSGW_LISTEN_HOST=0.0.0.0"}
NOT_SECRET = {"true", "false", "yes", "no"}


def differences(inspected: dict[str, Any], settings: str) -> Iterator[str]:
    """Yield a line for each promise that does not hold."""
    config = inspected["Docker"]["config"]
    for key, value in PROMISED.items():
        if config.get(key) != value:
            yield f"{key} is {config.get(key)!r}, not {value!r}"
    yield from (f"environment lacks {each}" for each in sorted(ENVIRONMENT - set(config["Env"])))
    if not (config.get("Healthcheck") or {}).get("Test"):
        yield "there is no health check"
    whole = json.dumps(inspected)
    for value in set(re.findall(r"^\S+ = (.+)$", settings, re.MULTILINE)):
        if len(value) > 4 and value not in NOT_SECRET | {"/run/secrets/ca.pem"} and value in whole:
            yield "a value of pip's settings stands in the image's settings or history"


def main(arguments: list[str]) -> int:
    """Print the differences, or the size."""
    if arguments == ["--size"]:
        [image] = json.load(sys.stdin)
        number, unit = image["size"].split()
        print(round(float(number) * {"KB": 0.001, "MB": 1, "GB": 1000}[unit]))
        return 0
    inspected, pip = Path(arguments[0]), Path(arguments[1])
    found = list(differences(json.loads(inspected.read_text()), (pip / "pip.conf").read_text()))
    for line in found:
        print(line, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
