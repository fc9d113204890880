"""What strangers, other sites and people with too little of a role try at every endpoint of the table."""

import io
import json
import re
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from gateway.admin.api.openapi import document
from gateway.admin.api.table import TABLE
from gateway.admin.roles import Role
from gateway.admin.signin import Recognised
from gateway.exchange import Secret
from tests.fixtures.admin import ORIGIN, PASSWORD, TOKENS, write_accounts

COOKIE = "__Host-imsgw"


def rows_where(chosen=lambda _row: True):
    return [pytest.param(row, id=f"{row.method} {row.path}") for row in TABLE if chosen(row)]


TRAVERSALS = [
    "..", ".", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fgateway.toml", "..%5c..%5cgateway",
    "a%00b", "%c0%ae%c0%ae", "a%0ab", "-a", "x" * 65, "\u202ea", "ims1%20", "ims1.toml%2f..",
]  # fmt: skip


def path_of(row, value="x1"):
    return re.sub(r"<hex:\w+>", value if value != "x1" else "ab", re.sub(r"<name:\w+>", value, row.path))


def signed_in(admin, name="otto"):
    """Return a browser with a session, and its CSRF token."""
    sign_in = admin.application._sign_in
    value = sign_in.begin(sign_in.by_password(name, Secret(PASSWORD), "127.0.0.1"), "127.0.0.1", "")
    browser = admin.browser()
    browser.set_cookie(COOKIE, value, domain="127.0.0.1", secure=True)
    return browser, sign_in.session(value).csrf


@pytest.mark.parametrize("row", rows_where())
def test_nobody_gets_in_without_showing_who_it_is(admin, row):
    answer = admin.ask(row.method, path_of(row))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer",
        "Bearer x",
        "Basic dmVyYTp4",
        "bearer imsgw_",
        f"Bearer {TOKENS['operator']}x",
        "Bearer \xe9",
        "x" * 5000,
    ],
)
def test_what_is_no_token_is_refused_and_logged_without_it(admin, shown):
    with capture_logs() as entries:
        assert admin.ask("GET", "/api/status", headers={"Authorization": shown}).status_code == 401
    assert [(one["event"], one["outcome"], one["peer"]) for one in entries] == [
        ("sign-in", "refused", "127.0.0.1")
    ]
    assert TOKENS["operator"] not in str(entries)


@pytest.mark.parametrize("row", rows_where(lambda row: row.role is Role.OPERATOR))
def test_a_viewer_changes_nothing(admin, row):
    before = sorted(admin.home.rglob("*.toml"))
    answer = admin.ask(row.method, path_of(row), "viewer", data=b"{}", content_type="application/json")
    assert answer.status_code == 403
    assert sorted(admin.home.rglob("*.toml")) == before
    assert (admin.gateway.reloads, admin.gateway.capturing) == (0, {})


@pytest.mark.parametrize("row", rows_where(lambda row: "<" in row.path))
def test_no_parameter_leads_out_of_its_folder(admin, row):
    (admin.home / "secret.toml").write_text("x = 1")
    body = {"data": b"{}", "content_type": "application/json"} if row.method != "GET" else {}
    for value in TRAVERSALS:
        path = path_of(row, value)
        answer = admin.ask(row.method, path, "operator", headers={"If-Match": '"a"'}, **body)
        assert answer.status_code in {400, 404, 405, 415, 422}, f"{value}: {answer.text}"
        assert "root:" not in answer.text
    assert (admin.home / "secret.toml").exists()


@pytest.mark.parametrize("row", rows_where(lambda row: row.method != "GET"))
def test_a_cookie_alone_changes_nothing(admin, row):
    browser, _ = signed_in(admin)
    sent = {"data": b"{}", "content_type": "application/json"}
    for headers in ({}, {"Origin": ORIGIN}, {"X-CSRF-Token": "x"}, {"Origin": "https://evil.example"}):
        answer = admin.send(browser, row.method, path_of(row), headers=headers, **sent)
        assert answer.status_code == 403, headers
    assert (admin.gateway.reloads, admin.gateway.capturing) == (0, {})


def test_our_own_page_changes_things(admin):
    browser, csrf = signed_in(admin)
    headers = {"Origin": ORIGIN, "X-CSRF-Token": csrf}
    assert admin.send(browser, "POST", "/api/reload", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1:9443", f"{ORIGIN}.evil.example", ""]
)
def test_another_site_changes_nothing_even_with_the_token(admin, origin):
    browser, csrf = signed_in(admin)
    headers = {"Origin": origin, "X-CSRF-Token": csrf}
    assert admin.send(browser, "POST", "/api/reload", headers=headers).status_code == 403


def test_the_token_of_another_session_does_not_count(admin):
    browser, _ = signed_in(admin)
    _, other = signed_in(admin)
    headers = {"Origin": ORIGIN, "X-CSRF-Token": other}
    assert admin.send(browser, "POST", "/api/reload", headers=headers).status_code == 403


def test_a_browser_without_origin_says_that_the_page_is_ours(admin):
    browser, csrf = signed_in(admin)
    for site, status in (("same-origin", 200), ("same-site", 403), ("cross-site", 403), ("none", 403)):
        headers = {"Sec-Fetch-Site": site, "X-CSRF-Token": csrf}
        assert admin.send(browser, "POST", "/api/reload", headers=headers).status_code == status


