"""What deploying would write: the contract, with a correlator that is proposed, given, or the service's own."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from gateway.config.model import ConsumerSettings, ProviderSettings
from gateway.config.read import CORRELATOR_FILE
from gateway.config.roles import is_consumer
from gateway.config.words import dotted, shown
from gateway.manage.bundles import bundle_names
from gateway.manage.deploying import DeployResult, Gathered, OperationView, Role, Wanted
from gateway.manage.folders import carried_over
from gateway.manage.hidden import without_secrets
from gateway.manage.installation import Installation
from gateway.manage.proposal import (
    Reading,
    operation_table,
    propose,
    read_contract,
    transaction_of,
    without_transaction,
)
from gateway.manage.results import ManageError, Why
from gateway.manage.toml_edit import REMOVED, KeyPath, TomlEditError, edited
from gateway.manage.values import for_file, plain, refuse_clear

AUTHENTICATOR: Final = "authenticator"


def old_correlator(installation: Installation, name: str) -> bytes | None:
    """Return the correlator that a service has; None: there is none."""
    try:
        return (installation.home / "wsdl" / name / CORRELATOR_FILE).read_bytes()
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written."""

    name: str
    role: Role
    reading: Reading
    correlator: bytes
    content: Mapping[str, bytes]
    """Of the folder, the correlator included."""
    missing: tuple[str, ...]
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, installation: Installation, gathered: Gathered, wanted: Wanted, name: str) -> "Plan":
        """Make it. Raises ManageError."""
        folder = installation.home / "wsdl" / name
        there = folder.exists() or folder.is_symlink()
        if there and not wanted.replace:
            text = f"there is a service {name} already: --replace puts this WSDL in its place, --name beside it"
            raise ManageError(Why.EXISTS, text)
        old = old_correlator(installation, name) if there else None
        if wanted.correlator is not None:
            plan = _given(gathered, wanted.correlator, name)
        elif old is not None:
            plan = _kept(gathered, wanted, old, name)
        else:
            plan = _proposed(installation, gathered, wanted, name)
        others = carried_over(folder) if there else {}
        content = {**others, **gathered.files, CORRELATOR_FILE: plan.correlator}
        return replace(plan, content=content, notes=(*gathered.notes, *plan.notes))

    def result(self) -> DeployResult:
        """Return it as a dry run tells it."""
        table = _table(self.correlator)
        return DeployResult(
            service=self.name,
            role=self.role,
            change=None,
            correlator=without_secrets(_model(self.role), self.correlator),
            files=tuple(sorted(f"wsdl/{self.name}/{file}" for file in self.content)),
            operations=tuple(
                OperationView(
                    one.name, one.input_element, one.output_element or "", one.one_way, _code(table, one.name)
                )
                for one in self.reading.operations
            ),
            addresses=self.reading.addresses,
            came=self.came,
            went=self.went,
            missing=self.missing,
            notes=self.notes,
        )


def _proposed(installation: Installation, gathered: Gathered, wanted: Wanted, name: str) -> Plan:
    """Return a plan with a new correlator."""
    known = bundle_names(installation.home)
    bundles = wanted.bundles or (tuple(known) if len(known) == 1 else ())
    missing: list[str] = []
    if not bundles:
        which = (
            f"--bundle NAME is needed: there are {', '.join(known)}"
            if known
            else "there is no bundle: imsgw bundle create makes one"
        )
        missing.append(which)
    if wanted.role == "provider" and len(bundles) > 1:
        raise ManageError(Why.WRONG, "a provider has one bundle")
    reading = read_contract(
        name, gathered, wanted.role, validate=wanted.settings.get("validate", True) is not False
    )
    _check_transactions(reading, wanted)
    text = propose(gathered, wanted, bundles or ("NAME",), reading)
    if wanted.role == "provider":
        missing += _asked_for(without_transaction(reading, wanted, {}))
    correlator = _with_settings(text.encode(), wanted, {})
    came = tuple(one.name for one in reading.operations)
    return Plan(name, wanted.role, reading, correlator, {}, tuple(missing), came)


def _given(gathered: Gathered, correlator: bytes, name: str) -> Plan:
    """Return a plan with a correlator that was given whole."""
    table = _table(correlator)
    role: Role = "consumer" if is_consumer(table) else "provider"
    reading = read_contract(
        name, gathered, role, validate=table.get("validate", role == "provider") is not False
    )
    return Plan(name, role, reading, correlator, {}, (), tuple(one.name for one in reading.operations))


