"""What IMS Connect is shown for a caller: a PassTicket or a trusted mark instead of a password, and who it was.

Called last before the request leaves: a PassTicket ages.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.config.model import Bundle
from gateway.errors import ImsError
from gateway.exchange import Caller, Secret, TrustedMark
from gateway.identity import passticket
from gateway.identity.seconds import Seconds
from gateway.wss.verdict import Claims, TokenKind

RACF_PASSWORD_WRONG: Final = 0x08
"""RSM_RACFRC: neither the user's password nor a PassTicket that is good now, for this application, unused.

unverified: the number, from memory of the RACROUTE macro reference.
"""

SECURITY_FAILED: Final = 78
"""RSM reason code: RACF refused the sign-on. The others of a failed sign-on say that something is missing."""


def complete(caller: Caller, bundle: Bundle, claims: Claims, seconds: Seconds, now: datetime) -> Caller:
    """Return the caller with all that the bundle has to show for it.

    A user without a password gets a PassTicket or the trusted mark, whichever the bundle has; with neither it
    stays without, which an IMS Connect with RACF=N takes. Raises GatewayError(M.BUSY) when PassTickets of the
    user have run out for now.
    """
    if caller.user and not caller.password:
        caller = _vouched(caller, bundle, seconds, now)
    return _named(caller, bundle, claims)


def _vouched(caller: Caller, bundle: Bundle, seconds: Seconds, now: datetime) -> Caller:
    if bundle.trusted_user is not None:
        mark = TrustedMark(bundle.trusted_user.extension, bundle.trusted_user.value)
        return replace(caller, trusted=mark)
    settings = bundle.passticket
    if settings is None:
        return caller
    if settings.replay_protection:
        now = seconds.take(settings.application, caller.user, now)
    ticket = passticket.make(settings, caller.user, now)
    return replace(caller, password=ticket, application=settings.application)


def _named(caller: Caller, bundle: Bundle, claims: Claims) -> Caller:
    """Add the distributed identity: the name and the issuer as the token has them, not the RACF user id."""
    settings = bundle.ims_connect
    if claims.token is TokenKind.NONE or not settings.network_identity or settings.exit == "HWSSOAP1":
        return caller
    return replace(caller, network_user=claims.user, network_session=claims.issuer)


def proof(caller: Caller) -> Secret:
    """Return what a sign-on is known by to the sign-on guard: the password.

    PassTickets of a user all stand for one thing, that the bundle's key is right. Each by itself would be a
    password never seen before, and would wait for the ones before it.
    """
    # with its blank no password that could be sent looks so
    return Secret(f"PassTicket {caller.application}") if caller.application else caller.password


def is_own_fault(caller: Caller, error: ImsError) -> bool:
    """Tell whether a failed sign-on without a caller's password is a mistake of ours or of the installation's.

    A PassTicket that RACF takes for a wrong password: key, application name, clock, or used before. Nothing
    taken for a password at all: the exit does not know the trusted mark. That RACF does not know the user, or
    has revoked it, is about the user.
    """
    if caller.application:
        return error.reason_code != SECURITY_FAILED or error.racf_code == RACF_PASSWORD_WRONG
    return not caller.password and error.reason_code != SECURITY_FAILED


def may_count(error: ImsError) -> bool:
    """Tell whether RACF may have counted a refused PassTicket towards revoking the user; if in doubt it has."""
    return error.reason_code == SECURITY_FAILED and error.racf_code in {None, 0, RACF_PASSWORD_WRONG}
