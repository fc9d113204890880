"""The files of the home: which are in force, and what is wrong with them as they are now."""

from http import HTTPStatus
from typing import Final

from pydantic import Field

from gateway.admin.api.endpoint import Call, Endpoint, Shown
from gateway.admin.api.problem import HomeProblem, unavailable
from gateway.admin.roles import Role
from gateway.errors import ConfigError
from gateway.preflight.loading import load

_WAIT_SECONDS: Final = 30.0


class FileShown(Shown):
    """One file of the configuration in force."""

    file: str = Field(description="Relative to the home; absolute where it is elsewhere.")
    sha256: str = Field(description="Of what the file says; comments and literal secrets are not in it.")


class Files(Shown):
    """The TOML files that are in force."""

    number: int
    digest: str = Field(description="Of the whole configuration.")
    files: tuple[FileShown, ...]


class Checked(Shown):
    """What `imsgw check` says of the files as they are now, in force or not."""

    right: bool = Field(description="Whether there are no errors: a reload would bring the files into force.")
    in_force: bool = Field(description="Whether the files are those that are in force.")
    problems: tuple[HomeProblem, ...]


def files(call: Call) -> Files:
    """Show the files that are in force."""
    snapshot = call.desk.gateway.snapshot()
    found = sorted(snapshot.home.files.items())
    return Files(
        number=snapshot.number,
        digest=snapshot.digest,
        files=tuple(FileShown(file=name, sha256=digest) for name, digest in found),
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
        problems = tuple(HomeProblem.of(problem) for problem in error.problems)
        return Checked(right=False, in_force=False, problems=problems)
    finally:
        desk.judging.release()
    problems = tuple(HomeProblem.of(problem) for problem in found.warnings)
    return Checked(right=True, in_force=found.digest == before.digest, problems=problems)


ENDPOINTS: Final = (
    Endpoint("GET", "/api/files", Role.VIEWER, "The files of the configuration in force", files, Files),
    Endpoint(
        "GET",
        "/api/check",
        Role.VIEWER,
        "What is wrong with the files as they are now, in force or not",
        check,
        Checked,
        problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
    ),
)
