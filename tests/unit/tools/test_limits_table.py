"""The page of limits has its numbers from the code, and notices when the code has moved on."""

import pytest

from gateway.config.model import GatewaySettings
from gateway.config.words import fields_of
from gateway.errors import M
from gateway.web.way import MAX_HEADER_BYTES
from tools.limits_table import PAGE, WORDS, page

HEAD = "| limit | value | set by | beyond it |\n| --- | --- | --- | --- |\n"


def test_the_page_is_that_of_the_code():
    assert PAGE.read_text(encoding="utf-8") == page(WORDS.read_text(encoding="utf-8"))


def test_a_constant_is_fixed():
    row = f"| Header | {MAX_HEADER_BYTES:,} bytes | fixed | `{M.HEADER_TOO_LARGE.id}` |\n"
    assert page("= gateway.web.way:MAX_HEADER_BYTES bytes | Header | {M.HEADER_TOO_LARGE}") == HEAD + row


def test_a_key_stands_with_default_and_range():
    row = "| Requests | 64 | `server.threads`, from 1 to 8192 | wait |\n"
    assert page("= gateway server.threads | Requests | wait") == HEAD + row


def test_a_key_of_a_table_under_names_is_found():
    assert '`operations."*".timeout_ms`' in page("= consumer operations.*.timeout_ms ms | The call | 1001")


GONE = [
    "gateway.web.http:GONE",
    "gateway.gone:MAX",
    "gateway server.gone",
    "gone server.threads",
    "bundle server.threads",
]


@pytest.mark.parametrize("source", GONE)
def test_a_source_that_is_gone_is_named(source):
    with pytest.raises(LookupError, match=source):
        page(f"= {source} | what | beyond")


def test_what_is_no_number_is_no_limit():
    with pytest.raises(TypeError):
        page("= gateway server.state | State | ")


@pytest.mark.parametrize("table", ["parser", "sign_on", "replay", "journal"])
def test_every_bound_of_these_tables_is_there(table):
    text = PAGE.read_text(encoding="utf-8")
    model = fields_of(GatewaySettings)[table].annotation
    numbers = [key for key, field in fields_of(model).items() if field.annotation in {int, float}]
    assert numbers
    assert [key for key in numbers if f"`{table}.{key}`" not in text] == []
