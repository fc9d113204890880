"""Connection bundles of the installation to files of bundles/."""

import re
from dataclasses import dataclass, field

from gateway.config.words import shown
from gateway.exchange import Secret
from gateway.migrate.draft import SECRETS_FOLDER, Draft, SecretKeeper, unit_name
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.keyring import KeyRing, Wanted
from gateway.migrate.passwords import Passwords, is_encoded
from gateway.migrate.places import Place
from gateway.migrate.values import Reader

_RACF_PASSWORD = 8


@dataclass(slots=True)
class BundleDraft:
    """One bundle on its way."""

    original: str
    """Its name in the installation."""
    name: str
    """Name of its file in bundles/, without .toml."""
    entry: Entry
    draft: Draft
    listens: bool = False
    """Whether it has tpipes."""
    broken: list[str] = field(default_factory=list)
    """Why it cannot stand in the home."""
    callout_broken: list[str] = field(default_factory=list)
    """Why nothing can be called over it, where all else of it can."""

    @property
    def unit(self) -> str:
        """Its file, relative to the home."""
        return f"bundles/{self.name}.toml"


@dataclass(slots=True)
class BundleMaker:
    """Makes bundles."""

    reader: Reader
    keyring: KeyRing
    keeper: SecretKeeper
    passwords: Passwords = field(repr=False)
    server: Entry | None
    made: dict[str, BundleDraft] = field(default_factory=dict)
    """By name in the installation."""

    @property
    def _findings(self) -> Findings:
        return self.reader.findings

    def make(self, entry: Entry) -> None:
        """Draft one bundle."""
        original = entry.text("name")
        name = unit_name(original, {one.name: one for one in self.made.values()}, "bundle")
        file = f"bundles/{name}.toml"
        draft = Draft(file, self._findings, remarks=[f"Connection bundle {original} ({entry.place.file})."])
        bundle = BundleDraft(original, name, entry, draft)
        if name != original:
            self._findings.change(f"bundle {shown(original)} is called {name} here", entry.at("name"), file)
        self.made[original] = bundle
        self._way(bundle)
        self._credentials(bundle)
        if entry.texts("tpipes"):
            self._callout(bundle)

    def find(self, name: str, at: Place) -> BundleDraft | None:
        """Return the bundle that a correlator names; case is the last thing that counts."""
        found = self.made.get(name)
        if found is None:
            found = next((one for one in self.made.values() if one.original.lower() == name.lower()), None)
            if found is not None:
                text = f"bundle {shown(name)} is written {shown(found.original)} where it is defined"
                self._findings.contradict(text, at)
        return found

    def _way(self, bundle: BundleDraft) -> None:
        entry, draft = bundle.entry, bundle.draft
        for name, key in (("host", "host"), ("datastore", "datastore")):
            if entry.has(name):
                draft.put(("ims_connect", key), entry.text(name), entry.at(name))
        port = self.reader.number(entry, "port")
        if port is not None:
            draft.put(("ims_connect", "port"), port, entry.at("port"))
        draft.put(("ims_connect", "exit"), "HWSSMPL1")
        self._tls(bundle)

    def _tls(self, bundle: BundleDraft) -> None:
        entry = bundle.entry
        named = entry.has("truststore") or entry.has("keystore")
        wanted = self.reader.flag(entry, "ssl")
        unclear = wanted is None and entry.has("ssl")
        self._encryption(bundle, on=bool(wanted or named or unclear) and wanted is not False)
        if wanted is False or not (wanted or named or unclear):
            return
        path = ("ims_connect", "tls")
        if not entry.has("truststore"):
            text = "TLS is on and no truststore is named: nobody could tell IMS Connect's certificate"
            bundle.broken.append(text)
            bundle.draft.put((*path, "truststore"), {"path": "keystores/missing-truststore.pem"})
        for name, make in (("truststore", self.keyring.truststore), ("keystore", self.keyring.keystore)):
            if entry.has(name):
                made = make(wanted_store(entry, name))
                bundle.draft.put((*path, name), made.store)
                bundle.broken += [made.problem] if made.problem else []

    def _encryption(self, bundle: BundleDraft, *, on: bool) -> None:
        entry = bundle.entry
        text, at = entry.text("encryption"), entry.at("encryption")
        none = self.reader.is_one_of("encryption_none", text)
        if text and not on and not none:
            told = f"bundle {bundle.name} has an encryption type, and no stores: plain TCP here"
            self._findings.contradict(told, at)
        elif text and on and none:
            told = "TLS without encryption is not offered: connections are encrypted here"
            self._findings.change(told, at, bundle.unit, "ims_connect.tls")
        elif on and self.reader.is_one_of("encryption_weak", text):
            told = "weak ciphers are not offered: TLS 1.2 or 1.3 here"
            self._findings.change(told, at, bundle.unit, "ims_connect.tls")
            told = "does IMS Connect (or AT-TLS before it) speak TLS 1.2 with forward secrecy?"
            self._findings.ask(Whom.NETWORK, told, f"bundle {bundle.name}")

    def _credentials(self, bundle: BundleDraft) -> None:
        entry, draft = bundle.entry, bundle.draft
        if not entry.has("user"):
            for name in ("password", "group"):
                if entry.has(name):
                    self._findings.contradict(f"bundle {bundle.name} has a {name} and no user", entry.at(name))
            return
        draft.put(("credentials", "user"), entry.text("user"), entry.at("user"))
        password = self.passwords.of_bundle(bundle.original).password or Secret(entry.text("password"))
        if password and (reason := _unusable(password)):
            text = f"the RACF password {reason}: bundle {bundle.name} has none; hand it in by --passwords"
            self._findings.contradict(text, entry.at("password"))
        elif password:
            kept = self.keeper.keep(f"{bundle.name}-password", password)
            draft.put(("credentials", "password"), kept, entry.at("password"))
        if entry.has("group"):
            draft.put(("credentials", "group"), entry.text("group"), entry.at("group"))

    def _callout(self, bundle: BundleDraft) -> None:
        entry, draft = bundle.entry, bundle.draft
        bundle.listens = True
        named = [one.upper() for one in entry.texts("tpipes")]
        draft.put(("callout", "tpipes"), list(dict.fromkeys(named)), entry.at("tpipes"))
        if entry.has("basic_user"):
            self._basic(bundle)
        if self.server is not None:
            self._properties(bundle, self.server)
            self._callout_stores(bundle, self.server)

    def _basic(self, bundle: BundleDraft) -> None:
        entry = bundle.entry
        told = self.passwords.of_bundle(bundle.original).basic_password or Secret(entry.text("basic_password"))
        if not told or is_encoded(told.reveal()):
            text = "HTTP Basic has a user and no password that could be used; hand it in by --passwords"
            self._findings.contradict(f"{text} (bundle {bundle.name})", entry.at("basic_user"))
            bundle.callout_broken.append(text)
            missing = {"file": f"{SECRETS_FOLDER}/missing-{bundle.name}-basic"}
            bundle.draft.put(("callout", "basic"), {"user": entry.text("basic_user"), "password": missing})
            return
        kept = self.keeper.keep(f"{bundle.name}-basic", told)
        value = {"user": entry.text("basic_user"), "password": kept}
        bundle.draft.put(("callout", "basic"), value, entry.at("basic_user"), entry.at("basic_password"))

    def _properties(self, bundle: BundleDraft, server: Entry) -> None:
        """Put the callout properties of the server, which are those of each bundle here."""
        draft = bundle.draft
        interval = self.reader.number(server, "poll_interval")
        if interval is not None:
            seconds = min(max(interval / 1000, 0.1), 600.0)
            draft.put(("callout", "retry_seconds"), seconds, server.at("poll_interval"))
            if seconds * 1000 != interval:
                draft.change(f"{interval} ms is {seconds:g} s here", ("callout", "retry_seconds"))
        stops = self.reader.flag(server, "stop_on_error")
        if stops is not None:
            draft.put(("callout", "stop_on_error"), stops, server.at("stop_on_error"))
        workers = self.reader.number(server, "workers")
        if workers is not None and workers > 0:
            draft.put(("callout", "concurrency"), min(workers, 1024), server.at("workers"))
            text = "worker threads of the whole server are calls in work of each tpipe here"
            draft.change(text, ("callout", "concurrency"), server.at("workers"))

    def _callout_stores(self, bundle: BundleDraft, server: Entry) -> None:
        """Put the one truststore and keystore that the server has for all callouts."""
        for name, make in (("truststore", self.keyring.truststore), ("keystore", self.keyring.keystore)):
            if server.has(f"callout_{name}"):
                made = make(wanted_store(server, f"callout_{name}"))
                bundle.draft.put(("callout", name), made.store)
                bundle.callout_broken += [made.problem] if made.problem else []


def wanted_store(entry: Entry, name: str) -> Wanted:
    """Return a store as an entry names it: the properties beside it have its name in front."""
    of_callout = "callout_" if name.startswith("callout_") else ""
    is_key = name.endswith("keystore")
    return Wanted(
        entry.text(name),
        entry.at(name),
        entry.text(f"{name}_password"),
        entry.text(f"{of_callout}key_password") if is_key else "",
        entry.text(f"{of_callout}key_alias") if is_key else "",
    )


def _unusable(password: Secret) -> str:
    """Say why nobody can sign on at IMS Connect with a password; empty when somebody can."""
    text = password.reveal()
    if is_encoded(text):
        return "is encoded"
    if len(text) > _RACF_PASSWORD:
        return f"is longer than {_RACF_PASSWORD} characters, and IMS Connect takes no phrase here"
    return "" if re.fullmatch(r"[^\x00-\x1f\x7f]+", text) else "holds control characters"
