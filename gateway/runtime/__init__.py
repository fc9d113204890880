"""Where all parts meet: from a snapshot of the configuration to processes that answer requests.

`serve` runs the master; `build` makes what each worker serves, after the fork.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gateway.admin.application import AdminApplication
from gateway.allocator import use_few_arenas
from gateway.audit.happenings import Lifecycle
from gateway.audit.picture import AuditPicture
from gateway.audit.ports import AdminAudit, Unaudited
from gateway.audit.trail import Trail, master_trail, trail_of
from gateway.bundles import bundle_settings
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import Bundle
from gateway.config.watched import Fingerprint
from gateway.errors import ConfigError, Problem
from gateway.identity.signon import SignOnGuard
from gateway.limits import Admission, Limiter, limiter_of
from gateway.observe.events import Sink, Sinks, TurnedAway
from gateway.observe.logs import LogSink, PathLog
from gateway.observe.metrics import Metrics, empty, worker_ended
from gateway.observe.path_metrics import CountedPaths
from gateway.observe.traffic import TrafficBoard
from gateway.preflight.serving import keep, with_applications
from gateway.preflight.snapshot import Snapshot
from gateway.provider.backend import BundleBackend
from gateway.redaction import MASKED_NAMES, Redaction
from gateway.replay import GuardedStore, open_store
from gateway.runtime.backends import DRAIN_SECONDS, Backends
from gateway.runtime.change import LastReload
from gateway.runtime.desk import Parts
from gateway.runtime.live import Live
from gateway.runtime.master import Coordinator
from gateway.runtime.probe import Probe
from gateway.runtime.services import Workshop, refusal, takes_token
from gateway.runtime.view import GatewayView
from gateway.runtime.worker import WorkerRuntime
from gateway.sampling import Sampler
from gateway.tls.stores import StoreError
from gateway.traces.opening import open_traces
from gateway.tracking import header_names
from gateway.web import server
from gateway.web.guards import Guards
from gateway.web.wsgi import FrontDoor, Mounted

__all__ = ["DRAIN_SECONDS", "build", "serve"]

_METRICS: Final = "metrics"
"""Folder under `state` with a folder for each instance, where its workers count."""


def build(  # noqa: PLR0913  what a worker is made of, each by name
    snapshot: Snapshot,
    *,
    sink: Sink | None = None,
    clock: Clock = SYSTEM_CLOCK,
    metrics: Metrics | None = None,
    last: LastReload = None,
    trail: Trail | None = None,
) -> WorkerRuntime:
    """Build what a worker serves, of a snapshot with applications. Raises ConfigError.

    `last`: of the gateway, before there was this worker: what was refused is to be seen until it is mended.
    `trail` is closed with it; without one nothing is recorded, as for tests in one process.
    """
    metrics = metrics or Metrics()
    home = snapshot.home
    with ExitStack() as built:
        audit = trail or Unaudited()
        if trail is not None:
            built.callback(trail.close)
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        guard = SignOnGuard(home.state, home.gateway.sign_on, clock, time.sleep)
        built.callback(guard.close)
        backends = Backends(partial(_backend, metrics=metrics, clock=clock))
        replay = open_store(home.gateway.replay, home.state, clock, metrics)
        built.callback(replay.close)
        board = TrafficBoard(clock)
        traces = open_traces(home.gateway.telemetry, metrics.traces, clock)
        if traces is not None:
            built.callback(traces.close)
        sinks = Sinks(board, metrics, *((traces,) if traces else ()), sink or LogSink())
        masked = (*MASKED_NAMES, *home.gateway.admin.masked_names)
        probe = Probe(Redaction(masked).text, clock)
        limiter = limiter_of(home.gateway, clock, metrics.limits)
        built.callback(limiter.close)
        shop = Workshop(guard, replay, sinks, probe, clock, limiter, audit)

        doors = _Doors(metrics, audit, sinks, replay, limiter, clock)
        live = Live(snapshot, shop, backends, doors.door)
        built.callback(live.close)
        sampler = Sampler(backends.living, metrics.paths)
        built.callback(sampler.close)
        backends.farewell = sampler.look
        done, at = (last[0].done, last[1]) if last else (True, snapshot.loaded_at)
        bounds = home.gateway.server
        metrics.load.bounds(
            threads=bounds.threads, waiting=bounds.waiting, connections=bounds.worker_connections
        )
        metrics.reloaded(snapshot.number, at, done=done, count=False)
        picture = trail.picture if trail is not None else _no_picture
        parts = Parts(backends, board, probe, metrics, clock, last, picture)
        return WorkerRuntime(live, parts, doors.turned_away, built.pop_all().close)


@dataclass(frozen=True, slots=True)
class _Doors:
    """Makes the front door of each configuration, and tells of whom it turns away."""

    metrics: Metrics
    audit: Trail | Unaudited
    sink: Sink
    replay: GuardedStore
    limiter: Limiter
    clock: Clock

    def door(self, snapshot: Snapshot, mounts: list[Mounted]) -> FrontDoor:
        """Return what lets requests in, by the settings of a snapshot."""
        settings = snapshot.home.gateway
        remembers = any(takes_token(service) for service in snapshot.home.services.values())
        return FrontDoor(
            mounts,
            settings.server,
            clock=self.clock,
            ready=lambda: (self.replay.ready or not remembers) and self.audit.open,
            metrics=self.metrics.page,
            turned_away=self.turned_away,
            guards=Guards(Admission(self.limiter, settings.limits).address, refusal, self.metrics.limits),
            tracked_headers=header_names(settings.tracking.places),
        )

    def turned_away(self, event: TurnedAway) -> None:
        """Record a request that was refused before there was an envelope to answer in."""
        self.audit.turned_away(event)
        self.sink.turned_away(event)


def _no_picture() -> AuditPicture | None:
    return None


def _managed(worker: WorkerRuntime, snapshot: Snapshot, instance: int, audit: AdminAudit) -> WorkerRuntime:
    """Have console and management API answer on the admin listener, where there is one."""
    home = snapshot.home
    if home.gateway.admin.listen:
        view = GatewayView(worker, home.state, instance, SYSTEM_CLOCK)
        worker.manage(
            AdminApplication(view, home.gateway.admin, home.path, home.state, SYSTEM_CLOCK, os.environ, audit)
        )
    return worker


def serve(snapshot: Snapshot, look: Fingerprint) -> None:
    """Serve a home until stopped; `look` is what its files looked like when it was read.

    Raises ConfigError when it cannot be served.
    """
    use_few_arenas()
    snapshot = with_applications(snapshot)
    home = snapshot.home
    trail = master_trail(home, "serve master", SYSTEM_CLOCK)

    def worker(one: Snapshot, number: int, last: LastReload) -> WorkerRuntime:
        metrics = Metrics(counted)
        with _audit_told():
            mine = trail_of(one.home, f"serve {number} worker", metrics.audit, SYSTEM_CLOCK)
        return _managed(build(one, metrics=metrics, last=last, trail=mine), one, number, mine)

    with _state_written(home.state):
        home.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        SignOnGuard(home.state, home.gateway.sign_on, SYSTEM_CLOCK, time.sleep).close()
        master = Coordinator(
            snapshot,
            look,
            worker,
            lambda pid: worker_ended(counted, pid),
            SYSTEM_CLOCK,
            trail.reloaded,
        )
    # of other gateways on this state, perhaps in other containers, pids may be the same
    counted = home.state / _METRICS / str(master.number)

    def begin(_addresses: object) -> None:
        """Start to count; whoever counted here had our seat before us."""
        with _state_written(home.state):
            empty(counted)
        begun.enter_context(_recorded(trail, snapshot))

    keep()
    with ExitStack() as begun:
        begun.callback(master.close)
        server.serve(home, master, announce=begin)


@contextmanager
def _recorded(trail: Trail, snapshot: Snapshot) -> Iterator[None]:
    """Record that the gateway begins, and that it has ended; of workers, which leave by here too, nothing.

    Raises ConfigError where it must not begin without a record.
    """
    master = os.getpid()
    if not trail.lifecycle(Lifecycle(True, snapshot.number, snapshot.digest)):
        raise ConfigError((Problem("gateway.toml", "audit.to", f"cannot be written: {trail.trouble}"),))
    try:
        yield
    finally:
        if os.getpid() == master:
            trail.lifecycle(Lifecycle(False, snapshot.number, snapshot.digest))


@contextmanager
def _audit_told() -> Iterator[None]:
    """Tell of a store for the audit's receiver that cannot be opened, as ConfigError."""
    try:
        yield
    except StoreError as error:
        raise ConfigError((Problem("gateway.toml", "audit", str(error)),)) from error


@contextmanager
def _state_written(state: Path) -> Iterator[None]:
    """Write where the workers will: what stands in the way is told, as ConfigError, before they start."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        text = f"{state} cannot be written: {reason}; IMSGW_STATE names another folder"
        raise ConfigError((Problem("gateway.toml", "server.state", text),)) from error


def _backend(name: str, bundle: Bundle, metrics: Metrics, clock: Clock) -> BundleBackend:
    settings = bundle_settings(name, bundle.ims_connect, metrics.paths)
    return BundleBackend(settings, clock=clock, sink=CountedPaths(metrics.paths, PathLog()))
