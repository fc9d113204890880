"""Custom authentication modules for calls that leave: code of an installation that may refuse or change one.

A module is asked once for each call, before anything is sent and before a connection is opened. Whatever it
does other than answer in order, the call is not made (fail closed), and what its exceptions say is not logged:
they may quote a password.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self, cast

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.exchange import Secret
from gateway.identity.authenticator import UnavailableError, place_of
from gateway.identity.loading import ModuleKind, load_module
from gateway.soap.outbound.caller import BasicCredentials
from gateway.wss.outbound import is_user_id

__all__ = [
    "BasicCredentials",
    "CalloutAuthenticator",
    "CalloutAuthenticatorFactory",
    "CalloutDecision",
    "OutgoingCall",
    "UnavailableError",
    "consult",
    "load_callout_authenticator",
]

KIND: Final = ModuleKind("imsgw.callout_authenticators")
_LONGEST_REASON: Final = 200
_UNSPEAKABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """What a module sees of a call."""

    service: str
    """Name of the deployed service (its folder)."""
    operation: str
    bundle: str
    tpipe: str
    address: str
    """The URL that will be called."""
    synchronous: bool
    user: str
    """IMS user of the program that calls; empty: IMS names none, as with every asynchronous callout."""
    network_user: str = ""
    """Distributed identity of whoever called the program, where IMS tells it."""
    network_session: str = ""
    """Who vouched for that identity."""


@dataclass(frozen=True, slots=True)
class CalloutDecision:
    """What a module says. None stands for: leave it as it is."""

    refused: bool = False
    user: str | None = None
    """User that the token names, 1-8 of A-Z 0-9 @ # $."""
    basic: BasicCredentials | None = None
    """User and password of HTTP Basic, in place of those configured."""
    password: Secret | None = None
    """Password in the UsernameToken, in place of the one configured; empty: none."""
    reason: str = ""
    """Why, for the log; no secret."""

    @classmethod
    def refuse(cls, reason: str) -> Self:
        """Refuse the call; the program learns no reason."""
        return cls(refused=True, reason=reason)


class CalloutAuthenticator(Protocol):
    """A custom authentication module; one instance a service, used by many threads at once.

    It is made by calling its name with `(options, home)`: the table `security.authenticator_options`, where
    each `{ env }` and `{ file }` has become a `Secret`, and the path of the home. What it raises there stands
    in the way of the configuration.
    """

    def authenticate(self, call: OutgoingCall) -> CalloutDecision | None:
        """Decide; None changes nothing. The call's time runs meanwhile.

        UnavailableError, whose text goes to the log: it cannot decide now; an asynchronous call is tried again.
        """
        ...


class CalloutAuthenticatorFactory(Protocol):
    """What a name in the configuration leads to: a class, or a function."""

    def __call__(self, options: Mapping[str, Any], home: Path) -> CalloutAuthenticator:
        """Make the module. ConfigError, or ValueError with a text for operators, when the options are wrong."""
        ...


def load_callout_authenticator(
    reference: str, options: Mapping[str, Any], home: Path, file: str
) -> CalloutAuthenticator:
    """Find and make the module that a correlator names.

    `reference` is `package.module:Name` or an entry point of the group `imsgw.callout_authenticators`; `file`
    stands in the problems. Raises ConfigError: there is no such module, it cannot be imported or made.
    """
    return cast("CalloutAuthenticator", load_module(KIND, reference, options, home, file))


def consult(authenticator: CalloutAuthenticator, call: OutgoingCall) -> CalloutDecision:
    """Ask a module. Raises CalloutError IDENTITY when it refuses, fails, or answers something else."""
    name = type(authenticator).__qualname__
    try:
        decision = authenticator.authenticate(call)
    except UnavailableError as error:
        raise _failed(f"{name}: {error}", Hope.LATER) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  it is not our code: whatever it raises, no call is made
        raise _failed(f"{name}: {place_of(error)}", Hope.LATER) from None
    if decision is None:
        return CalloutDecision()
    if not _in_order(decision):
        raise _failed(f"{name} did not answer with a CalloutDecision that is in order", Hope.NONE)
    if decision.refused:
        text = "the authentication module refuses the call"
        reason = f"{name}: {decision.reason[:_LONGEST_REASON]}"
        raise CalloutError(Status.IDENTITY, text, reason)
    return decision


def _failed(private: str, hope: Hope) -> CalloutError:
    return CalloutError(Status.IDENTITY, "the authentication module has not decided", private, hope)


def _in_order(decision: object) -> bool:
    """Tell whether an answer has the types that it should have, and texts that fit."""
    if not isinstance(decision, CalloutDecision):
        return False
    kinds: tuple[tuple[object, Any], ...] = (
        (decision.refused, bool),
        (decision.user, str | None),
        (decision.basic, BasicCredentials | None),
        (decision.password, Secret | None),
        (decision.reason, str),
    )
    if not all(isinstance(value, kind) for value, kind in kinds):
        return False
    return (not decision.user or is_user_id(decision.user)) and _can_be_said(decision.basic)


def _can_be_said(basic: Any) -> bool:
    """Tell whether HTTP Basic can say user and password (RFC 7617, section 2)."""
    if basic is None:
        return True
    if not (isinstance(basic.user, str) and isinstance(basic.password, Secret)):
        return False
    both = basic.user + basic.password.reveal()
    return bool(basic.user) and ":" not in basic.user and _UNSPEAKABLE.search(both) is None
