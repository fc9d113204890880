"""Correlators of the installation to services: which entries are one service, and which WSDL it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.config.words import nearest, shown
from gateway.migrate.bundles import BundleDraft, BundleMaker
from gateway.migrate.consumers import is_consumer, put_call
from gateway.migrate.contracts import ContractFiles, gather
from gateway.migrate.draft import Draft, unit_name
from gateway.migrate.entries import Entry
from gateway.migrate.files import XmlFile
from gateway.migrate.findings import Findings
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.providers import ask_about, put_operation
from gateway.migrate.tokens import NONE, SecurityMaker, TokenType, token_type
from gateway.migrate.values import Reader, UnclearError
from gateway.migrate.wsdls import Wsdl, Wsdls


@dataclass(slots=True)
class ServiceDraft:
    """One service on its way."""

    name: str
    """Name of its folder in wsdl/."""
    role: str
    draft: Draft
    contract: ContractFiles | None = None
    ports: tuple[str, ...] = ()
    bundles: list[BundleDraft] = field(default_factory=list)
    token: TokenType = NONE
    broken: list[str] = field(default_factory=list)
    """Why it cannot stand in the home."""

    @property
    def unit(self) -> str:
        """Its folder, relative to the home."""
        return f"wsdl/{self.name}"


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
            role = "consumer" if is_consumer(entry) else "provider"
            try:
                wsdl, reason = self.wsdls.of(entry), ""
            except RefusedError as error:
                wsdl, reason = None, str(error)
                self._findings.damage(entry.place, f"service {shown(_title(entry))} {error}")
            title = wsdl.stem if wsdl else _title(entry)
            key = (role, wsdl.name if wsdl else f"?{title.lower()}")
            groups.setdefault(key, _Group(role, title, wsdl, reason)).entries.append(entry)
        return list(groups.values())

    def _make(self, group: _Group) -> None:
        name = unit_name(group.title, self.made, "service")
        if name != group.title:
            self._findings.change(f"service {shown(group.title)} is called {name} here", group.entries[0].place)
        files = sorted({entry.place.file for entry in group.entries})
        draft = Draft(f"wsdl/{name}/correlator.toml", self._findings, remarks=[f"From {', '.join(files)}."])
        service = ServiceDraft(name, group.role, draft)
        self.made[name] = service
        if group.wsdl is None:
            service.broken.append(f"it {group.reason}")
        else:
            self._contract(service, group.wsdl)
        draft.put(("role",), group.role)
        draft.put(("wsdl",), service.contract.main if service.contract else f"{name}.wsdl")
        self._name_bundles(service, group.entries)
        draft.put(("validate",), False)
        self._security(service, group.entries)
        self._operations(service, group)

    def _contract(self, service: ServiceDraft, wsdl: Wsdl) -> None:
        service.ports = wsdl.ports
        try:
            service.contract = gather(wsdl, self.documents, self._findings)
        except RefusedError as error:
            service.broken.append(f"{wsdl.name} {error}")

    # -- bundles

    def _name_bundles(self, service: ServiceDraft, entries: list[Entry]) -> None:
        if service.role == "provider":
            self._one_bundle(service, entries)
        else:
            self._many_bundles(service, entries)

    def _one_bundle(self, service: ServiceDraft, entries: list[Entry]) -> None:
        named = {entry.text("bundle"): entry for entry in reversed(entries) if entry.has("bundle")}
        if not named and len(self.bundles.made) == 1:
            named = dict.fromkeys(self.bundles.made, entries[0])
            self._findings.change("names no bundle; there is one only", entries[0].place, service.draft.file)
        found = {text: self.bundles.find(text, entry.at("bundle")) for text, entry in named.items()}
        for text, bundle in found.items():
            if bundle is None:
                service.broken.append(self._no_bundle(text, named[text]))
        right = {one.name: (one, named[text]) for text, one in found.items() if one is not None}
        if len(right) > 1:
            service.broken.append(
                f"its operations go over several bundles ({', '.join(sorted(right))}); here one"
            )
        if not named:
            service.broken.append("it names no connection bundle")
        for bundle, entry in list(right.values())[:1]:
            service.bundles.append(bundle)
            service.draft.put(("bundle",), bundle.name, entry.at("bundle"))

    def _many_bundles(self, service: ServiceDraft, entries: list[Entry]) -> None:
        for entry in entries:
            for text in entry.texts("callout_bundles"):
                bundle = self.bundles.find(text, entry.at("callout_bundles"))
                if bundle is None:
                    self._findings.contradict(self._no_bundle(text, entry), entry.at("callout_bundles"))
                elif not bundle.listens:
                    told = f"callout service {service.name} without tpipes: bundle {bundle.name} has none"
                    self._findings.contradict(told, entry.at("callout_bundles"))
                elif bundle not in service.bundles:
                    service.bundles.append(bundle)
        places = [entry.at("callout_bundles") for entry in entries if entry.has("callout_bundles")]
        service.draft.put(("bundles",), [one.name for one in service.bundles], *places)
        if not service.bundles:
            service.broken.append("no bundle of it has tpipes, so no program could reach it")
        self._host_ccsid(service, entries)
        self._answers_elsewhere(service, entries)

    def _host_ccsid(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Put the code page of what programs send, which is a bundle's here."""
        for entry in entries:
            number = self.reader.number(entry, "host_ccsid")
            for bundle in service.bundles if number is not None else ():
                before = bundle.draft.get("callout", "host_ccsid")
                if before is None:
                    bundle.draft.put(("callout", "host_ccsid"), number, entry.at("host_ccsid"))
                elif before != number:
                    text = (
                        f"callouts over bundle {bundle.name} have CCSID {before} and {number}; {before} counts"
                    )
                    self._findings.contradict(text, entry.at("host_ccsid"))

    def _answers_elsewhere(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Tell where answers went over another bundle than the calls: here they go where the call came from."""
        for entry in entries:
            if not (entry.has("transaction") and entry.has("bundle")):
                continue
            other = self.bundles.find(entry.text("bundle"), entry.at("bundle"))
            if other is None or other not in service.bundles:
                named = shown(entry.text("bundle"))
                text = f"answers go back over the bundle that brought the call, not over {named}"
                self._findings.change(text, entry.at("bundle"), service.draft.file)

    def _no_bundle(self, text: str, entry: Entry) -> str:
        near = nearest(text, self.bundles.made)
        hint = f"; did somebody mean {shown(near)}?" if near else ""
        return f"there is no connection bundle {shown(text)} ({entry.at('bundle')}){hint}"

    # -- security

    def _security(self, service: ServiceDraft, entries: list[Entry]) -> None:
        consumer = service.role == "consumer"
        try:
            kind, entry = token_type(entries, "callout_token" if consumer else "token", self.reader)
            service.token = kind
            if consumer:
                self._callout_token(service, kind, entry)
                return
            self.security.put(service.draft, kind, entry)
        except UnclearError as error:
            service.broken.append(str(error))
            return
        for bundle in service.bundles[:1]:
            ask_about(service.draft, kind, bundle.name, bundle.entry.text("user"), self._findings)
        if kind is not NONE:
            self._login_module(service, entries)

    def _login_module(self, service: ServiceDraft, entries: list[Entry]) -> None:
        """Keep out a service whose callers a module of Java looked at: without it more of them would get in."""
        for one in (*entries, *((self.security.server,) if self.security.server is not None else ())):
            if one.has("login_module"):
                text = (
                    f"a custom authentication module ({one.at('login_module')}) is Java and cannot be taken "
                    "over: write it anew as security.authenticator, or make sure that it is not needed"
                )
                if text not in service.broken:
                    service.broken.append(text)

    def _callout_token(self, service: ServiceDraft, kind: TokenType, entry: Entry) -> None:
        if kind is NONE:
            return
        if kind.trust:
            raise UnclearError(f"callouts carry unsigned tokens only ({entry.at('callout_token')})")
        service.draft.put(("security", "token"), kind.token, entry.at("callout_token"))

    # -- operations

    def _operations(self, service: ServiceDraft, group: _Group) -> None:
        known = group.wsdl.operations if group.wsdl else ()
        named: dict[str, Entry] = {}
        for entry in group.entries:
            name = self._operation_name(entry, known)
            if name is None:
                continue
            if name in named:
                self._findings.contradict(
                    f"operation {shown(name)} is there twice; the first counts", entry.place
                )
            else:
                named[name] = entry
        put = put_operation if service.role == "provider" else put_call
        for name, entry in named.items():
            if put(service.draft, name, entry, self.reader):
                self.adapters |= {bundle.name for bundle in service.bundles}
        if not named:
            service.broken.append("no operation of it is known")
        self._rest(service, set(known) - named.keys() if "*" not in named else set())
        if service.role == "consumer":
            self._address(service, list(named.values()))

    def _operation_name(self, entry: Entry, known: tuple[str, ...]) -> str | None:
        name = entry.text("operation")
        if not name:
            return "*"
        if not known or name in known:
            return name
        folded = [one for one in known if one.lower() == name.lower()]
        if len(folded) == 1:
            self._findings.contradict(
                f"operation {shown(name)} is {folded[0]} in the WSDL", entry.at("operation")
            )
            return folded[0]
        text = f"the WSDL has no operation {shown(name)}; it has {', '.join(map(shown, known[:8]))}: left out"
        self._findings.contradict(text, entry.at("operation"))
        return None

    def _rest(self, service: ServiceDraft, without: set[str]) -> None:
        """Deal with operations of the WSDL that no correlator has: nobody could call them before, either."""
        if not without or service.contract is None:
            return
        names = ", ".join(sorted(map(shown, without)))
        if service.role == "consumer":
            service.draft.section(("operations", "*"))
            self._findings.change(
                f"operations without a correlator ({names}) have defaults", None, service.draft.file
            )
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


def _title(entry: Entry) -> str:
    """Return what a service without a WSDL is called."""
    return entry.text("service") or entry.text("wsdl").rpartition("/")[2] or entry.place.file.rpartition("/")[2]


def _origins(service: ServiceDraft) -> set[str]:
    contract = service.contract
    return {file.name for file in contract.origins.values()} if contract else set()
