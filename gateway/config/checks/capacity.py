"""How many at once, and for how long: threads, connections, sockets, files, deadlines."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from gateway.config.catalogue import capacity as found
from gateway.config.catalogue import timeouts
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import GATEWAY_FILE, OperationPlace, bundle_file, operations, used_bundles
from gateway.config.model import DEFAULTS, Bundle, Home, OperationSettings
from gateway.config.words import dotted, number
from gateway.errors import Problem

IMS_CONNECT_MAXSOC = 50
"""MAXSOC where the TCPIP statement does not say it (IMS System definition, TCPIP statement)."""

CLIENT_ID_LENGTH = 8
CLIENT_ID_CHARACTERS = 36
"""Of a generated client id: A-Z and 0-9."""
MEETING_CHANCE = 0.001
"""Chance that two of a bundle's sockets have the same client id, from where on a warning says so."""

OWN_FILES = 192
"""Files a worker holds besides: up to 64 connections of operators, listeners, log, database; generous."""


def connections(home: Home) -> Iterator[Problem]:
    """Name a queue that can never fill, because the connections end first."""
    server = home.gateway.server
    asked = server.threads + server.waiting
    if asked > server.worker_connections:
        text = (
            f"{server.worker_connections} connections a worker are fewer than threads + waiting ({asked}): "
            "requests beyond them hang in the backlog of the listener and get no 503"
        )
        yield found.CONNECTIONS.at(GATEWAY_FILE, "server.worker_connections", text)


def _sockets(bundle: Bundle) -> int:
    """Return how many sockets one worker may open, to all addresses of a bundle."""
    return bundle.ims_connect.pool.size * len(bundle.ims_connect.addresses)


def pools(home: Home) -> Iterator[Problem]:
    """Name pools and threads of sizes that leave one of them idle."""
    threads = home.gateway.server.threads
    used = used_bundles(home) & set(home.bundles)
    sockets = sum(_sockets(home.bundles[name]) for name in used)
    if used and sockets * 2 < threads:
        text = (
            f"{threads} threads a worker share {sockets} sockets to IMS Connect (ims_connect.pool.size of all "
            "bundles in use): most threads could only wait for a socket"
        )
        yield found.THREADS.at(GATEWAY_FILE, "server.threads", text)
    for name in sorted(used):
        size = home.bundles[name].ims_connect.pool.size
        if size > threads:
            text = f"{size} sockets a worker are more than its {threads} threads can use"
            yield found.POOL.at(bundle_file(name), "ims_connect.pool.size", text)


def maxsoc(home: Home) -> Iterator[Problem]:
    """Compare the sockets of all bundles of one IMS Connect with its MAXSOC.

    Its own listening sockets count, so the sum has to stay under it.
    """
    share_of = _shares(home)
    together: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name, bundle in home.bundles.items():
        for address in bundle.ims_connect.addresses:
            together[address.key].append(name)
    # addresses of the same bundles say the same, which is told once
    for names in {tuple(names): names for names in together.values()}.values():
        limits = [b.maxsoc for b in (home.bundles[name].ims_connect for name in names) if b.maxsoc]
        shares = [share_of[name] for name in names]
        total = sum(workers + callout for workers, callout in shares)
        several = any(len(home.bundles[name].ims_connect.addresses) > 1 for name in names)
        whose = f"{_who(home, shares)} may open {total} sockets{' to one address' if several else ''}" + (
            f" with bundles {', '.join(sorted(names))} together" if len(names) > 1 else ""
        )
        for name in names:
            if limits and total >= min(limits):
                text = f"{whose}, which must stay under MAXSOC={min(limits)}"
                yield found.MAXSOC.at(bundle_file(name), "ims_connect.maxsoc", text)
            elif not limits and total >= IMS_CONNECT_MAXSOC:
                text = (
                    f"{whose}; where its TCPIP statement says nothing, IMS Connect takes "
                    f"{IMS_CONNECT_MAXSOC} (MAXSOC): put the real number here"
                )
                yield found.MAXSOC_UNKNOWN.at(bundle_file(name), "ims_connect.maxsoc", text)


def _shares(home: Home) -> dict[str, tuple[int, int]]:
    """Return how many sockets to one address of each bundle the workers may open, and the callout process.

    That one has a pool of its own for responses, and a socket for each listener.
    """
    heard, serving = listening(home), used_bundles(home)
    told: dict[str, tuple[int, int]] = {}
    for name, bundle in home.bundles.items():
        pool, callout = bundle.ims_connect.pool, heard.get(name)
        workers = home.gateway.server.workers * pool.size
        kept = home.gateway.server.workers * pool.min if home.services else 0
        if callout is None:
            told[name] = workers, 0
        else:
            own = pool.size + len(callout.callout.tpipes)
            told[name] = workers if name in serving else kept, own
    return told


def _who(home: Home, shares: list[tuple[int, int]]) -> str:
    workers = f"{home.gateway.server.workers} workers"
    if not any(callout for _, callout in shares):
        return workers
    return f"{workers} and the callout process" if any(share for share, _ in shares) else "the callout process"


