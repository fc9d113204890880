"""The configuration as one frozen value, and the door to the models of its files.

Every field of every model carries its description; `docs/configuration.md` is generated from there.
Reading files, resolving secrets and saying where a mistake stands is `config.read`'s work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config.admin import AdminSettings
from gateway.config.audit import AuditSettings
from gateway.config.bundle import (
    BackendTls,
    Bundle,
    Credentials,
    ImsConnectSettings,
    PassTicketSettings,
    TrustedUser,
)
from gateway.config.callout import BundleCallout, CalloutSettings
from gateway.config.consumer import ConsumerOperation, ConsumerSettings, RawMessages, RetrySettings
from gateway.config.consumer_security import ConsumerSecurity
from gateway.config.journal import JournalSettings
from gateway.config.limits import BundleLimits, LimitsSettings, ServiceLimits
from gateway.config.outside import BasicAuthentication
from gateway.config.pool import PoolSettings
from gateway.config.server import (
    GatewaySettings,
    ParserSettings,
    ReplaySettings,
    ServerSettings,
    SignOnSettings,
)
from gateway.config.service import DEFAULTS, OperationSettings, ProviderSettings, SecuritySettings, UsersFile
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.telemetry import TelemetrySettings
from gateway.config.users import UserRow, UsersTable
from gateway.config.values import Resolver, Settings, parse_listen
from gateway.errors import Problem

__all__ = [
    "DEFAULTS",
    "AdminSettings",
    "AuditSettings",
    "BackendTls",
    "BasicAuthentication",
    "Bundle",
    "BundleCallout",
    "BundleLimits",
    "CalloutSettings",
    "Consumer",
    "ConsumerOperation",
    "ConsumerSecurity",
    "ConsumerSettings",
    "Credentials",
    "GatewaySettings",
    "Home",
    "ImsConnectSettings",
    "JournalSettings",
    "KeyStore",
    "LimitsSettings",
    "OperationSettings",
    "ParserSettings",
    "PassTicketSettings",
    "PoolSettings",
    "ProviderSettings",
    "RawMessages",
    "ReplaySettings",
    "Resolver",
    "RetrySettings",
    "SecuritySettings",
    "ServerSettings",
    "Service",
    "ServiceLimits",
    "Settings",
    "SignOnSettings",
    "TelemetrySettings",
    "TrustStore",
    "TrustedUser",
    "UserRow",
    "UsersFile",
    "UsersTable",
    "parse_listen",
]


@dataclass(frozen=True, slots=True)
class Service:
    """A deployed provider service."""

    name: str
    """Name of its folder below wsdl/."""
    wsdl: Path
    settings: ProviderSettings
    users: UsersTable | None = None
    """Who is who, where `security.users` names a file."""

    def operation(self, name: str) -> OperationSettings | None:
        """Return the settings of an operation, those of "*" when it has no table of its own.

        None: the operation has no table, and "*" is missing or not complete by itself.
        """
        return self.settings.operations.get(name) or self.settings.operations.get(DEFAULTS)


@dataclass(frozen=True, slots=True)
class Consumer:
    """A deployed consumer service: a web service outside that IMS programs call."""

    name: str
    """Name of its folder below wsdl/."""
    wsdl: Path
    settings: ConsumerSettings

    def operation(self, name: str) -> ConsumerOperation | None:
        """Return the settings of an operation, those of "*" when it has no table of its own; None: neither."""
        return self.settings.operations.get(name) or self.settings.operations.get(DEFAULTS)


@dataclass(frozen=True, slots=True)
class Home:
    """The whole configuration: one immutable snapshot of the home folder."""

    path: Path
    state: Path
    """Absolute folder for what the gateway writes."""
    gateway: GatewaySettings
    bundles: Mapping[str, Bundle]
    services: Mapping[str, Service]
    """Provider services by name."""
    consumers: Mapping[str, Consumer] = field(default_factory=dict)
    """Consumer services by name."""
    warnings: tuple[Problem, ...] = ()
    """What reading noticed that is no error, for example a password in clear."""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The TOML files that were read, with a hash of what each says (see `config.contents`); names are relative
    to the home, those of files elsewhere absolute."""
