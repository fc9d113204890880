"""`imsgw ims ping`, `cancel-timer` and `password`: what IMS Connect itself answers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.ims_options import DEFAULT_TIMEOUT_MS, Way
from gateway.cli.ims_secrets import NEW_PASSWORD_VARIABLE, new_password
from gateway.cli.ims_told import facts_of, tell
from gateway.clock import SYSTEM_CLOCK
from gateway.errors import GatewayError


def ping(way: Way) -> None:
    """Ask IMS Connect for a sign of life; with --bundle each of its addresses. IMS is not involved.

    Nobody signs on. Exit code 1: one of them did not answer.

    Example: `imsgw ims ping --host zos1 --port 9999`
    """
    from gateway.cli.ims_way import Target, target  # noqa: PLC0415  keeps --help quick

    where = target(replace(way, no_password=True, password_file=None, passticket=False))
    rows: list[dict[str, Any]] = []
    for endpoint in where.settings.endpoints:
        one = Target(replace(where.settings, endpoints=(endpoint,)), where.client_id)
        rows.append(_pinged(one, str(endpoint), _milliseconds(way), as_json=way.as_json))
    if way.as_json:
        typer.echo(json.dumps({"endpoints": rows}, indent=2, ensure_ascii=False))
    if any(row["error"] for row in rows):
        raise typer.Exit(1)


def _pinged(one: Any, name: str, timeout_ms: int, *, as_json: bool) -> dict[str, Any]:
    begun = SYSTEM_CLOCK.monotonic()
    row: dict[str, Any] = {"endpoint": name, "answer": None, "milliseconds": None, "error": None}
    try:
        with one.connect() as connection:
            row["answer"] = connection.ping(timeout_ms)
    except GatewayError as error:
        row["error"] = facts_of(error)
        if not as_json:
            tell(error, runs=False)
        return row
    row["milliseconds"] = round((SYSTEM_CLOCK.monotonic() - begun) * 1000, 1)
    if not as_json:
        typer.echo(f"{name} {row['answer']} {row['milliseconds']} ms")
    return row


def cancel_timer(
    way: Way,
    waiting: Annotated[
        str,
        typer.Argument(metavar="CLIENT-ID", help="Client id of the session that waits.", show_default=False),
    ],
) -> None:
    """End the wait of another session: it gets a timeout, its transaction goes on as after one.

    Example: `imsgw ims cancel-timer CLIENT01`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick

    with target(replace(way, client_id=waiting.upper())).connect() as connection:
        connection.cancel_timer(timeout_ms=_milliseconds(way))
    if way.as_json:
        typer.echo(json.dumps({"client_id": waiting.upper(), "cancelled": True}, indent=2))
    else:
        typer.echo(f"cancelled: the wait of {waiting.upper()}")


def change_password(
    way: Way,
    new_password_file: Annotated[
        Path | None,
        typer.Option(
            allow_dash=True,
            help=f"File whose first line is the new password. Otherwise {NEW_PASSWORD_VARIABLE}, or you are "
            "asked, twice.",
        ),
    ] = None,
) -> None:
    """Change the RACF password of --user. IMS Connect has to run with RACF=Y.

    Example: `imsgw ims password --host zos1 --user ALICE`
    """
    from gateway.cli.ims_way import target  # noqa: PLC0415  keeps --help quick

    if not way.user and not way.bundle:
        raise typer.BadParameter("is needed: whose password?", param_hint="--user")
    if way.no_password or way.passticket:
        raise typer.BadParameter("the old password is needed", param_hint="--password-file")
    where = target(way)
    user = where.settings.credentials.user
    new = new_password(new_password_file, user)
    with where.connect() as connection:
        words = connection.change_password(new, timeout_ms=_milliseconds(way))
    typer.echo(json.dumps({"user": user, "answer": words}, indent=2) if way.as_json else words)


def _milliseconds(way: Way) -> int:
    return way.timeout if way.timeout > 0 else DEFAULT_TIMEOUT_MS
