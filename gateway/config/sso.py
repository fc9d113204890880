"""`[admin.sso]` of `gateway.toml`: people sign in to the console at an identity provider."""

import hashlib
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.stores import KeyStore
from gateway.config.values import ExistingFile, MisfitError, Settings, Texts


class SsoSettings(Settings):
    """SAML 2.0 web single sign-on for the console."""

    metadata: ExistingFile = Field(
        description="SAML metadata of the identity provider, relative to the home: who it is, where it is "
        "asked, whose signatures count. Get it over a way that you trust."
    )
    provider: str = Field(
        default="", description="entityID of the one to take, where the metadata describes several."
    )
    name: str = Field(
        default="single sign-on",
        min_length=1,
        max_length=60,
        description="What the sign-in page calls it: Sign in with NAME.",
    )
    entity_id: str = Field(
        default="",
        max_length=1024,
        description="What the identity provider knows the console as; empty: the address of its metadata, "
        "`public_url` and `/sso/metadata`.",
    )
    request_binding: Literal["redirect", "post"] = Field(
        default="redirect", description="How the browser brings the request to the identity provider."
    )
    keystore: KeyStore | None = Field(
        default=None, description="Key that signs requests, for an identity provider that wants that."
    )
    user_attribute: str = Field(
        default="", description="Attribute that holds the person's name; empty: the NameID of the assertion."
    )
    role_attribute: str = Field(
        default="roles", min_length=1, description="Attribute whose values decide about the role."
    )
    operators: Texts = Field(default=(), description="Values of it that make an operator.")
    viewers: Texts = Field(
        default=(), description="Values of it that make a viewer. Who has none of all these is not let in."
    )
    clock_skew_seconds: int = Field(
        default=60, ge=0, le=300, description="How far the clocks of provider and gateway may differ."
    )

    @property
    def stamp(self) -> str:
        """What changes whenever the settings do: sessions end then."""
        said = self.model_dump_json(exclude={"keystore"})
        return hashlib.sha256(said.encode()).hexdigest()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        nobody = not self.operators and not self.viewers
        text = "is missing, and so is viewers: nobody could be let in"
        MisfitError.check({"operators": text if nobody else None})
        return self