def _kept(gathered: Gathered, wanted: Wanted, old: bytes, name: str) -> Plan:
    """Return a plan with the service's own correlator, fitted to the operations that the new WSDL has."""
    table = _table(old)
    role: Role = "consumer" if is_consumer(table) else "provider"
    wanted = replace(wanted, role=role)
    reading = read_contract(
        name, gathered, role, validate=table.get("validate", role == "provider") is not False
    )
    _check_transactions(reading, wanted)
    names = {one.name for one in reading.operations}
    tables = table.get("operations")
    had = [key for key in tables if key != "*"] if isinstance(tables, Mapping) else []
    gone = tuple(key for key in had if key not in names)
    changes: dict[KeyPath, Any] = {("operations", key): REMOVED for key in gone}
    changes |= {("wsdl",): gathered.main} if table.get("wsdl") != gathered.main else {}
    changes |= _more(wanted, role, had)
    missing = _asked_for(without_transaction(reading, wanted, table)) if role == "provider" else []
    correlator = _with_settings(old, wanted, changes)
    correlator = _with_tables(correlator, reading, wanted)
    came = tuple(one.name for one in reading.operations if one.name not in had)
    return Plan(name, role, reading, correlator, {}, tuple(missing), came, gone)


def _more(wanted: Wanted, role: Role, had: Sequence[str]) -> dict[KeyPath, Any]:
    """Return what is to be changed in a correlator that stays."""
    changes: dict[KeyPath, Any] = {
        ("operations", operation, "transaction"): code
        for operation, code in wanted.transactions.items()
        if operation in had
    }
    if wanted.bundles:
        changes |= (
            {("bundle",): wanted.bundles[0]} if role == "provider" else {("bundles",): list(wanted.bundles)}
        )
    return changes


def _with_settings(correlator: bytes, wanted: Wanted, changes: Mapping[KeyPath, Any]) -> bytes:
    model = _model(wanted.role)
    settings = plain(model, wanted.settings)
    refuse_clear(model, settings)
    if not wanted.paths_to_code:
        _refuse_paths_to_code(settings)
    try:
        return edited(correlator, {**changes, **{path: for_file(value) for path, value in settings.items()}})
    except TomlEditError as error:
        raise ManageError(Why.WRONG, f"the correlator {error}") from error


def _refuse_paths_to_code(settings: Mapping[KeyPath, Any]) -> None:
    for path, value in settings.items():
        if isinstance(value, Mapping):
            _refuse_paths_to_code({(*path, str(key)): inner for key, inner in value.items()})
        elif path[-1] == AUTHENTICATOR and ":" in str(value):
            text = (
                f"{dotted(path)}: a module is named by its path in the file only; here one that is installed is"
            )
            raise ManageError(Why.WRONG, f"{text}, by the name of its entry point")


def _model(role: Role) -> type[ConsumerSettings] | type[ProviderSettings]:
    return ConsumerSettings if role == "consumer" else ProviderSettings


def _with_tables(correlator: bytes, reading: Reading, wanted: Wanted) -> bytes:
    """Append a table for each operation that the correlator says nothing of."""
    tables = _table(correlator).get("operations", {})
    by_default = "*" in tables and (wanted.role == "consumer" or "transaction" in tables["*"])
    for operation in reading.operations:
        if operation.name in tables or (by_default and not transaction_of(operation.name, wanted)):
            continue
        end = b"\r\n" if b"\r\n" in correlator else b"\n"
        lines = [line.encode() for line in operation_table(operation, wanted)]
        separator = end if correlator.endswith(b"\n") else end * 2
        correlator += separator + end.join(lines) + end
    return correlator


def _check_transactions(reading: Reading, wanted: Wanted) -> None:
    names = [one.name for one in reading.operations]
    if unknown := [name for name in wanted.transactions if name not in names]:
        text = f"the WSDL has no operation {shown(unknown[0])}; it has {', '.join(names)}"
        raise ManageError(Why.WRONG, shown(text))
    if wanted.role == "consumer" and (wanted.transaction or wanted.transactions):
        raise ManageError(Why.WRONG, "a consumer has no transaction: it is what IMS programs call")


def _asked_for(operations: list[str]) -> list[str]:
    if not operations:
        return []
    each = " ".join(f"--transaction {shown(name)}=CODE" for name in operations[:5])
    more = " ..." if len(operations) > 5 else ""
    return [f"a transaction is needed: --transaction CODE for all operations, or {each}{more}"]


def _code(table: Mapping[str, Any], operation: str) -> str:
    tables = table.get("operations", {})
    for key in (operation, "*"):
        own = tables.get(key, {}) if isinstance(tables, Mapping) else {}
        for name in ("transaction", "response_transaction"):
            if isinstance(own, Mapping) and isinstance(own.get(name), str):
                return cast("str", own[name])
    return ""


def _table(correlator: bytes) -> dict[str, Any]:
    """Return a correlator as a table. Raises ManageError: no TOML."""
    try:
        return tomllib.loads(correlator.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ManageError(Why.WRONG, "the correlator is not valid TOML; imsgw check says where") from None
