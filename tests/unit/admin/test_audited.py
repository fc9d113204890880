"""What people do at console and API is recorded; what could not be is not done."""

import pytest

from gateway.admin.application import AdminApplication
from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import Unaudited
from gateway.observe.admin_events import ManagementCall, SignInEnded
from gateway.outcome import Outcome
from tests.fixtures.admin import PASSWORD, Admin, csrf_of


class Audit(Unaudited):
    def __init__(self) -> None:
        self.calls: list[ManagementCall] = []
        self.sign_ins: list[SignInEnded] = []
        self.closed = self.failing = False

    def require(self) -> None:
        if self.closed:
            raise NotAuditedError("disk full", Outcome.NOT_SENT)

    def called(self, event) -> None:
        self.calls.append(event)
        if self.failing and event.status < 400:
            raise NotAuditedError("disk full", Outcome.DONE)

    def signed_in(self, event) -> None:
        self.sign_ins.append(event)
        if self.failing and event.outcome == "signed in":
            raise NotAuditedError("disk full", Outcome.NOT_DONE)


@pytest.fixture
def audit() -> Audit:
    return Audit()


@pytest.fixture
def audited(admin, audit):
    settings = admin.gateway.snapshot().home.gateway.admin
    home = admin.home
    application = AdminApplication(admin.gateway, settings, home, home / "var", admin.clock, {}, audit)
    yield Admin(application, admin.gateway, home, admin.clock)
    application.close()


def sign_in(admin, password=PASSWORD):
    browser = admin.browser()
    page = admin.send(browser, "GET", "/").text
    form = {"name": "otto", "password": password, "csrf": csrf_of(page) if "csrf" in page else ""}
    reply = admin.send(browser, "POST", "/signin", data=form, headers={"Origin": "https://127.0.0.1:9443"})
    return browser, reply


def test_a_change_is_recorded_and_a_look_is_not(audited, audit):
    assert audited.ask("GET", "/api/status", "viewer").status_code == 200
    assert audited.ask("POST", "/api/reload", "operator").status_code == 200
    assert audited.ask("POST", "/api/reload", "viewer").status_code == 403

    told = [(call.path, call.role, call.status) for call in audit.calls]
    assert told == [("/api/reload", "operator", 200), ("/api/reload", "viewer", 403)]


def test_nothing_is_changed_while_it_could_not_be_recorded_and_looking_goes_on(audited, audit):
    audit.closed = True

    reply = audited.ask("POST", "/api/reload", "operator")

    assert (reply.status_code, audited.gateway.reloads) == (503, 0)
    assert "audit trail cannot be written" in reply.json["detail"]
    assert audited.ask("GET", "/api/status", "viewer").status_code == 200


def test_a_change_that_could_not_be_recorded_in_the_end_is_told_as_done_and_unrecorded(audited, audit):
    audit.failing = True

    reply = audited.ask("POST", "/api/reload", "operator")

    assert (reply.status_code, audited.gateway.reloads) == (500, 1)
    assert "it was done, and could not be recorded" in reply.json["detail"]


@pytest.mark.parametrize(("password", "outcome"), [(PASSWORD, "signed in"), ("wrong one", "refused")])
def test_a_sign_in_is_recorded_by_what_came_of_it(audited, audit, password, outcome):
    sign_in(audited, password)

    (event,) = audit.sign_ins
    assert (event.person, event.outcome, event.peer) == ("otto", outcome, "127.0.0.1")


@pytest.mark.parametrize("trouble", ["closed", "failing"])
def test_nobody_is_signed_in_who_could_not_be_recorded(audited, audit, trouble):
    setattr(audit, trouble, True)

    browser, reply = sign_in(audited)

    assert reply.status_code == 503
    setattr(audit, trouble, False)
    assert "otto" not in audited.send(browser, "GET", "/").text
