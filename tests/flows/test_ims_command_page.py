"""The page of `imsgw ims` shows what its commands print: they are run, in one shell, from top to bottom."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.fixtures.calling import PATIENCE
from tests.flows.test_running_commands import environment

PAGE = (Path(__file__).parents[2] / "docs" / "ims-command.md").read_text()
CHANGING = re.compile(r"client id [A-Z0-9]{8}|[0-9.]+ ms$|127\.0\.0\.1:[0-9]+", re.MULTILINE)
"""What differs from run to run."""
START = r"""exec 2>&1
mark() { before=$?; echo "@@"; return $before; }
"""


def sessions():
    """Return each command of the page with what is shown below it."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


@pytest.fixture
def shell(standin_factory, tmp_path):
    """A folder with a command `imsgw` whose default port is that of a stand-in as the page configures it."""
    tables = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0])
    assert tables["ims_connect"].pop("listen") == "127.0.0.1:9999"
    port = standin_factory(**tables).port
    program = tmp_path / "imsgw"
    program.write_text(
        f"#!{sys.executable}\nfrom gateway.cli import ims_way, main\nims_way.DEFAULT_PORT = {port}\nmain()\n"
    )
    program.chmod(0o700)
    return tmp_path


def test_the_commands_print_what_the_page_shows(shell):
    script = START + "".join(f"mark\n{command}\n" for command, _ in sessions())
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=shell,
        env={**environment(), "PATH": f"{shell}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )
    printed = done.stdout.split("@@\n")[1:]
    for (command, shown), real in zip(sessions(), printed, strict=True):
        assert CHANGING.sub("*", real) == CHANGING.sub("*", shown), command


@pytest.mark.parametrize("command", ["ping", "send", "command", "drain", "respond", "converse", "codes"])
def test_every_command_is_shown(command):
    assert any(f"imsgw ims {command}" in line for line, _ in sessions())


def test_every_option_it_names_is_there(imsgw_help):
    named = set(re.findall(r"(?<![-\w])(--[a-z][a-z-]+)", PAGE))
    assert len(named) > 20
    assert sorted(option for option in named if option not in imsgw_help) == []


@pytest.fixture
def imsgw_help():
    """All options of all commands of the group."""
    from typer.main import get_command

    from gateway.cli import ims

    group = get_command(ims.app)
    return {
        option
        for command in group.commands.values()  # type: ignore[attr-defined]
        for parameter in command.params
        for option in parameter.opts
    }
