"""Write the software bill of materials of an image: CycloneDX 1.6, JSON.

    sbom.py SITE_PACKAGES OUTPUT [ROOT]

Listed are the Python distributions that are installed in the folder, with the product itself as what it is
about, and the Debian packages and the release of the file system below ROOT (/). It reads what is there, not
what was asked for. Run by the builder stage of the Dockerfile; not part of the product.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

PRODUCT = "ims-gateway"
_LICENCES = LicenseFactory()


def python_component(found: Distribution) -> Component:
    """Return one installed distribution."""
    name, version = found.metadata["Name"], found.version
    stated = found.metadata.get("License-Expression") or ""
    return Component(
        type=ComponentType.APPLICATION if name == PRODUCT else ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"pypi:{name}@{version}",
        purl=PackageURL("pypi", name=name.lower().replace("_", "-"), version=version),
        licenses=[_LICENCES.make_from_string(stated)] if stated else [],
    )


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """Read dpkg's status file (deb822): first lines of the fields are enough here."""
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            yield fields


def debian_components(root: Path) -> Iterator[Component]:
    """Return the packages of dpkg below a folder; none where it is no Debian."""
    status = root / "var/lib/dpkg/status"
    release = os_release(root)
    distro = f"{release.get('ID', 'debian')}-{release.get('VERSION_ID', '')}".rstrip("-")
    for fields in stanzas(status.read_text(encoding="utf-8")) if status.exists() else ():
        name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
        yield Component(
            type=ComponentType.LIBRARY,
            name=name,
            version=version,
            bom_ref=f"deb:{name}:{architecture}@{version}",
            purl=PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": distro}),
        )


def os_release(root: Path) -> dict[str, str]:
    """Read os-release(5)."""
    path = root / "etc/os-release"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines) if value}


def bill(site_packages: Path, root: Path) -> Bom:
    """Return the bill. Raises ValueError where the product is not among what is installed."""
    found = {str(each.metadata["Name"]): each for each in distributions(path=[str(site_packages)])}
    if PRODUCT not in found:
        raise ValueError(f"{site_packages} has no {PRODUCT}")
    bom = Bom()
    product = python_component(found.pop(PRODUCT))
    bom.metadata.component = product
    parts = [python_component(each) for each in found.values()]
    release = os_release(root)
    if release:
        name, version = release.get("ID", "linux"), release.get("VERSION_ID")
        parts.append(
            Component(type=ComponentType.OPERATING_SYSTEM, name=name, version=version, bom_ref=f"os:{name}")
        )
    parts += debian_components(root)
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(product, parts)
    return bom


def main(arguments: list[str]) -> int:
    """Write the bill into a file."""
    site_packages, output, *rest = map(Path, arguments)
    made = bill(site_packages, rest[0] if rest else Path("/"))
    text = make_outputter(made, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    output.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
