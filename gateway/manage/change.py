"""A change as a whole: written, judged and brought into force, or taken back.

1. All edits are made; one that fails undoes those before it.
2. The running processes read the home and judge it wholly. Where none runs it is judged here.
3. What is refused is taken back. One exception: a change that puts something right and makes nothing worse
   stays, though other mistakes of the home keep it from coming into force. How else could two be mended?
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.control.reloaded import Reloaded
from gateway.errors import Problem
from gateway.manage.installation import Installation
from gateway.manage.results import Change, ManageError, Why, errors_of


class Edit(Protocol):
    """One thing done to the files of a home."""

    @property
    def file(self) -> str:
        """What it is done to, relative to the home."""
        ...

    def do(self) -> None:
        """Do it, at once. Raises ManageError: nothing was done."""
        ...

    def undo(self) -> None:
        """Put back what was there. Raises ManageError."""
        ...

    def finish(self) -> None:
        """Let go of what was kept for `undo`. Does not raise."""
        ...


def apply(installation: Installation, edits: Sequence[Edit], notes: tuple[str, ...] = ()) -> Change:
    """Make the edits and bring them into force, for whoever holds the lock.

    Raises ManageError; everything is as it was then, unless its text says that this could not be done.
    """
    _Change(installation, edits).make()
    change = _judged(installation, edits)
    for edit in edits:
        edit.finish()
    return replace(change, notes=notes)


@dataclass(frozen=True, slots=True)
class _Change:
    installation: Installation
    edits: Sequence[Edit]

    def make(self) -> None:
        done: list[Edit] = []
        try:
            for edit in self.edits:
                edit.do()
                done.append(edit)
        except BaseException:
            for edit in reversed(done):
                edit.undo()
            raise

    def take_back(self) -> None:
        for edit in reversed(self.edits):
            edit.undo()


def _judged(installation: Installation, edits: Sequence[Edit]) -> Change:
    change, files = _Change(installation, edits), tuple(edit.file for edit in edits)
    try:
        told = installation.activate()
        problems = _told(told) if told else installation.judge()
    except BaseException:
        # a process that cannot be asked, or the user's Ctrl-C: nobody knows whether it is right
        change.take_back()
        raise
    errors = errors_of(problems)
    made = Change(changed=True, files=files, processes=told, warnings=_about(files, problems))
    if all(one.done for one in told) if told else not errors:
        return made
    change.take_back()
    before = errors_of(installation.judge())
    if _may_stay(set(before), set(errors), told):
        change.make()
        return replace(made, problems=errors)
    if any(one.done for one in told):
        _put_back_in_force(installation)
    raise _refusal(errors, before, told)


def _may_stay(before: set[Problem], after: set[Problem], told: tuple[Reloaded, ...]) -> bool:
    """Tell whether a change stays though the home with it has mistakes: it brought none of them.

    Where processes run it must put something right too: else it is refused, for what is not in force after a
    command that says it is done would come into force some day, by surprise.
    """
    return bool(after) and (after < before if told else after <= before)


def _told(told: tuple[Reloaded, ...]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problem for one in told for problem in one.problems))


def _about(files: tuple[str, ...], problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the warnings that are about files or folders."""
    return tuple(
        problem
        for problem in problems
        if problem.warning
        and any(problem.file == file or problem.file.startswith(f"{file}/") for file in files)
    )


def _put_back_in_force(installation: Installation) -> None:
    """Have those that took the change take the old home again."""
    with suppress(ManageError):
        installation.activate()


def _refusal(
    errors: tuple[Problem, ...], before: tuple[Problem, ...], told: tuple[Reloaded, ...]
) -> ManageError:
    new = tuple(error for error in errors if error not in before)
    if new:
        judges = " and ".join(one.process for one in told if not one.done)
        text = f"refused{' by ' * bool(judges)}{judges}, and nothing was changed: the home would have mistakes"
        return ManageError(Why.REFUSED, text, new, told)
    if errors:
        text = "nothing was changed: the home has mistakes already, and so nothing new can come into force"
        return ManageError(Why.REFUSED, text, errors, told)
    reasons = "; ".join(f"{one.process}: {one.reason or one.outcome.value}" for one in told if not one.done)
    return ManageError(Why.REFUSED, f"nothing was changed: {reasons}", (), told)
