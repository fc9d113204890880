"""Single sign-on as a browser goes through it: off to the provider, back with an answer, to a page of ours."""

import base64
import logging
import re
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html

from gateway.admin.application import AdminApplication
from gateway.config.model import AdminSettings
from gateway.safexml import parse_trusted
from tests.fixtures.admin import (
    Admin,
    LoadingGateway,
    write_accounts,
    write_home,
)
from tests.fixtures.clock import SetClock
from tests.fixtures.identity_provider import ROLES, Answering, IdentityProvider
from tests.unit.admin.console.browsing import Browser, text_of
from tests.unit.admin.sso.believing import now

OURS = "https://console.example:9443"
IDP = IdentityProvider()
COOKIE = "__Host-imsgw-sso"
SETTINGS = f"""
[admin]
listen = ""
public_url = "{OURS}"
[admin.sso]
metadata = "identity/idp.xml"
name = "the company"
role_attribute = "{ROLES}"
operators = ["ops"]
viewers = ["lookers"]
"""


class Outside(Browser):
    """A browser that knows us by name, and comes to the answer's address from the provider's page."""

    def get(self, path, **how):
        return super().get(path, base_url=OURS, **how)

    def post(self, path, fields, **how):
        headers = {"Origin": "https://idp.example" if path == "/sso/answer" else OURS}
        return super().post(path, fields, base_url=OURS, headers=headers, **how)

    def asked(self, to="/"):
        """Go off to the provider; return what it is asked, as an answer that would be right."""
        answer = self.get(f"/sso/login?to={to}")
        assert answer.status_code == 303, answer.text
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        request = parse_trusted(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))
        said = Answering(request.get("ID"), f"{OURS}/sso/answer", f"{OURS}/sso/metadata", now=now())
        return said, query["RelayState"][0]

    def answers(self, said, state="/", provider=IDP):
        """Come back with an answer."""
        return self.post("/sso/answer", {"SAMLResponse": provider.answer(said), "RelayState": state})


@pytest.fixture
def sso(tmp_path, clock):
    home = tmp_path / "home"
    home.mkdir()
    write_home(home)
    write_accounts(home)
    (home / "identity/idp.xml").write_bytes(IDP.metadata())
    file = home / "gateway.toml"
    file.write_text(file.read_text().replace('[admin]\nlisten = ""\n', SETTINGS))
    today = SetClock()
    today._now = now()
    gateway = LoadingGateway(home, today)
    application = AdminApplication(gateway, AdminSettings(), home, gateway.snapshot().home.state, today, {})
    yield Admin(application, gateway, home, today)
    application.close()


def test_the_page_of_signing_in_offers_it_by_its_name(sso):
    page = Outside(sso).page("/signin?to=/services")
    (link,) = page.xpath("//a[starts-with(@href, '/sso/login')]")
    assert text_of(link) == "Sign in with the company"
    assert link.get("href") == "/sso/login?to=/services"


def test_who_comes_back_with_a_right_answer_is_signed_in_and_led_on(sso):
    browser = Outside(sso)
    said, state = browser.asked("/services")
    answer = browser.answers(said, state)
    assert answer.status_code == 200
    assert html.fromstring(answer.text).xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=/services"]
    page = text_of(browser.page("/services"))
    assert "ANNA" in page
    assert "operator" in page


def test_the_session_s_cookie_is_for_our_own_pages_and_the_other_is_gone(sso):
    browser = Outside(sso)
    answer = browser.answers(browser.asked()[0])
    given = dict(cookie.split("=", 1) for cookie in answer.headers.getlist("Set-Cookie"))
    assert "SameSite=Strict" in given["__Host-imsgw"]
    assert given[COOKIE].startswith(";")
    assert "Max-Age=0" in given[COOKIE]


def test_the_binding_survives_the_provider_s_form_and_is_short_lived(sso):
    answer = Outside(sso).get("/sso/login")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=None", "Max-Age=600"):
        assert flag in cookie
    assert cookie.partition("=")[2].partition(";")[0] not in answer.headers["Location"]


@pytest.mark.parametrize(
    ("values", "role"),
    [(("ops",), "operator"), (("lookers",), "viewer"), (("lookers", "x", "ops"), "operator")],
)
def test_the_role_is_that_of_the_attribute(sso, values, role):
    browser = Outside(sso)
    browser.answers(replace(browser.asked()[0], values=values))
    assert role in text_of(browser.page("/").xpath("//*[@class='who']")[0])


@pytest.mark.parametrize("values", [(), ("Ops",), ("ops2", " "), ("operator",)])
def test_who_has_no_role_is_not_let_in_and_told_so(sso, values):
    browser = Outside(sso)
    answer = browser.answers(replace(browser.asked()[0], values=values))
    assert (answer.status_code, "no role" in answer.text) == (403, True)
    assert browser.get("/").status_code == 303


def test_an_answer_signs_in_once(sso):
    browser = Outside(sso)
    binding = browser.asked()
    cookie = browser.client.get_cookie(COOKIE, domain="console.example").value
    assert browser.answers(binding[0]).status_code == 200
    for again in (browser, Outside(sso)):
        again.client.set_cookie(COOKIE, cookie, domain="console.example", secure=True)
        answer = again.answers(binding[0])
        assert (answer.status_code, "not accepted" in answer.text) == (403, True)


def test_an_answer_to_another_browser_is_refused(sso):
    mine, other = Outside(sso), Outside(sso)
    said, _ = mine.asked()
    other.asked()
    assert other.answers(said).status_code == 403
    assert other.get("/").status_code == 303


def test_an_answer_that_nobody_asked_for_is_refused(sso):
    said, _ = Outside(sso).asked()
    assert Outside(sso).answers(said).status_code == 403


