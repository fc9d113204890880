"""`imsgw` in this process, and a home for it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway import testkeys
from gateway.cli import app
from gateway.exchange import Secret
from gateway.standin import RunningStandin
from tests.fixtures.holding import HOLD
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD, REPOSITORY
from tests.fixtures.standin import USERS, StandinFactory
from tests.unit.manage.conftest import BUNDLE

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


@pytest.fixture
def lab(standin_factory: StandinFactory) -> RunningStandin:
    """A stand-in with RACF=Y, and a descriptor CALLOUTS that leads to tpipe CALLPIPE."""
    return standin_factory(
        ims_connect={"racf": True, "otma_security": "check", "max_bad_passwords": 0},
        users=USERS,
        descriptors={"CALLOUTS": {"tpipe": "CALLPIPE", "sync_timeout_seconds": 20}},
        transactions={"HOLD": HOLD},
    )


@pytest.fixture
def ims(imsgw: Imsgw, lab: RunningStandin) -> Imsgw:
    """Run `imsgw ims COMMAND` as GWUSER against the lab; `user=""` signs nobody on."""

    def run(
        command: str,
        *arguments: object,
        user: str = "GWUSER",
        typed: str | None = None,
        **variables: str | None,
    ) -> Result:
        sign_on = ("--user", user) if user else ()
        known = {"IMSGW_IMS_PASSWORD": USERS[user]["password"]} if user in USERS else {}
        return imsgw(
            "ims",
            command,
            *arguments,
            *("--port", lab.port, *sign_on),
            typed=typed,
            **{**known, **variables},
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


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return free_ports(1)[0]


@pytest.fixture
def bare_home(tmp_path: Path) -> Path:
    """A home with one bundle and no service; nothing runs on it."""
    folder = tmp_path / "home"
    (folder / "bundles").mkdir(parents=True)
    (folder / "gateway.toml").write_text(
        '[server]\nhttps = ""\nhttp = "127.0.0.1:8080"\n[admin]\nlisten = ""\n[callout]\nlisten = ""\n'
    )
    (folder / "bundles/ims1.toml").write_text(BUNDLE)
    return folder
