"""Reading the text of a security element without being fooled by what stands inside it."""

from typing import Any


def plain_text(element: Any) -> str | None:
    """Return the element's whole text, or None when anything but text stands in it.

    A comment or processing instruction inside would split the text for readers that look at the first
    node only; so it is refused, not skipped.
    """
    return None if len(element) else (element.text or "")
