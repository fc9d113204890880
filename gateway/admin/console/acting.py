"""Buttons: each is a call of the management API in the person's name, and a page that says what came of it."""

from werkzeug.wrappers import Response

from gateway.admin.api.changes import ChangeShown
from gateway.admin.api.problem import ApiError, unfit
from gateway.admin.console import said, watching
from gateway.admin.console.render import see_other
from gateway.admin.console.visit import Visit


def start(visit: Visit, name: str) -> Response:
    """Start a service."""
    return _steered(visit, name, "start", "started")


def stop(visit: Visit, name: str) -> Response:
    """Stop a service; its deployment stays."""
    return _steered(visit, name, "stop", "stopped")


def capture(visit: Visit, name: str) -> Response:
    """Keep messages of a service for some minutes."""
    minutes = visit.sent("minutes")
    if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 4):
        raise unfit("minutes must be a whole number")
    visit.call("PUT", f"/api/services/{name}/capture", {"minutes": int(minutes)})
    return see_other(f"/services/{name}/captured?done=capture")


def forget(visit: Visit, name: str) -> Response:
    """Keep no more messages, and forget those that were kept."""
    visit.call("DELETE", f"/api/services/{name}/capture")
    return see_other(f"/services/{name}?done=forgotten")


def reload(visit: Visit) -> Response:
    """Have the home read anew by all processes."""
    try:
        visit.call("POST", "/api/reload")
    except ApiError as error:
        return watching.configuration(visit, said.of_error(error), error.status)
    return see_other("/configuration?done=reloaded")


def _steered(visit: Visit, name: str, what: str, done: str) -> Response:
    try:
        change = visit.call("POST", f"/api/services/{name}/{what}").model
    except ApiError as error:
        return watching.service(visit, name, said.of_error(error), error.status)
    assert isinstance(change, ChangeShown), "the table names the model"
    if minded := said.of_change(change):
        return watching.service(visit, name, minded)
    return see_other(f"/services/{name}?done={done}")
