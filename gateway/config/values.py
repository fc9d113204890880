"""The kinds of value a setting can have, and how each reads in a sentence.

A model's field is a type plus `Words`; the words serve the error ("must be ...") and the reference page
alike. What needs the outside (an environment variable, a file) asks the `Resolver` that the reader puts
into pydantic's validation context, so nothing here opens anything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationInfo
from pydantic.fields import FieldInfo

from gateway.exchange import CommitMode, Secret, SyncLevel, Undeliverable

CREATE_TEST_STORE = "imsgw keystore create-test makes one for tests"
TEST_FILES = frozenset({"ca.pem", "clients.pem", "senders.pem", "sts.pem", "passticket.key", "partner.key"})
"""Names of files, beside key stores, that the command makes."""


class RefusalError(ValueError):
    """A value that its field's words do not explain; the text does, and never shows a secret."""


class NoSecretError(RefusalError):
    """A secret whose variable is not set, or whose file cannot be read."""


class NoSuchPathError(RefusalError):
    """A path that leads nowhere."""


class MisfitError(ValueError):
    """Values of one table that do not fit each other: what is wrong, by key."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__("values do not fit each other")
        self.texts = dict(texts)

    @classmethod
    def check(cls, texts: Mapping[str, str | None]) -> None:
        """Raise for the texts that are there; all None: nothing is wrong."""
        found = {key: text for key, text in texts.items() if text}
        if found:
            raise cls(found)


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of value reads after "must be", article included; `choices` are spellings to suggest."""

    text: str
    choices: tuple[str, ...] = ()


ROLE = Words('"provider" or "consumer"', ("provider", "consumer"))
"""How the role of a correlator reads; it decides which of two models judges the rest."""


class Resolver(Protocol):
    """What the models need from outside while they are validated. Every refusal is a `RefusalError`."""

    def secret(self, value: str | Mapping[str, Any]) -> Secret:
        """Return the secret that a literal, `{ env }` or `{ file }` stands for."""
        ...

    def notice(self, value: Any) -> str | None:
        """Say what is careless about how this secret is kept; None: nothing."""
        ...

    def file(self, value: str) -> Path:
        """Return the absolute path of an existing file named relative to the home."""
        ...

    def path(self, value: str) -> Path:
        """Return the absolute path of an existing file or folder named relative to the home."""
        ...


AT_START: Final[dict[str, JsonValue]] = {"restart": True}
"""Marks a field (`json_schema_extra`) whose value a process keeps; another counts from its next start."""


def is_at_start(field: FieldInfo) -> bool:
    """Tell whether a field is marked so."""
    return field.json_schema_extra == AT_START


