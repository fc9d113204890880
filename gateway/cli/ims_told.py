"""What went wrong with IMS, in words for whoever typed the command: what, by which codes, what became of it.

Exit codes: 1 refused or failed, 2 what was asked for cannot be asked for so, 130 interrupted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

from gateway.cli.options import show
from gateway.cli.printed_json import printed_json
from gateway.errors import ConfigError, GatewayError, ImsError, M
from gateway.outcome import Outcome

INTERRUPTED: Final = 130
"""128 and SIGINT, as shells count."""

OUTCOMES: Final = {
    Outcome.NOT_SENT: "nothing was sent",
    Outcome.NOT_DONE: "IMS has not done it",
    Outcome.BACKED_OUT: "IMS has backed it out",
    Outcome.DONE: "IMS has done it",
    Outcome.UNKNOWN: "unknown: IMS may have done it, or may still do it. Look before you send it again",
}


@contextmanager
def told(*, as_json: bool = False, runs: bool = True) -> Iterator[None]:
    """Tell of an error of the library, the configuration or the keyboard, and leave with its exit code.

    `runs` says that something is run in IMS, so that what became of it is worth a line.
    """
    try:
        yield
    except ConfigError as error:
        show(error.problems)
        raise typer.Exit(1) from error
    except GatewayError as error:
        if error.message is M.INTERACTION and not as_json:
            raise typer.BadParameter(f"{error.fields['rule']}: {error.fields['text']}") from error
        tell(error, as_json=as_json, runs=runs)
        raise typer.Exit(2 if error.message is M.INTERACTION else 1) from error
    except KeyboardInterrupt as error:
        typer.echo("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from error


def tell(error: GatewayError, *, as_json: bool = False, runs: bool = True) -> None:
    """Print an error: lines on standard error, or an object on standard output."""
    facts = facts_of(error)
    if as_json:
        typer.echo(printed_json({"error": facts}))
        return
    typer.echo(f"{facts['id']} {facts['text']}", err=True)
    for name in ("detail", "action"):
        if facts[name]:
            typer.echo(f"  {name}: {facts[name]}", err=True)
    if runs:
        typer.echo(f"  outcome: {OUTCOMES[error.outcome]}", err=True)


def facts_of(error: GatewayError) -> dict[str, Any]:
    """Return all that is known of an error; every key is always there."""
    from gateway.imsconnect import DfsMessageError  # noqa: PLC0415  keeps --help quick

    codes = error if isinstance(error, ImsError) else ImsError(error.message)
    meaning = codes.meaning
    message = error.reply.dfs if isinstance(error, DfsMessageError) else None
    return {
        "id": error.message.id,
        "text": error.text,
        "outcome": error.outcome.value,
        "return_code": codes.return_code,
        "reason_code": codes.reason_code,
        "racf_code": codes.racf_code,
        "name": meaning.name if meaning and "/" not in meaning.name else None,
        "dfs": message.identifier if message else None,
        "action": meaning.client_action if meaning and not meaning.timeout else None,
        "detail": (message.meaning if message else error.private) or None,
    }
