"""Pages that show the gateway and change nothing: overview, services, requests, configuration."""

from http import HTTPStatus
from typing import Any, Final

from werkzeug.wrappers import Response

from gateway.admin.api.capture import MOST_MINUTES
from gateway.admin.api.configuration import Checked
from gateway.admin.api.problem import not_found
from gateway.admin.console import charts, said, series, services
from gateway.admin.console.callout_health import asked, callout_concerns
from gateway.admin.console.health import all_pools, by_gravity, concerns, endpoints
from gateway.admin.console.refusals import Wanted, seen
from gateway.admin.console.said import Said
from gateway.admin.console.service import Port, called, name_of, operations, ports
from gateway.admin.console.visit import Visit
from gateway.manage import policy_words
from gateway.manage.addresses import shown_address
from gateway.observe.traffic import RECENT

SHOWN: Final = 100
"""Requests on the page of requests."""
_LAST: Final = 8
_EVERY: Final = RECENT * 64
_CAPTURE_MINUTES: Final = tuple(minutes for minutes in (1, 5, 15, 30, 60) if minutes <= MOST_MINUTES)


def overview(visit: Visit) -> Response:
    """Return the first page."""
    hour = series.hour(visit.workers, visit.now)
    last = visit.gateway.last_reload()
    totals = series.totals(visit.workers, visit.now)
    busiest = sorted(totals.items(), key=lambda item: (-item[1].requests, item[0]))[:_LAST]
    refused = Wanted(outcome="refused").of(visit.gateway.recent(_EVERY))
    processes, silent = asked(visit.snapshot.home.state, visit.api.desk.clock)
    found = [*concerns(visit.snapshot, visit.workers, last[0] if last else None), *silent]
    return visit.page(
        "overview.html",
        here="/",
        home=visit.snapshot.home,
        concerns=by_gravity([*found, *callout_concerns(processes)]),
        hour=hour,
        charts=charts.of_hour(hour),
        in_work=sum(worker.in_work for worker in visit.workers),
        waiting=sum(worker.waiting for worker in visit.workers),
        workers=visit.workers,
        last=last,
        endpoints=endpoints(all_pools(visit.workers)),
        busiest=busiest,
        refused=refused[:_LAST],
        now=visit.now,
    )


def listed(visit: Visit) -> Response:
    """Return the list of services."""
    home = visit.snapshot.home
    page = visit.asked("page", "1")
    choice = services.Choice(
        text=visit.asked("q").strip(),
        state=visit.asked("state"),
        role=visit.asked("role"),
        sort=visit.asked("sort", "name"),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )
    rows = list(services.rows(home, series.totals(visit.workers, visit.now)))
    listing = services.listing(rows, choice)
    return visit.page(
        "services.html",
        here="/services",
        choice=choice,
        listing=listing,
        total=len(rows),
        stopped=sum(not row.enabled for row in rows),
        sparks={
            row.name: charts.spark(series.hour(visit.workers, visit.now, row.name))
            for row in listing.rows
            if row.provider
        },
    )


def service(visit: Visit, name: str, told: Said | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the page of one service. Raises ApiError: there is none."""
    home = visit.snapshot.home
    about: dict[str, Any] = {
        "here": "/services",
        "name": name,
        "said": told or said.of_address(visit.asked("done")),
    }
    if name in home.services:
        about |= _provider(visit, name)
    elif name in home.consumers:
        about |= _consumer(visit, name)
    else:
        raise not_found(f"no service {name} is deployed")
    return visit.page("service.html", status=status, **about)


def _provider(visit: Visit, name: str) -> dict[str, Any]:
    home, contract = visit.snapshot.home, visit.snapshot.contracts[name]
    deployed = home.services[name]
    settings = deployed.settings
    refused = Wanted(service=name, outcome="refused").of(visit.gateway.recent(_EVERY))
    return {
        "provider": True,
        "settings": settings,
        "ports": ports(deployed, contract, home.gateway.server, name_of(visit.request.host)),
        "operations": operations(deployed, contract),
        "headline": policy_words.headline(settings.security),
        "policy": policy_words.of_provider(settings, home.bundles.get(settings.bundle)),
        "charts": charts.of_hour(series.hour(visit.workers, visit.now, name)),
        "refused": refused[:SHOWN],
        "capture_choices": _CAPTURE_MINUTES,
    }


def _consumer(visit: Visit, name: str) -> dict[str, Any]:
    deployed = visit.snapshot.home.consumers[name]
    contract = visit.snapshot.consumers[name]
    return {
        "provider": False,
        "settings": deployed.settings,
        "ports": [Port(port.name, (shown_address(port.address),)) for port in contract.ports.values()],
        "operations": called(deployed, visit.snapshot),
        "policy": policy_words.of_consumer(deployed.settings),
    }


def captured(visit: Visit, name: str) -> Response:
    """Return what was kept of a service's messages. Raises ApiError: there is no such service, or no right."""
    kept = visit.call("GET", f"/api/services/{name}/capture").facts()
    return visit.page(
        "captured.html",
        here="/services",
        name=name,
        messages=kept["messages"],
        left_out=kept["left_out"],
        said=said.of_address(visit.asked("done")),
    )


def requests(visit: Visit) -> Response:
    """Return the latest requests."""
    recent = visit.gateway.recent(_EVERY)
    wanted = Wanted(visit.asked("service").strip(), visit.asked("outcome"), visit.asked("q"))
    found = [ended for ended in recent if wanted.picks(ended)]
    return visit.page(
        "requests.html",
        here="/requests",
        wanted=wanted,
        shown=[seen(ended) for ended in found[:SHOWN]],
        found=len(found),
        any=bool(recent),
        kept=RECENT,
        services=sorted({ended.event.service for ended in recent}),
    )


def request(visit: Visit, request_id: str) -> Response:
    """Return all that is known of one request. Raises ApiError: it is remembered no more."""
    for ended in visit.gateway.recent(_EVERY):
        if ended.event.own_id == request_id:
            return visit.page("request.html", here="/requests", seen=seen(ended), event=ended.event)
    raise not_found("this request is remembered no more; the log has it")


def check(visit: Visit) -> Response:
    """Return what is wrong with the files as they are now, in force or not."""
    model = visit.call("GET", "/api/check").model
    assert isinstance(model, Checked), "the table names the model"
    return visit.page("check.html", here="/configuration", checked=model)


def configuration(visit: Visit, told: Said | None = None, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return what is in force, and what became of the last reload."""
    return visit.page(
        "configuration.html",
        status=status,
        here="/configuration",
        last=visit.gateway.last_reload(),
        current=sum(worker.digest == visit.snapshot.digest for worker in visit.workers),
        said=told or said.of_address(visit.asked("done")),
    )
