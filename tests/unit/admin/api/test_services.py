"""Services over the API: shown, stopped and started, deployed from what was sent, taken out."""

import io
import json
import zipfile

import pytest

from tests.fixtures.admin import LAB

WSDL = (LAB / "lab.wsdl").read_bytes()
SETTINGS = json.dumps({"security.token": "none"})


def deploy(managed, content=WSDL, media_type="text/xml", name="second", **query):
    asked = {"transaction": "ECHO", **query}
    return managed.ask(
        "PUT", f"/api/services/{name}", "operator", data=content, content_type=media_type, query_string=asked
    )


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def other_port(wsdl=WSDL):
    return wsdl.replace(b"LabPort", b"SecondPort")


def test_services_are_listed_with_contract_and_policy(managed):
    (lab,) = managed.ask("GET", "/api/services", "viewer").json["services"]
    assert (lab["name"], lab["enabled"], lab["bundles"], lab["ports"]) == ("lab", True, ["ims1"], ["LabPort"])
    assert {"WhoAmI", "Echo"} <= {one["name"] for one in lab["operations"]}
    assert lab["policy"]


def test_one_service_is_shown(managed):
    assert managed.ask("GET", "/api/services/lab", "viewer").json["wsdl"] == "wsdl/lab/lab.wsdl"
    assert managed.ask("GET", "/api/services/other", "viewer").status_code == 404


def test_a_service_is_stopped_and_started(managed):
    for what, enabled in (("stop", False), ("start", True)):
        answer = managed.ask("POST", f"/api/services/lab/{what}", "operator")
        assert (answer.status_code, answer.json["in_force"]) == (200, True)
        assert managed.gateway.snapshot().home.services["lab"].settings.enabled is enabled


def test_stopping_what_is_not_there_is_404(managed):
    assert managed.ask("POST", "/api/services/other/stop", "operator").status_code == 404


@pytest.mark.parametrize("media_type", ["text/xml", "application/xml; charset=utf-8", "application/wsdl+xml"])
def test_a_wsdl_is_deployed(managed, media_type):
    answer = deploy(managed, other_port(), media_type)
    assert answer.status_code == 200, answer.text
    assert answer.json["change"]["in_force"]
    assert "second" in managed.gateway.snapshot().home.services


def test_a_zip_is_deployed(managed):
    answer = deploy(managed, zipped({"a/lab.wsdl": other_port()}), "application/zip")
    assert answer.status_code == 200, answer.text
    assert "second" in managed.gateway.snapshot().home.services


def test_a_dry_run_writes_nothing(managed):
    answer = deploy(managed, other_port(), dry_run="true")
    assert (answer.status_code, answer.json["change"]) == (200, None)
    assert not (managed.home / "wsdl/second").exists()


def test_a_service_that_is_there_is_not_replaced_unasked(managed):
    assert deploy(managed, name="lab").status_code == 409
    assert deploy(managed, name="lab", replace="true").status_code == 200


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", "text/xml"),
        (b"<", "text/xml"),
        (b"<a/>", "text/xml"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "text/xml"),
        (b"PK\x03\x04broken", "application/zip"),
        (zipped({}), "application/zip"),
        (zipped({"../../escaped.wsdl": WSDL}), "application/zip"),
        (zipped({"/etc/escaped.wsdl": WSDL}), "application/zip"),
        (zipped({"..\\escaped.wsdl": WSDL}), "application/zip"),
        (zipped({"lab.wsdl": b"x" * 11_000_000}), "application/zip"),
    ],
)
def test_a_malformed_upload_is_refused_and_nothing_is_written(managed, content, media_type):
    before = sorted(managed.home.rglob("*"))
    assert deploy(managed, content, media_type).status_code == 422
    left = [path for path in sorted(managed.home.rglob("*")) if "var" not in path.parts]
    assert left == [path for path in before if "var" not in path.parts]


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data", "", "text/html", "text/xml\0"]
)
def test_only_wsdls_and_zips_are_taken(managed, media_type):
    assert deploy(managed, WSDL, media_type).status_code == 415


def test_an_oversized_upload_is_refused(managed):
    assert deploy(managed, b"x" * 10_000_001, "application/zip").status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        {"settings": "{"},
        {"settings": "[]"},
        {"transactions": '{"Echo": 1}'},
        {"role": "boss"},
        {"replace": "perhaps"},
        {"x": "1"},
    ],
)
def test_a_malformed_question_is_refused(managed, query):
    assert deploy(managed, other_port(), **query).status_code == 400


def test_a_service_that_has_a_port_of_another_is_refused(managed):
    answer = deploy(managed)
    assert answer.status_code == 422
    assert answer.json["problems"]
    assert not (managed.home / "wsdl/second").exists()


def test_a_service_is_undeployed_and_its_folder_kept(managed):
    answer = managed.ask("DELETE", "/api/services/lab", "operator")
    assert answer.status_code == 200, answer.text
    assert not (managed.home / "wsdl/lab").exists()
    assert managed.gateway.snapshot().home.services == {}
    assert answer.json["kept"]


def explain(managed, message, **query):
    path = "/api/services/lab/explain"
    return managed.ask("POST", path, "viewer", data=message, content_type="text/xml", query_string=query)


def test_a_message_is_judged_rule_by_rule(managed):
    body = b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><a/></e:Body></e:Envelope>'
    told = explain(managed, body, at="2026-11-22T12:00:00Z").json
    assert (told["accepted"], told["refusal"]) == (True, None)
    assert {"message.xml", "message.envelope"} <= {rule["rule"] for rule in told["rules"] if rule["met"]}


@pytest.mark.parametrize("message", [b"", b"<", b"<a/>", b"\xff\xfe", b"<!DOCTYPE a><a/>"])
def test_a_message_that_is_none_is_refused_in_words(managed, message):
    answer = explain(managed, message)
    assert (answer.status_code, answer.json["accepted"]) == (200, False)
    assert answer.json["refusal"]["message"].startswith("IGW")


@pytest.mark.parametrize("query", [{"at": "now"}, {"at": "2026-11-22T12:00:00"}, {"https": "perhaps"}])
def test_it_must_be_said_rightly_how_the_message_came(managed, query):
    assert explain(managed, b"<a/>", **query).status_code == 400


@pytest.mark.parametrize(
    "settings",
    [
        {"security.authenticator": "package.module:Name", "security.token": "username"},
        {'security."authenticator"': "package.module:Name"},
        {"security": {"token": "username", "authenticator": "package.module:Name"}},
    ],
)
@pytest.mark.parametrize("dry", ["true", "false"])
def test_the_api_has_python_import_nothing_that_nobody_installed_for_it(managed, settings, dry):
    """Who gets hold of an operator's session has no shell by it."""
    answer = deploy(managed, other_port(), settings=json.dumps(settings), dry_run=dry)
    assert answer.status_code == 422
    assert "named by its path in the file only" in answer.json["detail"]
    assert not (managed.home / "wsdl/second").exists()


def test_a_module_that_comes_with_the_gateway_may_be_named(managed):
    settings = json.dumps({"security.authenticator": "ldap", "security.token": "username"})
    answer = deploy(managed, other_port(), settings=settings, dry_run="true")
    assert answer.status_code == 200, answer.text
    assert 'authenticator = "ldap"' in answer.json["correlator"]
