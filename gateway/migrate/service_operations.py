"""The operations of a service: those of its correlators against those of its WSDL."""

from dataclasses import dataclass
from typing import Final

from gateway.config.words import shown
from gateway.migrate.consumers import put_call
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings
from gateway.migrate.providers import put_operation
from gateway.migrate.service_draft import ServiceDraft
from gateway.migrate.values import Reader

ALL: Final = "*"
_OF_OPERATIONS: Final = ("transaction", "converter", "execution_timeout", "callout_timeout")
"""What an entry says of operations. One without is about the service as a whole, if there are others."""


@dataclass(frozen=True, slots=True)
class OperationMaker:
    """Puts `[operations.NAME]` into correlators."""

    reader: Reader

    @property
    def _findings(self) -> Findings:
        return self.reader.findings

    def put(self, service: ServiceDraft, entries: list[Entry], known: tuple[str, ...]) -> bool:
        """Put every operation; return whether one has an adapter. `known`: those of the WSDL."""
        named = self._named(entries, known)
        put = put_operation if service.role == "provider" else put_call
        adapters = [put(service.draft, name, entry, self.reader) for name, entry in named.items()]
        if not named:
            service.broken.append("no operation of it is known")
        self._rest(service, set() if ALL in named else set(known) - named.keys())
        if service.role == "consumer":
            self._address(service, list(named.values()))
        return any(adapters)

    def _named(self, entries: list[Entry], known: tuple[str, ...]) -> dict[str, Entry]:
        named: dict[str, Entry] = {}
        if any(entry.has("operation") for entry in entries):
            entries = [
                entry for entry in entries if entry.has("operation") or any(map(entry.has, _OF_OPERATIONS))
            ]
        for entry in entries:
            name = self._name(entry, known)
            if name in named:
                text = f"operation {shown(name)} is there twice; the first counts"
                self._findings.contradict(text, entry.place)
            elif name is not None:
                named[name] = entry
        return named

    def _name(self, entry: Entry, known: tuple[str, ...]) -> str | None:
        """Return the operation as the WSDL writes it, "*" where none is named; None: the WSDL lacks it."""
        name = entry.text("operation")
        if name in {"", ALL}:
            return ALL
        if not known or name in known:
            return name
        folded = [one for one in known if one.lower() == name.lower()]
        if len(folded) == 1:
            text = f"operation {shown(name)} is {shown(folded[0])} in the WSDL"
            self._findings.contradict(text, entry.at("operation"))
            return folded[0]
        has = ", ".join(map(shown, known[:8]))
        text = f"the WSDL has no operation {shown(name)}; it has {has}: left out"
        self._findings.contradict(text, entry.at("operation"))
        return None

    def _rest(self, service: ServiceDraft, without: set[str]) -> None:
        """Deal with operations of the WSDL that no correlator has: nobody could call them before, either."""
        if not without or service.contract is None:
            return
        names = ", ".join(sorted(map(shown, without)))
        if service.role == "consumer":
            service.draft.section(("operations", ALL))
            text = f"operations without a correlator ({names}) have defaults"
            self._findings.change(text, None, service.draft.file)
            return
        service.contract.without_operations(without)
        text = (
            f"operations without a correlator ({names}) are taken out of the binding: no transaction is known"
        )
        self._findings.change(text, None, f"{service.unit}/{service.contract.main}")

    def _address(self, service: ServiceDraft, entries: list[Entry]) -> None:
        told = {entry.text("callout_uri"): entry for entry in entries if entry.has("callout_uri")}
        if len(told) > 1:
            service.broken.append(
                "its operations are called at different addresses; give each a WSDL of its own"
            )
        elif told and service.contract is not None:
            [(address, entry)] = told.items()
            if service.contract.call_at(address):
                text = "the address of the correlator stands in the WSDL here"
                self._findings.change(text, entry.at("callout_uri"), f"{service.unit}/{service.contract.main}")