def client_ids(home: Home) -> Iterator[Problem]:
    """Name prefixes that leave so few client ids that two sockets would now and then have the same one."""
    share_of = _shares(home)
    for name, bundle in home.bundles.items():
        settings = bundle.ims_connect
        sockets = sum(share_of[name])
        ids = CLIENT_ID_CHARACTERS ** (CLIENT_ID_LENGTH - len(settings.client_id_prefix))
        # the birthday problem: the chance that any two of them meet
        if settings.client_id_prefix and sockets**2 / (2 * ids) > MEETING_CHANCE:
            text = (
                f"leaves {ids:_} client ids for {sockets} sockets: some will meet, and IMS Connect refuses the "
                "second of two (DUPECLNT); take a shorter prefix"
            )
            yield found.CLIENT_IDS.at(bundle_file(name), "ims_connect.client_id_prefix", text)


def files_needed(home: Home) -> int:
    """Return how many files one worker may have open at once; serving asks the system for as many."""
    sockets = sum(_sockets(bundle) for bundle in home.bundles.values())
    return home.gateway.server.worker_connections + sockets + OWN_FILES


def callout_files_needed(home: Home) -> int:
    """Return how many files the callout process may have open at once.

    Sockets of pools and listeners, one a call in work, those kept for the next calls of services; and its own.
    """
    heard = listening(home)
    to_ims = sum(_sockets(home.bundles[name]) + len(each.callout.tpipes) for name, each in heard.items())
    in_work = sum(each.callout.concurrency * len(each.callout.tpipes) for each in heard.values())
    kept = sum(consumer.settings.concurrency for consumer in home.consumers.values())
    return to_ims + in_work + kept + OWN_FILES


def open_files(limit: int) -> Callable[[Home], Iterator[Problem]]:
    """Return the check against the open files a process may have (RLIMIT_NOFILE); negative: no limit."""

    def check(home: Home) -> Iterator[Problem]:
        need, connections = files_needed(home), home.gateway.server.worker_connections
        callouts = callout_files_needed(home) if home.consumers else 0
        if callouts > limit >= 0:
            text = (
                f"the callout process may need {callouts} open files (sockets to IMS Connect, listeners, "
                f"calls in work); the limit is {limit} (ulimit -n)"
            )
            yield found.FILES.at(GATEWAY_FILE, "callout", text)
        if need > limit >= 0 and (home.services or not home.consumers):
            text = (
                f"a worker may need {need} open files ({connections} connections, "
                f"{need - connections - OWN_FILES} sockets to IMS Connect, {OWN_FILES} of its own); "
                f"the limit is {limit} (ulimit -n)"
            )
            yield found.FILES.at(GATEWAY_FILE, "server.worker_connections", text)

    return check


def _longest(home: Home, place: OperationPlace) -> float:
    """Return the seconds from a request's arrival to its answer when everything takes its whole time."""
    pool = home.bundles[place.service.settings.bundle].ims_connect.pool
    # of several addresses a second one is connected to only by those who find the first one gone
    before = home.gateway.server.waiting_seconds + pool.wait_seconds + pool.connect_seconds
    return before + place.settings.socket_timeout_ms / 1000


def _operations(count: int) -> str:
    return "one operations table" if count == 1 else f"{count} operations tables"


def stop(home: Home) -> Iterator[Problem]:
    """Name a graceful stop that is shorter than a request may take."""
    limit = home.gateway.server.stop_seconds
    late = [(_longest(home, place), place) for place in operations(home)]
    late = [(seconds, place) for seconds, place in late if seconds > limit]
    if late:
        seconds, place = max(late, key=lambda item: item[0])
        text = (
            f"{number(limit)} s are too short for {_operations(len(late))}: a request may take "
            f"{number(seconds)} s in service {place.service.name}, {dotted((place.name,))} "
            "(waiting_seconds, pool.wait_seconds, pool.connect_seconds and socket_timeout_ms together); "
            "a graceful stop would cut that off"
        )
        yield timeouts.STOP.at(GATEWAY_FILE, "server.stop_seconds", text)


TimersJudge = Callable[[int, int, float], tuple[int | None, tuple[str, ...]]]
"""From execution timeout and socket timeout in milliseconds, and seconds of waiting for a socket: the execution
timeout in effect, and what cannot work as it was meant."""


def rounding(judge: TimersJudge) -> Callable[[Home], Iterator[Problem]]:
    """Return the check that names execution timeouts which IRM_TIMER cannot express, or nobody sees end."""

    def check(home: Home) -> Iterator[Problem]:
        for place in operations(home):
            asked, limit = _timeouts(place.settings)
            defaults = place.service.settings.operations.get(DEFAULTS)
            if place.name != DEFAULTS and defaults and _timeouts(defaults) == (asked, limit):
                continue  # said once, where it stands
            wait = home.bundles[place.service.settings.bundle].ims_connect.pool.wait_seconds
            sent, complaints = judge(asked, limit, wait)
            for text in complaints:
                yield place.told(timeouts.EXECUTION, "execution_timeout_ms", text)
            if sent != asked and not complaints:
                text = f"{asked} ms is sent as {sent} ms: IRM_TIMER cannot express it"
                yield place.told(timeouts.ROUNDED, "execution_timeout_ms", text)

    return check


def _timeouts(settings: OperationSettings) -> tuple[int, int]:
    return settings.execution_timeout_ms, settings.socket_timeout_ms
