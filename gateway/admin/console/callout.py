"""The page of callout: listeners, and what the journal could not deliver."""

from http import HTTPStatus
from typing import Final

from werkzeug.wrappers import Response

from gateway.admin.api.callout import CalloutProcesses
from gateway.admin.api.letters import Letters, LetterShown
from gateway.admin.api.problem import ApiError, unfit
from gateway.admin.console import said
from gateway.admin.console.render import see_other
from gateway.admin.console.said import Said
from gateway.admin.console.visit import Visit
from gateway.callout.journal.entries import State

PAGE: Final = 100
_HERE: Final = "/callout"


def shown(visit: Visit, told: Said | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the page: what can be told is told, though the journal or a process should not answer."""
    processes, processes_error = _processes(visit)
    letters, letters_error = _letters(visit)
    return visit.page(
        "callout.html",
        status=status,
        here=_HERE,
        said=told or said.of_address(visit.asked("done")),
        processes=processes,
        processes_error=processes_error,
        letters=letters,
        letters_error=letters_error,
        state=_state(visit).value,
        page=PAGE,
        consumers=visit.snapshot.home.consumers,
    )


def letter(visit: Visit, letter: str) -> Response:
    """Return the page of one entry of the journal. Raises ApiError: there is none."""
    model = visit.call("GET", f"/api/dead-letters/{letter}").model
    assert isinstance(model, LetterShown), "the table names the model"
    return visit.page("letter.html", here=_HERE, letter=model)


def start(visit: Visit) -> Response:
    """Have a listener, or all of them, retrieve again."""
    return _steered(visit, "start", "listening")


def stop(visit: Visit) -> Response:
    """Have a listener, or all of them, retrieve no more."""
    return _steered(visit, "stop", "quiet")


def letters(visit: Visit) -> Response:
    """Replay or discard the dead letters that are marked."""
    what, ids = visit.sent("what"), visit.request.form.getlist("id")
    words = {"replay": "replayed", "discard": "discarded"}
    if what not in words:
        raise unfit("what must be replay or discard")
    if not ids:
        return shown(
            visit, Said("warn", "No dead letter is marked: nothing was done."), HTTPStatus.UNPROCESSABLE_ENTITY
        )
    try:
        visit.call("POST", f"/api/dead-letters/{what}", {"ids": tuple(ids)})
    except ApiError as error:
        return shown(visit, said.of_error(error), error.status)
    return see_other(f"{_HERE}?done={words[what]}")


def _steered(visit: Visit, what: str, done: str) -> Response:
    listener = visit.sent("listener")
    try:
        visit.call("POST", f"/api/callout/{what}", {"listeners": (listener,) if listener else None})
    except ApiError as error:
        return shown(visit, said.of_error(error), error.status)
    return see_other(f"{_HERE}?done={done}")


def _processes(visit: Visit) -> tuple[CalloutProcesses, str]:
    try:
        model = visit.call("GET", "/api/callout").model
    except ApiError as error:
        return CalloutProcesses(processes=(), silent=()), error.detail
    assert isinstance(model, CalloutProcesses), "the table names the model"
    return model, ""


def _letters(visit: Visit) -> tuple[Letters, str]:
    query = {"state": _state(visit).value, "limit": str(PAGE)}
    if after := visit.asked("after"):
        query["after"] = after
    try:
        model = visit.call("GET", "/api/dead-letters", query=query).model
    except ApiError as error:
        return Letters(letters=(), more=False), error.detail
    assert isinstance(model, Letters), "the table names the model"
    return model, ""


def _state(visit: Visit) -> State:
    asked = visit.asked("state")
    return State(asked) if asked in {state.value for state in State} else State.DEAD
