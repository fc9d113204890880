"""The page of a migration shows names of the installation as they are, and none of them does anything there."""

import pytest
from markdown_it import MarkdownIt

from gateway.migrate.markdown import _code, _text

NAMES = ["a`b", "``<img src=x onerror=alert(1)>``", "`", "a```b``<b>c", "<script>alert(1)</script>", "a\\`<b>"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("put", [_code, _text])
def test_a_name_is_shown_as_text_and_never_as_markup(name, put):
    tokens = MarkdownIt("commonmark").parseInline(f"before {put(name)} behind")[0].children
    assert {token.type for token in tokens} <= {"text", "text_special", "code_inline"}
    assert "".join(token.content for token in tokens).replace("  ", " ") == f"before {name} behind"
