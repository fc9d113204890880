"""How passwords come to `imsgw ims`: from a file, the environment, or a prompt; never from an option."""

import os
import sys
from getpass import GetPassWarning
from pathlib import Path
from typing import TYPE_CHECKING, Final
from warnings import catch_warnings, simplefilter

import typer

from gateway.exchange import Secret

if TYPE_CHECKING:
    from gateway.cli.ims_options import Way

PASSWORD_VARIABLE: Final = "IMSGW_IMS_PASSWORD"  # noqa: S105  the name of a variable
NEW_PASSWORD_VARIABLE: Final = "IMSGW_IMS_NEW_PASSWORD"  # noqa: S105  the name of a variable
KEY_PASSWORD_VARIABLE: Final = "IMSGW_IMS_KEY_PASSWORD"  # noqa: S105  the name of a variable


def password_of(way: "Way") -> Secret:
    """Return the password of the user that the options name. Raises BadParameter where there is none."""
    if way.no_password:
        if way.password_file:
            raise typer.BadParameter("and --password-file exclude each other", param_hint="--no-password")
        return Secret("")
    if way.password_file is not None:
        return first_line(way.password_file, "--password-file")
    found = os.environ.get(PASSWORD_VARIABLE)
    if found is not None:
        return Secret(found)
    return asked(f"Password of {way.user}", f"--password-file, {PASSWORD_VARIABLE} or --no-password")


def new_password(file: Path | None, user: str) -> Secret:
    """Return the password that is to be. Asked for, it has to be typed twice. Raises BadParameter."""
    if file is not None:
        return first_line(file, "--new-password-file")
    found = os.environ.get(NEW_PASSWORD_VARIABLE)
    if found is not None:
        return Secret(found)
    told = f"--new-password-file or {NEW_PASSWORD_VARIABLE}"
    return asked(f"New password of {user}", told, again=True)


def key_password() -> Secret:
    """Return the password of our own private key, empty where none was given."""
    return Secret(os.environ.get(KEY_PASSWORD_VARIABLE, ""))


def first_line(file: Path, option: str) -> Secret:
    """Return the first line of a file, or of standard input for ``-``. Raises BadParameter."""
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise typer.BadParameter(f"{file}: {words}", param_hint=option) from error
    line = text.splitlines()[0] if text else ""
    if not line:
        raise typer.BadParameter(f"{file}: the first line is empty", param_hint=option)
    return Secret(line)


def asked(text: str, otherwise: str, *, again: bool = False) -> Secret:
    """Ask at the terminal, where nothing of it shows. Raises BadParameter where there is no terminal."""
    try:
        with catch_warnings():
            simplefilter("error", GetPassWarning)
            return Secret(typer.prompt(text, hide_input=True, confirmation_prompt=again, err=True))
    except GetPassWarning:
        raise typer.BadParameter(f"no terminal to ask at for a password: {otherwise}") from None
