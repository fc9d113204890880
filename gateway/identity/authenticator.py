"""Custom authentication modules: code of an installation that may refuse or change a caller.

A module is asked after the judge believed the token and before anything goes to IMS. Whatever it does other
than answer in order, nobody is let in (fail closed), and what its exceptions say is not logged: they may quote
a password.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self

from cryptography import x509

from gateway.errors import GatewayError, M, SecurityError
from gateway.exchange import Secret
from gateway.wss.verdict import Claims

MAX_PASSWORD: Final = 8
"""Characters of a password that IRM_RACF_PW holds."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known of a request besides its token."""

    service: str
    """Name of the deployed service (its folder)."""
    operation: str
    """Local name of the element in the body, by which the service finds its operation."""
    peer: str = ""
    """Address of the client, after trusted proxies were believed."""
    tls_certificate: x509.Certificate | None = None
    """Certificate of the TLS client, verified; None: it showed none."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a module sees: a token that the judge believed, and who its name is so far."""

    claims: Claims
    """Kind of token, name, password (a Secret), issuer, attributes, who vouches."""
    circumstances: Circumstances
    user: str
    """RACF user by the table of users or the name itself; empty: neither leads to one."""
    group: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a module says. None stands for: leave it as it is."""

    refused: bool = False
    user: str | None = None
    """RACF user, 1-8 of A-Z 0-9 @ # $."""
    group: str | None = None
    """RACF group; empty: the user's default group."""
    password: Secret | None = None
    """What RACF is shown; empty: nothing of the token, but the bundle's PassTicket or trusted mark, if any."""
    reason: str = ""
    """Why, for the log; no secret."""

    @classmethod
    def refuse(cls, reason: str) -> Self:
        """Refuse the caller, who learns no reason."""
        return cls(refused=True, reason=reason)


class UnavailableError(Exception):
    """A module cannot decide now. Its text goes to the log, so it holds no secret."""


class Authenticator(Protocol):
    """A custom authentication module; one instance a worker, used by many threads at once.

    It is made by calling its name with `(options, home)`: the table `security.authenticator_options`, where
    each `{ env }` and `{ file }` has become a `Secret`, and the path of the home. What it raises there ends the
    start.
    """

    def authenticate(self, verified: Verified) -> Decision | None:
        """Decide; None changes nothing. Must answer within seconds: the request's thread waits."""
        ...


class AuthenticatorFactory(Protocol):
    """What a name in the configuration leads to: a class, or a function."""

    def __call__(self, options: Mapping[str, Any], home: Path) -> Authenticator:
        """Make the module. ConfigError, or ValueError with a text for operators, when the options are wrong."""
        ...


def consult(authenticator: Authenticator, verified: Verified) -> Decision:
    """Ask a module.

    Raises SecurityError when it refuses, GatewayError(M.AUTHENTICATOR) when it fails or answers something else.
    """
    name = type(authenticator).__qualname__
    try:
        decision = authenticator.authenticate(verified)
    except UnavailableError as error:
        raise GatewayError(M.AUTHENTICATOR, private=f"{name}: {error}") from None
    except Exception as error:  # noqa: BLE001  it is not our code: whatever it raises, nobody gets in
        raise GatewayError(M.AUTHENTICATOR, private=f"{name}: {place_of(error)}") from None
    if decision is None:
        return Decision()
    if not _in_order(decision):
        raise GatewayError(M.AUTHENTICATOR, private=f"{name} did not answer with a Decision that is in order")
    if decision.refused:
        raise SecurityError.sign_on(f"identity.authenticator: {name} refused: {decision.reason[:200]}")
    return decision


def place_of(error: BaseException) -> str:
    """Say what was raised where, without the words of the exception."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def _in_order(decision: object) -> bool:
    """Tell whether an answer has the types that it should have, and a password that fits."""
    if not isinstance(decision, Decision):
        return False
    kinds: tuple[tuple[object, Any], ...] = (
        (decision.refused, bool),
        (decision.user, str | None),
        (decision.group, str | None),
        (decision.password, Secret | None),
        (decision.reason, str),
    )
    typed = all(isinstance(value, kind) for value, kind in kinds)
    return typed and (decision.password is None or len(decision.password.reveal()) <= MAX_PASSWORD)
