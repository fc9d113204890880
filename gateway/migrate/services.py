"""Correlators of the installation to services: which entries are one service, and which WSDL it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.config.words import shown
from gateway.migrate.bundles import BundleMaker
from gateway.migrate.consumers import is_consumer
from gateway.migrate.contracts import gather
from gateway.migrate.draft import Draft, unit_name
from gateway.migrate.entries import Entry
from gateway.migrate.files import XmlFile
from gateway.migrate.findings import Findings
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.providers import ask_about
from gateway.migrate.service_bundles import BundleNamer
from gateway.migrate.service_draft import ServiceDraft
from gateway.migrate.service_operations import OperationMaker
from gateway.migrate.tokens import NONE, SecurityMaker, TokenType, token_type
from gateway.migrate.values import Reader, UnclearError
from gateway.migrate.wsdls import Wsdl, Wsdls


@dataclass(slots=True)
class _Group:
    """Entries of one service."""

    role: str
    title: str
    wsdl: Wsdl | None
    reason: str
    """Why there is no WSDL."""
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class ServiceMaker:
    """Makes services."""

    reader: Reader
    bundles: BundleMaker
    wsdls: Wsdls
    documents: Mapping[str, XmlFile] = field(repr=False)
    security: SecurityMaker
    made: dict[str, ServiceDraft] = field(default_factory=dict)
    adapters: set[str] = field(default_factory=set)
    """Bundles, by name in the home, over which IMS Connect converts."""

    @property
    def _findings(self) -> Findings:
        return self.reader.findings

    def make_all(self, operations: tuple[Entry, ...], progress: Callable[[int, int], None]) -> None:
        """Draft every service."""
        groups = self._groups(operations)
        for number, group in enumerate(groups, start=1):
            progress(number, len(groups))
            self._make(group)
        used = {group.wsdl.name for group in groups if group.wsdl is not None}
        imported = {name for one in self.made.values() for name in _origins(one)}
        for wsdl in self.wsdls:
            if wsdl.name not in used | imported and wsdl.ports:
                text = "no correlator belongs to this WSDL, so nothing is known of its transactions: left out"
                self._findings.contradict(text, Place(wsdl.name))

    def _groups(self, operations: tuple[Entry, ...]) -> list[_Group]:
        groups: dict[tuple[str, str], _Group] = {}
        for entry in operations:
            role, reason = "consumer" if is_consumer(entry) else "provider", ""
            wsdl: Wsdl | None = None
            try:
                wsdl = self.wsdls.of(entry)
            except RefusedError as error:
                reason = str(error)
                self._findings.damage(entry.place, f"service {shown(_title(entry))} {error}")
            title = wsdl.stem if wsdl else _title(entry)
            key = (role, wsdl.name if wsdl else f"?{title.lower()}")
            groups.setdefault(key, _Group(role, title, wsdl, reason)).entries.append(entry)
        self._tell_of_twins(list(groups.values()))
        return list(groups.values())

    def _tell_of_twins(self, groups: list[_Group]) -> None:
        """Tell of WSIDs that two WSDLs have: programs name a service by the name of its file."""
        by_wsid: dict[str, list[Wsdl]] = {}
        for group in groups:
            if group.role == "consumer" and group.wsdl is not None:
                by_wsid.setdefault(group.wsdl.stem, []).append(group.wsdl)
        for wsid, wsdls in by_wsid.items():
            for other in wsdls[1:]:
                text = f"WSID {shown(wsid)} is that of {wsdls[0].name} as well: programs cannot tell them apart"
                self._findings.contradict(text, Place(other.name))

    def _make(self, group: _Group) -> None:
        name = unit_name(group.title, self.made, "service")
        if name != group.title:
            text = f"service {shown(group.title)} is called {name} here"
            self._findings.change(text, group.entries[0].place)
        files = sorted({entry.place.file for entry in group.entries})
        draft = Draft(f"wsdl/{name}/correlator.toml", self._findings, remarks=[f"From {', '.join(files)}."])
        service = self.made[name] = ServiceDraft(name, group.role, draft)
        self._contract(service, group)
        draft.put(("role",), group.role)
        draft.put(("wsdl",), service.contract.main if service.contract else f"{name}.wsdl")
        BundleNamer(self.reader, self.bundles).put(service, group.entries)
        draft.put(("validate",), False)
        self._security(service, group.entries, group.wsdl)
        known = group.wsdl.operations if group.wsdl else ()
        if OperationMaker(self.reader).put(service, group.entries, known):
            self.adapters |= {bundle.name for bundle in service.bundles}

    def _contract(self, service: ServiceDraft, group: _Group) -> None:
        if group.wsdl is None:
            service.broken.append(f"it {group.reason}")
            return
        service.ports = group.wsdl.ports
        try:
            service.contract = gather(group.wsdl, self.documents, self._findings)
        except RefusedError as error:
            service.broken.append(f"{group.wsdl.name} {error}")

    def _security(self, service: ServiceDraft, entries: list[Entry], wsdl: Wsdl | None) -> None:
        consumer = service.role == "consumer"
        try:
            kind, entry = token_type(entries, "callout_token" if consumer else "token", self.reader)
            service.token = kind
            if consumer:
                self._callout_token(service, kind, entry)
                return
            self.security.put(service.draft, kind, entry)
            if kind is NONE:
                self._open(service, entries, wsdl)
        except UnclearError as error:
            service.broken.append(str(error))
            if (
                service.draft.get("security", "token") is None
            ):  # so that nobody takes the draft for an open service
                service.draft.put(("security", "token"), "?")
            return
        for bundle in service.bundles[:1]:
            ask_about(service.draft, kind, bundle.name, bundle.entry.text("user"), self._findings)
        if kind is not NONE:
            self._login_module(service, entries)

    def _open(self, service: ServiceDraft, entries: list[Entry], wsdl: Wsdl | None) -> None:
        """Make sure that a service without a token is meant to have none.

        UnclearError: its WSDL asks for one, and no correlator says anything else.
        """
        stated = [entry for entry in entries if "token" in entry.said]
        asked = wsdl is not None and wsdl.asks_for_token
        if asked and not stated:
            raise UnclearError("its WSDL asks for a security token, and no correlator says which")
        if asked:
            text = f"the WSDL of service {service.name} asks for a security token, and the correlator for none"
            self._findings.contradict(text, stated[0].at("token"))
        elif not stated:
            text = (
                f"no token type is stated for service {service.name}: it is open, as the original's default is"
            )
            self._findings.contradict(text, entries[0].place)

    def _login_module(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Keep out a service whose callers a module of Java looked at: without it more of them would get in."""
        server = self.security.server
        for one in (*entries, *((server,) if server is not None else ())):
            if one.has("login_module"):
                text = (
                    f"a custom authentication module ({one.at('login_module')}) is Java and cannot be taken "
                    "over: write it anew as security.authenticator, or make sure that it is not needed"
                )
                if text not in service.broken:
                    service.broken.append(text)
                    service.draft.put(("security", "authenticator"), "missing.module:Name")

    def _callout_token(self, service: ServiceDraft, kind: TokenType, entry: Entry) -> None:
        if kind is NONE:
            return
        if kind.trust:
            raise UnclearError(f"callouts carry unsigned tokens only ({entry.at('callout_token')})")
        service.draft.put(("security", "token"), kind.token, entry.at("callout_token"))


def _title(entry: Entry) -> str:
    """Return what a service without a WSDL is called."""
    return entry.text("service") or entry.text("wsdl").rpartition("/")[2] or entry.place.file.rpartition("/")[2]


def _origins(service: ServiceDraft) -> set[str]:
    contract = service.contract
    return {file.name for file in contract.origins.values()} if contract else set()
