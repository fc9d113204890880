"""`imsgw call`."""

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.exchange import Secret


def call(
    address: Annotated[
        str,
        typer.Argument(help="Address of the service, or its port name at --server.", show_default=False),
    ],
    operation: Annotated[str, typer.Argument(help="Operation of the WSDL.", show_default=False)],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="NAME=VALUE for each element of the request; NAME.INNER=VALUE goes deeper."),
    ] = None,
    server: Annotated[
        str, typer.Option(help="Where the gateway is, for a port name.")
    ] = "https://localhost:8443",
    ca: Annotated[
        Path | None, typer.Option(help="PEM file of the authority that signed the server's certificate.")
    ] = None,
    user: Annotated[str, typer.Option(help="Send a UsernameToken for this user.")] = "",
    password_env: Annotated[
        str, typer.Option(help="Environment variable with the password; without it you are asked.")
    ] = "",
    timeout: Annotated[float, typer.Option(help="Seconds to wait.", min=0.001)] = 30.0,
) -> None:
    """Call an operation of a served web service and print the answer as JSON.

    Example: `imsgw call PhoneBookPort PhoneBook command=DISPLAY lastName=LAST1 --ca keystores/ca.pem`
    """
    from gateway.soap.client import CallError, ServiceClient, SignOn  # noqa: PLC0415  zeep is slow to import

    request = _request(values or [])
    if "://" not in address:
        address = f"{server.rstrip('/')}/imssoap/services/{address}"
    if not address.startswith(("https://", "http://")):
        raise typer.BadParameter(f"{address} does not begin with https:// or http://", param_hint="address")
    sign_on = SignOn(user, _password(password_env)) if user else None
    try:
        with ServiceClient(address, ca=ca, sign_on=sign_on, timeout_seconds=timeout) as client:
            typer.echo(json.dumps(client.call(operation, request), indent=2, default=str, ensure_ascii=False))
    except CallError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _password(variable: str) -> Secret:
    if not variable:
        return Secret(typer.prompt("Password", hide_input=True, err=True))
    if variable not in os.environ:
        raise typer.BadParameter(f"environment variable {variable} is not set", param_hint="--password-env")
    return Secret(os.environ[variable])


def _request(values: list[str]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    for value in values:
        path, equals, text = value.partition("=")
        *parents, name = path.split(".")
        if not equals or not all((*parents, name)):
            raise _misfit(f"{value!r} does not read NAME=VALUE")
        place = request
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                raise _misfit(f"{parent} cannot have both a text and elements in it: {value!r}")
        if name in place:
            raise _misfit(f"{path} is given twice")
        place[name] = text
    return request


def _misfit(text: str) -> typer.BadParameter:
    return typer.BadParameter(text, param_hint="values")
