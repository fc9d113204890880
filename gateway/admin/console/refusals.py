"""Requests that have ended, as people read them: what decided, and what that means."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.errors import MESSAGES, Message, Side
from gateway.observe.traffic import Ended
from gateway.wss.rules import RULES, Rule

RULE: Final = {rule.id: rule for rule in RULES}
_BLANK: Final = re.compile(r"\{[a-z_]+\}")
"""What of a message's text is another in every fault."""
_BROKEN: Final = "!"
_SIDES: Final = {Side.CLIENT: "the caller", Side.SERVER: "this side"}
_CODES: Final = (("RC", "return_code"), ("RSN", "reason_code"), ("RACF", "racf_code"))


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was tried, and whether it held."""

    id: str
    held: bool
    text: str
    """What holds when it is met; empty for a rule that this version does not know."""
    source: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A request for a page."""

    ended: Ended
    decided: Tried | None
    """The rule that refused it; None: it was no rule of WS-Security."""
    message: str
    """What the id of the message says, without most of what is another in every fault; empty without one."""
    at_fault: str
    codes: str
    """Codes of IMS Connect and RACF."""

    @property
    def refused(self) -> bool:
        """Whether it got a fault."""
        return self.ended.event.outcome == "refused"

    @property
    def failed(self) -> bool:
        """Whether it got a fault for which the caller could do nothing: IMS Connect down, a service stopped."""
        return self.refused and self.at_fault == _SIDES[Side.SERVER]

    @property
    def tried(self) -> tuple[Tried, ...]:
        """All rules that were tried, in order."""
        return tuple(_tried(self.ended.event.rules))


def seen(ended: Ended) -> Seen:
    """Put a request into words."""
    event = ended.event
    message = MESSAGES.get(event.message_id)
    numbers = ((name, getattr(event, key)) for name, key in _CODES)
    return Seen(
        ended=ended,
        decided=next((rule for rule in _tried(event.rules) if not rule.held), None),
        message=_text(message, event.service) if message else "",
        at_fault=_SIDES[message.side] if message else "",
        codes=" ".join(f"{name} {value}" for name, value in numbers if value is not None),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a page shows; empty: all."""

    service: str = ""
    outcome: str = ""
    text: str = ""
    """Beginning of a tracking or request id, or a part of user, peer, operation or message id."""

    def picks(self, ended: Ended) -> bool:
        """Tell whether it is one of them."""
        event = ended.event
        if self.service and event.service != self.service:
            return False
        if self.outcome and event.outcome != self.outcome:
            return False
        sought = self.text.strip().lower()
        parts = (event.user, event.peer, event.operation, event.message_id, event.transaction)
        ids = (event.tracking_id.lower(), event.request_id)
        return any(one.startswith(sought) for one in ids) or any(sought in part.lower() for part in parts)

    def of(self, recent: Iterable[Ended]) -> list[Seen]:
        """Return those that are wanted, in words."""
        return [seen(ended) for ended in recent if self.picks(ended)]


def _text(message: Message, service: str) -> str:
    """Return its text with the service filled in; one that begins with a blank is about a security header."""
    text = _BLANK.sub("\u2026", message.text.replace("{service}", service)).removesuffix(": \u2026")
    return "The security header was refused" if text.startswith("\u2026") else text


def _tried(rules: Iterable[str]) -> Iterator[Tried]:
    for told in rules:
        id_ = told.removeprefix(_BROKEN)
        rule = RULE.get(id_) or Rule(id_, "", "")
        yield Tried(id_, not told.startswith(_BROKEN), rule.text, rule.source)
