"""The pages about services and bundles show what their commands print: they are run, from top to bottom."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.standin import RunningStandin
from tests.fixtures.running_gateway import (
    BUNDLE_PASSWORD,
    KEYSTORE_PASSWORD,
    REPOSITORY,
    GatewayFactory,
    RunningGateway,
)

CHANGING = re.compile(r"\([0-9a-f]{16}\)|[0-9.]+ ms|-\d{8}T\d{6}Z|configuration \d+")
"""What differs from run to run."""
CODE = "import sys; from gateway.cli import main; main()"


def sessions(page: str) -> list[tuple[str, list[str]]]:
    """Return each command of a page with the lines shown below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (REPOSITORY / "docs" / page).read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown.splitlines()))
    return found


@pytest.fixture
def gateway(gateway_factory: GatewayFactory, session_standin: RunningStandin) -> RunningGateway:
    def bare(home: Path) -> None:
        for name in ("lab", "lab-secure"):
            shutil.rmtree(home / "wsdl" / name)
        bundle = home / "bundles/ims1.toml"
        bundle.write_text(bundle.read_text().partition("[callout]")[0])

    return gateway_factory(session_standin, {"server.workers": 1}, prepare=bare)


def printed(gateway: RunningGateway, command: str, folder: Path) -> list[str]:
    """Run a command of a page; return what it prints, by the ports and paths of the page."""
    program = folder / "imsgw"
    program.write_text(f"#!{sys.executable}\n{CODE}\n")
    program.chmod(0o700)
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "IMSGW_HOME": str(gateway.home),
        "IMSGW_KEYSTORE_PASSWORD": KEYSTORE_PASSWORD,
        "IMS1_PASSWORD": BUNDLE_PASSWORD,
    }
    command = re.sub(r"port=9999\b", f"port={gateway.standin.port}", command)
    done = subprocess.run(
        ["sh", "-c", f"exec 2>&1; {command}"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    text = done.stdout.replace(f"{gateway.home}/", "")
    text = text.replace(f":{gateway.standin.port}", ":9999").replace(f":{gateway.https_port}", ":8443")
    return [" ".join(CHANGING.sub("~", line).split()) for line in text.splitlines()]


def expected(shown: list[str]) -> list[str]:
    return [" ".join(CHANGING.sub("~", line).split()) for line in shown]


@pytest.mark.parametrize("page", ["services.md", "bundles.md"])
def test_the_commands_print_what_the_page_shows(gateway: RunningGateway, tmp_path: Path, page: str) -> None:
    (tmp_path / "contracts").mkdir()
    for file, name in (("phonebook.wsdl", "book.wsdl"), ("phonebook.xsd", "phonebook.xsd")):
        text = (REPOSITORY / "wsdl/phonebook" / file).read_text()
        (tmp_path / "contracts" / name).write_text(text.replace("PhoneBookPort", "BookPort"))
    for command, shown in sessions(page):
        found, plain = printed(gateway, command, tmp_path), f"http://127.0.0.1:{gateway.http_port}"
        assert [line for line in found if plain not in line] == expected(shown), command
