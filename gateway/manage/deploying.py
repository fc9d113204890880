"""What deploying a service is asked for, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.manage.results import Change
from gateway.manage.values import Value

Role = Literal["provider", "consumer"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The files of a contract, before they are a service: `gateway.manage.sources` makes it."""

    files: Mapping[str, bytes]
    """By name relative to the service's folder, with slashes; references between them are relative."""
    main: str
    """Name of the WSDL in `files`."""
    origin: str
    """Where it came from, for people; a URL without user, password and query."""
    notes: tuple[str, ...] = ()
    """What happened on the way: redirects that were followed, files that were left out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a service is to be deployed; everything has a default but what nobody can know."""

    name: str = ""
    """Of the service; empty: that of its WSDL file."""
    role: Role = "provider"
    bundles: tuple[str, ...] = ()
    """A provider has one, a consumer one or more; empty: the only one there is."""
    transaction: str = ""
    """Of all operations of a provider that `transactions` does not name."""
    transactions: Mapping[str, str] = field(default_factory=dict)
    """By operation."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """More keys of the correlator, dotted: ``{"security.token": "username"}``."""
    correlator: bytes | None = None
    """The whole correlator in place of a proposed one; goes with `name` and `replace` only."""
    replace: bool = False
    """Whether a service of that name may be there: its correlator stays unless `correlator` is given."""
    paths_to_code: bool = True
    """Whether `settings` may name an authentication module by its path, `package.module:Name`: whatever that is
    gets imported and called. Names of entry points, which somebody has installed for this, they always may."""


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation of a deployed service."""

    name: str
    input: str
    """Clark name of the request's element."""
    output: str
    """Of the reply's element; empty for a one-way operation."""
    one_way: bool
    transaction: str
    """Of a provider: what it starts in IMS; of a consumer: what gets the answer of an asynchronous callout."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "name": self.name,
            "input": self.input,
            "output": self.output,
            "one_way": self.one_way,
            "transaction": self.transaction,
        }


@dataclass(frozen=True, slots=True)
class DeployResult:
    """What was deployed, or would be."""

    service: str
    role: Role
    change: Change | None
    """None: a dry run, nothing was written."""
    correlator: str
    """The whole file, secrets that stand in it in clear hidden."""
    files: tuple[str, ...]
    """All of the folder, relative to the home."""
    operations: tuple[OperationView, ...]
    addresses: tuple[str, ...]
    """Of a provider: paths below the gateway's address; of a consumer: what is called."""
    came: tuple[str, ...] = ()
    """Operations that the service had not before (with `replace`)."""
    went: tuple[str, ...] = ()
    """Operations that it has no more."""
    missing: tuple[str, ...] = ()
    """Of a dry run: what would be refused until it is given, as options of the command."""
    notes: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "service": self.service,
            "role": self.role,
            "dry_run": self.change is None,
            **({} if self.change is None else self.change.facts()),
            "correlator": self.correlator,
            "files": list(self.files),
            "operations": [one.facts() for one in self.operations],
            "addresses": list(self.addresses),
            "came": list(self.came),
            "went": list(self.went),
            "missing": list(self.missing),
            "notes": list(self.notes),
        }
