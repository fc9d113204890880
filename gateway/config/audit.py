"""`[audit]` of `gateway.toml`: what is recorded of each decision, in what form, and where it is kept."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.receiver import parse_receiver
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import MisfitError, RefusalError, SecretValue, Settings, Words
from gateway.exchange import Secret

STDOUT: Final = "stdout"
FILE: Final = "file:"
SYSLOG: Final = "syslog+"
LEAST_KEY: Final = 16
"""Characters of a chain's key: a shorter one could be guessed by trying."""


def _to(value: str) -> str:
    if value == STDOUT:
        return value
    if value.startswith(FILE):
        path = PurePosixPath(value.removeprefix(FILE))
        if not path.name or value.endswith("/") or "\0" in value:
            raise RefusalError('names no file; "file:audit/audit.log" stands under the state folder')
        if ".." in path.parts:
            raise RefusalError("must not go up by ..: name the file by its absolute path")
        return value
    try:
        parse_receiver(value)
    except ValueError as error:
        if value.startswith("syslog"):
            raise RefusalError(f"names no receiver: {error}") from None
        raise ValueError("neither") from None
    return value


AuditTarget = Annotated[
    str, AfterValidator(_to), Words('"stdout", "file:PATH" or a receiver like "syslog+tls://host:6514"')
]

_OF_FILES: Final = ("max_bytes", "keep_files", "group_read", "chain", "chain_key")
_OF_TLS: Final = ("truststore", "keystore", "server_name")
_OF_SYSLOG: Final = (
    *_OF_TLS,
    "framing",
    "facility",
    "severity",
    "hostname",
    "app_name",
    "structured_data",
    "message_bytes",
    "spool_bytes",
    "spool_sync",
    "resend_seconds",
    "reconnect_seconds",
    "stop_seconds",
)
GOES_WITH: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {'"file:..."': _OF_FILES, '"syslog+tls://..."': _OF_SYSLOG}
)

Facility = Literal[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip
Severity = Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]


