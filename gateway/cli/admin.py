"""`imsgw admin`: who may use console and management API."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.options import HomeOption, JsonOption, StateOption, problems_shown
from gateway.cli.printed_json import printed_json
from gateway.cli.recorded import recorded
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from gateway.admin.account_file import AccountFile
    from gateway.exchange import Secret

app = typer.Typer(
    no_args_is_help=True,
    help="Accounts and tokens of console and management API; what is changed counts at once.\n\n"
    "Example: `imsgw admin account anna --role operator`",
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Case counts.", show_default=False)]
RoleOption = Annotated[
    Literal["viewer", "operator"],
    typer.Option(help="viewer looks, operator also changes.", show_default=False),
]


@app.command("account")
def account(
    name: NameArgument,
    role: RoleOption,
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="File whose first line is the password; -: standard input.", show_default="asked for"
        ),
    ] = None,
    keep_password: Annotated[
        bool, typer.Option("--keep-password", help="Change the role of an account that is there, and no more.")
    ] = False,
    home: HomeOption = Path(),
    state: StateOption = None,
) -> None:
    """Make an account that signs in with a password, or change one. Its sessions end.

    Example: `imsgw admin account anna --role operator`

    Example: `imsgw admin account anna --role viewer --keep-password`
    """
    from gateway.admin import passwords  # noqa: PLC0415  keeps --help quick

    if keep_password and password_file is not None:
        raise typer.BadParameter("and --password-file exclude each other", param_hint="--keep-password")
    file = _file(home, state)
    hashed = None
    if not keep_password:
        try:
            hashed = passwords.hashed(_password(name, password_file))
        except ValueError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    with _told(), _recorded(file, "account", f"{name}, {role}"):
        file.put_account(name, role, hashed)
    typer.echo(f"account {name}, {role}, is in {file.file}")


@app.command("token")
def token(
    name: NameArgument,
    role: RoleOption,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="For how many days it is taken.", show_default="until removed"),
    ] = None,
    home: HomeOption = Path(),
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token for a program, and print it: it is kept nowhere and never shown again.

    One of the same name is replaced. Programs show it as `Authorization: Bearer ...`.

    Example: `imsgw admin token monitoring --role viewer --days 90`
    """
    from gateway.admin import tokens  # noqa: PLC0415  keeps --help quick

    file = _file(home, state)
    expires = None if days is None else (SYSTEM_CLOCK.now() + timedelta(days=days)).replace(microsecond=0)
    made = tokens.new()
    with _told(), _recorded(file, "token", f"{name}, {role}"):
        file.put_token(name, role, tokens.digest(made), expires)
    if as_json:
        facts = {"name": name, "role": role, "expires": expires and expires.isoformat()}
        typer.echo(printed_json({**facts, "token": made}))
        return
    until = f", valid until {expires:%Y-%m-%d %H:%M} UTC" if expires else ""
    typer.echo(f"token of {name}, {role}{until}; it is shown this once:", err=True)
    typer.echo(made)


@app.command("list")
def list_rows(home: HomeOption = Path(), state: StateOption = None, as_json: JsonOption = False) -> None:
    """Show accounts and tokens; neither hashes nor tokens.

    Example: `imsgw admin list`
    """
    file = _file(home, state)
    with _told():
        rows = list(_rows(file))
    if as_json:
        typer.echo(printed_json({"file": file.file, "rows": rows}))
        return
    for row in rows:
        until = f", until {row['expires']}" if row["expires"] else ""
        over = " (expired)" if row["expired"] else ""
        typer.echo(f"{row['kind']:<8} {row['name']:<24} {row['role']}{until}{over}")
    if not rows:
        typer.echo(f"{file.file} has no accounts and no tokens", err=True)


@app.command("remove")
def remove(
    name: NameArgument,
    is_token: Annotated[bool, typer.Option("--token", help="A token is meant, not an account.")] = False,
    home: HomeOption = Path(),
    state: StateOption = None,
) -> None:
    """Remove an account or a token. Its sessions end.

    Example: `imsgw admin remove anna`

    Example: `imsgw admin remove monitoring --token`
    """
    file = _file(home, state)
    with _told(), _recorded(file, "remove", f"{'token' if is_token else 'account'} {name}"):
        file.remove("tokens" if is_token else "accounts", name)
    typer.echo(f"{'token' if is_token else 'account'} {name} is removed from {file.file}")


def _file(home: Path, state: Path | None) -> "AccountFile":
    """Return the file that `gateway.toml` names; nothing else of the home need be right."""
    import os  # noqa: PLC0415

    from gateway.admin.account_file import AccountFile  # noqa: PLC0415  keeps --help quick
    from gateway.cli.reload import running_state  # noqa: PLC0415
    from gateway.config.model import AdminSettings  # noqa: PLC0415
    from gateway.config.read import GATEWAY_FILE, read_toml  # noqa: PLC0415
    from gateway.manage.installation import Installation  # noqa: PLC0415

    home = home.absolute()
    with problems_shown():
        table = read_toml(home / GATEWAY_FILE, GATEWAY_FILE).get("admin")
    told = table.get("accounts") if isinstance(table, dict) else None
    file = told if isinstance(told, str) and told else AdminSettings.model_fields["accounts"].default
    return AccountFile(Installation(home, running_state(home, state), os.environ), file)


def _recorded(file: "AccountFile", what: str, about: str) -> AbstractContextManager[object]:
    """Record a change of who may do what, before and behind it."""
    return recorded(file.installation.home, file.installation.state, f"admin {what}", [about])


def _rows(file: "AccountFile") -> Iterator[dict[str, Any]]:
    now, table = SYSTEM_CLOCK.now(), file.table()
    for account_row in table.accounts.values():
        yield {
            "kind": "account",
            "name": account_row.name,
            "role": account_row.role,
            "expires": None,
            "expired": False,
        }
    for row in table.tokens:
        yield {
            "kind": "token",
            "name": row.name,
            "role": row.role,
            "expires": row.expires and row.expires.isoformat(),
            "expired": row.expires is not None and row.expires <= now,
        }


def _password(name: str, file: Path | None) -> "Secret":
    from gateway.cli.ims_secrets import asked, first_line  # noqa: PLC0415

    if file is not None:
        return first_line(file, "--password-file")
    return asked(f"Password of {name}", "--password-file", again=True)


@contextmanager
def _told() -> Iterator[None]:
    """Print what is wrong and leave with exit code 1."""
    from gateway.manage.results import ManageError  # noqa: PLC0415

    with problems_shown():
        try:
            yield
        except ManageError as error:
            typer.echo(error.text, err=True)
            raise typer.Exit(1) from error
