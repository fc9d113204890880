"""A home folder to one `Home`, strictly: every problem of every file at once, or none."""

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from gateway.config.catalogue import files
from gateway.config.contents import digest_of, digest_of_users
from gateway.config.correlator import validate_consumer, validate_provider
from gateway.config.document import read_toml
from gateway.config.model import (
    AdminSettings,
    Bundle,
    CalloutSettings,
    Consumer,
    ConsumerSettings,
    GatewaySettings,
    Home,
    ProviderSettings,
    SecuritySettings,
    ServerSettings,
    Service,
)
from gateway.config.roles import is_consumer
from gateway.config.secrets import HomeFiles
from gateway.config.strict import Fault, S, settle, survey, validate
from gateway.config.users import UsersTable, read_users
from gateway.config.values import Resolver
from gateway.config.words import nearest, shown
from gateway.errors import ConfigError, Problem

__all__ = ["read_home", "read_toml", "settle"]

GATEWAY_FILE = "gateway.toml"
CORRELATOR_FILE = "correlator.toml"
STATE_VARIABLE = "IMSGW_STATE"
HOST_VARIABLE = "IMSGW_LISTEN_HOST"
"""Host of the addresses that `gateway.toml` leaves to their defaults; an image says 0.0.0.0."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME_RULE = "a name is 1 to 64 characters of A-Z a-z 0-9 . _ - and begins with a letter or digit"
_IGNORED = re.compile(r"\..*|.*~|#.*#|.*\.(?:bak|orig|rej|sw[a-p]|tmp)|README.*|lost\+found", re.IGNORECASE)
"""Hidden files, editor backups, what versioning and volumes leave behind, and a page for people."""

_Validate = Callable[[Mapping[str, Any], Resolver], tuple[S | None, tuple[Fault, ...]]]


@dataclass(slots=True)
class _Reader:
    home: Path
    files: HomeFiles
    problems: list[Problem] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)
    """Of each file that is right: its name, and the hash of what it says."""

    def settings(self, model: type[S], file: str, judge: _Validate[S]) -> tuple[dict[str, Any], S | None]:
        """Read one file; returns its known part as written beside the settings, None if there is an error."""
        try:
            raw = read_toml(self.home / file, file)
        except ConfigError as error:
            self.problems += error.problems
            return {}, None
        return self._judged(model, file, raw, judge)

    def _judged(
        self, model: type[S], file: str, raw: Mapping[str, Any], judge: _Validate[S]
    ) -> tuple[dict[str, Any], S | None]:
        kept, noticed = survey(model, raw, self.files)
        settings, faults = judge(kept, self.files)
        self.problems += [fault.problem(file) for fault in (*noticed, *faults)]
        if settings is not None:
            self.contents[file] = digest_of(model, kept)
        return kept, settings

    def gateway(self) -> GatewaySettings | None:
        return self.settings(GatewaySettings, GATEWAY_FILE, self._judge_gateway)[1]

    def _judge_gateway(
        self, table: Mapping[str, Any], resolver: Resolver
    ) -> tuple[GatewaySettings | None, tuple[Fault, ...]]:
        host = self.files.environ.get(HOST_VARIABLE)
        if host:
            table = _listening_at(host, table)
        return validate(GatewaySettings, table, resolver)

    def bundles(self) -> tuple[list[str], dict[str, Bundle]]:
        """Return the names of all bundles, and those that are right."""
        names: list[str] = []
        right: dict[str, Bundle] = {}
        for entry in self._entries("bundles"):
            file, name = f"bundles/{entry}", entry.removesuffix(".toml")
            if name == entry:
                self._warn(file, "is ignored: the name of a bundle's file ends in .toml")
            elif self._named(file, name):
                names.append(name)
                _, bundle = self.settings(Bundle, file, lambda t, r: validate(Bundle, t, r))
                if bundle is not None:
                    right[name] = bundle
        return names, right

    def services(self, bundles: list[str]) -> tuple[dict[str, Service], dict[str, Consumer]]:
        """Return the providers and the consumers that are right."""
        providers: dict[str, Service] = {}
        consumers: dict[str, Consumer] = {}
        for name in self._entries("wsdl"):
            folder = f"wsdl/{name}"
            if not (self.home / folder).is_dir():
                self._warn(folder, "is ignored: a service is a folder of its own here")
            elif not self._named(folder, name):
                continue
            elif not os.path.lexists(self.home / folder / CORRELATOR_FILE):
                self.problems.append(files.CORRELATOR.at(folder, "", f"has no {CORRELATOR_FILE}"))
            else:
                service = self._service(name, folder, bundles)
                if isinstance(service, Service):
                    providers[name] = service
                elif service is not None:
                    consumers[name] = service
        return providers, consumers

    def _service(self, name: str, folder: str, bundles: list[str]) -> Service | Consumer | None:
        file = f"{folder}/{CORRELATOR_FILE}"
        try:
            raw = read_toml(self.home / file, file)
        except ConfigError as error:
            self.problems += error.problems
            return None
        if is_consumer(raw):
            return self._consumer(name, folder, raw, bundles)
        table, settings = self._judged(ProviderSettings, file, raw, validate_provider)
        self._check_bundles(file, "bundle", [table.get("bundle")], bundles)
        self._check_wsdl(folder, table.get("wsdl"))
        if settings is None:
            return None
        return Service(name, self.home / folder / settings.wsdl, settings, self._users(settings.security))

    def _consumer(self, name: str, folder: str, raw: Mapping[str, Any], bundles: list[str]) -> Consumer | None:
        file = f"{folder}/{CORRELATOR_FILE}"
        table, settings = self._judged(ConsumerSettings, file, raw, validate_consumer)
        named = table.get("bundles")
        self._check_bundles(file, "bundles", named if isinstance(named, list) else [], bundles)
        self._check_wsdl(folder, table.get("wsdl"))
        return Consumer(name, self.home / folder / settings.wsdl, settings) if settings is not None else None

    def _check_bundles(self, file: str, key: str, named: list[Any], bundles: list[str]) -> None:
        for bundle in named:
            if isinstance(bundle, str) and bundle and bundle not in bundles:
                self.problems.append(files.BUNDLE.at(file, key, _no_bundle(bundle, bundles)))

    def _check_wsdl(self, folder: str, wsdl: Any) -> None:
        if isinstance(wsdl, str) and wsdl and (text := _wsdl_problem(self.home / folder, wsdl)):
            self.problems.append(files.WSDL.at(f"{folder}/{CORRELATOR_FILE}", "wsdl", text))

    def _users(self, security: SecuritySettings) -> UsersTable | None:
        """Read the table of users that a service names; services may share one."""
        if security.users is None:
            return None
        path = security.users.path
        file = str(path.relative_to(self.home) if path.is_relative_to(self.home) else path)
        try:
            raw = read_toml(path, file)
            table, faults = read_users(raw, self.files)
        except ConfigError as error:
            self.problems += error.problems
            return None
        self.problems += [fault.problem(file) for fault in faults]
        if table is not None:
            self.contents[file] = digest_of_users(raw)
        return table

    def _entries(self, folder: str) -> Iterator[str]:
        """Yield the names in a folder that count, in order; a home without the folder has none."""
        if not os.path.lexists(self.home / folder):
            return
        try:
            names = sorted(entry.name for entry in (self.home / folder).iterdir())
        except OSError as error:
            text = f"cannot be read: {os.strerror(error.errno or 0)}"
            self.problems.append(files.FILE.at(folder, "", text))
            return
        yield from (name for name in names if not _IGNORED.fullmatch(name))

    def _named(self, file: str, name: str) -> bool:
        right = _NAME.fullmatch(name) is not None
        if not right:
            self.problems.append(files.NAME.at(shown(file), "", _NAME_RULE))
        return right

    def _warn(self, file: str, text: str) -> None:
        self.problems.append(files.IGNORED.at(shown(file), "", text))

    def state(self, gateway: GatewaySettings | None, state: Path | None) -> Path:
        """Return the state folder: the caller's, the environment's, the file's."""
        told = self.files.environ.get(STATE_VARIABLE) or (gateway.server.state if gateway else "var")
        found = self.home / (state or told)
        if not _can_be_folder(found):
            text = f"{shown(str(found))} can be no folder"
            self.problems.append(files.STATE.at(GATEWAY_FILE, "server.state", text))
        return found


