"""`imsgw bundle test`."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.cli.managing import BundleArgument
from gateway.cli.options import HomeOption, JsonOption, StateOption, problems_shown
from gateway.cli.printed_json import printed_json
from gateway.cli.reload import running_state
from gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gateway.config.model import Bundle, SignOnSettings
    from gateway.manage.probe import Step


def try_bundle(
    name: BundleArgument, home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Try a bundle: connect to each of its addresses, TLS, a sign of life, sign on with its own identity.

    Nothing is run in IMS, no message is taken. A password that is refused at one address is not tried at the
    next, and counts at the gateway's sign-on guard: RACF revokes a user after a few. Exit code 1: something
    did not work.

    Example: `imsgw bundle test ims1`
    """
    from gateway.manage.probe import Guard, StoreError, probe  # noqa: PLC0415

    with problems_shown():
        bundle = _read(home, name)
        guard = Guard(running_state(home, state), _sign_on(home))
        try:
            probed = probe(name, bundle, guard, tell=(lambda *_: None) if as_json else _tell)
        except StoreError as error:
            problem = Problem(f"bundles/{name}.toml", "ims_connect.tls", str(error))
            raise ConfigError((problem,)) from error
    if as_json:
        typer.echo(printed_json({"bundle": name, "addresses": [one.facts() for one in probed]}))
    if not all(one.done for one in probed):
        raise typer.Exit(1)


def _read(home: Path, name: str) -> "Bundle":
    """Return the bundle. Raises ConfigError, and Exit where there is none."""
    from gateway.cli.ims_way import read_bundle  # noqa: PLC0415  see above
    from gateway.config.catalogue.files import SECRET  # noqa: PLC0415
    from gateway.manage.names import not_found  # noqa: PLC0415

    known = sorted(path.stem for path in (home / "bundles").glob("*.toml"))
    if name not in known:
        typer.echo(str(not_found("bundle", name, known)), err=True)
        raise typer.Exit(1)
    try:
        return read_bundle(home, name)
    except ConfigError as error:
        if any(problem.check == SECRET.id for problem in error.problems):
            typer.echo(
                "the test signs on by itself, so it needs the gateway's secrets in its own environment:",
                err=True,
            )
        raise


def _sign_on(home: Path) -> "SignOnSettings":
    """Return how the gateway counts failed sign-ons; a gateway.toml with mistakes gives the defaults."""
    from gateway.config.model import GatewaySettings, SignOnSettings  # noqa: PLC0415
    from gateway.config.read import GATEWAY_FILE, read_toml, settle  # noqa: PLC0415
    from gateway.config.secrets import HomeFiles  # noqa: PLC0415

    where = home.absolute()
    try:
        table = {"sign_on": read_toml(where / GATEWAY_FILE, GATEWAY_FILE).get("sign_on", {})}
        return settle(GatewaySettings, table, GATEWAY_FILE, HomeFiles(where, {})).sign_on
    except ConfigError:
        return SignOnSettings()


def _tell(address: str, step: "Step") -> None:
    how = "-" if step.skipped else "ok" if step.done else "FAILED"
    took = f", {step.milliseconds} ms" if step.milliseconds else ""
    typer.echo(f"{address} {step.name}: {how}{took}: {step.text}", err=not (step.done or step.skipped))
