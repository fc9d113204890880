"""The example of docs/callout-services.md does what the page says."""

import re
import tomllib
import types
from pathlib import Path

import pytest

from gateway.callout.authentication import OutgoingCall, consult
from gateway.callout.codes import CalloutError, Status
from gateway.config.model import ConsumerSecurity
from gateway.exchange import Secret

PAGE = (Path(__file__).parents[4] / "docs/callout-services.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def block(language, beginning):
    [found] = [text for kind, text in BLOCKS if kind == language and beginning in text]
    return found


@pytest.fixture(scope="module")
def partners():
    module = types.ModuleType("bank.partners")
    exec(compile(block("python", "class Partners"), "bank/partners.py", "exec"), module.__dict__)
    return module.Partners


def test_the_module_of_the_page_decides_as_it_says(partners):
    table = tomllib.loads(block("toml", "Partners"))["security"]
    assert table["authenticator"] == "bank.partners:Partners"
    assert set(table) <= set(ConsumerSecurity.model_fields)
    options = table["authenticator_options"] | {"passwords": {"ALICE": Secret("wonder")}}
    made = partners(options, Path("/home"))

    def call(user, *, synchronous=True):
        return OutgoingCall("rating", "Rate", "ims1", "T", "https://a/", synchronous=synchronous, user=user)

    assert consult(made, call("ALICE")).password == Secret("wonder")
    assert consult(made, call("", synchronous=False)).user == "BATCH1"
    with pytest.raises(CalloutError) as caught:
        consult(made, call("BOB"))
    assert caught.value.status is Status.IDENTITY
    with pytest.raises(ValueError, match="nightly"):
        partners({}, Path("/home"))
