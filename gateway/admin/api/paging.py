"""Long lists come by pages: in the order of the names, from behind the one that was seen last.

A name that is no more there is as good as any: while services come and go nothing comes twice, and what stays
is not left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from gateway.admin.api.endpoint import Query, Shown

MOST: Final = 1000


class PageAsked(Query):
    """Which page of a list is shown."""

    after: str = Field(
        default="", max_length=1024, description="`next` of the page before; empty: from the beginning."
    )
    limit: int = Field(default=200, ge=1, le=MOST, description="At most so many.")


class PageShown(Shown):
    """A page of a list, in the order of the names."""

    total: int = Field(description="How many there are on all pages together.")
    next: str = Field(description="What `after` is for the page behind this one; empty: there is none.")


@dataclass(frozen=True, slots=True)
class Page:
    """The names of one page."""

    names: tuple[str, ...]
    total: int
    next: str


def page(names: Iterable[str], asked: PageAsked) -> Page:
    """Return the page that is asked for."""
    whole = sorted(names)
    behind = [name for name in whole if name > asked.after]
    found = tuple(behind[: asked.limit])
    return Page(found, len(whole), found[-1] if len(found) < len(behind) else "")
