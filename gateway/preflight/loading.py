"""A home, read and judged, as one snapshot: what a process begins with, and what each reload makes anew."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.callout import deployment
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import Home, TrustStore
from gateway.config.read import read_home
from gateway.errors import ConfigError
from gateway.preflight import providers
from gateway.preflight.judging import judge
from gateway.preflight.snapshot import Snapshot
from gateway.preflight.stores import stores_of
from gateway.soap.contract import Contract

_DIGITS: Final = 16


def load(
    path: Path,
    *,
    environ: Mapping[str, str],
    state: Path | None = None,
    before: Snapshot | None = None,
    now: datetime | None = None,
) -> Snapshot:
    """Read a home and judge it wholly, as `imsgw check` does.

    `environ` and `state` as with `read_home`; `before` is the snapshot in force, whose contracts are taken over
    where their files have not changed; `now` is the time that certificates are judged by. Raises ConfigError
    with every problem, warnings included, if there is an error among them.

    The `digest` is made of what counts of `gateway.toml`, `bundles/` and `wsdl/`, and of the tables of users,
    trust stores and revocation lists that these name. Not in it: secrets, wherever they stand, and key stores.
    """
    now = now or SYSTEM_CLOCK.now()
    home = read_home(path, environ=environ, state=state)
    provided = providers.read_contracts(home, before.contracts if before else {})
    consumed = deployment.read_contracts(home, before.consumers if before else {})
    problems = judge(home, now, provided, consumed)
    if any(not problem.warning for problem in problems):
        raise ConfigError(problems)
    return Snapshot(
        number=before.number + 1 if before else 1,
        digest=_digest(
            home, [*provided.contracts.values(), *(one.contract for one in consumed.contracts.values())]
        ),
        loaded_at=now,
        home=home,
        contracts=provided.contracts,
        consumers=consumed.contracts,
        warnings=problems,
    )


def _digest(home: Home, contracts: Iterable[Contract]) -> str:
    parts = sorted({*_settings(home), *_documents(contracts), *_trusted(home)})
    return sha256("\n".join(f"{file}\t{told}" for file, told in parts).encode()).hexdigest()[:_DIGITS]


def _settings(home: Home) -> Iterator[tuple[str, str]]:
    yield from home.files.items()


def _documents(contracts: Iterable[Contract]) -> Iterator[tuple[str, str]]:
    for contract in contracts:
        for name, told in contract.documents.items():
            yield f"wsdl/{contract.name}/{name}", told


def _trusted(home: Home) -> Iterator[tuple[str, str]]:
    """Yield what is in trust stores, which may be folders, and revocation lists: nobody keeps that secret."""
    named = {place.store.path for place in stores_of(home) if isinstance(place.store, TrustStore)}
    for service in home.services.values():
        security = service.settings.security
        named.update(path for path in (security.truststore and security.truststore.path, security.crl) if path)
    for path in sorted(named):
        for file in sorted(path.iterdir()) if path.is_dir() else (path,):
            if file.is_file():
                name = file.relative_to(home.path) if file.is_relative_to(home.path) else file
                yield str(name), sha256(file.read_bytes()).hexdigest()
