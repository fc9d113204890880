"""An installation of a few files, and what becomes of it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.config.read import read_home
from gateway.migrate.mapping import read_mapping
from gateway.migrate.passwords import Passwords
from gateway.migrate.report import Report
from gateway.migrate.run import Options, migrate
from tests.fixtures.migration import lab
from tests.unit.cli import conftest as cli

BUNDLE = '<bundle name="IMS1" hostName="ims.example.com" port="9999" dataStore="IMS1" userId="GWUSER"/>'
ECHO = '<correlator serviceName="LabService" operationName="Echo" trancode="ECHO" wsSecurity="" bundle="IMS1"/>'


imsgw = cli.imsgw
"""The command, for the page."""


@dataclass(frozen=True)
class Migrated:
    """A migration that was made."""

    report: Report
    home: Path

    def toml(self, name: str):
        """Return a file of the home as a table."""
        return tomllib.loads((self.home / name).read_text())

    @property
    def bundle(self):
        """The bundle IMS1."""
        return self.toml("bundles/IMS1.toml")

    @property
    def service(self):
        """The correlator of the lab."""
        return self.toml("wsdl/lab/correlator.toml")

    @property
    def aside(self) -> dict[str, str]:
        """Reasons by unit."""
        return {one.unit: one.reason for one in self.report.aside}

    def texts(self, kind: str) -> list[str]:
        """Return what was told of one kind."""
        return [one.text for one in getattr(self.report, kind)]

    def read(self):
        """Return the home as the gateway reads it."""
        return read_home(self.home, environ={})


@pytest.fixture
def source(tmp_path):
    """Return a function that writes files of an installation."""
    folder = tmp_path / "source"

    def write(files):
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        return folder

    return write


@pytest.fixture
def migrated(tmp_path, source):
    """Migrate files: a bundle, a correlator of the lab with its WSDL, and what is given beside or instead."""

    def run(files=None, *, names=None, passwords=None, bundle=BUNDLE, correlator=ECHO, **how):
        whole = {
            "conn.xml": f"<bundles>{bundle}</bundles>",
            "corr.xml": f"<correlators>{correlator}</correlators>",
            "lab.wsdl": lab("LabPort", "LabService"),
            **(files or {}),
        }
        folder = source({name: content for name, content in whole.items() if content is not None})
        options = Options(names or read_mapping(), passwords or Passwords(), **how)
        report = migrate(folder, tmp_path / "home", options, lambda *_: None)
        return Migrated(report, tmp_path / "home")

    return run
