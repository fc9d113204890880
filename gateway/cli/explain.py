"""`imsgw explain`."""

import json
import sys
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from cryptography import x509

from gateway.cli.options import HomeOption, JsonOption, load, problems_shown
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Home, Service
from gateway.config.words import nearest
from gateway.errors import ConfigError, Problem
from gateway.wss.times import parse_instant

if TYPE_CHECKING:
    from gateway.explain import Explanation


def explain(
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE.xml", help="File with the SOAP message; - reads standard input.")
    ],
    service: Annotated[str, typer.Option(help="Folder below wsdl/ whose policy counts.", show_default=False)],
    home: HomeOption = Path(),
    at: Annotated[
        str, typer.Option(help="When the message came, like 2026-11-22T12:00:00Z; without it: now.")
    ] = "",
    plain_http: Annotated[bool, typer.Option("--plain-http", help="It came over HTTP, not HTTPS.")] = False,
    client_certificate: Annotated[
        Path | None, typer.Option(help="TLS client certificate that it came with, PEM or DER.")
    ] = None,
    endpoint: Annotated[
        str, typer.Option(help="Address that it was sent to, for assertions that name one (Recipient).")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Judge a stored message by the policy of a service, and show rule by rule what was found.

    Nothing is sent, and no password is ever shown. What came before is not known here: a replay is not noticed.
    Exit code 0: accepted, 1: refused (or the home is not in order), 2: wrong usage.

    Example: `imsgw explain message.xml --service phonebook-saml20-one --at 2026-11-22T12:00:00Z`
    """
    from gateway import explain as judge  # noqa: PLC0415  keeps --help quick
    from gateway.tls import read_trusted  # noqa: PLC0415
    from gateway.wss.policy import TransportFacts  # noqa: PLC0415

    data, now = _message(message), _instant(at)
    certificate = None if client_certificate is None else _certificate(client_certificate)
    with problems_shown():
        snapshot = load(home)
        chosen = _service(snapshot, service)
        security = chosen.settings.security
        try:
            keys = read_trusted(security.truststore, security.crl)
        except ValueError as error:
            file = f"wsdl/{service}/correlator.toml"
            raise ConfigError((Problem(file, "security.truststore", str(error)),)) from error
    facts = TransportFacts(tls=not plain_http, certificate=certificate, endpoint=endpoint)
    outcome = judge.explain(data, judge.Question.of(snapshot.gateway, security, facts, now, keys))
    if as_json:
        asked = {"service": service, "at": now.isoformat(), "https": facts.tls}
        typer.echo(json.dumps({**asked, **outcome.told()}, indent=2, ensure_ascii=False))
    else:
        channel = "HTTPS" if facts.tls else "HTTP"
        shown = "with" if certificate else "without"
        when = now.isoformat(sep=" ", timespec="seconds")
        _show(outcome, f"{service}, at {when}, over {channel} {shown} a client certificate")
    if not outcome.accepted:
        raise typer.Exit(1)


def _message(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{name}: {error.strerror}", param_hint="MESSAGE.xml") from error


def _instant(text: str) -> datetime:
    if not text:
        return SYSTEM_CLOCK.now()
    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {error}", param_hint="--at") from error


def _certificate(path: Path) -> x509.Certificate:
    hint = "--client-certificate"
    try:
        data = path.read_bytes()
        pem = b"-----BEGIN CERTIFICATE-----" in data
        return x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=hint) from error
    except ValueError as error:
        raise typer.BadParameter(f"{path} holds no certificate, PEM or DER", param_hint=hint) from error


def _service(home: Home, name: str) -> Service:
    if name in home.services:
        return home.services[name]
    near = nearest(name, home.services)
    known = f"did you mean {near}?" if near else f"there are {', '.join(sorted(home.services)) or 'none'}"
    raise typer.BadParameter(f"no service {name!r}; {known}", param_hint="--service")


def _show(outcome: "Explanation", title: str) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  keeps --help quick
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    columns = (
        Column(""),
        Column("Rule", no_wrap=True),
        Column("What must hold, and what was found", overflow="fold"),
    )
    table = Table(*columns, box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for finding, _ in groupby(outcome.findings):  # a rule may be tried at several places, with one result
        mark = Text("met", "green") if finding.met else Text("broken", "bold red")
        said = Text(finding.rule.text)
        if finding.detail:
            said.append(f"\nfound: {finding.detail}", "cyan" if finding.met else "bold red")
        table.add_row(mark, finding.rule.id, said)
    console.print(Text(title, "bold"), "\n")
    console.print(table)
    told = outcome.told()
    console.print("\nreplay:", told["replay"], "\n", style="dim")
    console.print(Text("accepted", "bold green") if outcome.accepted else Text("refused", "bold red"))
    for name, value in (told["claims"] or told["refusal"]).items():
        if value not in ("", [], None):
            console.print(Text(f"  {name.replace('_', ' ')}: {_in_words(value)}"), soft_wrap=True)


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['subject']}, SHA-256 {value['sha256']}"
    return ", ".join(value) if isinstance(value, list) else str(value)
