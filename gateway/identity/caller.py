"""From the judge's claims to the caller that IMS is told about."""

from gateway.config.model import Credentials
from gateway.exchange import Caller, Secret
from gateway.identity.authenticator import Authenticator, Circumstances, Decision, Verified, consult
from gateway.identity.userid import racf_password, racf_user_id
from gateway.identity.users import RacfUser, Users
from gateway.wss.verdict import Claims, TokenKind

_NO_TABLE = Users()


def caller_of(claims: Claims, credentials: Credentials, users: Users | None = None) -> Caller:
    """Return who is calling: the bundle without a token, else the token and nothing of the bundle.

    The password is empty unless the token carries one. Raises SecurityError when the token names nobody, or its
    password cannot be one of RACF.
    """
    if claims.token is TokenKind.NONE:
        return Caller(credentials.user, credentials.password, credentials.group, "bundle")
    found = (users or _NO_TABLE).user_of(claims)
    return Caller(found.user, _password(claims), found.group, claims.token.value)


def authenticated_caller(
    claims: Claims,
    credentials: Credentials,
    users: Users | None,
    authenticator: Authenticator,
    circumstances: Circumstances,
) -> Caller:
    """Return who is calling after a custom authentication module had its say; see `caller_of`.

    The module sees the token even when the table of users knows nobody of that name: it may. Without a token
    there is nothing to see. Raises SecurityError as `caller_of` does and when the module refuses, and
    GatewayError(M.AUTHENTICATOR) when it fails.
    """
    if claims.token is TokenKind.NONE:
        return caller_of(claims, credentials)
    table = users or _NO_TABLE
    found = table.find(claims) or RacfUser("")
    decision = consult(authenticator, Verified(claims, circumstances, found.user, found.group))
    user = found.user if decision.user is None else racf_user_id(decision.user)
    if not user:
        table.user_of(claims)  # says why, in the words of the table
    table.allowed(RacfUser(user))
    group = found.group if decision.group is None else decision.group and racf_user_id(decision.group)
    return Caller(user, _replaced(claims, decision), group, claims.token.value)


def _replaced(claims: Claims, decision: Decision) -> Secret:
    if decision.password is None:
        return _password(claims)
    return racf_password(decision.password) if decision.password else decision.password


def _password(claims: Claims) -> Secret:
    return racf_password(claims.password) if claims.token is TokenKind.USERNAME else Secret("")
