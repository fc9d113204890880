"""The listeners of the processes that serve callouts: looked at, started, stopped, drained."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from gateway.admin.api.endpoint import Asked, Call, Endpoint, Shown
from gateway.admin.api.problem import ApiError, not_found, unavailable, unfit
from gateway.admin.desk import Desk
from gateway.admin.roles import Role
from gateway.callout.control_client import SECONDS, ask, living
from gateway.callout.control_words import Ask, Told, named
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.control.words import ControlError

MOST_DRAIN_SECONDS: Final = 60.0
"""A request takes a thread of the gateway as long as it lasts; the command drains for longer."""

ListenerName = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class ListenerShown(Shown):
    """One tpipe that is listened to."""

    bundle: str
    tpipe: str
    state: ListenerState
    reason: str = Field(description="Why, in words; empty when all is well.")
    since: datetime
    received: int = Field(description="Messages that were acknowledged.")
    refused: int = Field(description="Messages that got a NAK.")
    in_work: int
    waiting: int = Field(description="Asynchronous callouts in the journal that wait for delivery.")
    dead: int = Field(description="Dead letters of this tpipe.")

    @classmethod
    def of(cls, picture: ListenerPicture) -> "ListenerShown":
        """Put it into the API's words."""
        return cls(
            bundle=picture.source.bundle,
            tpipe=picture.source.tpipe,
            state=picture.state,
            reason=picture.reason,
            since=picture.since,
            received=picture.received,
            refused=picture.refused,
            in_work=picture.in_work,
            waiting=picture.waiting,
            dead=picture.dead,
        )


class CalloutProcess(Shown):
    """One `imsgw callout` that runs on this machine and state."""

    instance: int
    pid: int
    ready: bool
    reason: str = Field(description="Why it is not ready; empty when it is.")
    drained: bool | None = Field(description="After drain: whether all that was in work has ended in time.")
    listeners: tuple[ListenerShown, ...]

    @classmethod
    def of(cls, said: Told) -> "CalloutProcess":
        """Put it into the API's words."""
        return cls(
            instance=said.instance,
            pid=said.pid,
            ready=said.ready,
            reason=said.reason,
            drained=said.drained,
            listeners=tuple(ListenerShown.of(picture) for picture in said.listeners),
        )


class CalloutProcesses(Shown):
    """Those that run; empty: none does."""

    processes: tuple[CalloutProcess, ...]
    silent: tuple[str, ...] = Field(description="What is wrong with those that did not answer.")


class ListenersChosen(Asked):
    """Which listeners are meant."""

    listeners: tuple[ListenerName, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="BUNDLE/TPIPE, or BUNDLE for all of a bundle; null: all there are.",
    )
    instance: int | None = Field(default=None, ge=1, le=999, description="null: all that run.")


class Drain(Asked):
    """How long a drain may take."""

    seconds: float = Field(default=30.0, ge=0, le=MOST_DRAIN_SECONDS)
    instance: int | None = Field(default=None, ge=1, le=999, description="null: all that run.")


def listeners(call: Call) -> CalloutProcesses:
    """Show the listeners of every process."""
    told, errors = _asked(call.desk, None, Ask("list"))
    return CalloutProcesses(processes=tuple(CalloutProcess.of(said) for said in told), silent=errors)


def start(call: Call) -> CalloutProcesses:
    """Have listeners retrieve again."""
    return _steered(call.desk, call.asked(ListenersChosen), lambda meant: Ask("start", meant))


def stop(call: Call) -> CalloutProcesses:
    """Have listeners retrieve no more."""
    return _steered(call.desk, call.asked(ListenersChosen), lambda meant: Ask("stop", meant))


def drain(call: Call) -> CalloutProcesses:
    """Have all listeners retrieve no more, and wait for what is in work."""
    asked = call.asked(Drain)
    return _done(*_asked(call.desk, asked.instance, Ask("drain", seconds=asked.seconds), asked.seconds))


def _steered(desk: Desk, chosen: ListenersChosen, ask_for: Callable[..., Ask]) -> CalloutProcesses:
    try:
        meant = None if chosen.listeners is None else tuple(named(each) for each in chosen.listeners)
    except ControlError as error:
        raise unfit(str(error)) from None
    return _done(*_asked(desk, chosen.instance, ask_for(meant)))


def _done(told: Sequence[Told], errors: Sequence[str]) -> CalloutProcesses:
    if errors:
        raise unavailable("; ".join(errors))
    if not told:
        raise ApiError(HTTPStatus.CONFLICT, "no process of callout runs here: imsgw callout starts one")
    return CalloutProcesses(processes=tuple(CalloutProcess.of(said) for said in told), silent=())


def _asked(
    desk: Desk, instance: int | None, what: Ask, seconds: float = 0
) -> tuple[tuple[Told, ...], tuple[str, ...]]:
    """Ask every process, or one; return what they say, and what is wrong with those that do not."""
    state, errors = desk.configuration.state, []

    def one(number: int) -> Told | None:
        try:
            return ask(state, number, what, desk.clock, seconds + SECONDS)
        except ControlError as error:
            errors.append(f"instance {number}: {error}")
            return None

    try:
        numbers = [number for number in living(state) if instance in {None, number}]
    except ControlError as error:
        raise unavailable(str(error)) from None
    if instance is not None and not numbers:
        raise not_found(f"no instance {instance} of callout runs here")
    with ThreadPoolExecutor(max(len(numbers), 1)) as threads:
        told = tuple(said for said in threads.map(one, numbers) if said is not None)
    return told, tuple(sorted(errors))


_UNDONE: Final = (
    HTTPStatus.CONFLICT,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/callout",
        Role.VIEWER,
        "The processes that serve callouts, and their listeners",
        listeners,
        CalloutProcesses,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
    Endpoint(
        "POST",
        "/api/callout/start",
        Role.OPERATOR,
        "Have listeners retrieve again that were stopped, or that an error has stopped",
        start,
        CalloutProcesses,
        input=ListenersChosen,
        problems=_UNDONE,
    ),
    Endpoint(
        "POST",
        "/api/callout/stop",
        Role.OPERATOR,
        "Have listeners retrieve no more; callouts in work are finished, messages stay with IMS",
        stop,
        CalloutProcesses,
        input=ListenersChosen,
        problems=_UNDONE,
    ),
    Endpoint(
        "POST",
        "/api/callout/drain",
        Role.OPERATOR,
        "Have processes retrieve nothing any more, and wait until nothing is in work",
        drain,
        CalloutProcesses,
        input=Drain,
        problems=_UNDONE,
    ),
)
