"""The documentation site loads nothing from outside: it is read where there is no internet, and tells nobody.

A hook of mkdocs (mkdocs.yml). The theme's script would fetch two libraries, for old browsers and for diagrams;
their addresses are taken out. Then every page, style and script is looked through; one that would load
something from another host fails the build.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

_FETCHED = re.compile(r"https://unpkg\.com/[^\"'`]+")
_NOTHING = "data:text/javascript,"
_OUTSIDE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])\s*((?:https?:)?//[^'\")\s]+)", re.IGNORECASE)
_IN_SCRIPT = re.compile(r"[\"'`](https?://[\w.-]+[^\"'`\s]*)")
_LEADING_ON = frozenset({"a", "area"})
"""Elements whose addresses are followed only when somebody wants it."""
_RELATIONS = frozenset({"next", "prev", "canonical", "alternate", "author", "license"})
"""Relations of `link` that load nothing."""
_ADDRESSES = frozenset(
    {"src", "href", "xlink:href", "data", "action", "formaction", "poster", "srcset", "background"}
)
_HARMLESS = ("http://www.w3.org/", "https://api.github.com/", "https://fontawesome.com")
"""In scripts: names of namespaces, remarks; what is asked only where `repo_url` is set."""


def on_post_build(config: MkDocsConfig) -> None:
    """Take the addresses out of the built site, then look. Raises PluginError."""
    if config.repo_url:
        raise PluginError("with repo_url each page asks the host of the repository")
    site = Path(config.site_dir)
    for script in site.rglob("*.js"):
        text = script.read_text(encoding="utf-8")
        if _FETCHED.search(text):
            script.write_text(_FETCHED.sub(_NOTHING, text), encoding="utf-8")
    if found := list(loads_of(site)):
        raise PluginError("the site would load from outside:\n" + "\n".join(found))


def loads_of(site: Path) -> Iterator[str]:
    """Yield `file: address` for each thing that a site in a folder would load from another host."""
    looks = {".html": in_page, ".css": in_style, ".js": in_script, ".svg": in_page}
    for path in sorted(site.rglob("*")):
        if look := looks.get(path.suffix):
            for address in look(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(site)}: {address}"


def in_style(text: str) -> list[str]:
    """Return the addresses outside that a style sheet loads."""
    return _IN_STYLE.findall(text)


def in_script(text: str) -> list[str]:
    """Return the addresses outside in the texts of a script."""
    return [address for address in _IN_SCRIPT.findall(text) if not address.startswith(_HARMLESS)]


def in_page(text: str) -> list[str]:
    """Return the addresses outside that a page loads, in its attributes, styles and scripts."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside = tag if tag in {"script", "style"} else ""
        self.found += in_style(values.get("style", ""))
        if tag in _LEADING_ON or (tag == "link" and set(values.get("rel", "").split()) <= _RELATIONS):
            return
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.found += re.findall(r"https?://\S+", values.get("content", ""))
        for name in _ADDRESSES & values.keys():
            parts = values[name].split(",") if name == "srcset" else [values[name]]
            self.found += [part.strip() for part in parts if _OUTSIDE.match(part)]

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002  its name there
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += in_style(data)
        elif self._inside == "script":
            self.found += in_script(data)
