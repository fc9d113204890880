"""What the commands and a running `imsgw callout` say to each other: one object of JSON each way.

Both ends are the same product, perhaps of two versions: members that are not known are passed over. To `reload`
the answer is a `gateway.control.reloaded.Reloaded`, to all else a `Told`; to `status` with what
`gateway.callout.in_force.InForce.status` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self, cast, get_args

from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.values import Source
from gateway.control.words import ControlError

Verb = Literal["list", "start", "stop", "drain", "reload", "status"]


@dataclass(frozen=True, slots=True)
class Ask:
    """What a command wants."""

    do: Verb
    listeners: tuple[Source | str, ...] | None = None
    """Of start and stop: listeners, or names of bundles for all that those have; None: all there are."""
    seconds: float | None = None
    """Of drain: how long to wait; None: `callout.drain_seconds`."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        listeners = None if self.listeners is None else [str(each) for each in self.listeners]
        return {"do": self.do, "listeners": listeners, "seconds": self.seconds}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what `facts` gave. Raises ControlError."""
        do, listeners, seconds = said.get("do"), said.get("listeners"), said.get("seconds")
        if do not in get_args(Verb):
            raise ControlError(f"what is asked must be one of {', '.join(get_args(Verb))}")
        if listeners is not None and not isinstance(listeners, list):
            raise ControlError("listeners must be a list, or null for all")
        if seconds is not None and not (_number(seconds) and 0 <= seconds <= 86_400):
            raise ControlError("seconds must be a number from 0 to 86400")
        meant = None if listeners is None else tuple(named(each) for each in listeners)
        return cls(cast("Verb", do), meant, seconds)


@dataclass(frozen=True, slots=True)
class Told:
    """What a running process says of itself, once it has done what was asked."""

    instance: int
    pid: int
    ready: bool
    reason: str
    """Why it is not ready; empty when it is."""
    listeners: tuple[ListenerPicture, ...]
    drained: bool | None = None
    """After drain: whether everything in work has ended in time."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values: what `imsgw callout list --json` prints."""
        listeners = [_facts_of(picture) for picture in self.listeners]
        told = {"instance": self.instance, "pid": self.pid, "ready": self.ready, "reason": self.reason}
        return {**told, "drained": self.drained, "listeners": listeners}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what `facts` gave. Raises ControlError."""
        listeners = said.get("listeners")
        if not isinstance(listeners, list):
            raise ControlError("what the process says cannot be understood: listeners")
        drained = said.get("drained")
        return cls(
            instance=_count(said, "instance"),
            pid=_count(said, "pid"),
            ready=said.get("ready") is True,
            reason=_text(said, "reason"),
            listeners=tuple(_picture(each) for each in listeners),
            drained=drained if isinstance(drained, bool) else None,
        )


def named(text: object) -> Source | str:
    """Read ``BUNDLE/TPIPE``, one listener, or ``BUNDLE``, the name of a bundle. Raises ControlError."""
    bundle, slash, tpipe = text.partition("/") if isinstance(text, str) else ("", "", "")
    if not bundle or bool(slash) != bool(tpipe) or "/" in tpipe:
        raise ControlError(
            'a listener is named BUNDLE/TPIPE, for example "ims1/CALLOUT1"; BUNDLE alone: all of that bundle'
        )
    return Source(bundle, tpipe) if slash else bundle


# -- JSON -----------------------------------------------------------------------------------------------------


def _facts_of(picture: ListenerPicture) -> dict[str, Any]:
    return {
        "bundle": picture.source.bundle,
        "tpipe": picture.source.tpipe,
        "state": picture.state.value,
        "reason": picture.reason,
        "since": picture.since.isoformat(),
        "received": picture.received,
        "refused": picture.refused,
        "in_work": picture.in_work,
        "waiting": picture.waiting,
        "dead": picture.dead,
    }


def _picture(said: object) -> ListenerPicture:
    if not isinstance(said, dict):
        raise ControlError("what the process says cannot be understood: a listener")
    try:
        state, since = ListenerState(said.get("state")), datetime.fromisoformat(_text(said, "since"))
    except ValueError as error:
        raise ControlError(f"what the process says cannot be understood: {error}") from None
    return ListenerPicture(
        Source(_text(said, "bundle"), _text(said, "tpipe")),
        state,
        _text(said, "reason"),
        since,
        *(_count(said, name) for name in ("received", "refused", "in_work", "waiting", "dead")),
    )


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise ControlError(f"what the process says cannot be understood: {name}")
    return value


def _count(said: Mapping[str, Any], name: str) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ControlError(f"what the process says cannot be understood: {name}")
    return value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def sorted_pictures(pictures: Sequence[ListenerPicture]) -> tuple[ListenerPicture, ...]:
    """Return them by bundle and tpipe."""
    return tuple(sorted(pictures, key=lambda picture: picture.source))
