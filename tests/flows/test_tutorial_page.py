"""The tutorial does what it shows: its commands are run in one shell, from an empty folder on."""

import re
import sys

import pytest
import requests

from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import REPOSITORY, wait_until
from tests.fixtures.shell import SECONDS, Shell, commands_of, is_open, is_ready, opened
from tests.flows.test_running_commands import environment

PAGE = (REPOSITORY / "docs/tutorial.md").read_text(encoding="utf-8")
CHANGING = re.compile(
    r"\([0-9a-f]{16}\)|[0-9.]+ ms|\d{4}-\d\d-\d\dT[\d:.]+\+00:00|(?<=clientid\": \")\w{8}|tracking id [0-9a-f]+"
    r"|\d+ records"
)
"""What differs from run to run."""
ASKING = "imsgw admin account anna --role operator"
"""The one command that asks at the terminal: here the password comes on standard input."""


@pytest.fixture
def ports():
    """Where the page says 8443, 9443, 9999."""
    return free_ports(3)


@pytest.fixture
def shell(tmp_path, ports):
    program = f"#!{sys.executable}\nfrom gateway.cli import main\nmain()\n"
    environ = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
    environ |= {"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path / "user")}
    (tmp_path / "user").mkdir()
    swaps = [(page, str(port)) for page, port in zip(("8443", "9443", "9999"), ports, strict=True)]
    with opened(Shell(tmp_path, REPOSITORY, {"imsgw": program}, environ, swaps)) as running:
        yield running


def typed(command, https):
    """Return what is typed here for a command of the page."""
    if command.startswith("imsgw call "):
        return f"{command} --server https://localhost:{https}"
    return f"echo 'a password for a try' | {command} --password-file -" if command == ASKING else command


def normal(text):
    return CHANGING.sub("~", text)


def test_the_tutorial_does_what_it_shows(shell, tmp_path, ports):
    https, admin, standin = ports
    home = tmp_path / "user/first"
    waits = {
        "imsgw standin &": lambda: is_open(standin),
        "imsgw serve &": lambda: is_ready(https, home / "keystores/ca.pem"),
        "kill $(jobs -p)": lambda: not is_open(https) and not is_open(standin),
    }
    for command, shown in commands_of(PAGE):
        printed = shell.run(typed(command, https))
        assert normal(printed) == normal(shown), command
        if command in waits:
            wait_until(waits[command], command, SECONDS)
        if command == ASKING:
            page = requests.get(
                f"https://localhost:{admin}/", verify=str(home / "keystores/ca.pem"), timeout=10
            )
            assert page.ok
            assert "password" in page.text.lower()
    assert {"gateway.toml", "bundles", "wsdl", "keystores", "var"} <= {path.name for path in home.iterdir()}
