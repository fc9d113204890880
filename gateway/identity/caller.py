"""From the judge's claims to the caller that IMS is told about."""

from gateway.config.model import Credentials
from gateway.exchange import Caller, Secret
from gateway.identity.userid import racf_password, racf_user_id
from gateway.wss.verdict import Claims, TokenKind


def caller_of(claims: Claims, credentials: Credentials) -> Caller:
    """Return who is calling: the bundle without a token, else the token and nothing of the bundle.

    Raises SecurityError when the token's name or password cannot be a RACF user id or password.
    """
    if claims.token is TokenKind.NONE:
        return Caller(credentials.user, credentials.password, credentials.group, "bundle")
    if claims.token.saml:
        return Caller(racf_user_id(claims.user), Secret(""), "", claims.token.value)
    return Caller(racf_user_id(claims.user), racf_password(claims.password), "", claims.token.value)
