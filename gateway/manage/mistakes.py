"""One changed file judged before it is written: mistakes that it had not before are no change at all."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.config.correlator import validate_consumer, validate_provider
from gateway.config.model import Bundle, ConsumerSettings, ProviderSettings
from gateway.config.roles import is_consumer
from gateway.config.secrets import HomeFiles
from gateway.config.strict import Fault, survey, validate
from gateway.config.values import RefusalError, Resolver
from gateway.errors import Problem
from gateway.exchange import Secret
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why

_ELSEWHERE: Final = "names an environment variable that is not known here; it may be where the gateway runs"

Judge = Callable[[Mapping[str, Any], Resolver], tuple[Fault, ...]]


@dataclass(frozen=True, slots=True)
class _Coming:
    """Resolves what a home's files refer to, and secrets whose files are about to be written."""

    files: HomeFiles
    secrets: Mapping[str, Secret]

    def secret(self, value: str | Mapping[str, Any]) -> Secret:
        """Return the secret; RefusalError with `_ELSEWHERE` for a variable that is not set here."""
        if isinstance(value, Mapping):
            if (file := value.get("file")) in self.secrets:
                return self.secrets[str(file)]
            if (
                len(value) == 1
                and isinstance(name := value.get("env"), str)
                and not self.files.environ.get(name)
            ):
                raise RefusalError(_ELSEWHERE)
        return self.files.secret(value)

    def notice(self, value: Any) -> str | None:  # noqa: ARG002  the resolver's shape
        """Say nothing: the whole home is judged after this."""
        return None

    def file(self, value: str) -> Path:
        """Return the absolute path of an existing file."""
        return self.files.file(value)

    def path(self, value: str) -> Path:
        """Return the absolute path of an existing file or folder."""
        return self.files.path(value)


def refuse_new_mistakes(
    installation: Installation,
    judge: Judge,
    file: str,
    versions: tuple[bytes | None, bytes],
    secrets: Mapping[str, Secret],
) -> None:
    """Raise ManageError with WRONG for mistakes of the file's new version that the old one has not.

    `versions`: the file before, if there was one, and after; `secrets`: by the file that each will be in.
    """
    resolver = _Coming(HomeFiles(installation.home, installation.environ), secrets)
    before, after = (_mistakes(judge, file, data, resolver) for data in versions)
    if new := tuple(problem for problem in after if problem not in before):
        raise ManageError(Why.WRONG, f"nothing was changed: {file} would have mistakes", new)


def bundle_mistakes(table: Mapping[str, Any], resolver: Resolver) -> tuple[Fault, ...]:
    """Return what is wrong with a bundle."""
    kept, noticed = survey(Bundle, table, resolver)
    return (*noticed, *validate(Bundle, kept, resolver)[1])


def correlator_mistakes(table: Mapping[str, Any], resolver: Resolver) -> tuple[Fault, ...]:
    """Return what is wrong with a correlator."""
    if is_consumer(table):
        kept, noticed = survey(ConsumerSettings, table, resolver)
        return (*noticed, *validate_consumer(kept, resolver)[1])
    kept, noticed = survey(ProviderSettings, table, resolver)
    return (*noticed, *validate_provider(kept, resolver)[1])


def _mistakes(judge: Judge, file: str, data: bytes | None, resolver: Resolver) -> tuple[Problem, ...]:
    if data is None:
        return ()
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        return (Problem(file, "", "is not valid TOML"),)
    faults = (fault for fault in judge(table, resolver) if not fault.warning and fault.text != _ELSEWHERE)
    return tuple(dict.fromkeys(fault.problem(file) for fault in faults))