@pytest.mark.parametrize(
    ("changed", "provider"),
    [
        ({"sign": ""}, IDP),
        ({"audience": "https://elsewhere.example"}, IDP),
        ({"address": "https://elsewhere.example/sso/answer"}, IDP),
        ({}, IdentityProvider(entity_id="https://idp.example/2")),
    ],
)
def test_why_an_answer_is_refused_stands_in_the_log_and_not_on_the_page(sso, caplog, capsys, changed, provider):
    browser = Outside(sso)
    answer = browser.answers(replace(browser.asked()[0], **changed), provider=provider)
    assert answer.status_code == 403
    assert "the log says more" in answer.text
    assert not re.search(
        "signature|audience|issuer|confirmation", text_of(html.fromstring(answer.text)), re.IGNORECASE
    )
    assert "refused" in capsys.readouterr().out + caplog.text


@pytest.mark.parametrize(
    "state",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/sso/login"],
)
def test_a_relay_state_leads_to_our_own_pages_only(sso, state):
    browser = Outside(sso)
    answer = browser.answers(browser.asked()[0], state)
    assert html.fromstring(answer.text).xpath("//meta[@http-equiv='refresh']/@content") == ["0; url=/"]


def test_a_relay_state_is_escaped(sso):
    browser = Outside(sso)
    answer = browser.answers(browser.asked()[0], '/"><script>alert(1)</script>')
    assert "<script>alert" not in answer.text


def test_a_session_ends_when_the_settings_change(sso):
    browser = Outside(sso)
    browser.answers(browser.asked()[0])
    assert browser.get("/").status_code == 200
    file = sso.home / "gateway.toml"
    file.write_text(file.read_text().replace('operators = ["ops"]', 'operators = ["others"]'))
    sso.gateway.reload()
    assert browser.get("/").status_code == 303


def test_a_posted_request_goes_to_the_provider_and_nowhere_else(sso):
    file = sso.home / "gateway.toml"
    file.write_text(file.read_text().replace('name = "the company"', 'request_binding = "post"'))
    sso.gateway.reload()
    answer = Outside(sso).get("/sso/login")
    (form,) = html.fromstring(answer.text).forms
    assert form.get("action") == IDP.address
    assert "form-action 'self' https://idp.example;" in answer.headers["Content-Security-Policy"]
    assert set(dict(form.form_values())) == {"SAMLRequest", "RelayState"}


def test_our_metadata_is_there_for_everybody(sso):
    answer = Outside(sso).get("/sso/metadata")
    assert (answer.status_code, answer.mimetype) == (200, "application/samlmetadata+xml")
    assert f"{OURS}/sso/answer" in answer.text


def test_metadata_that_cannot_be_used_any_more_is_told_without_details(sso, caplog):
    (sso.home / "identity/idp.xml").write_text("<nothing/>")
    with caplog.at_level(logging.ERROR):
        answer = Outside(sso).get("/sso/login")
    assert answer.status_code == 503
    assert "describes no identity provider" in caplog.text
    assert "describes" not in answer.text


def test_without_the_settings_there_is_none(managed):
    browser = Browser(managed)
    assert "/sso/" not in browser.get("/signin").text
    for path in ("/sso/login", "/sso/metadata"):
        assert browser.get(path).status_code == 404
    assert browser.post("/sso/answer", {}).status_code == 404


def test_each_address_has_its_method(sso):
    browser = Outside(sso)
    answers = [browser.post("/sso/login", {}), browser.get("/sso/answer"), browser.post("/sso/metadata", {})]
    assert [answer.status_code for answer in answers] == [405, 405, 405]


def test_single_sign_on_alone_is_enough_for_people_to_sign_in(sso):
    (sso.home / "identity/admin.toml").unlink()
    assert Outside(sso).get("/signin").status_code == 200


@pytest.mark.parametrize("sent", [{}, {"SAMLResponse": ""}, {"SAMLResponse": "x" * 250_000}])
def test_what_is_no_answer_is_refused(sso, sent):
    browser = Outside(sso)
    browser.asked()
    assert browser.post("/sso/answer", sent).status_code in {403, 413}


@pytest.mark.parametrize(
    ("before", "after", "key", "reason"),
    [
        (f'public_url = "{OURS}"', 'public_url = ""', "admin.sso", "needs public_url"),
        (OURS, "http://console.example", "admin.sso", "needs public_url"),
        (OURS, f"{OURS}/below", "admin.sso", "needs public_url"),
        ('operators = ["ops"]\nviewers = ["lookers"]', "", "admin.sso.operators", "nobody could be let in"),
        ("identity/idp.xml", "identity/none.xml", "admin.sso.metadata", "none.xml"),
        ("identity/idp.xml", "identity/admin.toml", "admin.sso.metadata", "XML"),
        ('name = "the company"', 'provider = "urn:x"', "admin.sso.metadata", "urn:x"),
    ],
)
def test_settings_by_which_nobody_could_sign_in_are_refused(sso, before, after, key, reason):
    file = sso.home / "gateway.toml"
    file.write_text(file.read_text().replace(before, after))
    (said,) = sso.gateway.reload()
    told = [problem for problem in said.problems if not problem.warning]
    assert [(problem.file, problem.key) for problem in told] == [("gateway.toml", key)]
    assert reason in told[0].text


def test_a_provider_that_wants_signed_requests_needs_a_key_here(sso):
    (sso.home / "identity/idp.xml").write_bytes(IDP.metadata(WantAuthnRequestsSigned="true"))
    (said,) = sso.gateway.reload()
    (told,) = [problem for problem in said.problems if not problem.warning]
    assert told.key == "admin.sso.keystore"
