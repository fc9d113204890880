"""`imsgw service deploy`."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli import completing
from gateway.cli.managing import change_recorded, installation, refusals_told, table, tell
from gateway.cli.options import HomeOption, JsonOption, StateOption
from gateway.cli.printed_json import printed_json
from gateway.manage.results import ManageError, Why

if TYPE_CHECKING:
    from gateway.manage.deploying import DeployResult, Gathered, Wanted
    from gateway.manage.values import Value

_SECURITY = "Security of the service"
_FETCHING = "Fetching"


def deploy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="WSDL",
            help="WSDL file, folder or zip of WSDL and schemas, or http(s) address.",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the service.", show_default="that of the WSDL file")] = "",
    role: Annotated[
        Literal["provider", "consumer"],
        typer.Option(help="provider: clients call IMS; consumer: IMS calls it."),
    ] = "provider",
    bundle: Annotated[
        list[str] | None,
        typer.Option(
            help="Connection bundle; of a consumer there may be several.",
            show_default="the only one there is",
            autocompletion=completing.bundles,
        ),
    ] = None,
    transaction: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[OPERATION=]CODE",
            help="Transaction of all operations, or of one; may be repeated.",
            show_default=False,
        ),
    ] = None,
    wsdl: Annotated[str, typer.Option(help="Which WSDL of a folder or zip.", show_default="the only one")] = "",
    correlator: Annotated[
        Path | None,
        typer.Option(help="A correlator.toml to use in place of a proposed one.", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="More keys of the correlator; may be repeated.",
            show_default=False,
            autocompletion=completing.correlator_keys,
        ),
    ] = None,
    token: Annotated[
        Literal["none", "username", "saml11", "saml20"] | None,
        typer.Option(help="What requests must carry.", show_default="none", rich_help_panel=_SECURITY),
    ] = None,
    signed_by: Annotated[
        Literal["sender", "sts", "either"] | None,
        typer.Option(
            help="SAML: it must be signed, and by whom.", show_default="not signed", rich_help_panel=_SECURITY
        ),
    ] = None,
    trust: Annotated[
        Literal["any", "one", "chain"] | None,
        typer.Option(help="Which signers are believed.", show_default="one", rich_help_panel=_SECURITY),
    ] = None,
    truststore: Annotated[
        str,
        typer.Option(
            help="Certificates of signers, relative to the home.", show_default=False, rich_help_panel=_SECURITY
        ),
    ] = "",
    sender: Annotated[
        list[str] | None,
        typer.Option(
            help="Certificate of who may vouch; may be repeated.", show_default=False, rich_help_panel=_SECURITY
        ),
    ] = None,
    issuer: Annotated[
        list[str] | None,
        typer.Option(
            help="Issuer of assertions; may be repeated.", show_default=False, rich_help_panel=_SECURITY
        ),
    ] = None,
    audience: Annotated[
        list[str] | None,
        typer.Option(
            help="Audience that means us; may be repeated.", show_default=False, rich_help_panel=_SECURITY
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the WSDL in the place of a service's; its correlator stays.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be written, write nothing.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="Host beside that of the address that documents may come from.",
            show_default=False,
            rich_help_panel=_FETCHING,
        ),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM file of authorities.", show_default="the system's", rich_help_panel=_FETCHING),
    ] = None,
    proxy: Annotated[
        str, typer.Option(help="Address of an HTTP proxy.", show_default="none", rich_help_panel=_FETCHING)
    ] = "",
    home: HomeOption = Path(),
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deploy a service: its WSDL goes into wsdl/SERVICE with a correlator, is checked and comes into force.

    Each operation is listed in the correlator with a comment on what it takes and gives. What a service needs
    and nobody can know, transaction codes above all, has to be given; --dry-run shows the proposal without it.

    Examples: `imsgw service deploy phonebook.wsdl --transaction IVTNO --token username`,
    `imsgw service deploy https://host/rating?wsdl --role consumer --bundle ims1`
    """
    from gateway.manage import deploy as deploying  # noqa: PLC0415  Spyne takes a second to import
    from gateway.manage.deploying import Wanted  # noqa: PLC0415

    security = _security(token, signed_by, trust, truststore, sender, issuer, audience)
    with refusals_told(as_json=as_json):
        codes = _transactions(transaction or ())
        wanted = Wanted(
            name=name,
            role=role,
            bundles=tuple(bundle or ()),
            transaction=codes.pop("", ""),
            transactions=codes,
            settings={**security, **_settings(role, set_ or ())},
            correlator=_read(correlator),
            replace=replace,
        )
        _refuse_beside_correlator(wanted)
        gathered = _gathered(source, wsdl, tuple(allow_host or ()), ca, proxy)
        about = name or "a service that has its name from its WSDL"  # an address may hold a secret
        with nullcontext() if dry_run else change_recorded(home, state, "service deploy", about) as recording:
            result = deploying.deploy(installation(home, state), gathered, wanted, dry_run=dry_run)
            if recording is not None:
                recording.result = result.service
        _tell(result, as_json=as_json)


