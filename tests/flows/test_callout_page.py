"""The tutorial of callout does what it shows: its commands are run in one shell, its settings are read."""

import re
import shutil
import sys
from datetime import datetime, timedelta

import pytest

from gateway.config.check import check_home
from gateway.config.read import read_home
from gateway.demo.home import Ports, lay_out
from gateway.demo.programs import EVENTS, MONITORS
from gateway.exchange import Secret
from gateway.testkeys import create
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import REPOSITORY, wait_until
from tests.fixtures.shell import SECONDS, Shell, commands_of, is_open, is_ready, opened
from tests.flows.test_running_commands import environment

PAGE = (REPOSITORY / "docs/callout.md").read_text(encoding="utf-8")
CHANGING = re.compile(r"\b[0-9a-f]{32}\b|IMS1-\d{14}-\d{4}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+\+00:00|Z)")
"""What differs from run to run."""


def sessions():
    """Return each command of the tutorial with what is shown below it."""
    return commands_of(PAGE.partition("## See it")[2].partition("## Set it up")[0])


def programs(ports):
    """Return the commands `imsgw` and `python` that know the ports of this test."""
    call = f'["--server", "https://localhost:{ports.https}"]'
    return {
        "imsgw": f"#!{sys.executable}\nimport sys\nfrom gateway.cli import main\n"
        f'sys.argv += {call} if sys.argv[1] == "call" else []\nmain()\n',
        "python": f'#!/bin/sh\nexec {sys.executable} "$@" --port {ports.partner} '
        f"--certificate-port {ports.partner_certificate}\n",
    }


@pytest.fixture
def ports():
    return Ports(*free_ports(6))


@pytest.fixture
def home(tmp_path, ports):
    folder = tmp_path / "home"
    folder.mkdir()
    lay_out(folder, ports, Secret("for nothing"))
    shutil.rmtree(folder / "keystores")
    return folder


@pytest.fixture
def shell(tmp_path, home, ports):
    with opened(Shell(tmp_path, home, programs(ports), environment())) as running:
        yield running


def wait_for(shell, ports, ca, command):
    """Wait for what a reader of the page waits for before the next command."""
    conditions = {
        "imsgw standin &": lambda: is_open(ports.standin),
        "python -m gateway.demo.partner &": lambda: is_open(ports.partner_certificate),
        "imsgw serve &": lambda: is_ready(ports.https, ca),
        "imsgw callout &": lambda: is_ready(ports.callout, ca),
        "kill %python": lambda: not is_open(ports.partner),
    }
    if "Report" in command:
        wait_until(lambda: "refused" in shell.run("imsgw callout dead-letters list"), "a dead letter", SECONDS)
    elif command in conditions:
        wait_until(conditions[command], command, SECONDS)


def test_the_tutorial_does_what_it_shows(shell, home, ports):
    for command, shown in sessions():
        printed = shell.run(command)
        if shown:
            assert CHANGING.sub("*", printed) == CHANGING.sub("*", shown), command
        wait_for(shell, ports, home / "keystores/ca.pem", command)
    none = "there are no dead letters"
    wait_until(lambda: none in shell.run("imsgw callout dead-letters list"), "the replay", SECONDS)


def blocks():
    """Return the TOML of the page by the file that it says it is for."""
    found: dict[str, list[str]] = {}
    for file, text in re.findall(r"```toml (\S+)\n(.*?)```", PAGE, re.DOTALL):
        found.setdefault(file, []).append(text)
    return found


SECURITY = blocks()["wsdl/rates/correlator.toml"][1:]


@pytest.mark.parametrize("security", ["", *SECURITY])
def test_the_settings_it_shows_are_right(tmp_path, security):
    wsdl = (REPOSITORY / "wsdl/rating-basic/rating-basic.wsdl").read_text(encoding="utf-8")
    for name, more in (("rates", security), ("orders", "")):
        folder = tmp_path / "wsdl" / name
        folder.mkdir(parents=True)
        (folder / f"{name}.wsdl").write_text(wsdl, encoding="utf-8")
        shutil.copy(REPOSITORY / "wsdl/rating-basic/rating.xsd", folder)
        text = blocks()[f"wsdl/{name}/correlator.toml"][0]
        before, operations, after = text.partition("[operations")
        (folder / "correlator.toml").write_text(f"{before}{more}\n{operations}{after}")
    shutil.copytree(REPOSITORY / "bundles", tmp_path / "bundles")
    bundle = tmp_path / "bundles/ims1.toml"
    [callout] = blocks()["bundles/ims1.toml"]
    bundle.write_text(bundle.read_text().partition("[callout]")[0] + callout)
    (tmp_path / "gateway.toml").write_text("[server]\nhttps = ''\nhttp = '127.0.0.1:8080'\n")
    create(tmp_path / "keystores")
    environ = dict.fromkeys(("IMS1_PASSWORD", "IMSGW_KEYSTORE_PASSWORD", "RATES_PASSWORD"), "secret")
    home = read_home(tmp_path, environ=environ)
    assert home.consumers.keys() == {"rates", "orders"}
    assert [str(problem) for problem in check_home(home) if not problem.warning] == []


def test_there_is_a_setting_for_each_way_to_be_known():
    assert len(SECURITY) == 4


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([\w.-]+\.md)\)", PAGE):
        assert (REPOSITORY / "docs" / target).is_file(), target


def test_the_event_it_shows_is_the_one_that_the_program_makes():
    def squeezed(name):
        start = PAGE.index(f"```xml\n<{name} ") + len("```xml\n")
        return re.sub(r">\s+<", "><", PAGE[start : PAGE.index("```", start)].strip())

    event, message = squeezed("event"), squeezed("IOGCallout")
    head, tail = message.split(re.search(r"<event .*</event>", message)[0])
    identity, time = (re.search(rf"<{name}>(.*)</{name}>", event)[1] for name in ("id", "time"))
    service = MONITORS["events"]
    assert head + event + tail == service.message("events", EVENTS, "Post", event)
    assert re.fullmatch(r"IMS1-\d{14}-\d{4}", identity)
    assert datetime.fromisoformat(time).utcoffset() == timedelta()
