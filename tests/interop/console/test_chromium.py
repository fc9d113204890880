"""The console in Chromium: what an operator does all day, by mouse, by keyboard and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from gateway.admin.sso.toolkit import ANSWER_PATH
from tests.fixtures.admin import PASSWORD
from tests.fixtures.in_process import username_token
from tests.fixtures.running_gateway import wait_until

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("console")]

PAGES = {
    "overview": "/",
    "services": "/services",
    "service": "/services/lab",
    "secured": "/services/lab-secure",
    "consumer": "/services/events",
    "requests": "/requests",
    "bundles": "/bundles",
    "bundle": "/bundles/ims1",
    "callout": "/callout",
    "certificates": "/certificates",
    "configuration": "/configuration",
    "check": "/configuration/check",
    "captured": "/services/lab/captured",
}
OUTLINE = """() => { const style = getComputedStyle(document.activeElement);
    return [style.outlineStyle, style.outlineWidth]; }"""
GRAVE = {"serious", "critical"}
AUDIT = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .map(one => ({id: one.id, impact: one.impact, where: one.nodes.slice(0, 3).map(node => node.html)}))"""


def traffic(running) -> None:
    """Make calls of every kind: answered, refused by a rule, refused by the contract."""
    assert running.call("HELLO") == 200
    assert running.call(port="SecureLabPort", header=username_token("ALICE", "WONDER1")) == 200
    assert running.call(port="SecureLabPort") == 500
    assert running.call(header=username_token("ALICE", "WONDER1")) == 500


def calls(standin) -> int:
    """Return how many of our calls came to an IMS Connect; listeners of tpipes and tests have others."""
    return sum(one.transaction == "ECHO" for one in standin.seen)


def stop_looking(page: Page) -> None:
    """Have the page look no more by itself, so that a picture is of one moment."""
    button = page.get_by_role("button", name="Pause updates")
    if button.count():
        button.click()


def test_traffic_is_seen_with_the_rule_that_refused(running, opened, pictures):
    traffic(running)
    page = opened("otto")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    refused = page.locator("#refused")
    expect(refused).to_contain_text("there is a Security header for us")
    refused.get_by_role("link", name="lab-secure").first.click()
    expect(page.locator("#refused")).to_contain_text("header.present")
    expect(page.get_by_text("Callers show a UsernameToken")).to_be_visible()
    page.locator("#refused").get_by_role("link").first.click()
    expect(page.get_by_text("Rule header.present was broken")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("WONDER1")


def test_a_page_shows_new_calls_by_itself_until_it_is_paused(running, opened):
    page = opened("vera", "/requests")
    rows = page.locator("#list tbody tr")
    before = rows.count()
    running.call("BY ITSELF")
    expect(rows).to_have_count(before + 1)
    page.get_by_role("button", name="Pause updates").click()
    expect(page.locator("[data-live-said]")).to_have_text("Paused")
    page.reload()
    expect(page.get_by_role("button", name="Resume updates")).to_be_visible()
    page.get_by_role("button", name="Resume updates").click()
    running.call("AGAIN")
    expect(rows).to_have_count(before + 2)


def test_what_somebody_has_opened_stays_open_when_the_page_looks_again(running, opened):
    page = opened("vera", "/")
    page.locator("#requests-numbers summary").click()
    page.evaluate("document.activeElement.blur()")
    busy = page.locator("#busy")
    before = busy.text_content()
    running.call("COUNTED")
    expect(busy).not_to_have_text(before or "")
    expect(page.locator("#requests-numbers table")).to_be_visible()


def test_a_bundle_is_changed_and_the_next_call_goes_the_other_way(running, opened, pictures):
    running.first.forget()
    running.second.forget()
    assert running.call("FIRST") == 200
    assert (calls(running.first), calls(running.second)) == (1, 0)
    page = opened("otto", "/bundles/ims1")
    page.get_by_label("Port").fill(str(running.second.port))
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="The bundle is changed")).to_be_visible()
    page.screenshot(path=pictures / "changed-light.png", full_page=True)
    for _ in range(8):  # both workers
        assert running.call("SECOND") == 200
    assert (calls(running.first), calls(running.second)) == (1, 8)
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("The test went well")).to_be_visible()
    page.get_by_label("Port").fill(str(running.first.port))
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="The bundle is changed")).to_be_visible()
    assert running.call("FIRST") == 200
    assert (calls(running.first), calls(running.second)) == (2, 8)


def test_a_wrong_change_is_refused_with_file_key_and_reason_and_calls_go_on(running, opened):
    page = opened("otto", "/bundles/ims1")
    page.get_by_label("Port").fill("99999")
    page.get_by_role("button", name="Change", exact=True).click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("bundles/ims1.toml: ims_connect.port")
    expect(alert).to_contain_text("from 1 to 65535")
    expect(page.get_by_label("Port")).to_have_value("99999")
    assert running.call() == 200


