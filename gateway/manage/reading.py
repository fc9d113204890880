"""What there is in a home, read from its files, however much of it is wrong."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.callout import deployment
from gateway.config.document import read_toml
from gateway.config.model import Home
from gateway.config.read import CORRELATOR_FILE, read_home
from gateway.config.roles import is_consumer
from gateway.control import client, seat
from gateway.control.words import ControlError
from gateway.errors import ConfigError, Problem
from gateway.manage.bundles import bundle_names
from gateway.manage.installation import Installation
from gateway.manage.services import service_names
from gateway.manage.views import BundleView, ServiceView, bundle_views, service_views
from gateway.preflight import providers

_ABSENT: Final = re.compile(r"^environment variable (\S+) is (?:not set|empty)$")
"""As `config.secrets` says it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The services and bundles of a home."""

    services: tuple[ServiceView, ...]
    """By name. Where the home cannot be read as a whole they have no ports, operations and policy."""
    bundles: tuple[BundleView, ...]
    problems: tuple[Problem, ...]
    """Why the home cannot be read as a whole."""
    home: Home | None
    """None: it cannot."""


def read(installation: Installation) -> Picture:
    """Read the files of a home. Does not raise: what is wrong with it stands in the picture."""
    try:
        home = _home(installation)
    except ConfigError as error:
        told = error.problems
        services = tuple(_service(installation, name, told) for name in service_names(installation.home))
        bundles = tuple(_bundle(installation, name, told) for name in bundle_names(installation.home))
        return Picture(services, bundles, told, None)
    provided, consumed = providers.read_contracts(home), deployment.read_contracts(home)
    told = (*home.warnings, *provided.unreadable, *consumed.unreadable)
    services = service_views(home, provided.contracts, consumed.contracts, told)
    return Picture(services, bundle_views(home, told), (), home)


def _home(installation: Installation) -> Home:
    """Read the home, with something in place of secrets that only the gateway's own environment has.

    Raises ConfigError for all else that is wrong. Nothing is opened with these secrets.
    """
    where = {"state": installation.state}
    try:
        return read_home(installation.home, environ=installation.environ, **where)
    except ConfigError as error:
        absent = {
            found[1]: problem.key for problem in error.problems if (found := _ABSENT.search(problem.text))
        }
        if not absent:
            raise
    stand_ins = {name: "0" * 16 if key.endswith("key") else "x" for name, key in absent.items()}
    return read_home(installation.home, environ={**installation.environ, **stand_ins}, **where)


def running(installation: Installation) -> tuple[Mapping[str, Any], ...]:
    """Return what each running gateway says of its configuration: process, number, digest, loaded_at, ..."""
    return tuple(_statuses(installation))


def _statuses(installation: Installation) -> Iterator[Mapping[str, Any]]:
    folder = installation.state / seat.SERVE
    try:
        for number in client.living(folder):
            said = client.ask(folder, f"{number}.sock", {"do": "status"}, installation.clock)
            if said is not None:
                yield said
    except ControlError as error:
        yield {"process": seat.SERVE, "error": str(error)}


def _table(installation: Installation, file: str) -> dict[str, Any]:
    try:
        return read_toml(installation.home / file, file)
    except ConfigError:
        return {}


def _service(installation: Installation, name: str, problems: tuple[Problem, ...]) -> ServiceView:
    """Return what a correlator says of a service, as far as it can be read."""
    table = _table(installation, f"wsdl/{name}/{CORRELATOR_FILE}")
    consumer = is_consumer(table)
    named = table.get("bundles") if consumer else [table.get("bundle")]
    return ServiceView(
        name=name,
        role="consumer" if consumer else "provider",
        enabled=table.get("enabled") is not False,
        bundles=tuple(one for one in named if isinstance(one, str)) if isinstance(named, list) else (),
        wsdl=f"wsdl/{name}/{table.get('wsdl', '')}",
        ports=(),
        addresses=(),
        operations=(),
        policy=(),
        problems=tuple(problem for problem in problems if problem.file.startswith(f"wsdl/{name}/")),
    )


def _bundle(installation: Installation, name: str, problems: tuple[Problem, ...]) -> BundleView:
    """Return what a bundle's file says, as far as it can be read."""
    table = _table(installation, f"bundles/{name}.toml")
    connect, own = _inner(table, "ims_connect"), _inner(table, "credentials")
    host, port, hosts = connect.get("host"), connect.get("port"), connect.get("hosts")
    addresses = (f"{host}:{port}",) if isinstance(host, str) else ()
    return BundleView(
        name=name,
        addresses=tuple(str(one) for one in hosts) if isinstance(hosts, list) else addresses,
        datastore=str(connect.get("datastore", "")),
        exit=str(connect.get("exit", "")),
        tls="tls" in connect,
        user=str(own.get("user", "")),
        has_password="password" in own,
        pool_size=0,
        tpipes=(),
        services=(),
        problems=tuple(problem for problem in problems if problem.file == f"bundles/{name}.toml"),
    )


def _inner(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = table.get(key)
    return found if isinstance(found, Mapping) else {}
