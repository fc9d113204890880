"""The page on reload shows what its commands print: they are run, after the changes that it tells of."""

import re
import sys

import pytest

from tests.fixtures.ports import free_ports
from tests.fixtures.reloading import write_version
from tests.fixtures.running_gateway import REPOSITORY, wait_until
from tests.fixtures.shell import Shell, commands_of, opened
from tests.flows.test_running_commands import environment

PAGE = (REPOSITORY / "docs/reload.md").read_text(encoding="utf-8")
CHANGING = re.compile(
    r"configuration \d+ \([0-9a-f]{16}\)|configuration \d+|\d+ ms|\d+ records|\d{4}-\d\d-\d\dT[\d:.]+\+00:00"
)
"""What differs from run to run."""


@pytest.fixture
def gateway(gateway_factory, standin_factory):
    (port,) = free_ports(1)
    settings = {"callout.listen": f"127.0.0.1:{port}", "callout.watch_seconds": 0}
    running = gateway_factory(standin_factory(), settings, arguments=("--with-callout",))
    wait_until(lambda: list((running.home / "var/callout").glob("*.sock")), "callout runs")
    return running


@pytest.fixture
def shell(gateway, tmp_path):
    program = f"#!{sys.executable}\nfrom gateway.cli import main\nmain()\n"
    environ = environment(IMSGW_HOME=str(gateway.home))
    with opened(Shell(tmp_path, tmp_path, {"imsgw": program}, environ)) as running:
        yield running


def lines_of(text):
    return [" ".join(CHANGING.sub("~", line).split()) for line in text.splitlines()]


def test_the_commands_print_what_the_page_shows(gateway, shell):
    right = gateway.standin.port
    changes = iter(
        [
            lambda: write_version(gateway.home, 2),
            lambda: gateway.change("bundles/ims1.toml", {"ims_connect.port": 99999}),
            lambda: mend_and_change_workers(gateway, right),
        ]
    )
    for command, shown in commands_of(PAGE):
        if command == "imsgw reload":
            next(changes)()
        printed, expected = lines_of(shell.run(command)), lines_of(shown)
        assert [line for line in expected if line not in printed] == [], (command, printed)
        more = [line for line in printed if line not in expected]
        assert [line for line in more if "warning:" not in line and not line.startswith("callout 1:")] == []
    assert not list(changes)


def mend_and_change_workers(gateway, port):
    gateway.change("bundles/ims1.toml", {"ims_connect.port": port})
    gateway.change("gateway.toml", {"server.workers": 3})