def test_a_service_is_stopped_and_started(running, opened):
    page = opened("otto", "/services/lab")
    page.locator("#stop summary").click()
    page.get_by_role("button", name="Stop lab").click()
    expect(page.locator("#state")).to_have_text("Stopped")
    assert running.call() == 500
    page.get_by_role("button", name="Start the service").click()
    expect(page.locator("#state")).to_have_text("Running")
    assert running.call() == 200


def test_a_dead_letter_is_delivered_again_and_another_is_discarded(running, opened, pictures):
    for number in (1, 2):
        running.bury(number)
    page = opened("otto", "/callout")
    marks = page.get_by_role("checkbox")
    expect(marks).to_have_count(2)
    stop_looking(page)
    page.screenshot(path=pictures / "dead-letters-light.png", full_page=True)
    running.service.behave = running.service.rating
    before = len(running.service.heard)
    marks.first.check()
    page.get_by_role("button", name="Deliver again").click()
    expect(page.get_by_role("status").filter(has_text="delivered again")).to_be_visible()
    wait_until(lambda: len(running.service.heard) > before, "the delivery")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    page.get_by_role("checkbox").check()
    page.locator("#discard summary").click()
    page.get_by_role("button", name="Discard for good").click()
    expect(page.get_by_text("There are no dead letters.")).to_be_visible()


def test_a_listener_is_stopped_and_started(running, opened):
    page = opened("otto", "/callout")
    page.get_by_role("button", name="Stop events/PIPE1").click()
    row = page.get_by_role("row").filter(has_text="events/PIPE1")
    expect(row).to_contain_text("stopped")
    page.get_by_role("button", name="Start events/PIPE1").click()
    expect(row).to_contain_text("listening")


def test_captured_messages_are_shown_redacted(running, opened, pictures):
    page = opened("otto", "/services/lab-secure")
    page.get_by_role("button", name="Start capturing").click()
    expect(page.get_by_role("heading", name="Captured messages")).to_be_visible()
    for _ in range(4):
        running.call("CAPTURED", "SecureLabPort", username_token("ALICE", "WONDER1"))
    page.get_by_role("link", name="Look again").click()
    request = page.get_by_label("Request").first
    expect(request).to_contain_text("Security: not kept")
    expect(request).to_contain_text("CAPTURED")
    expect(page.locator("main")).not_to_contain_text("WONDER1")
    page.screenshot(path=pictures / "messages-light.png", full_page=True)
    page.get_by_role("button", name="Stop and forget").click()
    page.goto("/services/lab-secure/captured")
    expect(page.get_by_text("No message is kept")).to_be_visible()


def test_the_configuration_is_reloaded_and_a_mistake_is_told(running, opened, pictures):
    page = opened("otto", "/configuration")
    page.get_by_role("button", name="Reload now").click()
    expect(page.get_by_role("status").filter(has_text="in force in all processes")).to_be_visible()
    file = running.gateway.home / "bundles/ims1.toml"
    right = file.read_text()
    file.write_text(right.replace("[ims_connect]", "[ims_connect]\nprot = 1"))
    try:
        page.get_by_role("button", name="Reload now").click()
        expect(page.get_by_role("alert")).to_contain_text("ims_connect.prot")
        stop_looking(page)
        page.screenshot(path=pictures / "refused-light.png", full_page=True)
        assert running.call() == 200
        page.goto("/")
        expect(page.locator("#health")).to_contain_text("The last reload was refused")
    finally:
        file.write_text(right)
    page.goto("/configuration")
    page.get_by_role("button", name="Reload now").click()
    expect(page.get_by_role("status").filter(has_text="in force in all processes")).to_be_visible()


class TestRights:
    def test_a_viewer_sees_all_and_changes_nothing(self, opened):
        page = opened("vera", "/services/lab")
        expect(page.get_by_text("Stop the service")).to_have_count(0)
        page.goto("/bundles/ims1")
        expect(page.get_by_label("Port")).to_have_count(0)

    def test_a_button_that_a_viewer_makes_up_is_refused(self, running, opened):
        page = opened("vera", "/")
        status = page.evaluate(
            """async () => (await fetch("/services/lab/stop", {method: "POST", body: new URLSearchParams({
                csrf: document.querySelector("input[name=csrf]").value})})).status"""
        )
        assert status == 403
        assert running.call() == 200

    def test_a_wrong_password_lets_nobody_in(self, opened):
        page = opened()
        page.goto("/")
        page.get_by_label("Name").fill("vera")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
        page.goto("/")
        expect(page).to_have_url(re.compile("/signin$"))

    def test_who_signs_out_is_out(self, opened):
        page = opened("vera")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/signin$"))
        page.goto("/services")
        expect(page.get_by_label("Password")).to_be_visible()


