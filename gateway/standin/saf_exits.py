"""Exit routines of the installation, as Python callables: IMSLSECX, ICHRIX02 and DFSYRTUX.

An exit that fails, or answers what its type does not promise, refuses: security never opens by accident.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret
from gateway.standin.racf_requests import RacfCode, VerifyExit
from gateway.standin.security import TpipeExit
from gateway.standin.sign_on import ExitUser, SecurityExit

TPIPE_VERDICTS: Final = frozenset({"allow", "deny", "keep"})

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Exits:
    """The exits there are; None: none is called."""

    security: SecurityExit | None = None
    verify: VerifyExit | None = None
    resume_tpipe: TpipeExit | None = None


def load_exits(security: str, verify: str, resume_tpipe: str, note: Note) -> Exits:
    """Return the exits named by dotted paths; `note` hears of those that fail.

    Raises ConfigError naming each that cannot be loaded.
    """
    found: dict[str, Callable[..., Any] | None] = {}
    problems: list[Problem] = []
    paths = {
        "ims_connect.security_exit": security,
        "racf.exit": verify,
        "otma.resume_tpipe_exit": resume_tpipe,
    }
    for key, path in paths.items():
        try:
            found[key] = _load(path) if path else None
        except ValueError as error:
            problems.append(Problem("", key, str(error)))
    if problems:
        raise ConfigError(tuple(problems))
    one, two, three = found.values()
    return Exits(
        security=_security(one, note) if one else None,
        verify=_verify(two, note) if two else None,
        resume_tpipe=_resume_tpipe(three, note) if three else None,
    )


def _security(call: Callable[..., Any], note: Note) -> SecurityExit:
    def guarded(user: str, group: str, password: Secret, application: str) -> ExitUser | None:
        answer = _called(call, (user, group, password, application), note, "the security exit")
        return answer if isinstance(answer, ExitUser) else None

    return guarded


def _verify(call: Callable[..., Any], note: Note) -> VerifyExit:
    def guarded(user: str, group: str, application: str, code: int) -> int:
        answer = _called(call, (user, group, application, code), note, "the exit of RACF")
        known = isinstance(answer, int) and answer in RacfCode.__members__.values()
        return int(answer) if known else int(RacfCode.FAILED_BY_EXIT)

    return guarded


def _resume_tpipe(call: Callable[..., Any], note: Note) -> TpipeExit:
    def guarded(user: str, group: str, tpipe: str, member: str, saf_rc: int) -> str:
        answer = _called(call, (user, group, tpipe, member, saf_rc), note, "the exit for RESUME TPIPE")
        return answer if answer in TPIPE_VERDICTS else "deny"

    return guarded


def _called(call: Callable[..., Any], arguments: tuple[object, ...], note: Note, what: str) -> Any:
    try:
        return call(*arguments)
    except Exception as error:  # noqa: BLE001  an exit may fail in any way; its text could show a password
        note(f"{what} failed: {type(error).__name__}")
        return None


def _load(path: str) -> Callable[..., Any]:
    module, colon, name = path.partition(":")
    if not (module and colon and name):
        raise ValueError(f"{path} does not read package.module:callable")
    try:
        found = getattr(importlib.import_module(module), name)
        found = found() if inspect.isclass(found) else found
    except Exception as error:  # an exit may fail in any way; it is named with its reason
        raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise ValueError(f"{path} cannot be called")  # noqa: TRY004  one kind of error for the caller
    call: Callable[..., Any] = found
    return call
