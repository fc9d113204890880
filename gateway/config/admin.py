"""`[admin]` of `gateway.toml`: the listener for operators, and how they sign in."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway.config.sso import SsoSettings
from gateway.config.values import AT_START, ListenAddress, MisfitError, PublicUrl, Settings, Texts


class AdminSettings(Settings):
    """The listener for operators: console, management API, health and metrics."""

    listen: ListenAddress = Field(
        default="127.0.0.1:9443",
        description="Address of the admin listener (HTTPS, with the server's keystore); empty: none. "
        "`IMSGW_LISTEN_HOST` gives the default another host.",
        json_schema_extra=AT_START,
    )
    public_url: PublicUrl = Field(
        default="",
        description="How browsers see the admin listener, where that is neither an IP address nor `localhost` "
        "nor the host of `listen`: requests under other names are refused.",
    )
    accounts: str = Field(
        default="identity/admin.toml",
        min_length=1,
        description="File with the local accounts and the tokens of console and management API, relative to "
        "the home; `imsgw admin` writes it. It need not exist, and changes of it count at once.",
    )
    idle_minutes: int = Field(
        default=30,
        ge=1,
        le=1440,
        description="A session of the console ends when nothing was done for so long.",
    )
    session_hours: int = Field(
        default=12, ge=1, le=168, description="A session of the console ends so long after the sign-in."
    )
    masked_names: Texts = Field(
        default=(),
        description="Names of elements and attributes whose values are masked in captured messages, beside "
        "those that always are: passwords, PINs, tokens, card numbers and the like. A name of six letters or "
        "more counts inside of longer ones too, a shorter one where it is a word of them.",
        json_schema_extra=AT_START,
    )
    sso: SsoSettings | None = Field(
        default=None, description="Absent: local accounts only. Needs `public_url`, with https."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        url = urlsplit(self.public_url)
        bare = url.scheme == "https" and not url.path
        text = "needs public_url, an https:// address without a path: the identity provider answers there"
        MisfitError.check({"sso": text if self.sso is not None and not bare else None})
        return self
