"""What all commands of `imsgw ims` are told: which IMS Connect, who signs on, how long to wait.

`Way` holds the values, each declared once with its option; `on_the_way` gives a command those options and hands
it one `Way`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from gateway.cli.ims_secrets import KEY_PASSWORD_VARIABLE, PASSWORD_VARIABLE
from gateway.cli.ims_told import told

CONNECT: Final = "IMS Connect"
SIGN_ON: Final = "Sign-on"

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 9999
DEFAULT_DATASTORE: Final = "IMS1"

DEFAULT_TIMEOUT_MS: Final = 5_000
SOCKET_MARGIN_MS: Final = 5_000
"""How much longer than IMS Connect waits for IMS we wait for IMS Connect."""
_WORDS: Final = {"default": 0, "forever": -1}
"""Values of --timeout that are no number: DEFAULT_TIMEOUT and FOREVER of the library."""


class ExitName(StrEnum):
    """User message exit."""

    HWSSMPL0 = "HWSSMPL0"
    HWSSMPL1 = "HWSSMPL1"
    HWSSOAP1 = "HWSSOAP1"


def _timeout(value: str | int) -> int:
    text = str(value).lower()
    if text in _WORDS:
        return _WORDS[text]
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 3_600_000:
        raise typer.BadParameter(f"{text!r} is not 1 to 3600000, default or forever")
    return int(text)


def _name(text: str) -> str:
    return text.upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The common options, as given; an option that a bundle may answer is None when it was not given."""

    host: Annotated[
        str | None,
        typer.Option(help="Host of IMS Connect.", show_default=DEFAULT_HOST, rich_help_panel=CONNECT),
    ] = None
    port: Annotated[
        int | None,
        typer.Option(
            help="Its port.", min=1, max=65_535, show_default=str(DEFAULT_PORT), rich_help_panel=CONNECT
        ),
    ] = None
    datastore: Annotated[
        str | None,
        typer.Option(
            help="ID= of the DATASTORE statement.",
            show_default=DEFAULT_DATASTORE,
            parser=_name,
            metavar="NAME",
            rich_help_panel=CONNECT,
        ),
    ] = None
    bundle: Annotated[
        str,
        typer.Option(
            help="Take address, data store, exit, TLS and credentials from bundles/NAME.toml of the home.",
            metavar="NAME",
            rich_help_panel=CONNECT,
        ),
    ] = ""
    home: Annotated[
        Path,
        typer.Option(
            envvar="IMSGW_HOME", help="Folder with bundles/.", show_default=".", rich_help_panel=CONNECT
        ),
    ] = Path()
    exit_: Annotated[
        ExitName | None,
        typer.Option("--exit", help="User message exit.", show_default="HWSSMPL1", rich_help_panel=CONNECT),
    ] = None
    ascii_: Annotated[
        bool,
        typer.Option(
            "--ascii", help="Send ASCII, which IMS Connect translates, data too.", rich_help_panel=CONNECT
        ),
    ] = False
    tls: Annotated[
        bool,
        typer.Option(
            "--tls", help="Use TLS; so do the options below it by themselves.", rich_help_panel=CONNECT
        ),
    ] = False
    ca: Annotated[
        Path | None,
        typer.Option(
            help="Authorities of IMS Connect's certificate (PEM, PKCS#12, folder); without it the system's.",
            exists=True,
            rich_help_panel=CONNECT,
        ),
    ] = None
    cert: Annotated[
        Path | None,
        typer.Option(
            help="Our certificate with its key (PKCS#12 or PEM), or without it (PEM) beside --key.",
            exists=True,
            rich_help_panel=CONNECT,
        ),
    ] = None
    key: Annotated[
        Path | None,
        typer.Option(
            help=f"Key of --cert (PEM). Its password: {KEY_PASSWORD_VARIABLE}, or you are asked.",
            exists=True,
            rich_help_panel=CONNECT,
        ),
    ] = None
    server_name: Annotated[
        str,
        typer.Option(help="Name expected in IMS Connect's certificate.", rich_help_panel=CONNECT),
    ] = ""
    client_id: Annotated[
        str | None,
        typer.Option(
            help="Client id, which is the name of the tpipe; without it one is made at random.",
            parser=_name,
            metavar="NAME",
            rich_help_panel=CONNECT,
        ),
    ] = None
    timeout: Annotated[
        int,
        typer.Option(
            help="How long IMS Connect waits for IMS: milliseconds, default (its TIMEOUT=) or forever.",
            parser=_timeout,
            metavar="MS",
            rich_help_panel=CONNECT,
        ),
    ] = DEFAULT_TIMEOUT_MS
    socket_timeout: Annotated[
        int | None,
        typer.Option(
            help="How long we wait for IMS Connect, in milliseconds; 0: for ever.",
            min=0,
            show_default="5000 more than --timeout",
            metavar="MS",
            rich_help_panel=CONNECT,
        ),
    ] = None
    user: Annotated[
        str,
        typer.Option(
            help=f"RACF user. Its password: --password-file, {PASSWORD_VARIABLE}, or you are asked.",
            parser=_name,
            metavar="NAME",
            rich_help_panel=SIGN_ON,
        ),
    ] = ""
    group: Annotated[
        str, typer.Option(help="RACF group.", parser=_name, metavar="NAME", rich_help_panel=SIGN_ON)
    ] = ""
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="File whose first line is the password; - reads standard input.",
            allow_dash=True,
            rich_help_panel=SIGN_ON,
        ),
    ] = None
    no_password: Annotated[
        bool,
        typer.Option(
            "--no-password", help="Send none, where IMS Connect runs with RACF=N.", rich_help_panel=SIGN_ON
        ),
    ] = False
    application: Annotated[
        str,
        typer.Option(
            help="APPL that the password is a PassTicket for.",
            parser=_name,
            metavar="NAME",
            rich_help_panel=SIGN_ON,
        ),
    ] = ""
    passticket: Annotated[
        bool,
        typer.Option(
            "--passticket",
            help="Sign on with a PassTicket, made with the bundle's key.",
            rich_help_panel=SIGN_ON,
        ),
    ] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print data as JSON.")] = False

    @property
    def socket_timeout_ms(self) -> int:
        """The time for IMS Connect; 0 is for ever."""
        return self.socket_timeout_for(self.timeout)

    def socket_timeout_for(self, timeout_ms: int) -> int:
        """Return what was given, or somewhat more than an execution timeout; for ever where that is unknown."""
        if self.socket_timeout is not None:
            return self.socket_timeout
        return timeout_ms + SOCKET_MARGIN_MS if timeout_ms > 0 else 0


Command = Callable[..., None]


def on_the_way(command: Command, *, runs: bool = True) -> Command:
    """Give a command, whose first parameter is a Way, the common options behind its own.

    Errors of the library and of the configuration are told in words and end with exit code 1; `runs` as in
    `told`.
    """
    _, *own = inspect.signature(command).parameters.values()
    shared = {one.name: _parameter(one.name, one.default) for one in fields(Way)}

    def run(**given: Any) -> None:
        way = Way(**{name: given.pop(name) for name in shared})
        with told(as_json=way.as_json, runs=runs):
            command(way, **given)

    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    run.__name__ = command.__name__
    run.__doc__ = command.__doc__
    run.__signature__ = inspect.Signature([*parameters, *shared.values()])  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in (*parameters, *shared.values())}
    return run


_HINTS: Final[Mapping[str, Any]] = get_type_hints(Way, include_extras=True)


def _parameter(name: str, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    assert default is not MISSING, "every common option has a default"
    return inspect.Parameter(name, kind, default=default, annotation=_HINTS[name])
