"""What is to be known of a syslog receiver: plain values, which the configuration gives."""

from dataclasses import dataclass

from gateway.config.stores import KeyStore, TrustStore
from gateway.tls.certificates import CryptoPolicy


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """One receiver, how records look to it, how they wait for it.

    The keys of `[audit]` that become fields have the fields' names; `host`, `port` and `tls` come from `to`
    (`syslog+tls://host:6514`, or `syslog+tcp://host:601` without TLS; see `gateway.config.receiver`).
    """

    host: str
    """Name or address, an IPv6 address without brackets."""
    port: int
    tls: bool = True
    server_name: str = ""
    """The name that the receiver's certificate has to carry; empty: `host`."""
    truststore: TrustStore | None = None
    """None: the authorities of the operating system."""
    keystore: KeyStore | None = None
    """Our certificate for receivers that ask for one."""
    crypto_policy: CryptoPolicy = "modern"

    framing: str = "octet-counting"
    """A name of `gateway.audit.syslog.FRAMINGS`: as RFC 5425 has it, or for receivers that read lines."""
    facility: str = "authpriv"
    """A name of `gateway.audit.syslog.FACILITIES`."""
    severity: str = "notice"
    """A name of `gateway.audit.syslog.SEVERITIES`; the same for every record, which has its own inside."""
    hostname: str = ""
    """What the header calls this machine; empty: what the machine calls itself."""
    app_name: str = "imsgw"
    structured_data: bool = False
    """Whether each message has `[meta sequenceId=...]` and `[origin ...]`, by which a receiver sees gaps."""
    message_bytes: int = 8192
    """Longest message, 2048 to 65536; what is longer is shortened and counted. Receivers have their own."""

    spool_bytes: int = 256 * 1024 * 1024
    """Most that may wait on the disk, of all processes of this home; at least 16 MiB."""
    spool_sync: bool = False
    """Whether a record is on the disk itself before it counts as safe: needed to survive a loss of power."""
    resend_seconds: float = 10
    """Records sent so shortly before a connection ended are sent again: syslog acknowledges nothing."""
    timeout_seconds: float = 5
    """Longest connect, TLS handshake, and wait for the receiver to take or acknowledge bytes."""
    reconnect_seconds: float = 10
    """Longest pause between two attempts to connect."""
    stop_seconds: float = 5
    """How long a process that ends goes on sending; what is left waits for another process."""

    @property
    def receiver(self) -> str:
        """Return how people name it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
