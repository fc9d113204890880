"""Options of the LDAP module: the table `[security.authenticator_options]` with `authenticator = "ldap"`."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.stores import TrustStore
from gateway.config.values import MisfitError, SecretValue, Settings, Words
from gateway.exchange import Secret

_URL = re.compile(r"(ldaps?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?")
PLACE = "{user}"
"""Where the name of the token goes in a filter."""


def _url(value: str) -> str:
    match = _URL.fullmatch(value)
    if match is None or int(match[3] or 0) > 65535:
        raise ValueError("not an address")
    return value


def _filter(value: str) -> str:
    if not (value.startswith("(") and value.endswith(")") and PLACE in value):
        raise ValueError("not a filter")
    return value


LdapUrl = Annotated[
    str,
    AfterValidator(_url),
    Words('an address like "ldaps://directory.example" or "ldap://directory.example:389"'),
]
LdapFilter = Annotated[
    str, AfterValidator(_filter), Words('a filter in parentheses with {user}, for example "(uid={user})"')
]


class LdapSettings(Settings):
    """Which directory, who is looked for there, and what that says."""

    url: LdapUrl = Field(description="Address of the directory.")
    start_tls: bool = Field(default=False, description="With `ldap://`: begin TLS before anything is said.")
    allow_plain: bool = Field(
        default=False, description="With `ldap://`: no TLS at all; passwords cross the network in clear."
    )
    truststore: TrustStore | None = Field(
        default=None, description="Who may have signed the directory's certificate; needed with TLS."
    )
    bind_dn: str = Field(default="", description="Who searches; empty: nobody in particular.")
    bind_password: SecretValue = Field(default=Secret(""), description="Password of `bind_dn`.")
    base: str = Field(min_length=1, description="Distinguished name below which users are looked for.")
    filter: LdapFilter = Field(
        default="(uid={user})", description="Which entry is the user's; `{user}` is the name in the token."
    )
    user_attribute: str = Field(
        default="",
        description="Attribute with the RACF user, one value; empty: the table of users or the name decides.",
    )
    group_attribute: str = Field(
        default="", description="Attribute with the RACF group, at most one value; empty: none is taken."
    )
    required_group: str = Field(
        default="",
        description="Distinguished name of a group that the user must belong to, by `member`, `uniqueMember` "
        "or `memberUid`.",
    )
    forward_password: bool = Field(
        default=False,
        description="UsernameToken: RACF is shown the password, too. Otherwise the bundle's PassTicket or "
        "trusted user stands for the user once the directory has accepted the password.",
    )
    timeout_seconds: int = Field(
        default=5, ge=1, le=60, description="Longest wait to connect, and for each answer."
    )

    @property
    def plain(self) -> bool:
        """Whether everything crosses the network in clear."""
        return self.url.startswith("ldap:") and not self.start_tls

    @model_validator(mode="after")
    def _fits(self) -> Self:
        secure = self.url.startswith("ldaps:")
        MisfitError.check(
            {
                "url": "sends passwords in clear: take ldaps://, start_tls = true or, knowing that, "
                "allow_plain = true"
                if self.plain and not self.allow_plain
                else None,
                "start_tls": "goes with ldap:// only" if secure and self.start_tls else None,
                "allow_plain": "contradicts TLS" if not self.plain and self.allow_plain else None,
                "truststore": "is missing: TLS proves nothing without it"
                if not self.plain and self.truststore is None
                else None,
                "bind_password": "is missing: a bind without one is anonymous"
                if self.bind_dn and not self.bind_password
                else None,
            }
        )
        return self
