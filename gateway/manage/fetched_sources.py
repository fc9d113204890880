"""The files of a contract, from its address: with all that it imports, under names of one folder."""

import posixpath
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from gateway.manage.deploying import Gathered
from gateway.manage.download import Downloader, Fetched, Fetching, without_query
from gateway.manage.results import ManageError, Why
from gateway.manage.sources import MOST_BYTES, parsed
from gateway.safexml import Element, serialize_document
from gateway.soap.documents import WSDL, location_attribute, references

MOST_DOCUMENTS: Final = 100
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 80


def from_url(url: str, how: Fetching | None = None) -> Gathered:
    """Fetch the WSDL at an address and what it refers to; locations in the files become relative ones.

    Only from the origin of the address and hosts that `how` allows. Raises ManageError.
    """
    return _Walk(url, how or Fetching()).gathered()


class _Walk:
    def __init__(self, url: str, how: Fetching) -> None:
        self._downloader = Downloader(url, how)
        self._url = urldefrag(url)[0]
        self._names: dict[str, str] = {}
        """Of files, by the address that was asked for."""
        self._files: dict[str, bytes] = {}
        self._notes: list[str] = []
        self._left = MOST_BYTES

    def gathered(self) -> Gathered:
        pending = [self._url]
        roots: dict[str, tuple[Element, Fetched]] = {}
        while pending:
            url = pending.pop(0)
            if url in roots:
                continue
            if len(roots) >= MOST_DOCUMENTS:
                raise ManageError(Why.WRONG, f"more than {MOST_DOCUMENTS} documents belong to this WSDL")
            roots[url] = root, fetched = self._fetched(url)
            self._names[url] = self._name(url, root)
            pending += [target for _, target in _references(root, fetched.url)]
        for url, (root, fetched) in roots.items():
            self._files[self._names[url]] = self._with_relative(root, fetched)
        main = self._names[self._url]
        files = dict(sorted(self._files.items()))
        return Gathered(files, main, without_query(self._url), tuple(dict.fromkeys(self._notes)))

    def _fetched(self, url: str) -> tuple[Element, Fetched]:
        fetched = self._downloader.fetch(url)
        self._notes += [f"redirected: {one}" for one in fetched.redirects]
        self._left -= len(fetched.data)
        if self._left < 0:
            raise ManageError(Why.WRONG, f"the documents of this WSDL have more than {MOST_BYTES} bytes")
        return parsed(without_query(url), fetched.data), fetched

    def _with_relative(self, root: Element, fetched: Fetched) -> bytes:
        """Return a document whose locations name files beside it; one without any stays byte for byte."""
        found = list(_references(root, fetched.url))
        for element, target in found:
            element.set(location_attribute(element), quote(self._names[target]))
        return serialize_document(root) if found else fetched.data

    def _name(self, url: str, root: Element) -> str:
        """Return a name for a file that no other has; its address says what it is about."""
        parts = urlsplit(url)
        stem, _ = posixpath.splitext(posixpath.basename(parts.path.rstrip("/")))
        # of the first address the query may be a secret of whoever deploys; the others stand in documents
        query = parts.query if url != self._url and parts.query.lower() != "wsdl" else ""
        text = _NOT_IN_NAMES.sub("-", f"{stem}-{query}" if query else stem).strip("-.")[:_LONGEST_NAME]
        suffix = ".wsdl" if root.tag == f"{{{WSDL}}}definitions" else ".xsd"
        name, number = f"{text or 'service'}{suffix}", 2
        taken = {other.casefold() for other in self._names.values()}
        while name.casefold() in taken:
            name, number = f"{text or 'service'}-{number}{suffix}", number + 1
        return name


def _references(root: Element, base: str) -> Iterator[tuple[Element, str]]:
    """Yield the elements that name another document, with its address. Raises ManageError."""
    for element in references(root):
        location = element.get(location_attribute(element), "")
        try:
            yield element, urldefrag(urljoin(base, location.strip()))[0]
        except ValueError:
            raise ManageError(Why.WRONG, f"{without_query(base)} refers to what is no address") from None
