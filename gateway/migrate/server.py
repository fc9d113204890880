"""Properties of the server to gateway.toml."""

from typing import Final

from gateway.config.words import shown
from gateway.migrate.bundles import wanted_store
from gateway.migrate.draft import Draft
from gateway.migrate.entries import Entry
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.keyring import KeyRing
from gateway.migrate.places import Place
from gateway.migrate.values import Reader
from gateway.tracking import parse_source

_ANYWHERE: Final = "0.0.0.0"  # noqa: S104  where the original listens
_HTTP: Final = 8080
_HTTPS: Final = 8443
FILE: Final = "gateway.toml"
_NO_CACHE: Final = "there is no debug cache: the log has every callout, the journal asynchronous ones"
_NO_COUNTERPART: Final = {
    "trace_level": "there is no trace level: errors, decisions and requests are always in the log; imsgw wire "
    "and imsgw explain show what a trace showed",
    "queue_throttle": "retrieval pauses by itself when as many callouts are in work as `concurrency` says",
    "health_interval": "every call has a deadline of its own, so nobody has to look for workers that hang",
    "cache_capacity": _NO_CACHE,
    "cache_directory": _NO_CACHE,
    "callout_algorithm": "certificates are handled by OpenSSL, without a choice of Java's algorithms",
    "tracking": "every request has a tracking id, in faults, log and traces; IMS Connect is told where a "
    'bundle says ims_connect.tracking_extension = "*TRCKID*"',
}

_TRACKED_BY: Final = ("tracking_id", "tracking_element", "tracking_namespace")