class TestSingleSignOn:
    @pytest.mark.parametrize("values", [("ops",), ("lookers",)])
    def test_the_identity_provider_signs_people_in_from_another_site(self, running, opened, values):
        running.provider.values = values
        page = opened()
        page.goto("/services")
        page.get_by_role("link", name="Sign in with the company").click()
        expect(page).to_have_url(re.compile("/services$"))
        who = page.locator(".who")
        expect(who).to_contain_text("ANNA")
        expect(who).to_contain_text("operator" if values == ("ops",) else "viewer")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(re.compile("/signin$"))

    def test_who_has_no_role_is_not_let_in(self, running, opened):
        running.provider.values = ("others",)
        page = opened()
        page.goto("/sso/login")
        expect(page).to_have_url(re.compile(f"{ANSWER_PATH}$"))
        expect(page.get_by_role("alert")).to_contain_text("no role")

    def test_nobody_is_signed_in_by_an_answer_made_for_another_browser(self, running, opened):
        """A page elsewhere has the browser post an answer that was right for who made the page."""
        running.provider.values = ("ops",)
        stranger, victim = opened(), opened()
        stranger.route(f"**{ANSWER_PATH}", lambda route: route.abort())
        stranger.goto("/signin")
        with stranger.expect_request(f"**{ANSWER_PATH}") as answer:
            stranger.get_by_role("link", name="Sign in with the company").click()
        victim.goto("/signin")
        status = victim.evaluate(
            """async ([path, body]) => (await fetch(path, {method: "POST", body,
                headers: {"Content-Type": "application/x-www-form-urlencoded"}})).status""",
            [ANSWER_PATH, answer.value.post_data],
        )
        assert status == 403
        victim.goto("/")
        expect(victim).to_have_url(re.compile("/signin$"))


class TestKeyboard:
    def test_all_can_be_done_by_keyboard_alone(self, running, opened):
        page = opened()
        page.goto("/bundles/ims1")
        self.tab_to(page, page.get_by_label("Name"))
        page.keyboard.type("otto")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="ims1")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        self.tab_to(page, page.get_by_label("Wait for a socket"))
        page.keyboard.press("Control+a")
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status").filter(has_text="The bundle is changed")).to_be_visible()
        page.goto("/services/lab")
        self.tab_to(page, page.locator("#stop summary"))
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Stop lab")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("Stopped")
        self.tab_to(page, page.get_by_role("button", name="Start the service"))
        page.keyboard.press("Enter")
        expect(page.locator("#state")).to_have_text("Running")
        assert running.call() == 200

    def test_what_has_the_focus_is_seen(self, opened):
        page = opened("vera", "/services")
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate(OUTLINE) == ["solid", "3px"]

    @staticmethod
    def tab_to(page: Page, wanted: object) -> None:
        """Press Tab until something has the focus."""
        for _ in range(80):
            page.keyboard.press("Tab")
            if wanted.evaluate("node => node === document.activeElement"):  # type: ignore[attr-defined]
                return
        pytest.fail("it cannot be reached by Tab")


class TestWithoutJavaScript:
    def test_pages_and_buttons_work(self, opened):
        page = opened("otto", "/services/lab", java_script_enabled=False)
        expect(page.get_by_role("button", name="Pause updates")).to_have_count(0)
        page.locator("#stop summary").click()
        page.get_by_role("button", name="Stop lab").click()
        expect(page.locator("#state")).to_have_text("Stopped")
        page.get_by_role("button", name="Start the service").click()
        expect(page.locator("#state")).to_have_text("Running")
        page.goto("/services")
        page.get_by_label("Search").fill("lab-secure")
        page.get_by_role("button", name="Show").click()
        expect(page.locator("#list tbody tr")).to_have_count(1)


class TestAccess:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_axe_finds_no_serious_fault_on_any_page(self, running, opened, axe, pictures, scheme):
        traffic(running)
        running.bury(9)
        page = opened("otto", color_scheme=scheme)
        request = page.locator("#refused").get_by_role("link").first.get_attribute("href")
        found = {}
        for name, path in {**PAGES, "request": request, "missing": "/nothing"}.items():
            page.goto(path)
            stop_looking(page)
            page.screenshot(path=pictures / f"{name}-{scheme}.png", full_page=True)
            found[name] = self.faults(page, axe)
        door = opened(color_scheme=scheme)
        door.goto("/signin")
        door.screenshot(path=pictures / f"signin-{scheme}.png")
        found["signin"] = self.faults(door, axe)
        assert {name: faults for name, faults in found.items() if faults} == {}
        page.goto("/callout")
        page.get_by_role("checkbox").first.check()
        page.locator("#discard summary").click()
        page.get_by_role("button", name="Discard for good").click()
        # a browser that is closed while it goes to another page may never be closed
        expect(page.get_by_text("There are no dead letters.")).to_be_visible()

    def test_pages_fit_a_narrow_window(self, opened, pictures):
        page = opened("otto", viewport={"width": 390, "height": 800})
        for name, path in PAGES.items():
            page.goto(path)
            stop_looking(page)
            page.screenshot(path=pictures / f"{name}-narrow.png", full_page=True)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{name} is {wide} pixels too wide"

    @staticmethod
    def faults(page: Page, axe: str) -> list[dict[str, object]]:
        """Return what axe finds that is serious or critical."""
        page.evaluate(axe)
        return [one for one in page.evaluate(AUDIT) if one["impact"] in GRAVE]
