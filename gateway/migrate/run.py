"""A migration from the first file to the report."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from gateway.errors import Problem
from gateway.migrate.bundles import BundleDraft, BundleMaker
from gateway.migrate.draft import SECRETS_FOLDER, SecretKeeper
from gateway.migrate.files import Source, find_files
from gateway.migrate.findings import Findings, Whom
from gateway.migrate.home import HomeDraft, variables_of
from gateway.migrate.installation import Installation, Progress, read_installation
from gateway.migrate.keyring import MISSING, KeyRing
from gateway.migrate.mapping import NameMap
from gateway.migrate.markdown import markdown
from gateway.migrate.passwords import Passwords
from gateway.migrate.report import (
    JSON_FILE,
    MARKDOWN_FILE,
    Report,
    Served,
    as_data,
    questions_of,
    sorted_told,
)
from gateway.migrate.server import ServerMaker
from gateway.migrate.service_draft import ServiceDraft
from gateway.migrate.services import ServiceMaker
from gateway.migrate.tokens import NONE, SecurityMaker
from gateway.migrate.values import Reader
from gateway.migrate.write import TargetError, aside, check_target, move_into
from gateway.migrate.wsdls import Wsdls

EXIT: Final = ("ims_connect", "exit")

__all__ = ["Options", "TargetError", "migrate"]


@dataclass(frozen=True, slots=True)
class Options:
    """How it is to be done."""

    names: NameMap = field(repr=False)
    passwords: Passwords = field(repr=False)
    secrets: Literal["files", "env"] = "files"
    force: bool = False
    dry_run: bool = False


def migrate(source: Path, target: Path, options: Options, progress: Progress) -> Report:
    """Read the installation at `source` and write a home to `target`, with the report in it.

    `source` is never changed. Nothing is written with `dry_run`, or when nothing usable was found. Raises
    TargetError: the target holds something, lies in the installation, or cannot be written; OSError: no source.
    """
    if not options.dry_run:
        check_target(source, target, force=options.force)
    work = _Work(find_files(source), options, progress)
    home = work.draft()
    with aside(None if options.dry_run else target) as folder:
        progress("Checking the home", 0, 0)
        report = work.report(home, home.settle(folder))
        if report.usable and not options.dry_run:
            data = json.dumps(as_data(report), indent=2) + "\n"
            folder.write(MARKDOWN_FILE, markdown(report).encode())
            folder.write(JSON_FILE, data.encode())
            move_into(folder, source, target)
    return report


class _Work:
    """What one migration knows."""

    def __init__(self, source: Source, options: Options, progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self._options = options
        self._findings = Findings()
        self._keeper = SecretKeeper(options.secrets)
        self._found: Installation = read_installation(source, options.names, self._findings, progress)
        self._reader = Reader(options.names, self._findings)
        self._keyring = KeyRing(source, options.passwords, self._keeper, self._findings)
        self._server = ServerMaker(self._found.server, self._reader, self._keyring)

    def draft(self) -> HomeDraft:
        """Draft every file of the home."""
        bundles = BundleMaker(
            self._reader, self._keyring, self._keeper, self._options.passwords, self._found.server
        )
        for entry in self._found.bundles:
            bundles.make(entry)
        documents = {file.name: file for file in (*self._found.wsdls, *self._found.schemas)}
        security = SecurityMaker(self._found.server, self._keyring, self._server.asks_for_certificates)
        wsdls = Wsdls(self._found.wsdls, self._found.damaged)
        services = ServiceMaker(self._reader, bundles, wsdls, documents, security)
        services.make_all(self._found.operations, lambda done, of: self._progress("Services", done, of))
        by_name = {one.name: one for one in bundles.made.values()}
        self._exits(by_name, services.adapters)
        secure = any(one.token is not NONE and one.role == "provider" for one in services.made.values())
        self._server.make(needs_https=secure)
        return HomeDraft(
            self._server.draft,
            by_name,
            services.made,
            self._keyring.files,
            self._keeper,
            self._source,
            self._findings,
        )

    def _exits(self, bundles: Mapping[str, BundleDraft], adapters: Iterable[str]) -> None:
        """Choose the exits: HWSSOAP1 where IMS Connect converts, which no other is known to let it."""
        for name, bundle in bundles.items():
            if name in adapters:
                bundle.draft.put(EXIT, "HWSSOAP1")
            else:
                bundle.draft.change("no converter is used over it, so its exit is HWSSMPL1, not HWSSOAP1", EXIT)

    def _ask_about(self, home: HomeDraft) -> None:
        """Ask what IMS Connect must have for the bundles that stand in the home."""
        for name, bundle in home.bundles.items():
            if bundle.unit not in home.broken:
                user_exit = bundle.draft.get(*EXIT)
                text = f"is {user_exit} in EXIT= of IMS Connect's TCPIP statement?"
                self._findings.ask(Whom.IMS, text, name)
                size = "do MAXSOC= and the sockets of all gateways (server.workers x pool.size) fit?"
                self._findings.ask(Whom.IMS, size, name)

    def report(self, home: HomeDraft, problems: tuple[Problem, ...]) -> Report:
        """Return what is to be told."""
        self._ask_about(home)
        findings = self._findings
        variables = variables_of(self._keeper)
        return Report(
            services=tuple(_served(one) for one in home.services.values() if one.unit not in home.broken),
            bundles=tuple(name for name, one in home.bundles.items() if one.unit not in home.broken),
            taken=tuple(sorted(findings.taken)),
            changed=sorted_told(findings.changed),
            unknown=sorted_told(findings.unknown),
            contradictions=sorted_told(findings.contradictions),
            damaged=sorted_told(findings.damaged),
            needless=sorted_told(findings.needless),
            aside=tuple(sorted(findings.aside)),
            questions=questions_of(findings),
            blockers=(*self._server.broken, *map(str, filter(_is_news, problems))),
            problems=problems,
            variables=tuple(sorted(variables)),
            secret_files=tuple(sorted(name for name in self._keeper.kept if name.startswith(SECRETS_FOLDER))),
            left_alone=(*self._found.left_alone, *sorted(set(self._found.stores) - self._keyring.used)),
        )


def _is_news(problem: Problem) -> bool:
    """Tell an error that nothing said so far: why a store is missing has been told with the store."""
    return not (problem.warning or problem.text.startswith(MISSING))


def _served(service: ServiceDraft) -> Served:
    bundles = tuple(one.name for one in service.bundles)
    token = service.token
    return Served(service.name, service.role, token.token, token.trust, bundles, service.ports)
