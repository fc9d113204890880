"""`imsgw ims drain`."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from gateway.cli.ims_delivery import Form, NotTextError, Rendering
from gateway.cli.ims_options import DEFAULT_TIMEOUT_MS, Way
from gateway.cli.ims_text import DEFAULT_CCSID, CcsidOption, RawOption, Writing
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from gateway.cli.ims_drained import Keeper
    from gateway.imsconnect import Connection, Delivery, Interaction, InteractionVerb

DEFAULT_WAIT_SECONDS: Final = 1.0
FOREVER_MS: Final = -1
"""FOREVER of the library."""


class Callouts(StrEnum):
    """Which messages."""

    NONE = "none"
    ONLY = "only"
    TOO = "too"


def drain(
    way: Way,
    tpipe: Annotated[str, typer.Argument(metavar="TPIPE", help="Name of the tpipe.", show_default=False)],
    into: Annotated[
        str,
        typer.Option(
            metavar="FILE|DIR",
            help="Append to a file, or write a file a message into a folder (DIR/ makes it).",
            show_default="standard output",
        ),
    ] = "",
    wait: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            max=3600,
            metavar="SECONDS",
            help="How long to wait for the first message, and for one after the last.",
            show_default="1; with --follow for ever",
        ),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Take what comes later too, until Ctrl-C.")] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Take so many messages at most.", show_default="all")
    ] = None,
    callouts: Annotated[
        Callouts, typer.Option(help="Synchronous callouts (ICAL): none, only they, or they too.")
    ] = Callouts.NONE,
    peek: Annotated[
        bool, typer.Option("--peek", help="Show the first message and hand it back: it stays queued.")
    ] = False,
    ccsid: CcsidOption = DEFAULT_CCSID,
    raw: RawOption = False,
) -> None:
    """Take the messages off a tpipe: output that IMS holds for a client, and callouts.

    IMS forgets a message only after it is written, and on the disk where it goes to one. Whatever goes wrong
    before, Ctrl-C or a full disk, IMS keeps it; what goes wrong in between makes it come twice. Output is a
    line a segment, as send prints it; a callout begins with its token, for respond. With --json a line of
    JSON for each message.

    Example: `imsgw ims drain CLIENT01 --into orders.json --json`

    Example: `imsgw ims drain CALLPIPE --callouts only --follow --into inbox/`
    """
    from gateway.cli.ims_drained import keeper  # noqa: PLC0415  keeps --help quick
    from gateway.cli.ims_way import target  # noqa: PLC0415

    if raw and way.as_json:
        raise typer.BadParameter("and --json exclude each other", param_hint="--raw")
    if way.timeout != DEFAULT_TIMEOUT_MS:
        raise typer.BadParameter("drain takes --wait", param_hint="--timeout")
    form = Form.JSON if way.as_json else Form.RAW if raw else Form.TEXT
    name = tpipe.upper()
    rendering = Rendering(name, form, Writing.of(ccsid, ascii_=way.ascii_))
    where = target(way)
    if sum((follow, limit is not None, peek)) > 1:
        raise typer.BadParameter("exclude each other", param_hint="--follow, --limit, --peek")
    verb = _verb(follow=follow, single=peek or limit is not None)
    interaction = _interaction(way, name, verb, wait, callouts)
    with (
        _said(into),
        closing(keeper(into, name, form.value)) as place,
        _terminated_as_interrupted(),
        where.connect() as connection,
    ):
        taking = _Taking(connection, rendering, place)
        try:
            if peek:
                taking.look(interaction)
            else:
                taking.take(interaction, limit)
        except KeyboardInterrupt:
            # the way that --follow is meant to end
            if not follow:
                raise
        finally:
            taking.sum_up(peek=peek)


@dataclass(slots=True)
class _Taking:
    """The messages of one RESUME TPIPE, on their way from IMS to where they are kept."""

    connection: "Connection"
    rendering: Rendering
    place: "Keeper"
    number: int = 0

    def take(self, interaction: "Interaction", limit: int | None) -> None:
        """Keep and acknowledge each, so many at most. Leaving the loop otherwise hands the one in hand back."""
        where = None
        try:
            with self.connection.messages(interaction, limit=limit) as messages:
                for delivery in messages:
                    # that another one comes shows that IMS Connect has heard the ACK before
                    where = None
                    where = self._keep(delivery)
                    self.number += 1
                    self.connection.acknowledge()
        except GatewayError:
            if where is not None:
                self._say_twice(where)
            raise

    def look(self, interaction: "Interaction") -> None:
        """Keep the first and hand it back."""
        delivery = self.connection.receive(interaction)
        if delivery is None:
            return
        try:
            self._keep(delivery)
            self.number += 1
        finally:
            self.connection.reject(keep=True)

    def sum_up(self, *, peek: bool) -> None:
        """Say how many messages were kept."""
        count = "1 message" if self.number == 1 else f"{self.number} messages"
        _say(f"{count} {'seen on' if peek else 'taken from'} {self.rendering.tpipe}")

    def _say_twice(self, where: str) -> None:
        told = f"message {self.number} is written{where}, but may come again"
        _say(f"{told}: it is not known whether IMS heard of that")

    def _keep(self, delivery: "Delivery") -> str:
        try:
            where = self.place.keep(self.rendering.of(delivery, self.number + 1))
        except NotTextError as error:
            _say(f"message {self.number + 1} was handed back: it {error}")
            raise typer.Exit(1) from error
        return f" to {where}" if where else ""


def _verb(*, follow: bool, single: bool) -> "InteractionVerb":
    from gateway.imsconnect import InteractionVerb  # noqa: PLC0415  keeps --help quick

    if single:
        return InteractionVerb.RECEIVE_WAIT
    return InteractionVerb.RECEIVE_CONTINUOUSLY if follow else InteractionVerb.RECEIVE_QUEUED


def _interaction(
    way: Way, tpipe: str, verb: "InteractionVerb", wait: float | None, callouts: Callouts
) -> "Interaction":
    from gateway.imsconnect import CalloutRequests, Interaction, InteractionVerb  # noqa: PLC0415

    kinds = {
        Callouts.NONE: CalloutRequests.ASYNCHRONOUS,
        Callouts.ONLY: CalloutRequests.SYNCHRONOUS,
        Callouts.TOO: CalloutRequests.BOTH,
    }
    if wait is None:
        timeout = (
            FOREVER_MS if verb is InteractionVerb.RECEIVE_CONTINUOUSLY else round(DEFAULT_WAIT_SECONDS * 1000)
        )
    else:
        timeout = round(wait * 1000)
    return Interaction(
        verb=verb,
        alternate_client_id="" if tpipe == way.client_id else tpipe,
        callout_requests=kinds[callouts],
        execution_timeout_ms=timeout,
        socket_timeout_ms=way.socket_timeout_for(timeout),
    )


@contextmanager
def _said(into: str) -> Iterator[None]:
    """Say in words why a message could not be written, or the file or folder not be made."""
    try:
        yield
    except OSError as error:
        _say(f"{into or 'standard output'}: {error.strerror or error}; what was not written is still IMS's")
        raise typer.Exit(1) from error


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does, so that whoever supervises this ends it as tidily."""
    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _say(text: str) -> None:
    typer.echo(text, err=True)
