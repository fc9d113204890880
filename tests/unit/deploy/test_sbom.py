"""The bill of materials that goes into the image, made here of this environment and of a small Debian."""

import json
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions

import pytest

from tests.fixtures.running_gateway import REPOSITORY

STATUS = """\
Package: libssl3t64
Status: install ok installed
Architecture: amd64
Version: 3.5.1-1+deb13u1
Description: Secure Sockets Layer toolkit
 Status: install ok installed

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1.0

Package: python3
Status: install ok installed
Architecture: amd64
Version: 3.13.5-1
"""
SITE_PACKAGES = sysconfig.get_paths()["purelib"]


def make(output, root, site_packages=SITE_PACKAGES):
    command = [sys.executable, REPOSITORY / "deploy/sbom.py", site_packages, output, root]
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for path, text in (
        ("var/lib/dpkg/status", STATUS),
        ("etc/os-release", 'ID=debian\nVERSION_ID="13"\nNAME="Debian GNU/Linux"\n'),
    ):
        (root / path).parent.mkdir(parents=True)
        (root / path).write_text(text)
    done = make(root / "sbom.json", root)
    assert done.returncode == 0, done.stderr
    return json.loads((root / "sbom.json").read_text())


def urls(bill):
    return {one["purl"] for one in bill["components"] if "purl" in one}


def test_it_is_cyclonedx_and_about_the_product(bill):
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    product = bill["metadata"]["component"]
    assert (product["type"], product["name"]) == ("application", "ims-gateway")
    assert product["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert product["purl"] not in urls(bill)


def test_every_distribution_that_is_installed_is_in_it_with_its_version(bill):
    there = {(each.metadata["Name"], each.version) for each in distributions(path=[SITE_PACKAGES])}
    told = {
        (one["name"], one["version"])
        for one in bill["components"]
        if one.get("purl", "").startswith("pkg:pypi/")
    }
    assert told == {pair for pair in there if pair[0] != "ims-gateway"}


def test_the_packages_of_the_base_are_in_it_and_what_was_removed_is_not(bill):
    assert {url for url in urls(bill) if url.startswith("pkg:deb/")} == {
        "pkg:deb/debian/libssl3t64@3.5.1-1%2Bdeb13u1?arch=amd64&distro=debian-13",
        "pkg:deb/debian/python3@3.13.5-1?arch=amd64&distro=debian-13",
    }
    assert [one["name"] for one in bill["components"] if one["type"] == "operating-system"] == ["debian"]


def test_a_folder_without_the_product_has_no_bill(tmp_path):
    done = make(tmp_path / "sbom.json", tmp_path, tmp_path)
    assert done.returncode != 0
    assert "no ims-gateway" in done.stderr
    assert not (tmp_path / "sbom.json").exists()