class ServerMaker:
    """Makes gateway.toml."""

    def __init__(self, entry: Entry | None, reader: Reader, keyring: KeyRing) -> None:
        self._entry = entry
        self._reader = reader
        self._keyring = keyring
        self.findings: Findings = reader.findings
        self.draft = Draft(
            FILE, self.findings, remarks=["Settings of the server; docs/configuration.md has them all."]
        )
        self.broken: list[str] = []
        """What stands between this file and a gateway that starts."""

    @property
    def asks_for_certificates(self) -> bool:
        """Whether clients are asked for their certificates."""
        return bool(self._wanted_of_clients())

    def _wanted_of_clients(self) -> str:
        text = self._entry.text("client_authentication") if self._entry is not None else ""
        return next(
            (one for one in ("required", "optional") if self._reader.is_one_of(f"client_{one}", text)), ""
        )

    def make(self, *, needs_https: bool) -> None:
        """Draft the file. `needs_https`: there are services with WS-Security."""
        entry = self._entry
        if entry is None:
            text = f"no properties of the server were found: its usual ports ({_HTTP}, {_HTTPS}) are taken"
            self.findings.contradict(text)
        self._listeners(entry, needs_https=needs_https)
        if entry is not None:
            self._clients(entry)
            self._modes(entry)
            self._tracking(entry)
            for name, text in _NO_COUNTERPART.items():
                if name in entry.said:
                    self.findings.spare(text, entry.at(name))
            if entry.has("login_module"):
                text = "a custom authentication module is Java and cannot be taken over: security.authenticator"
                self.findings.contradict(text, entry.at("login_module"))

    def _listeners(self, entry: Entry | None, *, needs_https: bool) -> None:
        http, https = self._port("http_port"), self._port("https_port")
        wants_https = https is not None or needs_https or (entry is not None and entry.has("keystore"))
        if http is None and not wants_https:
            http = _HTTP
        host = entry.text("host") if entry is not None and entry.has("host") else _ANYWHERE
        at = [entry.at("host")] if entry is not None and entry.has("host") else []
        place = f"[{host}]" if ":" in host else host
        self._put("https", f"{place}:{https or _HTTPS}" if wants_https else "", "https_port", at)
        self._put("http", f"{place}:{http}" if http is not None else "", "http_port", at)
        if entry is not None and entry.has("keystore"):
            made = self._keyring.keystore(wanted_store(entry, "keystore"))
            self.draft.put(("server", "keystore"), made.store)
            self.broken += [f"server.keystore: {made.problem}"] if made.problem else []
        elif wants_https:
            text = (
                "HTTPS is needed and no keystore is named: the gateway starts once server.keystore names one "
                "(docs/keystores.md)"
            )
            self.broken.append(text)
            text = "was TLS done by AT-TLS before SOAP Gateway? Then its certificate and key must be exported."
            self.findings.ask(Whom.NETWORK, text, "server.keystore")
        else:
            self.draft.put(("admin", "listen"), "")
            self.draft.change("without a key store there is no admin listener", ("admin", "listen"))

    def _put(self, key: str, value: str, said: str, at: list[Place]) -> None:
        places = [*at] if value else []
        if self._entry is not None and self._entry.has(said):
            places.append(self._entry.at(said))
        self.draft.put(("server", key), value, *places)

    def _port(self, name: str) -> int | None:
        number = self._reader.number(self._entry, name) if self._entry is not None else None
        if number is not None and not 0 < number < 65_536:
            if number:
                assert self._entry is not None, "it said the number"
                self.findings.contradict(f"{name.replace('_', ' ')} is no port", self._entry.at(name))
            return None
        return number

    def _clients(self, entry: Entry) -> None:
        """Put what is asked of clients' certificates. Where it cannot be had, the gateway does not start."""
        text = entry.text("client_authentication")
        wanted = self._wanted_of_clients()
        if not wanted:
            if text and not self._reader.is_one_of("client_none", text):
                self.broken.append(f"client authentication {shown(text)} is none that is known")
                self.draft.put(
                    ("server", "client_authentication"), "required", entry.at("client_authentication")
                )
            return
        self.draft.put(("server", "client_authentication"), wanted, entry.at("client_authentication"))
        if not entry.has("truststore"):
            self.broken.append(
                "server.client_truststore: client authentication is on, and no truststore is named"
            )
            return
        made = self._keyring.truststore(wanted_store(entry, "truststore"))
        self.draft.put(("server", "client_truststore"), made.store)
        self.broken += [f"server.client_truststore: {made.problem}"] if made.problem else []

    def _modes(self, entry: Entry) -> None:
        """Put the policy for TLS. FIPS and SP 800-131A are modes, or names of a switch."""
        text, at = entry.text("crypto_mode"), entry.at("crypto_mode")
        on = self._reader.is_one_of("yes", text)
        strict = self._reader.is_one_of("sp800_131a", text) or (on and "131" in at.name)
        fips = self._reader.is_one_of("fips", text) or (on and "fips" in at.name.lower())
        if strict or fips:
            self.draft.put(("server", "crypto_policy"), "sp800-131a", at)
        elif (
            text and not self._reader.is_one_of("no", text) and not self._reader.is_one_of("client_none", text)
        ):
            self.findings.contradict(f"the mode {shown(text)} is none that is known: TLS is modern here", at)
        if fips:
            text = (
                "FIPS 140-2 is a matter of the OpenSSL that the gateway runs with; the strictest policy is set"
            )
            self.draft.change(text, ("server", "crypto_policy"), at)

    def _tracking(self, entry: Entry) -> None:
        """Put where tracking ids come from: the message, an element, or nowhere but here."""
        text = entry.text("tracking_id")
        places = [entry.at(name) for name in _TRACKED_BY if entry.has(name)]
        if not text:
            for name in _TRACKED_BY[1:]:
                if entry.has(name):
                    self.findings.spare("which element is tracked counts with a custom id only", entry.at(name))
            return
        if self._reader.is_one_of("tracked_by_message", text):
            source = "message-id"
        elif self._reader.is_one_of("tracked_by_element", text):
            source = f"element:{{{entry.text('tracking_namespace')}}}{entry.text('tracking_element')}"
        elif self._reader.is_one_of("tracked_by_generated", text):
            source = ""
        else:
            self.findings.contradict(f"the tracking id {shown(text)} is none that is known", places[0])
            return
        try:
            sources = [str(parse_source(source))] if source else []
        except ValueError as error:
            self.findings.contradict(
                f"the element of the tracking id cannot be looked for: it {error}", places[0]
            )
            return
        self.draft.put(("tracking", "sources"), sources, *places)
