"""Links of README and pages lead to a file and a heading that are there; the README leads to each page."""

import posixpath
import re
from functools import cache
from html import unescape
from urllib.parse import unquote, urldefrag

import markdown  # type: ignore[import-untyped]
import pytest

from tests.fixtures.running_gateway import REPOSITORY

EXTENSIONS = ["tables", "toc", "pymdownx.superfences", "admonition"]
"""As in mkdocs.yml."""
OTHERS = ("README.md", "CHANGELOG.md", "keystores/README.md")
DOCUMENTS = [*OTHERS, *sorted(f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md"))]
FOREIGN = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def rendered(text):
    return markdown.markdown(text, extensions=EXTENSIONS)


@cache
def html_of(document):
    return rendered((REPOSITORY / document).read_text(encoding="utf-8"))


@cache
def headings(document):
    return set(re.findall(r' id="([^"]+)"', html_of(document)))


def links(html):
    """Return path and fragment of each link that stays within the repository."""
    found = (unescape(address) for address in re.findall(r'<a [^>]*href="([^"]+)"', html))
    return [urldefrag(unquote(address)) for address in found if not FOREIGN.match(address)]


def broken(document, html):
    """Return the links of a document that lead nowhere."""
    wrong = []
    for path, fragment in links(html):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(document), path)) if path else document
        if target.startswith("..") or not (REPOSITORY / target).exists():
            wrong.append(path)
        elif fragment and (not target.endswith(".md") or fragment not in headings(target)):
            wrong.append(f"{path}#{fragment}")
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    assert broken(document, html_of(document)) == []


@pytest.mark.parametrize(
    "link",
    ["docs/gone.md", "docs/server.md#gone", "docs/../../elsewhere.md", "#gone", "LICENSE#x", "/docs/server.md"],
)
def test_a_link_that_leads_nowhere_is_found(link):
    assert broken("README.md", rendered(f"[there]({link})")) == [link]


@pytest.mark.parametrize(
    "link", ["docs/server.md", "docs/server.md#metrics", "docs", "https://example.com/gone"]
)
def test_a_link_that_leads_somewhere_is_let_be(link):
    assert broken("README.md", rendered(f"[there]({link})")) == []


def test_every_page_is_reached_from_the_readme():
    seen, left = set(), ["README.md"]
    while left:
        document = left.pop()
        seen.add(document)
        targets = (
            posixpath.join(posixpath.dirname(document), path) for path, _ in links(html_of(document)) if path
        )
        left += {posixpath.normpath(target) for target in targets if target.endswith(".md")} - seen
    assert [document for document in DOCUMENTS if document.startswith("docs/") and document not in seen] == []
