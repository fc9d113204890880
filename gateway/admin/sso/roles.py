"""Which role the values of an attribute give."""

from collections.abc import Collection

from gateway.admin.roles import Role
from gateway.config.sso import SsoSettings


def role_of(values: Collection[str], sso: SsoSettings) -> Role | None:
    """Return the highest role that a value, exactly as it is, gives; None: the person is not let in."""
    if not set(sso.operators).isdisjoint(values):
        return Role.OPERATOR
    if not set(sso.viewers).isdisjoint(values):
        return Role.VIEWER
    return None
