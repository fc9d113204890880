"""Who is asking, how the gateway is, and reading its configuration anew."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from gateway import __version__
from gateway.admin.api.endpoint import Call, Endpoint, Shown
from gateway.admin.api.problem import TOTAL, ApiError, HomeProblem, unfit
from gateway.admin.ports import Pool, Worker
from gateway.admin.roles import How, Role
from gateway.audit.picture import AuditPicture
from gateway.control.reloaded import Outcome, Reloaded


class WhoAmI(Shown):
    """Who is asking."""

    name: str
    role: Role
    how: How


class ReloadedProcess(Shown):
    """What one process said of a reload."""

    process: str = Field(description='For people: "serve 1", "callout 2".')
    outcome: Outcome
    number: int = Field(description="Of the configuration that is in force in it, counted from 1 at its start.")
    digest: str = Field(description="Alike wherever the same files are in force.")
    problems: tuple[HomeProblem, ...]
    problems_total: int = TOTAL
    restart: tuple[str, ...] = Field(description="Keys of gateway.toml that count from the next start.")
    milliseconds: int
    reason: str = Field(description="Why it failed; empty when it did not.")

    @classmethod
    def of(cls, said: Reloaded) -> "ReloadedProcess":
        """Put it into the API's words."""
        return cls(
            process=said.process,
            outcome=said.outcome,
            number=said.number,
            digest=said.digest,
            problems=HomeProblem.first(said.problems),
            problems_total=len(said.problems),
            restart=said.restart,
            milliseconds=said.milliseconds,
            reason=said.reason,
        )


class LastReload(Shown):
    """What came of the last reload, and when it was."""

    at: datetime
    of: ReloadedProcess


class Status(Shown):
    """The gateway as a whole."""

    version: str
    number: int = Field(description="Of the configuration in force, counted from 1 at the start.")
    digest: str = Field(description="Of the same: alike wherever the same files are in force.")
    loaded_at: datetime
    services: int
    bundles: int
    warnings: tuple[HomeProblem, ...] = Field(description="What `imsgw check` says of it.")
    warnings_total: int = TOTAL
    last_reload: LastReload | None = Field(description="null: there was none since the start.")


class PoolShown(Shown):
    """The sockets of one worker to one endpoint of a bundle."""

    bundle: str
    endpoint: str
    up: bool = Field(description="Whether a connection can be had, as far as is known.")
    open: int
    in_use: int
    waiting: int = Field(description="Callers that wait for a socket.")
    limit: int
    opened: int = Field(description="Since the pool was made.")
    failed: int = Field(description="Connections that failed since then.")

    @classmethod
    def of(cls, pool: Pool) -> "PoolShown":
        """Put it into the API's words."""
        return cls(
            bundle=pool.bundle,
            endpoint=pool.endpoint,
            up=pool.up,
            open=pool.open,
            in_use=pool.in_use,
            waiting=pool.waiting,
            limit=pool.limit,
            opened=pool.opened,
            failed=pool.failed,
        )


class AuditShown(Shown):
    """The audit trail of one worker."""

    to: str
    format: str
    on_failure: str = Field(description="refuse: nothing succeeds without a record.")
    up: bool = Field(description="Whether records can be written.")
    since: datetime = Field(description="Since when that is so.")
    reason: str = Field(description="Why they cannot be written.")
    written: int
    lost: int = Field(description="Records that could not be written.")
    waiting: int = Field(description="Records on the disk that the syslog receiver has not got yet.")
    receiver: str = Field(description="Why that receiver takes none; empty: it does, or there is none.")

    @classmethod
    def of(cls, picture: AuditPicture) -> "AuditShown":
        """Put it into the API's words."""
        return cls(**asdict(picture))


class WorkerShown(Shown):
    """One worker process."""

    pid: int
    number: int = Field(description="Of the configuration that it serves.")
    digest: str
    started: datetime
    in_work: int = Field(description="Requests that hold a thread.")
    waiting: int = Field(description="Requests that wait for one.")
    pools: tuple[PoolShown, ...]
    audit: AuditShown | None = Field(description="null: nothing is known of it.")

    @classmethod
    def of(cls, worker: Worker) -> "WorkerShown":
        """Put it into the API's words."""
        return cls(
            pid=worker.pid,
            number=worker.number,
            digest=worker.digest,
            started=worker.started,
            in_work=worker.in_work,
            waiting=worker.waiting,
            pools=tuple(PoolShown.of(pool) for pool in worker.pools),
            audit=AuditShown.of(worker.audit) if worker.audit is not None else None,
        )


class Workers(Shown):
    """The workers; one that did not answer in time is missing."""

    workers: tuple[WorkerShown, ...]


class Reload(Shown):
    """What came of a reload in each process of this machine; the first is the gateway itself."""

    done: Literal[True]
    processes: tuple[ReloadedProcess, ...]


def who_am_i(call: Call) -> WhoAmI:
    """Say who is asking."""
    return WhoAmI(name=call.person.name, role=call.person.role, how=call.person.how)


def status(call: Call) -> Status:
    """Show what is in force."""
    snapshot = call.desk.gateway.snapshot()
    last = call.desk.gateway.last_reload()
    return Status(
        version=__version__,
        number=snapshot.number,
        digest=snapshot.digest,
        loaded_at=snapshot.loaded_at,
        services=len(snapshot.home.services) + len(snapshot.home.consumers),
        bundles=len(snapshot.home.bundles),
        warnings=HomeProblem.first(snapshot.warnings),
        warnings_total=len(snapshot.warnings),
        last_reload=LastReload(at=last[1], of=ReloadedProcess.of(last[0])) if last else None,
    )


def workers(call: Call) -> Workers:
    """Show how the workers are."""
    found = sorted(call.desk.gateway.workers(), key=lambda worker: worker.pid)
    return Workers(workers=tuple(WorkerShown.of(worker) for worker in found))


def reload(call: Call) -> Reload:
    """Have the home read anew. Raises ApiError where a process goes on with what it had."""
    return in_force(call.desk.gateway.reload())


def in_force(said: tuple[Reloaded, ...]) -> Reload:
    """Return what processes said; ApiError unless it is in force in all of them."""
    left = [one for one in said if not one.done]
    if left:
        texts = [f"{one.process}: {one.outcome}{': ' + one.reason if one.reason else ''}" for one in left]
        problems = dict.fromkeys(problem for one in left for problem in one.problems)
        detail = "; ".join(texts) + "; what served before goes on"
        if any(one.outcome is Outcome.REFUSED for one in left):
            raise unfit(detail, problems)
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, detail, problems=problems)
    return Reload(done=True, processes=tuple(ReloadedProcess.of(one) for one in said))


ENDPOINTS = (
    Endpoint("GET", "/api/whoami", Role.VIEWER, "Who is asking", who_am_i, WhoAmI),
    Endpoint("GET", "/api/status", Role.VIEWER, "What is in force", status, Status),
    Endpoint("GET", "/api/workers", Role.VIEWER, "How the workers and their pools are", workers, Workers),
    Endpoint(
        "POST",
        "/api/reload",
        Role.OPERATOR,
        "Read the configuration anew, in all processes of this machine",
        reload,
        Reload,
        problems=(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
    ),
)
