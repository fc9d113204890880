"""Short ways to write rows of the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.attacks.wss.catalogue import NOW, Attack, Build, Sent, faults
from tests.attacks.wss.honest import Draft, sent
from tests.forge.keys import Pki
from tests.forge.message import Message


@dataclass(frozen=True)
class Row:
    """What the rows of one idea share."""

    id: str
    title: str
    source: str
    service: str = "saml20-one"
    honest: str = "saml20-one-direct"
    tls_client: str = ""

    def draft(self, variant: str, draft: Draft, *codes: str, **how: Any) -> Attack:
        """Return an attack that a draft makes."""
        return self.build(variant, sent(draft, self.tls_client, **how), *codes)

    def build(self, variant: str, build: Build, *codes: str, first: tuple[Build, ...] = ()) -> Attack:
        """Return an attack whose message is built some other way."""
        return Attack(
            self.id, variant, self.title, self.source, self.service, self.honest, build, faults(*codes), first
        )

    def text(self, variant: str, draft: Draft, edit: Callable[[str], str], *codes: str) -> Attack:
        """Return an attack that edits an honest message when it is signed; the edit must change it."""

        def build(pki: Pki) -> Sent:
            message = draft(pki)
            honest = message.build(NOW).decode()
            changed = edit(honest)
            assert changed != honest, (self.id, variant)
            return Sent(changed.encode(), message.soap, self.tls_client)

        return self.build(variant, build, *codes)


def swap(old: str, new: str, count: int = 1) -> Callable[[str], str]:
    """Return an edit that replaces a text, which must be there."""

    def edit(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return edit


def of(message: Callable[[Pki], Message], **changes: Any) -> Draft:
    """Return a draft with changes."""
    return lambda pki: message(pki).but(**changes)
