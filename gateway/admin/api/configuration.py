"""The files of the home: which are in force, and what is wrong with them as they are now."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

from pydantic import Field

from gateway.admin.api.endpoint import Asked, Call, Endpoint, Shown
from gateway.admin.api.paging import PageAsked, PageShown, page
from gateway.admin.api.problem import TOTAL, HomeProblem, unavailable
from gateway.admin.roles import Role
from gateway.errors import ConfigError
from gateway.preflight.loading import load
from gateway.preflight.online import Tried, tries, try_all

_WAIT_SECONDS: Final = 30.0


class FileShown(Shown):
    """One file of the configuration in force."""

    file: str = Field(description="Relative to the home; absolute where it is elsewhere.")
    sha256: str = Field(description="Of what the file says; comments and literal secrets are not in it.")


class Files(PageShown):
    """A page of the TOML files that are in force, by name."""

    number: int
    digest: str = Field(description="Of the whole configuration.")
    files: tuple[FileShown, ...]


class Checked(Shown):
    """What `imsgw check` says of the files as they are now, in force or not."""

    right: bool = Field(description="Whether there are no errors: a reload would bring the files into force.")
    in_force: bool = Field(description="Whether the files are those that are in force.")
    problems: tuple[HomeProblem, ...]
    problems_total: int = TOTAL


class OnlineAsked(Asked):
    """For how long addresses are tried."""

    seconds: float = Field(default=10.0, ge=0.1, le=30, description="For each of them; they are tried at once.")


class TlsShown(Shown):
    """What a handshake agreed on, and the certificate that the other side showed."""

    version: str
    cipher: str
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_after: datetime
    days_left: int
    sha256: str


class TriedShown(Shown):
    """One address that the configuration names, tried."""

    kind: str = Field(description="ims-connect, valkey, postgresql, ldap, syslog, collector, service or proxy.")
    name: str = Field(description="Of the bundle or service; empty for what belongs to the gateway as a whole.")
    address: str
    done: bool
    milliseconds: int
    said: tuple[str, ...] = Field(description="What went well, in words.")
    tls: TlsShown | None
    problems: tuple[HomeProblem, ...]

    @classmethod
    def of(cls, tried: Tried, now: datetime) -> "TriedShown":
        """Put it into the API's words."""
        facts = tried.facts(now)
        tls = facts.pop("tls")
        problems = tuple(HomeProblem.of(problem) for problem in tried.problems)
        return cls(**facts, tls=tls and TlsShown.model_validate(tls), problems=problems)


class CheckedOnline(Shown):
    """What came of trying every address that the configuration in force names."""

    done: bool
    tried: tuple[TriedShown, ...]


def files(call: Call) -> Files:
    """Show the files that are in force."""
    snapshot = call.desk.gateway.snapshot()
    digests = snapshot.home.files
    found = page(digests, call.queried(PageAsked))
    return Files(
        number=snapshot.number,
        digest=snapshot.digest,
        files=tuple(FileShown(file=name, sha256=digests[name]) for name in found.names),
        total=found.total,
        next=found.next,
    )


def check(call: Call) -> Checked:
    """Judge the files as they are now."""
    desk = call.desk
    if not desk.judging.acquire(timeout=_WAIT_SECONDS):
        raise unavailable("others are checking at this moment; try again")
    try:
        before = desk.gateway.snapshot()
        found = load(desk.home, environ=desk.environ, state=desk.state, before=before, now=desk.clock.now())
    except ConfigError as error:
        return Checked(
            right=False,
            in_force=False,
            problems=HomeProblem.first(error.problems),
            problems_total=len(error.problems),
        )
    finally:
        desk.judging.release()
    return Checked(
        right=True,
        in_force=found.digest == before.digest,
        problems=HomeProblem.first(found.warnings),
        problems_total=len(found.warnings),
    )


def check_online(call: Call) -> CheckedOnline:
    """Try every address that the configuration in force names: connect, compare certificates, sign on."""
    desk = call.desk
    if not desk.judging.acquire(timeout=_WAIT_SECONDS):
        raise unavailable("others are checking at this moment; try again")
    try:
        found = try_all(tries(desk.configuration), seconds=call.asked(OnlineAsked).seconds, clock=desk.clock)
    finally:
        desk.judging.release()
    now = desk.clock.now()
    return CheckedOnline(
        done=all(one.done for one in found), tried=tuple(TriedShown.of(one, now) for one in found)
    )


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/files",
        Role.VIEWER,
        "The files of the configuration in force, page by page",
        files,
        Files,
        query=PageAsked,
    ),
    Endpoint(
        "GET",
        "/api/check",
        Role.VIEWER,
        "What is wrong with the files as they are now, in force or not",
        check,
        Checked,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
    Endpoint(
        "POST",
        "/api/check/online",
        Role.OPERATOR,
        "Try every address that the configuration in force names",
        check_online,
        CheckedOnline,
        input=OnlineAsked,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
)
