"""Deployed services: shown, started, stopped, deployed, undeployed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal

from pydantic import Field, Json, JsonValue

from gateway.admin.api.changes import UNDONE, ChangeShown, installation, told
from gateway.admin.api.endpoint import Call, Endpoint, Query, Shown
from gateway.admin.api.paging import PageAsked, PageShown, page
from gateway.admin.api.problem import HomeProblem, not_found
from gateway.admin.desk import Desk
from gateway.admin.roles import Role
from gateway.manage import services as manage
from gateway.manage.deploy import deploy as manage_deploy
from gateway.manage.deploying import DeployResult, OperationView, Wanted
from gateway.manage.sources import from_upload
from gateway.manage.views import ServiceView, service_views

UPLOADS: Final = ("application/zip", "application/xml", "text/xml", "application/wsdl+xml")


class OperationShown(Shown):
    """One operation of a service."""

    name: str
    input: str = Field(description="Element of the request, {namespace}name.")
    output: str = Field(description="Element of the reply; empty for a one-way operation.")
    one_way: bool
    transaction: str = Field(
        description="Of a provider: what it starts in IMS; of a consumer: what gets the answer."
    )

    @classmethod
    def of(cls, view: OperationView) -> "OperationShown":
        """Put it into the API's words."""
        return cls(
            name=view.name,
            input=view.input,
            output=view.output,
            one_way=view.one_way,
            transaction=view.transaction,
        )


class ServiceShown(Shown):
    """One deployed service, as it is in force."""

    name: str
    role: Literal["provider", "consumer"]
    enabled: bool = Field(description="false: it is stopped, and callers get a fault.")
    bundles: tuple[str, ...]
    wsdl: str = Field(description="File, relative to the home.")
    ports: tuple[str, ...]
    addresses: tuple[str, ...] = Field(
        description="Of a provider: where it is served; of a consumer: what it calls."
    )
    operations: tuple[OperationShown, ...]
    policy: tuple[str, ...] = Field(description="Who may call, in sentences.")
    problems: tuple[HomeProblem, ...]

    @classmethod
    def of(cls, view: ServiceView) -> "ServiceShown":
        """Put it into the API's words."""
        return cls(
            name=view.name,
            role=view.role,
            enabled=view.enabled,
            bundles=view.bundles,
            wsdl=view.wsdl,
            ports=view.ports,
            addresses=view.addresses,
            operations=tuple(OperationShown.of(one) for one in view.operations),
            policy=view.policy,
            problems=tuple(HomeProblem.of(problem) for problem in view.problems),
        )


class Services(PageShown):
    """A page of services by name."""

    services: tuple[ServiceShown, ...]


Values = Annotated[dict[str, JsonValue], Field(max_length=1000)]


class DeployAsked(Query):
    """How a WSDL becomes a service; everything has a default but what nobody can know."""

    role: Literal["provider", "consumer"] = "provider"
    bundles: str = Field(
        default="", max_length=2000, description="Names with commas between; empty: the only one there is."
    )
    transaction: str = Field(
        default="",
        max_length=8,
        description="Of all operations of a provider that `transactions` does not name.",
    )
    transactions: Json[dict[str, str]] = Field(
        default_factory=dict, description="By operation, an object in JSON."
    )
    settings: Json[Values] = Field(
        default_factory=dict,
        description='More keys of correlator.toml, an object in JSON: {"security.token": "username"}.',
    )
    main: str = Field(default="", max_length=240, description="Which WSDL of a zip is meant.")
    replace: bool = Field(default=False, description="Whether a service of that name may be there already.")
    dry_run: bool = Field(default=False, description="Write nothing, say what would be written.")


class Deployed(Shown):
    """What was deployed, or would be."""

    service: str
    role: Literal["provider", "consumer"]
    change: ChangeShown | None = Field(description="null: a dry run.")
    correlator: str = Field(description="The whole file, secrets that stand in it in clear hidden.")
    files: tuple[str, ...]
    operations: tuple[OperationShown, ...]
    addresses: tuple[str, ...]
    came: tuple[str, ...] = Field(description="Operations that the service had not before.")
    went: tuple[str, ...] = Field(description="Operations that it has no more.")
    missing: tuple[str, ...] = Field(description="Of a dry run: what would be refused until it is given.")
    notes: tuple[str, ...]

    @classmethod
    def of(cls, result: DeployResult) -> "Deployed":
        """Put it into the API's words."""
        return cls(
            service=result.service,
            role=result.role,
            change=None if result.change is None else ChangeShown.of(result.change),
            correlator=result.correlator,
            files=result.files,
            operations=tuple(OperationShown.of(one) for one in result.operations),
            addresses=result.addresses,
            came=result.came,
            went=result.went,
            missing=result.missing,
            notes=result.notes,
        )


