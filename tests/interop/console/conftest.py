"""One scene and one Chromium for all tests of a module; pictures of pages go to build/console."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.fixtures.admin import PASSWORD
from tests.fixtures.running_gateway import REPOSITORY
from tests.interop.console.scene import Scene, scene
from tests.interop.outside import install_node, need

PICTURES = REPOSITORY / "build/console"
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    need("chromium")
    with scene(tmp_path_factory.mktemp("console")) as made:
        made.gateway.wait_ready()
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    need("chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=20_000)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe-core."""
    folder = install_node(tmp_path_factory.mktemp("axe"))
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


@pytest.fixture
def opened(running: Scene, chromium: Browser) -> Iterator[Opened]:
    """Open pages, each in a browser of its own: `opened("otto")` is signed in.

    Whatever a page complains about, a policy that was broken say, fails the test.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(name: str = "", path: str = "/", **how: object) -> Page:
        size = how.pop("viewport", {"width": 1360, "height": 900})
        context = chromium.new_context(ignore_https_errors=True, base_url=running.url, viewport=size, **how)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said.text) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if name:
            sign_in(page, name, path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in(page: Page, name: str, path: str = "/") -> None:
    """Sign in by name and password, on the way to a page."""
    page.goto(path)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def _is_complaint(text: str) -> bool:
    """Tell whether the browser says more than that a page came with a status that was wanted."""
    return "the server responded with a status of 4" not in text


@pytest.fixture(scope="session")
def pictures() -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES
