"""What commands change, in the audit trail of the gateway: who did what from the shell.

There is a record before anything is changed, so where `on_failure` is "refuse" nothing is without one, and
another one behind it. A trail on standard output is what the processes of the gateway print: a command adds
nothing to it.
"""

import os
import pwd
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from gateway.cli.options import problems_shown
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from gateway.audit.trail import Trail

_ABOUT: Final = 900
"""Characters of what one record tells that something is done to."""


class Recording:
    """What one command tells of itself."""

    def __init__(self, trail: "Trail | None", state: Path, command: str) -> None:
        self._trail = trail
        self._state = state
        self._command = command
        self.result = ""
        """What came of it, in words, where there is more to say than that it was done."""

    def begin(self, about: Sequence[str]) -> None:
        """Record what is about to be done, and to what; leaves with 1 where it must not be."""
        for text in _texts(about):
            if not self.tell("begun", text):
                typer.echo(f"nothing was changed, as it cannot be recorded: {self._trouble}", err=True)
                raise typer.Exit(1)

    def tell(self, done: str, about: str) -> bool:
        """Record how it stands; tell whether it may go on."""
        from gateway.audit.happenings import Command  # noqa: PLC0415  keeps --help quick

        if self._trail is None:
            return True
        person, claimed = _who()
        with _as_owner(self._state):
            return self._trail.command(Command(person, claimed, self._command, about, done))

    def end(self) -> None:
        """Record that it was done; leaves with 1 where that cannot be."""
        if not self.tell("done", self.result):
            typer.echo(f"it was done, and that cannot be recorded: {self._trouble}", err=True)
            raise typer.Exit(1)

    @property
    def _trouble(self) -> str:
        return "" if self._trail is None else self._trail.trouble


@contextmanager
def recorded(home: Path, state: Path, command: str, about: Sequence[str]) -> Iterator[Recording]:
    """Record a change that is made inside, before and behind it. `about`: what it is done to.

    Leaves with 1, saying why, where it must not be made as it cannot be recorded.
    """
    trail = _trail(home.absolute(), state.absolute())
    recording = Recording(trail, state, command)
    try:
        recording.begin(about)
        try:
            yield recording
        except BaseException as error:
            recording.tell("failed", type(error).__name__)
            raise
        recording.end()
    finally:
        if trail is not None:
            trail.close()


def _trail(home: Path, state: Path) -> "Trail | None":
    """Return the trail that `[audit]` names, nothing else of the home need be right; None: standard output."""
    from gateway.cli.section import section  # noqa: PLC0415  keeps --help quick
    from gateway.config.model import AuditSettings, GatewaySettings, Home  # noqa: PLC0415

    with problems_shown():
        audit = section(home, "audit", AuditSettings)
    if audit.kind == "stdout":
        return None
    from gateway.audit.trail import master_trail  # noqa: PLC0415  what is not recorded need not be loaded

    only = Home(home, state, GatewaySettings(audit=audit), {}, {})
    return master_trail(only, "command", SYSTEM_CLOCK)


def _who() -> tuple[str, str]:
    """Return the user of the operating system, and who it was before sudo."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # as in a container
        name = str(number)
    return name, os.environ.get("SUDO_USER", "") if number == 0 else ""


def _texts(about: Sequence[str]) -> Iterator[str]:
    """Yield what something is done to in pieces that a record has room for."""
    text = ""
    for one in about:
        if text and len(text) + len(one) > _ABOUT:
            yield text
            text = ""
        text = f"{text} {one}" if text else one
    yield text


@contextmanager
def _as_owner(state: Path) -> Iterator[None]:
    """Be the owner of the state folder: a file that root makes there, the gateway could not write."""
    user, group = _owner(state) if os.geteuid() == 0 else (0, 0)
    if user == 0:
        yield
        return
    before = os.getegid()
    os.setegid(group)
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before)


def _owner(state: Path) -> tuple[int, int]:
    """Return user and group of a folder; root where there is none yet."""
    try:
        found = state.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_uid, found.st_gid
