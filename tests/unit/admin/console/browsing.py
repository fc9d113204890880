"""A browser for the console, without JavaScript: pages as trees, forms filled in and sent."""

from typing import Any

from lxml import html
from werkzeug.test import Client, TestResponse

from tests.fixtures.admin import ORIGIN, PASSWORD, Admin


class Browser:
    """Signs in, looks, presses buttons. Sends what browsers send along."""

    def __init__(self, admin: Admin, name: str = "") -> None:
        self.admin = admin
        self.client: Client = admin.browser()
        if name:
            answer = self.post("/signin", {"name": name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text

    def get(self, path: str, **how: Any) -> TestResponse:
        """Look at an address."""
        return self.admin.send(self.client, "GET", path, **how)

    def post(self, path: str, fields: Any, **how: Any) -> TestResponse:
        """Send a form as a page of ours does, though without its token."""
        headers = {"Origin": ORIGIN, **how.pop("headers", {})}
        return self.admin.send(self.client, "POST", path, data=fields, headers=headers, **how)

    def page(self, path: str) -> Any:
        """Return a page that is there, as a tree."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return html.fromstring(answer.text)

    def press(self, path: str, button: str, **fields: Any) -> TestResponse:
        """Fill in a form of a page and press a button of it; return what came of that."""
        page = self.page(path)
        found = [
            (form, one)
            for form in page.forms
            for one in form.iter("button")
            if " ".join(one.text_content().split()) == button
        ]
        assert len(found) == 1, f"{len(found)} buttons {button!r} at {path}"
        form, pressed = found[0]
        values = {**dict(form.form_values()), **fields}
        if pressed.get("name"):
            values[pressed.get("name")] = pressed.get("value")
        return self.post(form.get("action"), values)

    def follow(self, answer: TestResponse) -> str:
        """Return the text of the page that a form leads to."""
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"]).text


def text_of(page: Any) -> str:
    """Return what a person reads, in single blanks."""
    return " ".join(page.text_content().split())
