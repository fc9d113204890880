"""What a hostile service or message gets into the log, metrics, dead letters and commands: nothing."""

import stat
from urllib.request import ProxyHandler, build_opener
from xml.sax.saxutils import escape

import pytest

from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import HOST, contract, event, iogcallout, rating, text
from tests.fixtures.running_gateway import wait_until

PASSWORD = "for the eyes of the service & <nobody> else"
PAYLOAD = "PAYLOAD-OF-A-CUSTOMER"
STEERING = "\x9b2J"
"""Begins a sequence for terminals; in cp1140 it is X'3B'."""


def says_it_back(link, heard):
    """A fault that quotes whatever came beside the body."""
    said = f"{heard.headers['authorization']} {heard.basic} {heard.user}\n\tfake: line \u202e {STEERING}"
    hostile.fault11("soap:Client", escape(said))(link, heard)


@pytest.fixture
def process(lab, service):
    service.behave = says_it_back
    secret = lab.home / "basic.txt"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    basic = {"user": "gateway", "password": {"file": str(secret)}}
    lab.service(contract("rating", service.origin), security={"basic": basic})
    lab.service(contract("events", service.origin), "events", security={"basic": basic})
    return lab.spawn()


def page(process):
    with build_opener(ProxyHandler({})).open(f"{process.url}/metrics", timeout=10) as response:
        return response.read().decode()


def other_lines(process):
    """Lines of the log that are neither entries nor warnings of the check at the start."""
    lines = [line for line in process.log.splitlines() if not line.startswith("bundles/ims1.toml: ")]
    return lines[len(process.entries) :]


def dead(process, count):
    def found():
        told = process.command("dead-letters", "list", "--json")
        return told.stdout if told.stdout.count('"id"') >= count else ""

    wait_until(found, f"{count} dead letters", 30)
    return found()


def test_what_a_service_says_back_is_not_told_and_steers_nothing(lab, service, process):
    answered = text(lab.call(rating(PAYLOAD)))
    lab.post(event(1, PAYLOAD))
    letters = dead(process, 1)
    coded = service.heard[0].headers["authorization"].split()[1]
    listed = process.command("dead-letters", "list")
    shown = process.command("list", "--json").stdout
    told = (answered, letters, listed.stdout, shown, page(process), process.log)
    for one in told:
        assert PASSWORD not in one
        assert coded not in one
        assert PAYLOAD not in one
        assert STEERING not in one
    assert answered.isprintable()
    assert "***" in answered
    assert other_lines(process) == []


def test_a_hostile_message_adds_no_labels_and_no_lines(lab, process):
    names = [f"service-{number}{STEERING}" for number in range(20)]
    for name in names:
        lab.call(iogcallout(name, f"{name}-op", "<a/>", Namespace="", Service="S", Port="P").encode(HOST))
    before = page(process)
    assert "service-" not in before
    lab.post(iogcallout(names[0], PAYLOAD, "<a/>", Namespace="", Service="S", Port="P").encode(HOST))
    dead(process, 1)
    for command in (("dead-letters", "list"), ("dead-letters", "list", "--json")):
        shown = process.command(*command).stdout
        assert all(line.isprintable() for line in shown.split("\n"))
    assert other_lines(process) == []


def test_what_is_written_is_for_its_user_alone(lab, process):
    lab.post(event(1))
    dead(process, 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in process.state.rglob("*")}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(process.state.stat().st_mode) == 0o700