class AuditSettings(Settings):
    """The audit trail: one record of each decision."""

    format: Literal["json", "leef", "cef"] = Field(
        default="json",
        description="`json`: a line of JSON with the names of the Elastic Common Schema. `leef`: LEEF 2.0, for "
        "QRadar. `cef`: CEF, for ArcSight and many others.",
    )
    to: AuditTarget = Field(
        default=STDOUT,
        description="`stdout`: what the processes print (the log goes to standard error). `file:PATH`: a file, "
        "relative to the state folder, that all processes share. `syslog+tls://host:6514`: a syslog receiver "
        "(RFC 5424 over TLS), by way of a spool on the disk; `syslog+tcp://host:601` without TLS.",
    )
    on_failure: Literal["refuse", "count"] = Field(
        default="refuse",
        description="What becomes of requests while records cannot be written. `refuse`: no success without "
        "a record; IMS is not called as long as it is known that none could be written. `count`: all goes on, "
        "and what is lost is counted.",
    )
    timeout_seconds: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Longest wait for who reads standard output, for other processes to let go of the file, or "
        "for a receiver's connection.",
    )
    repeats_per_second: int = Field(
        default=10,
        ge=0,
        le=100_000,
        description="Requests that were turned away or refused, from one client (`limits.ipv4_prefix`, "
        "`limits.ipv6_prefix`) for one reason: so many have a record of their own each second, one more tells "
        "how many others there were. 0: all do.",
    )
    max_bytes: int = Field(
        default=100_000_000,
        ge=65_536,
        le=10_000_000_000,
        description="A file that would become longer is put aside under a number, and another begins.",
    )
    keep_files: int = Field(
        default=10,
        ge=1,
        le=500,
        description="So many files that were put aside are kept; older ones are deleted.",
    )
    group_read: bool = Field(
        default=False, description="Whether the group of the process may read the file (0640); else 0600."
    )
    chain: bool = Field(
        default=False,
        description="Whether each line has a hash that depends on all before it, so that `imsgw audit verify` "
        "finds what was changed, removed or inserted.",
    )
    chain_key: SecretValue = Field(
        default=Secret(""),
        description="Key of these hashes, 16 characters or more: without it, whoever can write the file cannot "
        "make them anew. Best a file that other users of the machine cannot read.",
    )
    truststore: TrustStore | None = Field(
        default=None,
        description="Authorities for the receiver's certificate; empty: those of the operating system.",
    )
    keystore: KeyStore | None = Field(
        default=None, description="Our certificate, for receivers that ask for one."
    )
    server_name: str = Field(
        default="",
        description="The name that the receiver's certificate has to carry; empty: the host of `to`.",
    )
    framing: Literal["octet-counting", "line-feed"] = Field(
        default="octet-counting",
        description="How messages are parted: with their length (RFC 5425), or by lines, for receivers that "
        "know no lengths.",
    )
    facility: Facility = Field(default="authpriv", description="Facility of the messages (RFC 5424).")
    severity: Severity = Field(
        default="notice",
        description="Severity of the messages, the same for all; each record has its own inside.",
    )
    hostname: str = Field(
        default="",
        max_length=255,
        description="What the messages call this machine: QRadar knows a log source by it. Empty: the "
        "machine's own name.",
    )
    app_name: str = Field(
        default="imsgw", min_length=1, max_length=48, description="What the messages call this program."
    )
    structured_data: bool = Field(
        default=False,
        description="Whether each message has a sequence number in structured data, by which a receiver sees "
        "gaps.",
    )
    message_bytes: int = Field(
        default=8192,
        ge=2048,
        le=65_536,
        description="Longest message; of a longer one the longest values are cut, and it is counted. Receivers "
        "have a bound of their own.",
    )
    spool_bytes: int = Field(
        default=256 * 1024 * 1024,
        ge=16 * 1024 * 1024,
        le=1024 * 1024 * 1024 * 1024,
        description="Most that may wait on the disk while the receiver is away, of all processes.",
    )
    spool_sync: bool = Field(
        default=False,
        description="Whether a record is on the disk itself before it counts as safe, to survive a loss of "
        "power; costs a write of the disk for each.",
    )
    resend_seconds: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="Records sent so shortly before a connection ended are sent again: syslog acknowledges "
        "nothing.",
    )
    reconnect_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Longest pause between two attempts to connect."
    )
    stop_seconds: float = Field(
        default=5.0,
        ge=0,
        le=600,
        description="How long a process that ends goes on sending; what is left waits for another.",
    )

    @property
    def kind(self) -> Literal["stdout", "file", "syslog"]:
        """Return what kind of target it is."""
        if self.to == STDOUT:
            return "stdout"
        return "file" if self.to.startswith(FILE) else "syslog"

    @model_validator(mode="after")
    def _fits(self) -> Self:
        texts: dict[str, str | None] = dict(self._misplaced())
        if self.chain_key and not self.chain:
            texts["chain_key"] = "goes with chain = true only"
        elif self.chain_key and len(self.chain_key.reveal()) < LEAST_KEY:
            texts["chain_key"] = f"must have {LEAST_KEY} characters or more"
        if self.to.startswith("syslog+tcp:"):
            texts |= {
                key: 'goes with audit.to = "syslog+tls://..." only'
                for key in _OF_TLS
                if key in self.model_fields_set
            }
        MisfitError.check(texts)
        return self

    def _misplaced(self) -> dict[str, str]:
        """Return keys that were set and that the target knows nothing of."""
        kind = {"stdout": "", "file": '"file:..."', "syslog": '"syslog+tls://..."'}[self.kind]
        return {
            key: f"goes with audit.to = {what} only"
            for what, keys in GOES_WITH.items()
            for key in keys
            if what != kind and key in self.model_fields_set
        }