class UndeployedShown(Shown):
    """What became of a service that was taken out."""

    change: ChangeShown
    kept: str = Field(description="Where its folder is kept.")


def services(call: Call) -> Services:
    """Show a page of services."""
    home = call.desk.configuration
    found = page((*home.services, *home.consumers), call.queried(PageAsked))
    shown = tuple(ServiceShown.of(view) for view in _views(call.desk, found.names))
    return Services(services=shown, total=found.total, next=found.next)


def service(call: Call) -> ServiceShown:
    """Show one service."""
    name = call.path["service"]
    found = _views(call.desk, (name,))
    if not found:
        raise not_found(f"no service {name} is in force")
    return ServiceShown.of(found[0])


def start(call: Call) -> ChangeShown:
    """Have a stopped service served again."""
    with told():
        return ChangeShown.of(manage.start(installation(call.desk), call.path["service"]))


def stop(call: Call) -> ChangeShown:
    """Have a service answer that it is stopped."""
    with told():
        return ChangeShown.of(manage.stop(installation(call.desk), call.path["service"]))


def undeploy(call: Call) -> UndeployedShown:
    """Take a service out of the home."""
    with told():
        done = manage.undeploy(installation(call.desk), call.path["service"])
    return UndeployedShown(change=ChangeShown.of(done.change), kept=str(done.kept or ""))


def deploy(call: Call) -> Deployed:
    """Deploy what was sent."""
    name, asked = call.path["service"], call.queried(DeployAsked)
    wanted = Wanted(
        name=name,
        role=asked.role,
        bundles=tuple(one.strip() for one in asked.bundles.split(",") if one.strip()),
        transaction=asked.transaction,
        transactions=asked.transactions,
        settings=asked.settings,
        replace=asked.replace,
        # a stolen session of the console is no shell
        paths_to_code=False,
    )
    with told():
        gathered = from_upload(f"{name}.wsdl", call.upload.content, asked.main)
        return Deployed.of(manage_deploy(installation(call.desk), gathered, wanted, dry_run=asked.dry_run))


def _views(desk: Desk, names: Sequence[str]) -> tuple[ServiceView, ...]:
    """Return the services of these names: there may be thousands of others."""
    snapshot = desk.gateway.snapshot()
    home = snapshot.home
    services = {name: home.services[name] for name in names if name in home.services}
    consumers = {name: home.consumers[name] for name in names if name in home.consumers}
    home = replace(home, services=services, consumers=consumers)
    return service_views(home, snapshot.contracts, snapshot.consumers, snapshot.warnings)


_PATH: Final = "/api/services/<name:service>"
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/services",
        Role.VIEWER,
        "Deployed services by name, page by page",
        services,
        Services,
        query=PageAsked,
    ),
    Endpoint("GET", _PATH, Role.VIEWER, "One service", service, ServiceShown),
    Endpoint(
        "PUT",
        _PATH,
        Role.OPERATOR,
        "Deploy a WSDL, or a zip with a WSDL and its schemas, as a service",
        deploy,
        Deployed,
        query=DeployAsked,
        uploads=UPLOADS,
        problems=UNDONE,
    ),
    Endpoint(
        "DELETE",
        _PATH,
        Role.OPERATOR,
        "Take a service out; its folder is kept below the state folder",
        undeploy,
        UndeployedShown,
        problems=UNDONE,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/start",
        Role.OPERATOR,
        "Have a stopped service served again",
        start,
        ChangeShown,
        problems=UNDONE,
    ),
    Endpoint(
        "POST",
        f"{_PATH}/stop",
        Role.OPERATOR,
        "Have a service answer that it is stopped",
        stop,
        ChangeShown,
        problems=UNDONE,
    ),
)
