"""Compare an image's bill of materials with what is in the image: `sbom.py TREE`, where the image is mounted.

Exit code 1 with a line for each thing that is missing, too much, or not CycloneDX.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

BILL = "opt/imsgw/sbom.cdx.json"


def installed(tree: Path) -> set[str]:
    """Return the package URLs, without qualifiers, of what the tree has: told by folder names and by dpkg."""
    folders = tree.glob("opt/imsgw/lib/python3*/site-packages/*.dist-info")
    named = (re.fullmatch(r"(.+)-([^-]+)\.dist-info", folder.name) for folder in folders)
    python = {f"pkg:pypi/{normal(one[1])}@{one[2]}" for one in named if one}
    status = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    debian = re.findall(r"^Package: (\S+)$.*?^Version: (\S+)$", status, re.MULTILINE | re.DOTALL)
    return python | {f"pkg:deb/debian/{name}@{version}" for name, version in debian}


def normal(name: str) -> str:
    """Return a distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(bill: str) -> set[str]:
    """Return the package URLs of a bill, without qualifiers, as text."""
    told = json.loads(bill)
    components = [told["metadata"]["component"], *told["components"]]
    urls = [one["purl"].partition("?")[0] for one in components if "purl" in one]
    return {url.replace("%2B", "+").replace("%3A", ":").replace("%7E", "~") for url in urls}


def differences(tree: Path) -> Iterator[str]:
    """Yield a line for each promise that does not hold."""
    bill = (tree / BILL).read_text(encoding="utf-8")
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill):
        yield f"not CycloneDX 1.6: {error}"
    there, told = installed(tree), listed(bill)
    yield from (f"not in the bill: {one}" for one in sorted(there - told))
    yield from (f"not in the image: {one}" for one in sorted(told - there))
    if not any(one.startswith("pkg:pypi/ims-gateway@") for one in told):
        yield "the product is not in the bill"


if __name__ == "__main__":
    found = list(differences(Path(sys.argv[1])))
    for line in found[:20]:
        print(line, file=sys.stderr)
    sys.exit(int(bool(found)))
