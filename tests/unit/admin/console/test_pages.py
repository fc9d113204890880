"""The pages: what each shows, what its buttons do, who may press them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import html

from gateway.admin.console.pages import _PAGES
from gateway.admin.console.render import STATIC, _content
from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import Problem
from gateway.observe.traffic import Captured
from tests.fixtures.admin import PASSWORD
from tests.unit.admin.console.browsing import Browser, text_of
from tests.unit.admin.console.pictures import NOON, bucket, ended, pool, refused, worker

SHOWN = [
    "/", "/services", "/services/lab", "/requests", "/bundles", "/bundles/ims1", "/callout", "/certificates",
    "/configuration", "/configuration/check",
]  # fmt: skip
BUTTONS = [path.replace("<name:name>", "ims1") for method, path, _ in _PAGES if method == "POST"]


@pytest.fixture
def operator(managed):
    digest = managed.gateway.snapshot().digest
    traffic = {"lab": (bucket(30, 5, 2, 70, 30),)}
    managed.gateway.workers_ = (worker(1, traffic, digest=digest), worker(2, digest=digest))
    managed.gateway.ended = (ended(), refused())
    return Browser(managed, "otto")


@pytest.fixture
def viewer(managed):
    return Browser(managed, "vera")


class TestLooking:
    @pytest.mark.parametrize("name", ["otto", "vera"])
    def test_every_page_is_shown_to_both_roles(self, managed, name):
        browser = Browser(managed, name)
        for path in SHOWN:
            page = browser.page(path)
            assert len(page.findall(".//h1")) == 1
            assert page.find(".//main") is not None
            assert page.xpath("//a[@class='skip']/@href") == ["#main"]

    def test_whoever_is_not_signed_in_is_sent_to_the_door_and_back(self, managed):
        stranger = Browser(managed)
        for path in [*SHOWN, "/requests/abc"]:
            answer = stranger.get(path)
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/signin")
            door = stranger.page(answer.headers["Location"])
            assert door.xpath("//input[@name='to']/@value") == [path]

    def test_the_overview_sums_up_all_workers(self, operator):
        shown = text_of(operator.page("/"))
        assert "2 of 7" in shown
        assert "10 ms" in shown
        assert "2 of 2" in shown
        assert "Worth a look" in shown, "the example has a password in clear"

    def test_the_overview_tells_a_refused_reload_with_file_key_and_reason(self, operator):
        problem = Problem("bundles/ims1.toml", "ims_connect.port", "must be a port")
        said = Reloaded("serve 1", Outcome.REFUSED, 1, "0", (problem,))
        operator.admin.gateway.last = (said, NOON - timedelta(minutes=3))
        shown = text_of(operator.page("/"))
        assert "The last reload was refused" in shown
        assert "bundles/ims1.toml: ims_connect.port must be a port" in shown
        assert "3 min ago" in shown.replace("\u00a0", " ")

    def test_a_service_s_page_tells_ports_operations_and_policy(self, operator):
        shown = text_of(operator.page("/services/lab"))
        assert "http://127.0.0.1:8080/imssoap/services/LabPort" in shown
        assert "LABECHO" in shown or "Transaction" in shown
        assert "Callers show no security token" in shown

    def test_a_service_s_page_tells_the_rule_that_refused_and_its_meaning(self, operator):
        shown = text_of(operator.page("/services/lab"))
        assert "it is neither expired nor from the future nor too old" in shown
        assert "timestamp.fresh, IGW1302E" in shown

    def test_a_request_s_page_tells_all_but_payload(self, operator):
        shown = text_of(operator.page(f"/requests/{'b' * 32}"))
        assert "Rule timestamp.fresh was broken" in shown
        assert "For operators: timestamp.fresh: too old" in shown
        assert operator.get("/requests/" + "c" * 32).status_code == 404

    def test_requests_are_filtered_by_service_outcome_and_text(self, operator):
        assert "1 of 1" in text_of(operator.page("/requests?outcome=refused"))
        assert "1 of 1" in text_of(operator.page("/requests?q=" + "a" * 32))
        assert "No request is like that" in text_of(operator.page("/requests?service=other"))

    def test_a_bundle_s_page_sums_its_pools(self, operator):
        operator.admin.gateway.workers_ = (
            worker(1, pools=(pool(in_use=4, open=9),)),
            worker(2, pools=(pool(in_use=3, open=3, up=False, failed=2),)),
        )
        page = operator.page("/bundles/ims1")
        row = [text_of(cell) for cell in page.xpath("//*[@id='pools']//tbody/tr[1]/*")]
        assert row == ["127.0.0.1:9999", "Up in 1 of 2 workers", "7", "12", "64", "0", "14", "2"]

    def test_no_page_shows_a_secret_of_the_home(self, operator):
        for path in SHOWN:
            assert "SECRET99" not in operator.get(path).text

    def test_what_comes_from_outside_is_escaped(self, operator):
        evil = "<script>alert(1)</script>"
        operator.admin.gateway.ended = (
            refused(user=evil, reason=evil, operation=evil, peer=evil, rules=(f"!{evil}",), message_id=evil),
        )
        for path in ("/", "/requests", "/services/lab", f"/requests/{'b' * 32}", f"/requests?q={evil}"):
            answer = operator.get(path)
            assert answer.status_code == 200
            assert evil not in answer.text
            assert "&lt;script&gt;" in answer.text

    @pytest.mark.parametrize(
        "path", ["/nothing", "/services/none", "/bundles/none", "/static/none", "/services/lab/x"]
    )
    def test_what_is_not_there_is_said_on_a_page(self, operator, path):
        assert operator.get(path).status_code == 404

    @pytest.mark.parametrize(
        "query", ["page=x", "page=-1", "page=99999999", "sort=x", "state=<b>", "done=<b>x"]
    )
    def test_questions_that_make_no_sense_are_no_errors(self, operator, query):
        for path in ("/services", "/callout", "/services/lab", "/requests"):
            answer = operator.get(f"{path}?{query}")
            assert answer.status_code == 200
            assert "<b>" not in answer.text

    def test_a_word_in_the_address_shows_no_text_but_ours(self, operator):
        assert "service is started" in operator.get("/services/lab?done=started").text
        assert "Call 555" not in operator.get("/services/lab?done=Call+555").text


class TestButtons:
    def test_a_service_is_stopped_and_started(self, operator):
        shown = operator.follow(operator.press("/services/lab", "Stop lab"))
        assert "The service is stopped" in shown
        assert not operator.admin.gateway.snapshot().home.services["lab"].settings.enabled
        assert "Stopped" in operator.get("/services").text
        shown = operator.follow(operator.press("/services/lab", "Start the service"))
        assert "The service is started" in shown
        assert operator.admin.gateway.snapshot().home.services["lab"].settings.enabled

    def test_a_bundle_is_changed_in_a_form_and_the_change_is_in_force(self, operator):
        answer = operator.press(
            "/bundles/ims1", "Change", **{"ims_connect.port": "9998", "ims_connect.pool.size": "8"}
        )
        assert "in force" in operator.follow(answer)
        connect = operator.admin.gateway.snapshot().home.bundles["ims1"].ims_connect
        assert (connect.port, connect.pool.size) == (9998, 8)
        assert "port = 9998  # of HWS1" in (operator.admin.home / "bundles/ims1.toml").read_text()

    def test_only_what_was_changed_is_written(self, operator):
        operator.press("/bundles/ims1", "Change", **{"ims_connect.datastore": "IMS2"})
        written = (operator.admin.home / "bundles/ims1.toml").read_text()
        assert 'datastore = "IMS2"' in written
        assert "wait_seconds" not in written

    def test_a_form_that_changes_nothing_writes_nothing(self, operator):
        assert "Nothing was changed" in operator.follow(operator.press("/bundles/ims1", "Change"))
        assert operator.admin.gateway.reloads == 0

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("ims_connect.port", "99999", "from 1 to 65535"),
            ("ims_connect.port", "x", "must be a number"),
            ("ims_connect.port", "", "must be a number"),
            ("ims_connect.datastore", "MUCH-TOO-LONG", "8 characters"),
            ("ims_connect.pool.wait_seconds", "-1", "wait_seconds"),
        ],
    )
    def test_a_wrong_value_is_told_keeps_what_was_typed_and_changes_nothing(
        self, operator, field, value, reason
    ):
        before = (operator.admin.home / "bundles/ims1.toml").read_bytes()
        answer = operator.press("/bundles/ims1", "Change", **{field: value})
        assert answer.status_code == 422
        assert reason in answer.text
        assert f'name="{field}" value="{value}"' in answer.text
        assert (operator.admin.home / "bundles/ims1.toml").read_bytes() == before

    def test_a_bundle_that_somebody_else_has_changed_meanwhile_is_not_changed_blindly(self, operator):
        file = operator.admin.home / "bundles/ims1.toml"
        etag = operator.page("/bundles/ims1").xpath("//input[@name='etag']/@value")[0]
        file.write_text(file.read_text().replace("9999", "9997"))
        answer = operator.press("/bundles/ims1", "Change", etag=etag, **{"ims_connect.datastore": "IMS2"})
        assert answer.status_code == 412
        assert "9997" in file.read_text()
        assert "IMS2" not in file.read_text()

    def test_a_file_that_is_not_in_force_is_shown_as_it_is_and_said_so(self, operator):
        file = operator.admin.home / "bundles/ims1.toml"
        file.write_text(file.read_text().replace("9999", "9997"))
        page = operator.page("/bundles/ims1")
        assert page.xpath("//input[@id='port']/@value") == ["9997"]
        assert "changes that are not in force" in text_of(page)

    def test_a_pool_is_recycled(self, operator):
        assert "opens anew" in operator.follow(operator.press("/bundles/ims1", "Recycle ims1"))
        assert operator.admin.gateway.recycled == ["ims1"]

    def test_a_reload_is_made_and_a_refused_one_says_why(self, operator):
        assert "in force in all processes" in operator.follow(operator.press("/configuration", "Reload now"))
        (operator.admin.home / "bundles/ims1.toml").write_text("[ims_connect]\nprot = 1\n")
        answer = operator.press("/configuration", "Reload now")
        assert answer.status_code == 422
        assert "bundles/ims1.toml: ims_connect.prot" in answer.text

    def test_files_are_checked_without_bringing_them_into_force(self, operator):
        assert "They are in force" in text_of(operator.page("/configuration/check"))
        file = operator.admin.home / "bundles/ims1.toml"
        file.write_text(file.read_text().replace("9999", "9997"))
        assert "not in force yet" in text_of(operator.page("/configuration/check"))
        file.write_text("[ims_connect]\nprot = 1\n")
        shown = text_of(operator.page("/configuration/check"))
        assert "A reload would refuse them" in shown
        assert "ims_connect.prot" in shown
        assert operator.admin.gateway.reloads == 0

    def test_capture_is_switched_on_for_minutes_and_off(self, operator):
        gateway = operator.admin.gateway
        answer = operator.press("/services/lab", "Start capturing", minutes="15")
        assert answer.headers["Location"] == "/services/lab/captured?done=capture"
        assert gateway.capturing["lab"] == NOON + timedelta(minutes=15)
        gateway.kept["lab"] = (Captured(NOON, "a" * 32, "lab", 200, "<a>&amp;</a>", "<b/>"),)
        shown = operator.get("/services/lab/captured").text
        assert "&lt;a&gt;&amp;amp;&lt;/a&gt;" in shown
        assert "not shown" not in shown
        gateway.kept["lab"] = (Captured(NOON, "a" * 32, "lab", 200, "<a/>", "<b/>", left_out=7),)
        assert "7 older messages are kept but not shown" in operator.get("/services/lab/captured").text
        operator.press("/services/lab", "Stop and forget")
        assert gateway.capturing["lab"] is None

    @pytest.mark.parametrize("minutes", ["0", "61", "x", "", "9999999", "\u0665"])
    def test_capture_is_for_minutes_and_no_longer(self, operator, minutes):
        assert operator.press("/services/lab", "Start capturing", minutes=minutes).status_code == 422
        assert operator.admin.gateway.capturing == {}

    def test_without_a_process_of_callout_its_page_says_how_to_have_one(self, operator):
        assert "imsgw callout starts one" in text_of(operator.page("/callout"))

    def test_nothing_marked_is_nothing_done(self, operator):
        csrf = operator.page("/services/lab").xpath("//input[@name='csrf']/@value")[0]
        answer = operator.post("/callout/letters", {"csrf": csrf, "what": "replay"})
        assert (answer.status_code, "nothing was done" in answer.text) == (422, True)


class TestRights:
    @pytest.mark.parametrize("path", BUTTONS)
    def test_a_viewer_presses_nothing(self, viewer, path):
        csrf = viewer.page("/").xpath("//input[@name='csrf']/@value")[0]
        path = path.replace("services/ims1", "services/lab")
        before = (viewer.admin.home / "bundles/ims1.toml").read_bytes()
        fields = {
            "csrf": csrf,
            "minutes": "5",
            "what": "discard",
            "id": "ab",
            "ims_connect.port": "1",
            "etag": "x",
        }
        answer = viewer.post(path, fields)
        assert answer.status_code == 403, answer.text
        assert "operator" in answer.text
        gateway = viewer.admin.gateway
        assert (gateway.reloads, gateway.capturing, gateway.recycled) == (0, {}, [])
        assert (viewer.admin.home / "bundles/ims1.toml").read_bytes() == before

    def test_without_the_token_of_the_session_nothing_is_pressed(self, operator):
        for path in BUTTONS:
            assert operator.post(path, {"minutes": "5"}).status_code == 403, path
            assert operator.post(path, {"csrf": "x"}).status_code == 403, path

    def test_another_site_presses_nothing(self, operator):
        csrf = operator.page("/services/lab").xpath("//input[@name='csrf']/@value")[0]
        for path in BUTTONS:
            answer = operator.post(path, {"csrf": csrf}, headers={"Origin": "https://evil.example"})
            assert answer.status_code == 403, path

    def test_nobody_presses_without_a_session(self, managed):
        for path in BUTTONS:
            assert Browser(managed).post(path, {}).status_code == 401, path

    def test_a_viewer_sees_no_buttons_and_no_captured_messages(self, viewer):
        for path in SHOWN:
            buttons = [text_of(one) for one in viewer.page(path).xpath("//main//form[@method='post']//button")]
            assert buttons == [], path
        assert viewer.get("/services/lab/captured").status_code == 403

    def test_a_role_that_was_taken_away_counts_at_once(self, operator):
        file = operator.admin.home / "identity/admin.toml"
        file.write_text(
            file.read_text().replace('name = "otto"\nrole = "operator"', 'name = "otto"\nrole = "viewer"')
        )
        assert operator.get("/").status_code == 303


class TestSigningIn:
    @pytest.mark.parametrize(
        ("to", "there"),
        [
            ("/services?q=a", "/services?q=a"), ("", "/"), ("//evil.example", "/"), ("/\\evil.example", "/"),
            ("https://evil.example", "/"), ("javascript:alert(1)", "/"), ("/signout", "/"),
            ("/signin?to=/", "/"), ("/sso/login", "/"), ("/a\r\nSet-Cookie: x=y", "/"), ("services", "/"),
            ("/\t/evil.example", "/"), ("/" + "a" * 600, "/"),
        ],
    )  # fmt: skip
    def test_it_leads_on_to_our_own_pages_only(self, managed, to, there):
        answer = Browser(managed).post("/signin", {"name": "otto", "password": PASSWORD, "to": to})
        assert (answer.status_code, answer.headers["Location"]) == (303, there)

    def test_a_wrong_password_is_refused_with_a_text_that_tells_nothing(self, managed):
        texts = set()
        for name in ("otto", "nobody"):
            answer = Browser(managed).post("/signin", {"name": name, "password": "wrong"})
            assert answer.status_code == 401
            assert "Set-Cookie" not in answer.headers
            texts.add(answer.text)
        assert len(texts) == 1

    def test_the_cookie_is_for_us_alone(self, managed):
        answer = Browser(managed).post("/signin", {"name": "otto", "password": PASSWORD})
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-imsgw=")
        for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Strict"):
            assert flag in cookie

    def test_a_page_elsewhere_cannot_sign_in_for_somebody(self, managed):
        fields = {"name": "otto", "password": PASSWORD}
        answer = Browser(managed).post("/signin", fields, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers

    def test_whoever_was_idle_for_too_long_is_told_so_at_the_door(self, managed, operator):
        assert "session has ended" not in Browser(managed).get("/signin").text
        managed.clock.move(24 * 3600)
        assert "Your session has ended: sign in again." in operator.follow(operator.get("/services"))

    def test_signing_out_ends_the_session(self, operator):
        value = operator.client.get_cookie("__Host-imsgw", domain="127.0.0.1")
        assert value is not None
        answer = operator.press("/", "Sign out")
        assert answer.headers["Location"] == "/signin"
        operator.client.set_cookie("__Host-imsgw", value.value, domain="127.0.0.1", secure=True)
        assert operator.get("/").status_code == 303

    def test_signing_out_is_a_button_and_no_link(self, operator):
        assert operator.get("/signout").status_code == 405
        assert operator.get("/").status_code == 200

    def test_a_page_that_looks_again_by_itself_keeps_no_session_alive(self, operator):
        for _ in range(8):
            operator.admin.clock.move(300)
            answer = operator.get("/", headers={"X-Console-Refresh": "1"})
        assert answer.status_code == 303

    def test_a_page_that_somebody_looks_at_does(self, operator):
        for _ in range(8):
            operator.admin.clock.move(300)
            assert operator.get("/").status_code == 200

    def test_without_accounts_the_page_says_how_to_make_one_and_has_its_style(self, managed):
        (managed.home / "identity/admin.toml").unlink()
        stranger = Browser(managed)
        answer = stranger.get("/")
        assert (answer.status_code, "imsgw admin account" in answer.text) == (403, True)
        style = answer.text.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
        assert stranger.get(style).status_code == 200


class TestHeaders:
    def test_nothing_runs_or_loads_but_what_is_ours(self, operator):
        for path in [*SHOWN, "/signin", "/nothing"]:
            answer = operator.get(path)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"

    def test_pages_have_no_inline_script_or_style(self, operator, managed):
        for browser, path in [
            *((operator, path) for path in [*SHOWN, "/nothing"]),
            (Browser(managed), "/signin"),
        ]:
            tree = html.fromstring(browser.get(path).text)
            assert not tree.xpath("//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]")
            loaded = tree.xpath("//script/@src | //link/@href | //img/@src")
            assert all(address.startswith("/static/") for address in loaded)

    def test_static_files_may_be_kept_as_their_address_changes_with_them(self, managed):
        stranger = Browser(managed)
        for name in ("console.css", "console.js", "icon.svg"):
            answer = stranger.get(f"/static/{name}")
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]
        for name in ("../render.py", "%2e%2e/render.py", "", "console.css/"):
            assert stranger.get(f"/static/{name}").status_code in {404, 405}

    def test_the_files_ask_nobody_else_for_anything(self):
        for name in STATIC:
            text = _content(name).decode().replace("http://www.w3.org/", "")
            assert "http" not in text.replace("HTTP", "")
            assert "@import" not in text
            assert "url(" not in text


def test_pools_of_an_endpoint_that_is_named_no_more_come_last(managed):
    managed.gateway.workers_ = (worker(1, pools=(pool(endpoint="127.0.0.1:1"), pool())),)
    page = Browser(managed, "otto").page("/bundles/ims1")
    assert page.xpath("//*[@id='pools']//tbody/tr/th//text()") == ["127.0.0.1:9999", "127.0.0.1:1"]


def test_a_worker_on_another_configuration_shows(managed):
    managed.gateway.workers_ = (replace(worker(1), digest="0" * 16), worker(2))
    assert "00000000" in text_of(Browser(managed, "vera").page("/"))
