"""`imsgw` in this process, and a home for it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway import testkeys
from gateway.cli import app
from gateway.exchange import Secret
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD, REPOSITORY

Imsgw = Callable[..., Result]

ENVIRONMENT = {
    "IMSGW_KEYSTORE_PASSWORD": KEYSTORE_PASSWORD,
    "IMS1_PASSWORD": BUNDLE_PASSWORD,
    "NO_COLOR": "1",
    "TERMINAL_WIDTH": "200",
}


@pytest.fixture
def imsgw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imsgw:
    """Run a command in an empty current folder; variables of the environment by name, None unsets one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMSGW_HOME", raising=False)

    def run(*arguments: object, typed: str | None = None, **variables: str | None) -> Result:
        return CliRunner().invoke(
            app, [str(each) for each in arguments], input=typed, env={**ENVIRONMENT, **variables}
        )

    return run


@pytest.fixture(scope="session")
def good_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example home, with keys. Only to be read."""
    folder = tmp_path_factory.mktemp("home")
    for part in ("bundles", "wsdl"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy(REPOSITORY / "gateway.toml", folder)
    testkeys.create(folder / "keystores", password=Secret(KEYSTORE_PASSWORD))
    return folder


@pytest.fixture
def home(good_home: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(good_home, tmp_path / "home"))
