"""The report of a migration: everything in it, ready to be printed in one form or another."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import Problem
from gateway.migrate.findings import Aside, Findings, Taken, Told, Whom
from gateway.migrate.places import Place
from gateway.soap.publish import ENDPOINTS

MARKDOWN_FILE: Final = "migration-report.md"
JSON_FILE: Final = "migration-report.json"


@dataclass(frozen=True, slots=True)
class Served:
    """A service of the new home."""

    name: str
    role: str
    token: str
    trust: str
    """Whom a signature has to be of; empty: none is asked for."""
    bundles: tuple[str, ...]
    ports: tuple[str, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Paths of a provider: those that the original has."""
        return tuple(f"{ENDPOINTS}/{port}" for port in self.ports) if self.role == "provider" else ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an installation."""

    services: tuple[Served, ...]
    bundles: tuple[str, ...]
    taken: tuple[Taken, ...]
    changed: tuple[Told, ...]
    unknown: tuple[Told, ...]
    contradictions: tuple[Told, ...]
    damaged: tuple[Told, ...]
    needless: tuple[Told, ...]
    aside: tuple[Aside, ...]
    questions: tuple[tuple[Whom, str, tuple[str, ...]], ...]
    blockers: tuple[str, ...]
    """What stands between the home and a gateway that starts."""
    problems: tuple[Problem, ...]
    """What `imsgw check` says of the home."""
    variables: tuple[str, ...]
    """Names of environment variables that have to be set."""
    secret_files: tuple[str, ...]
    left_alone: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether anything was found that could be served."""
        return bool(self.services)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, unclear or wrong."""
        errors = any(not problem.warning for problem in self.problems)
        return not (
            self.damaged or self.unknown or self.contradictions or self.aside or self.blockers or errors
        )


def told_place(place: Place | None) -> dict[str, Any] | None:
    """Return a place as data."""
    return (
        None if place is None else {"file": place.file, "line": place.line or None, "name": place.name or None}
    )


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as JSON has it. No value of the installation is in it, only names and places."""
    return {
        "services": [
            {
                "name": one.name,
                "role": one.role,
                "token": one.token,
                "trust": one.trust or None,
                "bundles": list(one.bundles),
                "addresses": list(one.addresses),
            }
            for one in report.services
        ],
        "bundles": list(report.bundles),
        "blockers": list(report.blockers),
        "set_aside": [
            {"unit": one.unit, "reason": one.reason, "kept": one.kept or None} for one in report.aside
        ],
        "damaged": _told(report.damaged),
        "contradictions": _told(report.contradictions),
        "not_understood": _told(report.unknown),
        "changed": _told(report.changed),
        "no_counterpart": _told(report.needless),
        "questions": [
            {"whom": whom.value, "question": text, "about": list(about)}
            for whom, text, about in report.questions
        ],
        "check": [
            {"file": one.file, "key": one.key, "text": one.text, "warning": one.warning}
            for one in report.problems
        ],
        "environment": list(report.variables),
        "secret_files": list(report.secret_files),
        "taken": [
            {"from": told_place(one.place), "file": one.file, "key": one.key or None} for one in report.taken
        ],
        "left_alone": list(report.left_alone),
    }


def _told(told: Iterable[Told]) -> list[dict[str, Any]]:
    return [
        {"at": told_place(one.place), "text": one.text, "file": one.file or None, "key": one.key or None}
        for one in told
    ]


def sorted_told(told: Iterable[Told]) -> tuple[Told, ...]:
    """Return them by place: those without one come first."""
    return tuple(sorted(told, key=lambda one: (one.place or Place(""), one.file, one.key, one.text)))


def questions_of(findings: Findings) -> tuple[tuple[Whom, str, tuple[str, ...]], ...]:
    """Return the questions by whom they go to, each with what it is about."""
    order = list(Whom)
    found = [(whom, text, tuple(about)) for (whom, text), about in findings.questions.items()]
    return tuple(sorted(found, key=lambda one: (order.index(one[0]), one[1])))
