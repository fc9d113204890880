"""What the commands about stores share: how a password comes in, and how a mistake is shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import GetPassWarning
from pathlib import Path
from typing import Annotated, TypeVar
from warnings import catch_warnings, simplefilter

import typer

from gateway.exchange import Secret

PASSWORD_VARIABLE = "IMSGW_KEYSTORE_PASSWORD"  # noqa: S105  the name of a variable

PasswordOption = Annotated[
    str,
    typer.Option(
        envvar=PASSWORD_VARIABLE,
        show_envvar=True,
        help="Password of the store. Where one is needed and none is given, you are asked; options can be seen "
        "by other users of the machine.",
    ),
]

_Result = TypeVar("_Result")


@contextmanager
def mistakes_shown() -> Iterator[None]:
    """Print what is wrong with a store or document and leave with exit code 1."""
    try:
        yield
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def opened(read: Callable[[Secret], _Result], path: Path, password: str) -> _Result:
    """Read a store; ask for its password when it needs one and none was given. Raises StoreError."""
    from gateway.tls import StoreError  # noqa: PLC0415  keeps --help quick

    try:
        return read(Secret(password))
    except StoreError as error:
        if password or "needs a password" not in error.reason:
            raise
        return read(asked(path))


def asked(path: Path, *, new: bool = False) -> Secret:
    """Ask for a password, twice when it is `new`; it is not shown while it is typed.

    Raises StoreError where there is no terminal: whatever is typed would show.
    """
    from gateway.tls import StoreError  # noqa: PLC0415  keeps --help quick

    text = f"Password of {path}" if not new else f"New password of {path}"
    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)
            return Secret(typer.prompt(text, hide_input=True, confirmation_prompt=new, err=True))
    except GetPassWarning:
        raise StoreError(path, "needs a password, and there is no terminal to ask at; see --help") from None
