from dataclasses import replace

import pytest

from gateway.audit.callouts import SUCCESSES, of_callout, of_late_answer
from gateway.audit.happenings import (
    Lifecycle,
    Reload,
    Resumed,
    of_lifecycle,
    of_management,
    of_reload,
    of_resumed,
    of_sign_in,
)
from gateway.audit.kinds import Kind, Outcome
from gateway.control.reloaded import Outcome as Reloading
from gateway.control.reloaded import Reloaded
from gateway.errors import Problem
from gateway.observe.admin_events import ManagementCall, SignInEnded
from gateway.observe.callout_events import CalloutEnded, LateAnswer
from tests.unit.audit.events import STAMP

CALLOUT = CalloutEnded(
    tracking_id="urn:uuid:1",
    kind="synchronous",
    bundle="ims1",
    tpipe="HWS2SOAP",
    service="rating",
    operation="Rate",
    address="https://partner.example:8443",
    user="ALICE",
    outcome="answered",
    milliseconds=40,
)
CALL = ManagementCall("t-2", "olga", "account", "operator", "192.0.2.9", "POST", "/api/services/x/stop")
SIGN_IN = SignInEnded("t-3", "olga", "account", "192.0.2.9", "signed in")


@pytest.mark.parametrize(
    ("outcome", "kind", "ended"),
    [
        ("answered", Kind.INVOKE, Outcome.SUCCESS),
        ("accepted", Kind.INVOKE, Outcome.SUCCESS),
        ("failed", Kind.BACKEND, Outcome.FAILURE),
        ("retried", Kind.BACKEND, Outcome.FAILURE),
        ("refused", Kind.REFUSED, Outcome.FAILURE),
        ("dead", Kind.DEAD_LETTER, Outcome.FAILURE),
        ("again", Kind.REFUSED, Outcome.FAILURE),
    ],
)
def test_a_callout_is_of_the_kind_that_its_end_makes_it(outcome, kind, ended):
    record = of_callout(replace(CALLOUT, outcome=outcome, status=1002), STAMP)

    assert (record.kind, record.outcome, record.category) == (kind, ended, "CalloutSync")
    assert (record.service, record.tpipe, record.user) == ("rating", "HWS2SOAP", "ALICE")
    assert (outcome in SUCCESSES) == (ended is Outcome.SUCCESS)


def test_what_a_web_service_has_said_is_in_no_record():
    failed = replace(CALLOUT, outcome="failed", status=1002, reason="1002 the web service failed [said CANARY]")
    late = LateAnswer("t", "ims1", "HWS2SOAP", "rating", "Rate", "service", 9000, "1002 too late [said CANARY]")

    assert of_callout(failed, STAMP).reason == "1002 the web service failed"
    assert of_late_answer(late, STAMP).reason == "1002 too late"


def test_a_user_in_an_address_is_in_no_record():
    assert (
        of_callout(replace(CALLOUT, address="https://me:secret@p.example"), STAMP).endpoint
        == "https://p.example"
    )


@pytest.mark.parametrize(
    ("status", "kind", "outcome"),
    [
        (200, Kind.CONFIG, Outcome.SUCCESS),
        (422, Kind.CONFIG, Outcome.FAILURE),
        (403, Kind.AUTHZ_DENIED, Outcome.FAILURE),
    ],
)
def test_what_a_person_did_is_told_with_the_person_and_the_address(status, kind, outcome):
    record = of_management(CALL.ended(status, "why"), STAMP)

    assert (record.kind, record.outcome, record.status) == (kind, outcome, status)
    assert (record.user, record.role, record.origin) == ("olga", "operator", "account")
    assert (record.method, record.path, record.source) == ("POST", "/api/services/x/stop", "192.0.2.9")


@pytest.mark.parametrize(
    ("outcome", "kind", "user"),
    [("signed in", Kind.LOGIN, "olga"), ("refused", Kind.LOGIN, ""), ("signed out", Kind.LOGOUT, "olga")],
)
def test_who_was_not_let_in_claims_to_be_somebody_and_is_nobody(outcome, kind, user):
    record = of_sign_in(replace(SIGN_IN, outcome=outcome), STAMP)

    assert (record.kind, record.user, record.claimed) == (kind, user, "olga")
    assert (record.outcome is Outcome.FAILURE) == (outcome == "refused")


def test_a_reload_that_was_refused_is_told_with_the_places_of_its_mistakes_and_no_value():
    problems = tuple(Problem(f"bundles/{n}.toml", "ims_connect.port", "is 'CANARY'") for n in range(5))
    told = Reloaded("serve 1", Reloading.REFUSED, 3, "00ff", problems)

    record = of_reload(Reload(told, "by command"), STAMP)

    assert (record.kind, record.outcome, record.configuration) == (Kind.CONFIG, Outcome.FAILURE, 3)
    assert record.reason == (
        "by command; mistakes in bundles/0.toml: ims_connect.port, bundles/1.toml: ims_connect.port, "
        "bundles/2.toml: ims_connect.port and 2 more"
    )


def test_a_reload_that_came_into_force_is_a_success():
    record = of_reload(Reload(Reloaded("serve 1", Reloading.IN_FORCE, 4, "00ff"), "SIGHUP"), STAMP)

    assert (record.outcome, record.configuration, record.reason) == (Outcome.SUCCESS, 4, "SIGHUP")


def test_begin_and_end_of_a_gateway_and_of_an_outage_are_told():
    assert of_lifecycle(Lifecycle(True, 1, "00ff"), STAMP).kind is Kind.STARTED
    assert of_lifecycle(Lifecycle(False, 1, "00ff"), STAMP).kind is Kind.STOPPED
    resumed = of_resumed(Resumed(12, "disk full", 3.5), STAMP)
    assert (resumed.kind, resumed.lost, resumed.milliseconds) == (Kind.RESUMED, 12, 3500)