def _gathered(source: str, wsdl: str, hosts: tuple[str, ...], ca: Path | None, proxy: str) -> "Gathered":
    from gateway.manage.download import Fetching  # noqa: PLC0415
    from gateway.manage.fetched_sources import from_url  # noqa: PLC0415
    from gateway.manage.sources import from_path  # noqa: PLC0415

    if "://" in source:
        return from_url(source, Fetching(hosts, ca, proxy))
    return from_path(Path(source), wsdl)


def _security(
    token: str | None, signed_by: str | None, trust: str | None, truststore: str, *lists: list[str] | None
) -> "dict[str, Value]":
    """Return keys of the correlator for the options that were given."""
    found: dict[str, Any] = {"token": token, "signed_by": signed_by, "trust": trust}
    found |= {"signed": True if signed_by else None, "truststore": {"path": truststore} if truststore else None}
    found |= dict(zip(("senders", "issuers", "audiences"), lists, strict=True))
    return {f"security.{key}": value for key, value in found.items() if value is not None}


def _settings(role: str, texts: Sequence[str]) -> "dict[str, Value]":
    from gateway.config.model import ConsumerSettings, ProviderSettings  # noqa: PLC0415
    from gateway.config.words import dotted  # noqa: PLC0415
    from gateway.manage.values import assignments  # noqa: PLC0415

    model = ConsumerSettings if role == "consumer" else ProviderSettings
    return {dotted(path): value for path, value in assignments(model, texts).items()}


def _transactions(texts: Sequence[str]) -> dict[str, str]:
    """Return transaction codes by operation; that of all operations under the empty name."""
    found: dict[str, str] = {}
    for text in texts:
        operation, _, code = text.rpartition("=")
        if operation in found or not code:
            raise typer.BadParameter("is given twice, or without a code", param_hint="--transaction")
        found[operation] = code
    return found


def _read(correlator: Path | None) -> bytes | None:
    try:
        return None if correlator is None else correlator.read_bytes()
    except OSError as error:
        raise ManageError(Why.NOT_FOUND, f"{correlator} cannot be read: {error.strerror}") from error


def _refuse_beside_correlator(wanted: "Wanted") -> None:
    if wanted.correlator is not None and (
        wanted.bundles or wanted.transaction or wanted.transactions or wanted.settings
    ):
        raise typer.BadParameter("says all that other options say: give it alone", param_hint="--correlator")


def _tell(result: "DeployResult", *, as_json: bool) -> None:
    if result.change is None:
        _tell_dry_run(result, as_json=as_json)
        return
    if not as_json:
        for line in _lines(result):
            typer.echo(line)
    tell(result.change, f"deployed {result.service}", result.facts, as_json=as_json)


def _tell_dry_run(result: "DeployResult", *, as_json: bool) -> None:
    if as_json:
        typer.echo(printed_json(result.facts()))
    else:
        for file in result.files:
            typer.echo(f"would write {file}")
        for line in _lines(result):
            typer.echo(line)
        typer.echo(f"\n{result.correlator}", nl=False)
        for text in result.missing:
            typer.echo(f"to deploy it, {text}", err=True)


def _lines(result: "DeployResult") -> list[str]:
    lines = [f"  {note}" for note in result.notes]
    lines += [f"  address: {address}" for address in result.addresses]
    rows = [(one.name, one.transaction or "-", "one-way" if one.one_way else "") for one in result.operations]
    lines += [f"  {line}" for line in table(("OPERATION", "TRANSACTION", ""), rows)]
    if result.went:
        lines.append(f"  operations that went: {', '.join(result.went)}")
    if result.came and len(result.came) < len(result.operations):
        lines.append(f"  operations that came: {', '.join(result.came)}")
    return lines
