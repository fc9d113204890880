"""The page of the library says what it does: the examples run, from top to bottom, and print what is shown."""

import io
import re
import shutil
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from gateway import imsconnect
from gateway.errors import M
from gateway.imsconnect import InteractionVerb, Outcome
from tests.fixtures.pki import PASSWORD
from tests.fixtures.ports import free_ports

PAGE = (Path(__file__).parents[3] / "docs" / "client-library.md").read_text()
_EXAMPLE = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", re.DOTALL)
EXAMPLES = _EXAMPLE.findall(PAGE)


@pytest.fixture
def place(tmp_path, pki, monkeypatch):
    """A current folder with the keys that the page speaks of."""
    (tmp_path / "keystores").mkdir()
    shutil.copy(pki.keys.ca, tmp_path / "keystores/ca.pem")
    shutil.copy(pki.pem(pki.keys.client), tmp_path / "keystores/client.pem")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMS_PASSWORD", "WONDER1")


@pytest.fixture
def on_ports(standin_factory, pki):
    """Put the ports of a stand-in as the page configures it, and of one with TLS, into an example."""
    tables = tomllib.loads(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0])
    assert tables["ims_connect"].pop("listen") == "127.0.0.1:9999"
    plain = standin_factory(**tables)
    store = {"path": str(pki.keys.server), "password": PASSWORD.reveal()}
    secure = {"keystore": store, "client_truststore": {"path": str(pki.keys.ca)}}
    ports = {
        "9999": str(plain.port),
        "9998": str(free_ports(1)[0]),
        "9997": str(standin_factory(ims_connect={"tls": secure}).port),
    }
    return lambda code: re.sub("|".join(ports), lambda found: ports[found[0]], code)


def test_the_examples_run_in_order_and_print_what_the_page_shows(place, on_ports):
    everything = {"__name__": "page"}
    for number, (code, shown) in enumerate(EXAMPLES, 1):
        printed = io.StringIO()
        with redirect_stdout(printed):
            exec(compile(on_ports(code), f"example {number}", "exec"), everything)
        assert printed.getvalue() == shown, f"example {number}:\n{code}"


def test_every_block_of_output_belongs_to_an_example():
    assert PAGE.count("```text\n") == sum(1 for _, shown in EXAMPLES if shown)
    assert len(EXAMPLES) > 12


@pytest.mark.parametrize("verb", InteractionVerb)
def test_every_verb_is_in_the_table(verb):
    assert f"| `{verb.name}` |" in PAGE


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_in_the_table(outcome):
    assert f"| `{outcome.name}` |" in PAGE


def test_every_public_name_is_on_the_page():
    assert [name for name in imsconnect.__all__ if name not in PAGE] == []


def test_the_errors_it_names_are_in_the_catalogue():
    section = PAGE.partition("## Errors")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([A-Z_]{3,})`", section)) - set(Outcome.__members__)
    assert named
    assert [name for name in named if not hasattr(M, name)] == []
