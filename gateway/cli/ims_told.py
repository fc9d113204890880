"""What went wrong with IMS, in words for whoever typed the command: what, by which codes, what became of it.

Exit codes: 1 refused or failed, 2 what was asked for cannot be asked for so, 130 interrupted.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import typer

from gateway.cli.options import show
from gateway.errors import ConfigError, GatewayError, ImsError, M, Message, TransportError

if TYPE_CHECKING:
    from gateway.imsconnect.wire import CodeMeaning

INTERRUPTED: Final = 130
"""128 and SIGINT, as shells count."""

NOT_SENT: Final = "not-sent"
NOT_DONE: Final = "not-done"
BACKED_OUT: Final = "backed-out"
ANSWERED: Final = "answered"
UNKNOWN: Final = "unknown"

OUTCOMES: Final = {
    NOT_SENT: "nothing was sent",
    NOT_DONE: "IMS has not done it",
    BACKED_OUT: "IMS has backed it out",
    ANSWERED: "IMS answered with a message of its own",
    UNKNOWN: "unknown: IMS may have done it, or may still do it. Look before you send it again",
}

_BEFORE_SENDING: Final[frozenset[Message]] = frozenset(
    {M.INTERACTION, M.REQUEST_SIZE, M.NETWORK_IDENTITY, M.UNMAPPABLE, M.NO_CONVERSATION, M.BUSY}
)


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
        typer.echo(json.dumps({"error": facts}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{facts['id']} {facts['text']}", err=True)
    for name in ("detail", "action"):
        if facts[name]:
            typer.echo(f"  {name}: {facts[name]}", err=True)
    if runs:
        typer.echo(f"  outcome: {OUTCOMES[facts['outcome']]}", err=True)


def facts_of(error: GatewayError) -> dict[str, Any]:
    """Return all that is known of an error; every key is always there."""
    from gateway.imsconnect import DfsMessageError  # noqa: PLC0415  keeps --help quick

    meaning = _meaning(error)
    codes = error if isinstance(error, ImsError) else ImsError(error.message)
    message = error.reply.dfs if isinstance(error, DfsMessageError) else None
    return {
        "id": error.message.id,
        "text": error.text,
        "outcome": _outcome(error, meaning),
        "return_code": codes.return_code,
        "reason_code": codes.reason_code,
        "racf_code": codes.racf_code,
        "name": meaning.name if meaning and "/" not in meaning.name else None,
        "dfs": message.identifier if message else None,
        "action": meaning.client_action if meaning and not meaning.timeout else None,
        "detail": (message.meaning if message else error.private) or None,
    }


def _meaning(error: GatewayError) -> "CodeMeaning | None":
    from gateway.imsconnect.wire import Rsm, describe  # noqa: PLC0415  keeps --help quick

    if not isinstance(error, ImsError) or error.return_code is None:
        return None
    adapter = error.message is M.XML_ADAPTER
    return describe(Rsm(error.return_code, error.reason_code or 0, error.racf_code or 0, xml_adapter=adapter))


def _outcome(error: GatewayError, meaning: "CodeMeaning | None") -> str:
    from gateway.imsconnect.wire import Retry  # noqa: PLC0415  keeps --help quick

    if error.message in _BEFORE_SENDING or (isinstance(error, TransportError) and not error.maybe_sent):
        return NOT_SENT
    if error.message is M.ROLLED_BACK:
        return BACKED_OUT
    if error.message is M.DFS:
        return ANSWERED
    if isinstance(error, ImsError) and meaning is None:
        return NOT_SENT
    return UNKNOWN if meaning is None or meaning.retry is Retry.UNKNOWN else NOT_DONE