def test_a_token_needs_no_page_of_ours(admin):
    headers = {"Origin": "https://evil.example"}
    assert admin.ask("POST", "/api/reload", "operator", headers=headers).status_code == 200


def test_a_session_reads_what_its_role_may(admin):
    browser, _ = signed_in(admin, "vera")
    assert admin.send(browser, "GET", "/api/whoami").json == {
        "name": "vera",
        "role": "viewer",
        "how": "account",
    }


def test_a_wrong_token_is_not_made_up_for_by_a_cookie(admin):
    browser, _ = signed_in(admin)
    headers = {"Authorization": "Bearer nonsense"}
    assert admin.send(browser, "GET", "/api/status", headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/status"), ("GET", "/api/nothing"), ("POST", "/api/reload")]
)
@pytest.mark.parametrize("role", ["", "viewer"])
def test_every_answer_has_the_headers_of_caution(admin, method, path, role):
    headers = admin.ask(method, path, role).headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["X-Tracking-Id"]


def test_other_programs_on_localhost_are_not_forced_to_tls(admin):
    headers = admin.ask("GET", "/api/status", "viewer", headers={"Host": "localhost:9443"}).headers
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "LOOK"])
def test_methods_that_are_not_in_the_table_are_405(admin, method):
    answer = admin.ask(method, "/api/status", "operator")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_a_body(admin):
    answer = admin.ask("HEAD", "/api/status", "viewer")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"minutes": NaN}', "application/json", 400),
        (b'{"minutes": 1, "minutes": 2}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"minutes": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"minutes": "5"}', "application/json", 422),
        (b'{"minutes": 5.5}', "application/json", 422),
        (b'{"minutes": true}', "application/json", 422),
        (b'{"minutes": 0}', "application/json", 422),
        (b'{"minutes": 5, "more": 1}', "application/json", 422),
        (b'{"minutes": 5}', "text/plain", 415),
        (b'{"minutes": 5}', "application/x-www-form-urlencoded", 415),
        (b'{"minutes": 5}', "multipart/form-data; boundary=x", 415),
        (b'{"minutes": 5}', "", 415),
        (b" " * 300_000, "application/json", 413),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_refused(managed, body, media_type, status):
    answer = managed.ask("PUT", "/api/services/lab/capture", "operator", data=body, content_type=media_type)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert managed.gateway.capturing == {}


@pytest.mark.parametrize(
    ("path", "media_type", "size"),
    [("/api/services/lab/capture", "application/json", 300_000), ("/api/services/lab", "text/xml", 10_000_001)],
)
def test_a_body_that_does_not_tell_its_length_may_be_no_longer(managed, path, media_type, size):
    """In pieces (RFC 9112, 7.1) nobody knows before how long it is."""
    answer = managed.ask(
        "PUT",
        path,
        "operator",
        input_stream=io.BytesIO(b" " * size),
        content_type=media_type,
        environ_base={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413


def test_a_coded_body_is_refused(managed):
    headers = {"Content-Encoding": "gzip"}
    path = "/api/services/lab/capture"
    assert managed.ask("PUT", path, "operator", json={"minutes": 5}, headers=headers).status_code == 415


def test_a_body_where_none_belongs_is_refused(admin):
    assert admin.ask("POST", "/api/reload", "operator", json={}).status_code == 400


@pytest.mark.parametrize(
    "query", ["a=1", "limit=0", "limit=x", "limit=1&limit=2", "limit=1;x", "state=dead&b=1"]
)
def test_a_question_that_is_not_what_it_should_be_is_refused(admin, query):
    assert admin.ask("GET", f"/api/dead-letters?{query}", "viewer").status_code == 400


def test_what_goes_wrong_inside_is_told_without_inside(admin, monkeypatch, caplog):
    def broken():
        raise RuntimeError("the secret of the inside")

    monkeypatch.setattr(admin.gateway, "last_reload", broken)
    answer = admin.ask("GET", "/api/status", "viewer")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert "secret of the inside" in caplog.text


def test_an_address_that_is_no_text_is_no_address(admin):
    assert admin.ask("GET", "/api/%ff%fe", "viewer").status_code == 404


def test_a_session_ends_with_a_new_password_or_role(admin):
    browser, _ = signed_in(admin)
    assert admin.send(browser, "GET", "/api/status").status_code == 200
    write_accounts(admin.home, accounts={"otto": "viewer"})
    assert admin.send(browser, "GET", "/api/status").status_code == 401


def test_the_description_names_every_endpoint_and_nothing_else(admin):
    told = admin.ask("GET", "/api/openapi.json", "viewer").json
    assert told == json.loads(json.dumps(document(TABLE)))
    ours = {(row.method.lower(), re.sub(r"<\w+:(\w+)>", r"{\1}", row.path)) for row in TABLE}
    assert {(method, path) for path, methods in told["paths"].items() for method in methods} == ours


def test_quoting_of_paths_is_understood(managed):
    assert managed.ask("GET", f"/api/services/{quote('lab', safe='')}", "viewer").status_code == 200
    assert managed.ask("GET", "/api/services/%6c%61%62", "viewer").status_code == 200


def test_a_recognised_person_keeps_no_password():
    assert "stamp" not in repr(Recognised(None, "of the hash"))
