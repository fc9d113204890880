"""`[security]` of a consumer: what goes out with its calls, and whom they trust."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.options import Options
from gateway.config.outside import BasicAuthentication
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import MisfitError, RefusalError, SecretValue, Settings
from gateway.exchange import Secret

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Outside of Char (XML 1.0, section 2.2)."""


def _xml_text(value: str) -> str:
    if _NOT_XML.search(value):
        raise RefusalError("holds a character that XML cannot say")
    return value


XmlText = Annotated[str, AfterValidator(_xml_text)]


class ConsumerSecurity(Settings):
    """What goes out with a call, and what makes the other side believed."""

    token: Literal["none", "username", "saml11", "saml20"] = Field(
        default="none",
        description="What every request carries, naming the IMS user of the program that calls. "
        "`username`: a UsernameToken. `saml11`, `saml20`: an unsigned SAML assertion, sender-vouches. Tokens "
        "go over HTTPS only. Synchronous callouts only: IMS names no user of an asynchronous one, unless the "
        "authentication module does.",
    )
    issuer: XmlText = Field(default="ims-gateway", min_length=1, description="Issuer of the assertions.")
    audience: XmlText = Field(default="", description="Audience of the assertions; empty: none.")
    name_qualifier: XmlText = Field(default="", description="NameQualifier of the user's name; empty: none.")
    lifetime_seconds: int = Field(default=300, ge=1, le=86_400, description="How long a token is valid.")
    password: SecretValue = Field(
        default=Secret(""), description='Password in the UsernameToken, with `token = "username"`; empty: none.'
    )
    basic: BasicAuthentication | None = Field(default=None, description="In place of the bundle's.")
    truststore: TrustStore | None = Field(
        default=None, description="Authorities for the service's certificate, in place of the bundle's."
    )
    keystore: KeyStore | None = Field(
        default=None, description="Our key and certificate, in place of the bundle's."
    )
    authenticator: str = Field(
        default="",
        description="Custom authentication module for calls that leave: `package.module:Name`, or the name of "
        "an entry point of the group `imsgw.callout_authenticators`.",
    )
    authenticator_options: Options = Field(
        default=None,
        description="Table for the authentication module. A value of the form `{ env }` or `{ file }` is a "
        "secret there, too.",
    )

    @property
    def saml(self) -> bool:
        """Whether the token is an assertion."""
        return self.token in {"saml11", "saml20"}

    @property
    def has_secrets(self) -> bool:
        """Whether calls carry a password of this service alone, or an authentication module may give one."""
        return self.basic is not None or bool(self.password) or bool(self.authenticator)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        MisfitError.check(
            {
                "password": 'goes with token = "username" only'
                if self.password and self.token != "username"  # noqa: S105  a kind of token
                else None,
                "audience": "goes with an assertion only" if self.audience and not self.saml else None,
                "name_qualifier": "goes with an assertion only"
                if self.name_qualifier and not self.saml
                else None,
                "authenticator_options": "goes with authenticator only"
                if self.authenticator_options is not None and not self.authenticator
                else None,
            }
        )
        return self
