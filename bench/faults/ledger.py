"""What callers were told against what IMS did: counted, message by message."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from gateway.errors import M


class Came(Enum):
    """What came of a message, as its caller sees it."""

    RIGHT = "right"
    """The answer has the text of this very message."""
    REFUSED = "refused"
    """A fault or an HTTP error of ours, with its id."""
    NONE = "none"
    """No answer: the connection ended, or the caller's patience."""
    WRONG = "wrong"
    """Anything else. There must be none."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message and what came of it; times are monotonic seconds."""

    text: str
    """Unlike that of every other message."""
    came: Came
    what: str
    """Id of the refusal, kind of the silence, or the wrong answer."""
    began: float
    ended: float
    tracking_id: str = ""
    """By which log and audit know it; empty: there was no answer."""
    copy: bool = False
    """The bytes had been sent once before: an answer to them is a replay that worked."""

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Ledger:
    """One fault: all messages, all executions, and what does not go together."""

    sent: int = 0
    right: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    no_answer: dict[str, int] = field(default_factory=dict)
    copies_sent: int = 0
    executed: int = 0
    executed_but_not_answered: int = 0
    """No breach: their callers were told nothing, or that the outcome is unknown."""
    slowest_seconds: float = 0.0
    recovery_seconds: float | None = None
    """From the moment the fault was over until every caller had a right answer to a message sent after it."""
    wrong: list[str] = field(default_factory=list)
    executed_twice: list[str] = field(default_factory=list)
    answered_but_not_executed: list[str] = field(default_factory=list)
    refused_as_not_done_but_executed: list[str] = field(default_factory=list)
    internal_errors: int = 0
    not_right_after_recovery: list[str] = field(default_factory=list)
    callouts: dict[str, Any] = field(default_factory=dict)
    """Asynchronous callouts, where the fault is about them: how many came, were lost, came twice."""
    also: dict[str, Any] = field(default_factory=dict)
    """Figures of this fault alone."""
    also_broken: list[str] = field(default_factory=list)
    """Promises of this fault alone that were not kept."""

    @property
    def breaches(self) -> list[str]:
        """What was promised and not kept, in words; empty is the only good run."""
        lists = {
            "wrong answers": self.wrong,
            "executed twice": self.executed_twice,
            "answered but not executed": self.answered_but_not_executed,
            "refused as not done, but executed": self.refused_as_not_done_but_executed,
            "not right after the recovery": self.not_right_after_recovery,
        }
        found = [f"{len(each)} {name}: {each[:3]}" for name, each in lists.items() if each]
        if self.internal_errors:
            found.append(f"{self.internal_errors} internal errors")
        return found + self.also_broken

    def require(self, kept: bool, promise: str) -> None:
        """Note a promise of this fault alone as broken unless it was kept."""
        if not kept:
            self.also_broken.append(promise)

    def figures(self) -> dict[str, Any]:
        """Return it for a JSON file: numbers, and the breaches in words."""
        if self.callouts:
            return {"callouts": self.callouts, **self.also, "breaches": self.breaches}
        lists = ("wrong", "executed_twice", "answered_but_not_executed", "refused_as_not_done_but_executed")
        return {
            "sent": self.sent,
            "right": self.right,
            "refused": self.refused,
            "no_answer": self.no_answer,
            "copies_sent": self.copies_sent,
            "executed_by_ims": self.executed,
            "executed_but_not_answered": self.executed_but_not_answered,
            **{name: len(getattr(self, name)) for name in lists},
            "not_right_after_recovery": len(self.not_right_after_recovery),
            "internal_errors": self.internal_errors,
            "slowest_seconds": round(self.slowest_seconds, 3),
            "recovery_seconds": None if self.recovery_seconds is None else round(self.recovery_seconds, 3),
            **self.also,
            "breaches": self.breaches,
        }


def balance(told: Collection[Told], executed: Mapping[str, int], calm_from: float = float("inf")) -> Ledger:
    """Hold what callers were told against what IMS executed; texts are the keys.

    Of messages sent from `calm_from` on, which is when all had recovered, every one has to be right.
    """
    firsts = [each for each in told if not each.copy]
    copies = [each for each in told if each.copy]
    right = {each.text for each in told if each.came is Came.RIGHT}
    refused = [each for each in told if each.came is Came.REFUSED]
    once_refused = {each.text for each in firsts if each.came is Came.REFUSED and says_nothing_ran(each.what)}
    sent = {each.text for each in told}
    ledger = Ledger(
        sent=len(firsts),
        right=sum(each.came is Came.RIGHT for each in firsts),
        refused=dict(Counter(each.what for each in refused if not each.copy)),
        no_answer=dict(Counter(each.what for each in firsts if each.came is Came.NONE)),
        copies_sent=len(copies),
        executed=sum(executed[text] for text in executed if text in sent),
        slowest_seconds=max((each.seconds for each in told), default=0.0),
    )
    ledger.wrong = [f"{each.text}: {each.what}" for each in told if each.came is Came.WRONG]
    ledger.wrong += [f"{text}: executed, and never sent" for text in executed if text not in sent]
    ledger.executed_twice = [text for text, times in executed.items() if times > 1]
    ledger.answered_but_not_executed = sorted(right - set(executed))
    copied = {each.text for each in copies}
    ledger.refused_as_not_done_but_executed = sorted((once_refused - copied) & set(executed))
    ledger.executed_but_not_answered = len(sent & set(executed) - right)
    ledger.internal_errors = sum(each.what == M.INTERNAL.id for each in refused)
    ledger.not_right_after_recovery = [
        f"{each.text}: {each.came.value} {each.what}"
        for each in firsts
        if each.began >= calm_from and each.came is not Came.RIGHT
    ]
    return ledger


def says_nothing_ran(message_id: str) -> bool:
    """Tell whether a refusal with this id says that IMS has executed nothing."""
    return message_id.startswith(_BEFORE_IMS) or message_id in _NOTHING_SENT


_BEFORE_IMS = ("IGW10", "IGW11", "IGW12", "IGW13")
"""Refused by HTTP, by the parser, by the contract, by WS-Security."""
_NOTHING_SENT = {M.UNREACHABLE.id, M.NO_SOCKET.id, M.NOTHING_SENT.id, M.AUDIT_DOWN.id}
"""Of the others the error itself says what is known, not its id."""