class Settings(BaseModel):
    """Base of every table: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


def _resolver(info: ValidationInfo) -> Resolver:
    if info.context is None:
        raise RefusalError("files and secrets are resolved by config.read only")
    resolver: Resolver = info.context["resolver"]
    return resolver


def _secret(value: Any, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str | Mapping):
        raise RefusalError('must be a text, { env = "NAME" } or { file = "PATH" }')
    return _resolver(info).secret(value)


def _path(value: Any, info: ValidationInfo) -> Path:
    return value if isinstance(value, Path) else _resolver(info).path(_text(value))


def _file(value: Any, info: ValidationInfo) -> Path:
    return value if isinstance(value, Path) else _resolver(info).file(_text(value))


def _key_file(value: Any, info: ValidationInfo) -> Path:
    try:
        return _file(value, info)
    except NoSuchPathError as error:
        raise RefusalError(f"{error}; {CREATE_TEST_STORE}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    return value


SecretValue = Annotated[
    Secret, BeforeValidator(_secret), Words('a secret: a text, { env = "NAME" } or { file = "PATH" }')
]
ExistingFile = Annotated[Path, BeforeValidator(_file), Words("the path of a file")]
KeyFile = Annotated[Path, BeforeValidator(_key_file), Words("the path of a file")]
ExistingPath = Annotated[Path, BeforeValidator(_path), Words("the path of a file or folder")]


def _optional_path(value: Any, info: ValidationInfo) -> Path | None:
    return None if value is None or value == "" else _path(value, info)


OptionalPath = Annotated[
    Path | None, BeforeValidator(_optional_path), Words("the path of a file or folder, or empty")
]

_NAME_8 = re.compile(r"[A-Z0-9@#$]{1,8}")
"""The RACF alphabet: national characters as in code page 37."""


def _name_8(value: str) -> str:
    if not value:
        return value
    upper = value.upper() if value.isascii() else value
    if not _NAME_8.fullmatch(upper):
        raise ValueError("not a name")
    return upper


def _name_8_needed(value: str) -> str:
    if not value:
        raise ValueError("empty")
    return _name_8(value)


Name8 = Annotated[
    str, AfterValidator(_name_8), Words("a name of up to 8 characters of A-Z 0-9 @ # $, or empty")
]
"""A name of up to 8 characters of the RACF alphabet, or empty; folded to upper case."""
Name8Needed = Annotated[
    str, AfterValidator(_name_8_needed), Words("a name of 1 to 8 characters of A-Z 0-9 @ # $")
]

_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:\s]+)):(?P<port>[0-9]{1,5})")


def parse_listen(value: str) -> tuple[str, int]:
    """Split ``host:port`` or ``[ipv6]:port``; ValueError when it is neither."""
    match = _LISTEN.fullmatch(value)
    if match is None or int(match["port"]) > 65535:
        raise ValueError('an address reads "host:port", for example "127.0.0.1:8443"')
    return match["v6"] or match["host"], int(match["port"])


def _listen(value: str) -> str:
    if value:
        parse_listen(value)
    return value


ListenAddress = Annotated[
    str,
    AfterValidator(_listen),
    Words('an address that reads "host:port", for example "127.0.0.1:8443", or empty'),
]


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    return tuple(_network(number, item) for number, item in enumerate(value, start=1))


def _network(number: int, item: Any) -> IPv4Network | IPv6Network:
    if isinstance(item, IPv4Network | IPv6Network):
        return item
    try:
        return ip_network(_text(item))
    except ValueError:
        raise RefusalError(
            f'entry {number} is no network; one reads "10.1.0.0/16", without host bits'
        ) from None


Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    BeforeValidator(_networks),
    Words('a list of networks, for example ["10.1.0.0/16", "fd00::/8"]'),
]


def _url(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", value):
        raise ValueError("not an address")
    return value.rstrip("/")


PublicUrl = Annotated[str, AfterValidator(_url), Words('an address like "https://soap.example.com", or empty')]


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]*", value):
        raise ValueError("not a header name")
    return value


HeaderName = Annotated[
    str, AfterValidator(_header_name), Words("a header name of letters, digits and hyphens, or empty")
]


def _commit_mode(value: Any) -> CommitMode:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not a whole number")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    return CommitMode(value)


def _sync_level(value: Any) -> SyncLevel:
    return value if isinstance(value, SyncLevel) else SyncLevel(_text(value))


def _undeliverable(value: Any) -> Undeliverable:
    return value if isinstance(value, Undeliverable) else Undeliverable(_text(value))


CommitModeNumber = Annotated[
    CommitMode, BeforeValidator(_commit_mode), Words("0 (commit-then-send) or 1 (send-then-commit)")
]
SyncLevelName = Annotated[
    SyncLevel, BeforeValidator(_sync_level), Words('"none" or "confirm"', ("none", "confirm"))
]
UndeliverableName = Annotated[
    Undeliverable,
    BeforeValidator(_undeliverable),
    Words('"purge", "reroute" or "hold"', ("purge", "reroute", "hold")),
]


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
        raise ValueError("not a list of texts")
    return tuple(value)


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts), Words("a list of texts that are not empty")]

_FINGERPRINT = re.compile(r"sha256:(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}")
_OTHER_NAME = re.compile(r"(?:dns|uri|email):\S+")


def _senders(value: Any) -> tuple[str, ...]:
    for number, item in enumerate(_texts(value), start=1):
        if not (_FINGERPRINT.fullmatch(item) or _OTHER_NAME.fullmatch(item) or "=" in item):
            raise RefusalError(
                f"entry {number} names no certificate: a subject like CN=web1,O=Bank, dns:NAME, uri:URI, "
                "email:ADDRESS or sha256: with 64 hexadecimal digits"
            )
    return tuple(value)


Senders = Annotated[
    tuple[str, ...],
    BeforeValidator(_senders),
    Words('a list of certificates by name, for example ["CN=web1,O=Bank", "dns:web1.example"]'),
]


_VALKEY = re.compile(
    r"valkeys?://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?:/[0-9]{0,4})?",
    re.ASCII | re.IGNORECASE,
)


def _replay_store(value: str) -> str:
    if value == "sqlite":
        return value
    if "@" in value:
        raise RefusalError("must not hold user and password: they go into replay.user and replay.password")
    match = _VALKEY.fullmatch(value)
    if match is None or not 0 < int(match["port"] or 6379) < 65_536:
        raise ValueError("neither sqlite nor an address")
    return value


ReplayStoreAddress = Annotated[
    str,
    AfterValidator(_replay_store),
    Words('"sqlite" or an address like "valkey://host:6379/0" ("valkeys://" for TLS)'),
]


def _limit_store(value: str) -> str:
    if value in {"", "memory"}:
        return value
    if "@" in value:
        raise RefusalError("must not hold user and password: they go into store_user and store_password")
    if value == "sqlite":
        raise RefusalError("cannot be sqlite: a write to the disk for each request would cost more than it")
    return _replay_store(value)


LimitStoreAddress = Annotated[
    str,
    AfterValidator(_limit_store),
    Words('"memory", an address like "valkey://host:6379/0" ("valkeys://" for TLS), or empty'),
]


_TAKEN: Final = frozenset({"*CONTXT*", "*PHRASE*", "*NETUID*", "*NETSID*"})
"""Ids of IRM extensions to which IBM has given another meaning."""
TRACKING_EXTENSION: Final = "*TRCKID*"
"""What IBM calls the one of tracking ids."""


def _extension_id(value: str) -> str:
    if not re.fullmatch(r"\*[A-Z0-9@#$]{1,6}\*", value):
        raise ValueError("not the id of an extension")
    if value in _TAKEN:
        raise RefusalError(f"{value} is IBM's own, for something else")
    return value


def _mark_id(value: str) -> str:
    if value == TRACKING_EXTENSION:
        raise RefusalError(f"{value} is IBM's own, for tracking ids, and is shown where messages are")
    return _extension_id(value)


def _tracking_id(value: str) -> str:
    return _extension_id(value) if value else value


ExtensionId = Annotated[
    str,
    AfterValidator(_mark_id),
    Words("the id of an IRM extension: 1 to 6 characters of A-Z 0-9 @ # $ between asterisks"),
]
"""Of an extension of the site's own."""
TrackingExtensionId = Annotated[
    str,
    AfterValidator(_tracking_id),
    Words('"*TRCKID*" or the id of an IRM extension of the site\'s own, or empty'),
]
