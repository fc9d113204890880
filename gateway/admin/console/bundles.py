"""The pages of bundles: the ways to IMS Connect, their pools, and a form that changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from werkzeug.wrappers import Response

from gateway.admin.api.bundle_models import BundleFile
from gateway.admin.api.changes import ChangeShown
from gateway.admin.api.problem import ApiError, not_found, unfit
from gateway.admin.console import said
from gateway.admin.console.health import all_pools
from gateway.admin.console.render import see_other
from gateway.admin.console.said import Said
from gateway.admin.console.visit import Visit
from gateway.admin.ports import Pool
from gateway.config.model import Bundle

_HERE: Final = "/bundles"
NUMBERS: Final[Mapping[str, type[int] | type[float]]] = {
    "ims_connect.port": int,
    "ims_connect.pool.size": int,
    "ims_connect.pool.min": int,
    "ims_connect.pool.wait_seconds": float,
}
"""Fields of the form that are numbers."""
TEXTS: Final = ("ims_connect.host", "ims_connect.datastore")


@dataclass(frozen=True, slots=True)
class Way:
    """The pools of all workers to one endpoint, together."""

    endpoint: str
    pools: tuple[Pool, ...]

    @property
    def up(self) -> int:
        """Workers that reach it."""
        return sum(pool.up for pool in self.pools)

    def sum(self, name: str) -> int:
        """Return a number of all pools together."""
        return sum(getattr(pool, name) for pool in self.pools)

    @property
    def share(self) -> float:
        """How much of its limit is in use, 0 to 1."""
        limit = self.sum("limit")
        return self.sum("in_use") / limit if limit else 0.0


def ways(bundle: Bundle, name: str, pools: Sequence[Pool]) -> tuple[Way, ...]:
    """Return the endpoints of a bundle in the order of its file; those that were not called yet have no pool.

    Endpoints that it had before, whose sockets end with the requests that use them, come last.
    """
    own = [pool for pool in pools if pool.bundle == name]
    named = [str(address) for address in bundle.ims_connect.addresses]
    left = sorted({pool.endpoint for pool in own} - set(named))
    return tuple(
        Way(endpoint, tuple(pool for pool in own if pool.endpoint == endpoint)) for endpoint in (*named, *left)
    )


def listed(visit: Visit) -> Response:
    """Return all bundles."""
    home, pools = visit.snapshot.home, all_pools(visit.workers)
    users = _users(visit)
    found = [
        (name, bundle, ways(bundle, name, pools), users.get(name, ()))
        for name, bundle in sorted(home.bundles.items())
    ]
    return visit.page("bundles.html", here=_HERE, bundles=found)


def shown(  # noqa: PLR0913, PLR0917  what a button may want to add
    visit: Visit,
    name: str,
    told: Said | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    typed: Mapping[str, str] | None = None,
    tested: Any = None,
) -> Response:
    """Return the page of a bundle. `typed`: what stood in a form that was not taken. Raises ApiError."""
    bundle = visit.snapshot.home.bundles.get(name)
    if bundle is None:
        raise not_found(f"there is no bundle {name}")
    file, etag = _file(visit, name)
    return visit.page(
        "bundle.html",
        status=status,
        here=_HERE,
        name=name,
        bundle=bundle,
        connect=bundle.ims_connect,
        ways=ways(bundle, name, all_pools(visit.workers)),
        users=_users(visit).get(name, ()),
        said=told or said.of_address(visit.asked("done")),
        fields={**_fields(bundle, file), **(typed or {})},
        unlike=_fields(bundle, file) != _fields(bundle, {}),
        etag=(typed or {}).get("etag", etag),
        tested=tested,
    )


def change(visit: Visit, name: str) -> Response:
    """Change keys of a bundle's file, and bring them into force."""
    typed = {key: visit.sent(key).strip() for key in (*TEXTS, *NUMBERS) if key in visit.request.form}
    try:
        values = changed(visit, name, typed)
        if not values:
            return see_other(f"{_HERE}/{name}?done=same")
        etag = visit.sent("etag")
        done = visit.call("PATCH", f"/api/bundles/{name}", {"values": values}, if_match=etag).model
    except ApiError as error:
        return shown(visit, name, said.of_error(error), error.status, {**typed, "etag": visit.sent("etag")})
    assert isinstance(done, ChangeShown), "the table names the model"
    if minded := said.of_change(done):
        return shown(visit, name, minded)
    return see_other(f"{_HERE}/{name}?done=changed")


def changed(visit: Visit, name: str, typed: Mapping[str, str]) -> dict[str, str | int | float]:
    """Return the keys whose fields say something else than the file. Raises ApiError: no number."""
    bundle = visit.snapshot.home.bundles.get(name)
    if bundle is None:
        raise not_found(f"there is no bundle {name}")
    before = _fields(bundle, _file(visit, name)[0])
    found: dict[str, str | int | float] = {}
    for key, text in typed.items():
        if text == before.get(key):
            continue
        try:
            found[key] = NUMBERS[key](text) if key in NUMBERS else text
        except ValueError:
            raise unfit(f"{key} must be a number") from None
    return found


def recycle(visit: Visit, name: str) -> Response:
    """Close the bundle's pool and open it anew."""
    try:
        visit.call("POST", f"/api/bundles/{name}/recycle")
    except ApiError as error:
        return shown(visit, name, said.of_error(error), error.status)
    return see_other(f"{_HERE}/{name}?done=recycled")


def test(visit: Visit, name: str) -> Response:
    """Connect, sign on, ping; the page says how that went."""
    try:
        result = visit.call("POST", f"/api/bundles/{name}/test")
    except ApiError as error:
        return shown(visit, name, said.of_error(error), error.status)
    return shown(visit, name, tested=result.model)


def _users(visit: Visit) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name, service in visit.snapshot.home.services.items():
        found.setdefault(service.settings.bundle, []).append(name)
    for name, consumer in visit.snapshot.home.consumers.items():
        for bundle in consumer.settings.bundles:
            found.setdefault(bundle, []).append(name)
    return {bundle: sorted(names) for bundle, names in found.items()}


def _file(visit: Visit, name: str) -> tuple[Mapping[str, Any], str]:
    """Return what stands in the bundle's file now, in force or not, and its ETag."""
    result = visit.call("GET", f"/api/bundles/{name}")
    assert isinstance(result.model, BundleFile), "the table names the model"
    return result.model.settings, result.etag


def _fields(bundle: Bundle, file: Mapping[str, Any]) -> dict[str, str]:
    """Return what the form shows: what is in force, and where the file says something else, that.

    With several addresses there is neither host nor port.
    """
    connect = bundle.ims_connect
    found: dict[str, Any] = {
        "ims_connect.datastore": connect.datastore,
        "ims_connect.pool.size": connect.pool.size,
        "ims_connect.pool.min": connect.pool.min,
        "ims_connect.pool.wait_seconds": connect.pool.wait_seconds,
    }
    if connect.host is not None:
        found |= {"ims_connect.host": connect.host, "ims_connect.port": connect.port}
    return {key: _text(_within(file, key, value)) for key, value in found.items()}


def _within(table: Any, key: str, otherwise: Any) -> Any:
    for part in key.split("."):
        if not isinstance(table, Mapping) or part not in table:
            return otherwise
        table = table[part]
    return table


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
