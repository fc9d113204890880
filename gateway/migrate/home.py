"""A home in the making as files: what is in it, what is set aside, whether the gateway would take it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway import preflight
from gateway.config.model import Home
from gateway.config.read import read_home
from gateway.errors import ConfigError, Problem
from gateway.exchange import Secret
from gateway.migrate.bundles import BundleDraft
from gateway.migrate.draft import Draft, SecretKeeper
from gateway.migrate.files import Source
from gateway.migrate.findings import Aside, Findings
from gateway.migrate.service_draft import ServiceDraft
from gateway.migrate.write import Folder

ASIDE: Final = "set-aside"
_WHY: Final = "Not part of the home, because:"
_BACK: Final = "Once that is mended, move it to {place} and run imsgw check."
_ROUNDS: Final = 6
_PLACEHOLDER: Final = """\
[server]
https = "127.0.0.1:8443"
trusted_proxies = ["127.0.0.1/32"]
client_certificate_header = "X-Certificate"
"""
"""In place of a gateway.toml that is not right, so that all else can be judged; its own does not count."""


@dataclass(slots=True)
class HomeDraft:
    """All files of the new home."""

    gateway: Draft
    bundles: Mapping[str, BundleDraft]
    """By name in the home."""
    services: Mapping[str, ServiceDraft]
    stores: Mapping[str, bytes] = field(repr=False)
    keeper: SecretKeeper = field(repr=False)
    source: Source
    findings: Findings = field(repr=False)
    broken: dict[str, list[str]] = field(default_factory=dict)
    """By unit (`bundles/ims1.toml`, `wsdl/phonebook`), why it is set aside."""

    def settle(self, folder: Folder) -> tuple[Problem, ...]:
        """Write the home into a folder, setting aside what would keep the gateway from starting.

        Returns what `imsgw check` says of the rest; errors among it are those of gateway.toml.
        """
        self._begin(folder)
        for _ in range(_ROUNDS):
            self._write_units(folder)
            problems = self._judge(folder)
            if not self._break(problems):
                break
        self._tell()
        return problems

    def _begin(self, folder: Folder) -> None:
        for name, data in self.stores.items():
            folder.write(name, data, secret=name.endswith(".p12"))
        if self.keeper.how == "files":
            for name, secret in self.keeper.kept.items():
                folder.write(name, secret.reveal().encode(), secret=True)
        folder.write(self.gateway.file, self.gateway.text().encode())
        self._keep_apart()

    def _keep_apart(self) -> None:
        """Set aside what is known to be broken, and what depends on it."""
        for bundle in self.bundles.values():
            if bundle.broken:
                self.broken[bundle.unit] = list(bundle.broken)
        for service in self.services.values():
            if service.broken:
                self.broken[service.unit] = list(service.broken)
        self._one_address()
        self._follow()

    def _one_address(self) -> None:
        """Set aside services that share an address: nobody can say which of them its callers mean."""
        by_port: dict[str, list[ServiceDraft]] = {}
        for service in self.services.values():
            if service.role == "provider" and service.unit not in self.broken:
                for port in dict.fromkeys(service.ports):
                    by_port.setdefault(port, []).append(service)
        for port, same in by_port.items():
            names = ", ".join(one.name for one in same)
            for service in same if len(same) > 1 else ():
                text = f"port {port}, its address, is that of several services ({names}); keep one of them"
                self.broken.setdefault(service.unit, []).append(text)

    def _follow(self) -> None:
        """Set aside services whose bundles are; a consumer goes on with those that are left."""
        for service in self.services.values():
            gone = [one for one in service.bundles if self._is_gone(one, service.role)]
            if not gone or service.unit in self.broken:
                continue
            left = [one for one in service.bundles if one not in gone]
            reasons = [f"it needs bundle {one.name}: {'; '.join(self._reasons(one))}" for one in gone]
            if service.role == "provider" or not left:
                self.broken[service.unit] = reasons
                continue
            service.bundles[:] = left
            service.draft.put(("bundles",), [one.name for one in left])
            for one in gone:
                text = f"is no longer among the bundles: {'; '.join(self._reasons(one))}"
                service.draft.change(f"{one.name} {text}", ("bundles",))

    def _is_gone(self, bundle: BundleDraft, role: str) -> bool:
        return bundle.unit in self.broken or (role == "consumer" and bool(bundle.callout_broken))

    def _reasons(self, bundle: BundleDraft) -> list[str]:
        return [*self.broken.get(bundle.unit, ()), *bundle.callout_broken]

    # -- files

    def _write_units(self, folder: Folder) -> None:
        for bundle in self.bundles.values():
            self._write_bundle(folder, bundle)
        for service in self.services.values():
            self._write_service(folder, service)

    def _write_bundle(self, folder: Folder, bundle: BundleDraft) -> None:
        reasons = self.broken.get(bundle.unit)
        folder.remove(bundle.unit)
        if reasons:
            folder.write(f"{ASIDE}/{bundle.unit}", _explained(bundle.draft, reasons, bundle.unit))
            return
        if bundle.callout_broken:
            whole = _explained(bundle.draft, bundle.callout_broken, bundle.unit)
            folder.write(f"{ASIDE}/{bundle.unit}", whole)
            without = Draft(bundle.unit, self.findings, remarks=bundle.draft.remarks)
            without.table.update({key: value for key, value in bundle.draft.table.items() if key != "callout"})
            folder.write(bundle.unit, without.text("Without [callout], see set-aside/.").encode())
            return
        folder.write(bundle.unit, bundle.draft.text().encode())

    def _write_service(self, folder: Folder, service: ServiceDraft) -> None:
        reasons = self.broken.get(service.unit)
        folder.remove(service.unit)
        top = f"{ASIDE}/{service.unit}" if reasons else service.unit
        text = _explained(service.draft, reasons, service.unit) if reasons else service.draft.text().encode()
        folder.write(f"{top}/correlator.toml", text)
        for name, data in service.contract.octets(self.source).items() if service.contract else ():
            folder.write(f"{top}/{name}", data)

    # -- judgement

    def _judge(self, folder: Folder) -> tuple[Problem, ...]:
        """Return what the gateway itself says of the home."""
        try:
            return preflight.check(self._read(folder.path))
        except ConfigError as error:
            problems = error.problems
        if any(not one.warning and one.file != self.gateway.file for one in problems):
            return problems
        folder.write(self.gateway.file, _PLACEHOLDER.encode())
        try:
            more = preflight.check(self._read(folder.path))
        except ConfigError as error:
            more = error.problems
        finally:
            folder.write(self.gateway.file, self.gateway.text().encode())
        return tuple(sorted({*problems, *(one for one in more if one.file != self.gateway.file)}))

    def _read(self, path: Path) -> Home:
        variables = self.keeper.kept if self.keeper.how == "env" else {}
        return read_home(path, environ={name: secret.reveal() for name, secret in variables.items()})

    def _break(self, problems: tuple[Problem, ...]) -> bool:
        """Set aside what has errors; return whether anything was."""
        new: dict[str, list[str]] = {}
        known = {one.unit for one in self.bundles.values()} | {one.unit for one in self.services.values()}
        for one in problems:
            unit = _unit(one)
            if not one.warning and unit in known and unit not in self.broken:
                new.setdefault(unit, []).append(f"{one.key}: {one.text}" if one.key else one.text)
        self.broken.update(new)
        self._follow()
        return bool(new)

    def _tell(self) -> None:
        for unit, reasons in sorted(self.broken.items()):
            self.findings.aside.append(Aside(unit, "; ".join(reasons), f"{ASIDE}/{unit}"))
        for bundle in self.bundles.values():
            if bundle.callout_broken and bundle.unit not in self.broken:
                reason = "; ".join(bundle.callout_broken)
                self.findings.aside.append(Aside(f"{bundle.unit} [callout]", reason, f"{ASIDE}/{bundle.unit}"))


def _unit(problem: Problem) -> str:
    """Return the bundle or service that a problem is about, if it is about one."""
    parts = problem.file.split("/")
    return problem.file if parts[0] == "bundles" else "/".join(parts[:2])


def _explained(draft: Draft, reasons: list[str], place: str) -> bytes:
    return draft.text(_WHY, *(f"- {one}" for one in reasons), _BACK.format(place=place), "").encode()


def variables_of(keeper: SecretKeeper) -> Mapping[str, Secret]:
    """Return the variables that somebody has to set before the gateway starts."""
    return keeper.kept if keeper.how == "env" else {}
