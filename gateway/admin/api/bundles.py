"""Connection bundles: shown, made, changed, deleted, recycled, tried out."""

from collections.abc import Mapping
from datetime import date, datetime, time
from http import HTTPStatus
from typing import Any, Final

from pydantic import JsonValue

from gateway.admin.api.bundle_models import (
    BundleChanged,
    BundleFile,
    BundleMade,
    Bundles,
    BundleShown,
    SecretGiven,
    Tried,
)
from gateway.admin.api.changes import UNDONE, ChangeShown, installation, told
from gateway.admin.api.endpoint import Call, Endpoint, Tagged
from gateway.admin.api.masked import masked
from gateway.admin.api.paging import PageAsked, page
from gateway.admin.api.problem import ApiError, not_found, unfit
from gateway.admin.api.status import Reload, in_force
from gateway.admin.roles import Role
from gateway.config.document import read_toml
from gateway.config.model import Bundle
from gateway.errors import ConfigError
from gateway.exchange import Secret
from gateway.manage import bundles as manage
from gateway.manage.probe import Guard, probe
from gateway.manage.values import Value
from gateway.manage.views import bundle_views


def bundles(call: Call) -> Bundles:
    """Show a page of bundles."""
    found = page(call.desk.configuration.bundles, call.queried(PageAsked))
    views = _views(call)
    shown = tuple(views[name] for name in found.names if name in views)
    return Bundles(bundles=shown, total=found.total, next=found.next)


def bundle(call: Call) -> Tagged:
    """Show one bundle's file, and what is in force of it."""
    name = call.path["bundle"]
    file = f"bundles/{name}.toml"
    path = call.desk.home / file
    tag = manage.file_tag(path)
    if not tag:
        raise not_found(f"there is no bundle {name}")
    try:
        table = read_toml(path, file)
    except ConfigError as error:
        raise ApiError(HTTPStatus.CONFLICT, "the file cannot be read", problems=error.problems) from None
    settings = _plain(masked(Bundle, table))
    return Tagged(BundleFile(name=name, settings=settings, in_force=_views(call).get(name)), tag)


def create(call: Call) -> ChangeShown:
    """Make a bundle."""
    asked = call.asked(BundleMade)
    with told():
        return ChangeShown.of(manage.create(installation(call.desk), asked.name, _values(asked.values)))


def change(call: Call) -> Tagged:
    """Set keys of a bundle."""
    name, asked = call.path["bundle"], call.asked(BundleChanged)
    with told():
        done = manage.change(installation(call.desk), name, _values(asked.values), seen=call.if_match)
    return Tagged(ChangeShown.of(done), manage.file_tag(call.desk.home / f"bundles/{name}.toml"))


def delete(call: Call) -> ChangeShown:
    """Remove a bundle that no service uses."""
    with told():
        done = manage.delete(installation(call.desk), call.path["bundle"], seen=call.if_match)
    return ChangeShown.of(done)


def recycle(call: Call) -> Reload:
    """Have the pools of a bundle made anew."""
    return in_force(call.desk.gateway.recycle(_known(call)))


def test(call: Call) -> Tried:
    """Try every address of a bundle as it is in force."""
    name = _known(call)
    try:
        home = call.desk.configuration
        guard = Guard(home.state, home.gateway.sign_on)
        return Tried.of(probe(name, home.bundles[name], guard, call.desk.clock))
    except ValueError as error:
        raise unfit(f"a store of the bundle cannot be used: {error}") from None


def _known(call: Call) -> str:
    name = call.path["bundle"]
    if name not in call.desk.configuration.bundles:
        raise not_found(f"no bundle {name} is in force")
    return name


def _views(call: Call) -> dict[str, BundleShown]:
    snapshot = call.desk.gateway.snapshot()
    return {view.name: BundleShown.of(view) for view in bundle_views(snapshot.home, snapshot.warnings)}


def _values(values: Mapping[str, SecretGiven | JsonValue]) -> dict[str, Value]:
    return {
        key: Secret(value.secret) if isinstance(value, SecretGiven) else value for key, value in values.items()
    }


def _plain(table: Any) -> Any:
    """Return what TOML holds as JSON holds it."""
    if isinstance(table, Mapping):
        return {key: _plain(value) for key, value in table.items()}
    if isinstance(table, list):
        return [_plain(value) for value in table]
    return str(table) if isinstance(table, datetime | date | time) else table


_PATH: Final = "/api/bundles/<name:bundle>"
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/bundles",
        Role.VIEWER,
        "Connection bundles by name, page by page",
        bundles,
        Bundles,
        query=PageAsked,
    ),
    Endpoint(
        "POST",
        "/api/bundles",
        Role.OPERATOR,
        "Make a bundle",
        create,
        ChangeShown,
        input=BundleMade,
        status=HTTPStatus.CREATED,
        problems=UNDONE,
    ),
    Endpoint(
        "GET",
        _PATH,
        Role.VIEWER,
        "One bundle's file, secrets hidden",
        bundle,
        BundleFile,
        tagged=True,
        problems=(HTTPStatus.CONFLICT,),
    ),
    Endpoint(
        "PATCH",
        _PATH,
        Role.OPERATOR,
        "Set keys of a bundle; comments and order of its file stay",
        change,
        ChangeShown,
        input=BundleChanged,
        tagged=True,
        conditional=True,
        problems=UNDONE,
    ),
    Endpoint(
        "DELETE",
        _PATH,
        Role.OPERATOR,
        "Remove a bundle that no service uses",
        delete,
        ChangeShown,
        conditional=True,
        problems=UNDONE,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/recycle",
        Role.OPERATOR,
        "Make the pools of a bundle anew; requests in flight finish on the old ones",
        recycle,
        Reload,
        problems=UNDONE,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/test",
        Role.OPERATOR,
        "Try every address of a bundle: connect, TLS, ping, sign on",
        test,
        Tried,
        problems=UNDONE,
    ),
)