def _listening_at(host: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the table with the host in the addresses that it does not set."""
    changed = dict(table)
    for name, key, default in (
        ("server", "https", ServerSettings.model_fields["https"].default),
        ("admin", "listen", AdminSettings.model_fields["listen"].default),
        ("callout", "listen", CalloutSettings.model_fields["listen"].default),
    ):
        inner = changed.get(name, {})
        if isinstance(inner, Mapping):
            port = default.rpartition(":")[2]
            changed[name] = {key: f"[{host}]:{port}" if ":" in host else f"{host}:{port}", **inner}
    return changed


def _can_be_folder(path: Path) -> bool:
    """Tell whether a folder is there, or nothing is and one can be made."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False


def _no_bundle(bundle: str, bundles: list[str]) -> str:
    near = nearest(bundle, bundles)
    text = f'bundles has no file "{shown(bundle)}.toml"'
    return f'{text}; did you mean "{near}"?' if near else text


def _wsdl_problem(folder: Path, wsdl: str) -> str | None:
    path = PurePosixPath(wsdl)
    if path.is_absolute() or ".." in path.parts:
        return "must stay inside the service's folder"
    try:
        if (folder / wsdl).is_file():
            return None
        others = [entry.name for entry in folder.iterdir() if entry.suffix.lower() == ".wsdl"]
    except (OSError, ValueError):
        others = []
    near = nearest(wsdl, others)
    return f"no file {shown(wsdl)} in the service's folder" + (f"; did you mean {shown(near)}?" if near else "")


def require_home(home: Path) -> None:
    """Raise ConfigError where there is nothing to read: more problems would only hide this one."""
    if home.is_dir() and os.path.lexists(home / GATEWAY_FILE):
        return
    what = f"there is none in {shown(str(home))}" if home.is_dir() else f"there is no folder {shown(str(home))}"
    hint = "a home holds this file; name the home with --home DIR or IMSGW_HOME"
    raise ConfigError((files.HOME.at(GATEWAY_FILE, "", f"{what}: {hint}"),))


def read_home(path: Path, *, environ: Mapping[str, str], state: Path | None = None) -> Home:
    """Read a home folder.

    `environ` answers `{ env }` and `IMSGW_STATE`; `state` overrides the state folder. Relative paths count
    from the home. Raises ConfigError with every problem of every file, warnings included, if there is
    an error among them; otherwise warnings stand in the home.
    """
    home = Path(path).absolute()
    require_home(home)
    reader = _Reader(home, HomeFiles(home, environ))
    gateway = reader.gateway()
    names, bundles = reader.bundles()
    services, consumers = reader.services(names)
    where = reader.state(gateway, state)
    problems = tuple(sorted(set(reader.problems)))
    if gateway is None or any(not problem.warning for problem in problems):
        raise ConfigError(problems)
    return Home(
        home,
        where,
        gateway,
        MappingProxyType(bundles),
        MappingProxyType(services),
        MappingProxyType(consumers),
        problems,
        MappingProxyType(reader.contents),
    )
