"""The list of services: thousands of them, sought, sorted, page by page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.admin.console.series import Step
from gateway.config.model import Home
from gateway.manage.policy_words import headline

PAGE: Final = 50
"""Rows of a page."""
_NOTHING: Final = Step(0)


@dataclass(frozen=True, slots=True)
class Row:
    """One service."""

    name: str
    provider: bool
    """In front of IMS; else a web service that IMS programs call."""
    enabled: bool
    security: str
    bundles: tuple[str, ...]
    hour: Step = _NOTHING
    """The last hour as one step; of consumers nothing is known here."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the list is wanted; see `SORTS` for `sort`, a hyphen in front turns the order round."""

    text: str = ""
    state: str = ""
    """"running", "stopped", "faults" or "quiet"; empty: all."""
    role: str = ""
    """"provider" or "consumer"; empty: both."""
    sort: str = "name"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    rows: tuple[Row, ...]
    found: int
    page: int
    pages: int

    @property
    def first(self) -> int:
        """Number of its first row, from 1; 0 when there is none."""
        return (self.page - 1) * PAGE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of its last row."""
        return max(0, self.first + len(self.rows) - 1)

    @property
    def around(self) -> tuple[int, ...]:
        """Numbers of pages to offer: the first, the last, those beside this one."""
        near = {1, self.pages, *range(self.page - 2, self.page + 3)}
        return tuple(sorted(number for number in near if 1 <= number <= self.pages))


SORTS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "name": lambda row: row.name.casefold(),
    "security": lambda row: row.security,
    "bundle": lambda row: row.bundles,
    "requests": lambda row: row.hour.requests,
    "faults": lambda row: (row.hour.refused, row.hour.faults or 0),
    "time": lambda row: row.hour.mean or 0,
}
"""By what the list can be sorted."""
_STATES: Final[Mapping[str, Callable[[Row], bool]]] = {
    "running": lambda row: row.enabled,
    "stopped": lambda row: not row.enabled,
    "faults": lambda row: row.hour.refused > 0,
    "quiet": lambda row: row.provider and not row.hour.requests,
}


def rows(home: Home, traffic: Mapping[str, Step]) -> Iterator[Row]:
    """Yield every service of a home."""
    for name, service in home.services.items():
        settings = service.settings
        hour = traffic.get(name, _NOTHING)
        yield Row(name, True, settings.enabled, headline(settings.security), (settings.bundle,), hour)
    for name, consumer in home.consumers.items():
        security = consumer.settings.security.token
        told = {"none": "No token", "username": "UsernameToken", "saml11": "SAML 1.1", "saml20": "SAML 2.0"}
        yield Row(name, False, consumer.settings.enabled, told[security], consumer.settings.bundles)


def listing(all_rows: Iterable[Row], choice: Choice) -> Listing:
    """Return the page that is wanted; one beyond the last is the last."""
    found = _sorted([row for row in all_rows if _is_wanted(row, choice)], choice.sort)
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(1, choice.page), pages)
    return Listing(tuple(found[(page - 1) * PAGE : page * PAGE]), len(found), page, pages)


def _is_wanted(row: Row, choice: Choice) -> bool:
    if choice.role and row.provider != (choice.role == "provider"):
        return False
    if choice.state in _STATES and not _STATES[choice.state](row):
        return False
    words = choice.text.casefold().split()
    inside = " ".join((row.name, row.security, *row.bundles)).casefold()
    return all(word in inside for word in words)


def _sorted(found: Sequence[Row], sort: str) -> list[Row]:
    key = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    by_name = sorted(found, key=SORTS["name"])
    return sorted(by_name, key=key, reverse=sort.startswith("-"))
