"""Misbehaviour on command: what a network, a firewall or a dying IMS Connect does to a client.

A fault is matched against every connection (`on = "connect"`), input (`on = "request"`) or reply
(`on = "reply"`), in the order the faults were added; the first that fits is taken.
"""

from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateway.config.values import Name8, RefusalError, Settings, Words

Kind = Literal["delay", "drop", "garble", "refuse", "half_close"]
Moment = Literal["connect", "request", "reply"]

_MOMENTS: dict[str, tuple[Moment, ...]] = {
    "delay": ("reply", "request", "connect"),
    "drop": ("request", "reply", "connect"),
    "garble": ("reply",),
    "refuse": ("request",),
    "half_close": ("reply", "request"),
}
"""At which moments a kind can strike; the first is the default."""


def _hex(value: Any) -> Any:
    return bytes.fromhex(value) if isinstance(value, str) else value


class Fault(Settings):
    """`[[faults]]`: one misbehaviour and what it waits for."""

    kind: Kind = Field(description="`delay`, `drop`, `garble`, `refuse` or `half_close`.")
    on: Moment | None = Field(
        default=None,
        description="`connect`, `request` (IMS does not see it) or `reply` (IMS has done its work).",
    )
    transaction: Name8 = Field(default="", description="Only inputs of this transaction; empty: any.")
    verb: Literal["any", "blank", "A", "C", "D", "J", "K", "L", "M", "N", "R", "S"] = Field(
        default="any", description="Only inputs with this IRM_F4."
    )
    connection: int | None = Field(default=None, ge=1, description="Only the nth connection since the start.")
    nth: int = Field(default=1, ge=1, description="The first match that is struck; earlier ones pass.")
    count: int = Field(
        default=1, ge=0, description="How many matches are struck; 0: every one from the nth on."
    )
    seconds: float = Field(default=1.0, ge=0, le=3600, description="`delay`: how long.")
    after_bytes: int = Field(
        default=0, ge=0, description="`drop` on reply: bytes of the reply that go out first."
    )
    offset: int = Field(default=0, ge=0, description="`garble`: where in the reply the bytes are put.")
    data: Annotated[bytes, BeforeValidator(_hex), Words("an even number of hexadecimal digits")] = Field(
        default=b"\x7f\xff\xff\xff", description="`garble`: bytes put over the reply, in hex."
    )
    return_code: int = Field(default=8, ge=0, le=0x7FFFFFFF, description="`refuse`: RSM_RETCOD.")
    reason_code: int = Field(default=74, ge=0, le=0x7FFFFFFF, description="`refuse`: RSM_RSNCOD.")
    racf_code: int = Field(default=0, ge=0, le=255, description="`refuse`: RSM_RACFRC or RSM_OTMRSN.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.on is not None and self.on not in _MOMENTS[self.kind]:
            raise RefusalError(
                f"{self.kind} cannot strike on {self.on}, only on {', '.join(_MOMENTS[self.kind])}"
            )
        if self.moment == "connect" and (self.transaction or self.verb != "any"):
            raise RefusalError("on connect there is no transaction or verb yet")
        if self.after_bytes and self.kind != "drop":
            raise RefusalError("after_bytes goes with drop")
        return self

    @property
    def moment(self) -> Moment:
        """When the fault strikes."""
        return self.on or _MOMENTS[self.kind][0]

    def matches(self, moment: Moment, connection: int, transaction: str, verb: str) -> bool:
        """Tell whether this is one of the moments the fault waits for, regardless of nth and count."""
        return (
            moment == self.moment
            and self.connection in {None, connection}
            and self.transaction in {"", transaction}
            and (self.verb == "any" or self.verb == (verb.strip() or "blank"))
        )


@dataclass(slots=True)
class _Armed:
    fault: Fault
    matched: int = 0
    struck: int = 0

    @property
    def ready(self) -> bool:
        """Whether the latest match is one to strike."""
        return self.matched >= self.fault.nth and (self.fault.count == 0 or self.struck < self.fault.count)


@dataclass(slots=True)
class Faults:
    """The faults in force. May be changed from another thread while the stand-in runs."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault | None = None, /, **settings: Any) -> Fault:
        """Put a fault in force, given whole or by its settings: ``add(kind="drop", transaction="ECHO")``."""
        fault = fault or Fault(**settings)
        with self._lock:
            self._armed.append(_Armed(fault))
        return fault

    def clear(self) -> None:
        """Behave again."""
        with self._lock:
            self._armed.clear()

    def struck(self, fault: Fault) -> int:
        """Return how often a fault has struck."""
        with self._lock:
            return sum(armed.struck for armed in self._armed if armed.fault is fault)

    def pick(self, moment: Moment, connection: int, transaction: str = "", verb: str = "") -> Fault | None:
        """Return the fault that strikes now, if any."""
        with self._lock:
            matching = [a for a in self._armed if a.fault.matches(moment, connection, transaction, verb)]
            for armed in matching:
                armed.matched += 1
            for armed in matching:
                if armed.ready:
                    armed.struck += 1
                    return armed.fault
        return None
