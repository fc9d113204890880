"""The bundle's own user signed on to IMS Connect, to see whether it is accepted, without any harm.

What is sent is handed to RACF and does nothing: RESUME TPIPE for a moment, on a tpipe of a client id that was
made up for it. Nobody's message is taken. RACF revokes a user after a few wrong passwords: so whoever has
failed lately is not tried, and a refusal counts, at the sign-on guard of the gateway on this machine.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Final

from gateway.bundles import credentials_of
from gateway.clock import Clock
from gateway.config.model import Bundle, SignOnSettings
from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import Caller, TrustedMark
from gateway.identity import passticket
from gateway.identity.credentials import proof
from gateway.identity.places import own_peer
from gateway.identity.signon import Attempt, SignOnGuard
from gateway.imsconnect import Connection, Interaction, InteractionVerb

GUARD_FILE: Final = "sign_on.sqlite3"
_WAIT_MS: Final = 250
"""For a message that will not come. "No wait" would have IMS Connect wait two seconds for a RESUME TPIPE."""
_NEARBY_SECONDS: Final = 240
"""How far from now a PassTicket is made for: not for a second that the gateway may be using at the moment."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The sign-on guard of the gateway on this machine: counts a refusal, holds back who failed lately."""

    state: Path
    """The state folder; nothing is written where no gateway has."""
    settings: SignOnSettings


def own_caller(bundle: Bundle, now: datetime) -> Caller:
    """Return who signs on, with what the bundle has to show. Raises GatewayError."""
    own, settings = bundle.credentials, bundle.passticket
    caller = Caller(own.user, own.password, own.group, "bundle")
    if own.password:
        return caller
    if bundle.trusted_user is not None:
        mark = TrustedMark(bundle.trusted_user.extension, bundle.trusted_user.value)
        return replace(caller, trusted=mark)
    if settings is None:
        return caller
    aside = timedelta(seconds=1 + secrets.randbelow(_NEARBY_SECONDS))
    ticket = passticket.make(settings, own.user, now - aside)
    return replace(caller, password=ticket, application=settings.application)


@contextmanager
def guarded(
    caller: Caller, bundle: str, guard: Guard, within_seconds: float, clock: Clock
) -> Iterator[Attempt | None]:
    """Take a place at the guard, where it has counted anything on this machine.

    Raises SecurityError: the user is held back; GatewayError: it is not known whether he is.
    """
    file = guard.state / GUARD_FILE
    if not file.is_file():
        yield None
        return
    try:
        kept = SignOnGuard(guard.state, guard.settings, clock, time.sleep)
    except (OSError, SqliteError) as error:
        raise GatewayError(M.INTERNAL, private=f"{file} cannot be asked: {error}") from None
    try:
        yield kept.begin(caller.user, proof(caller), own_peer(bundle), within_seconds, bundle=bundle)
    finally:
        kept.close()


def sign_on(connection: Connection, caller: Caller, attempt: Attempt | None, within_ms: int) -> ImsError | None:
    """Sign on; return the refusal, None: the user was accepted, or everybody is (RACF=N).

    Raises GatewayError when nothing was said of the user.
    """
    asked = Interaction(
        verb=InteractionVerb.RECEIVE, execution_timeout_ms=_WAIT_MS, socket_timeout_ms=within_ms
    )
    outcome, refused = "unknown", None
    try:
        connection.receive(asked, credentials_of(caller))
        outcome = "good"
    except ImsError as error:
        if error.sign_on_failed:
            outcome, refused = "wrong", error
        elif error.message is M.OTMA:
            outcome = "good"  # IMS refused the tpipe, and IMS Connect asks it for users it has accepted only
        else:
            raise  # nobody knows whether the password was looked at before: a data store that is not there, say
    finally:
        if attempt is not None:
            {"good": attempt.good, "wrong": attempt.wrong, "unknown": attempt.unknown}[outcome]()
    return refused
