"""The latest requests, and how many there were: counts by time, of all workers together."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from gateway.admin.api.endpoint import Call, Endpoint, Query, Shown
from gateway.admin.api.paging import PageAsked, PageShown, page
from gateway.admin.ports import Worker
from gateway.admin.roles import Role
from gateway.observe.traffic import BUCKET_SECONDS, BUCKETS, RECENT, Bucket, Ended


class RequestShown(Shown):
    """One SOAP request that has ended. Neither its payload nor a secret."""

    at: datetime
    tracking_id: str
    tracked_by: str = Field(description="Where the tracking id comes from; empty: made by the gateway.")
    request_id: str = Field(description="Made by the gateway; no other request has it.")
    service: str
    operation: str = Field(description="Empty when it was refused before its operation was known.")
    transaction: str
    peer: str
    tls: bool
    user: str = Field(description="The user that IMS was, or would have been, told.")
    origin: str = Field(description='Where the identity came from: "bundle", "username", "saml11", "saml20".')
    outcome: str = Field(description='"answered", "accepted" (one-way) or "refused".')
    message_id: str = Field(description="Id of the error's message; empty when there is none.")
    reason: str = Field(description="Why, for operators.")
    return_code: int | None
    reason_code: int | None
    racf_code: int | None
    reached_ims_connect: bool
    milliseconds: int
    rules: tuple[str, ...] = Field(
        description="Rules of the judge that were tried; a broken one begins with !."
    )
    issuer: str = Field(description="Of the assertion that was believed.")
    assertion_id: str
    attested_by: str = Field(
        description="Subject and fingerprint of the certificate that vouched for the caller."
    )
    issued_by: str = Field(description="The same of the certificate that signed the assertion.")
    covered: tuple[str, ...] = Field(description="What verified signatures covered.")

    @classmethod
    def of(cls, ended: Ended) -> "RequestShown":
        """Put it into the API's words."""
        event = ended.event
        return cls(at=ended.at, **{name: getattr(event, name) for name in cls.model_fields if name != "at"})


class Requests(Shown):
    """The latest, newest first; what is older is in the log."""

    requests: tuple[RequestShown, ...]


class RequestsAsked(Query):
    """Which requests are shown."""

    service: str = Field(default="", max_length=64, description="Of this service; empty: of all.")
    outcome: Literal["", "answered", "accepted", "refused"] = ""
    limit: int = Field(default=100, ge=1, le=RECENT * 8)


class BucketShown(Shown):
    """The requests that ended within one stretch of time."""

    start: int = Field(description="Seconds since 1970, a multiple of the length.")
    answered: int
    refused: int = Field(description="Those that got a fault.")
    milliseconds: int = Field(description="Sum over all of them.")
    longest: int = Field(description="The longest, in milliseconds.")


class ServiceTraffic(Shown):
    """The traffic of one service, oldest first; stretches without a request are missing."""

    service: str
    buckets: tuple[BucketShown, ...]


class Traffic(PageShown):
    """Counts by time. They are kept in memory for an hour, and gone with their worker."""

    seconds: int = Field(description="Length of a stretch.")
    services: tuple[ServiceTraffic, ...]


class TrafficAsked(PageAsked):
    """Which counts are shown: of services that had requests, by name."""

    service: str = Field(default="", max_length=64, description="Of this service; empty: of all.")
    limit: int = Field(
        default=50, ge=1, le=200, description="Services of a page; of each there may be 360 counts."
    )
    minutes: int = Field(default=60, ge=1, le=BUCKET_SECONDS * BUCKETS // 60)


def requests(call: Call) -> Requests:
    """Show the latest requests."""
    asked = call.queried(RequestsAsked)
    found = (
        ended
        for ended in call.desk.gateway.recent(RECENT * 8)
        if asked.service in {"", ended.event.service} and asked.outcome in {"", ended.event.outcome}
    )
    return Requests(
        requests=tuple(RequestShown.of(ended) for ended, _ in zip(found, range(asked.limit), strict=False))
    )


def traffic(call: Call) -> Traffic:
    """Show counts by time, of all workers together."""
    asked = call.queried(TrafficAsked)
    since = int(call.desk.clock.now().timestamp()) - asked.minutes * 60
    workers = call.desk.gateway.workers()
    busy = {
        name
        for worker in workers
        for name, buckets in worker.traffic.items()
        if asked.service in {"", name} and buckets and buckets[-1].start >= since
    }
    found = page(busy, asked)
    counts = together(workers, since, found.names)
    shown = tuple(
        ServiceTraffic(service=name, buckets=tuple(_shown(bucket) for bucket in counts[name]))
        for name in found.names
    )
    return Traffic(seconds=BUCKET_SECONDS, services=shown, total=found.total, next=found.next)


def together(workers: Iterable[Worker], since: int, services: Iterable[str]) -> dict[str, list[Bucket]]:
    """Return the counts of all workers by service, oldest first, from so many seconds since 1970 on."""
    sums: dict[str, dict[int, Bucket]] = defaultdict(dict)
    for worker in workers:
        for service in services:
            for bucket in worker.traffic.get(service, ()):
                if bucket.start >= since:
                    other = sums[service].get(bucket.start)
                    sums[service][bucket.start] = bucket if other is None else _sum(bucket, other)
    return {service: [found[start] for start in sorted(found)] for service, found in sums.items()}


def _sum(one: Bucket, other: Bucket) -> Bucket:
    return Bucket(
        one.start,
        one.answered + other.answered,
        one.refused + other.refused,
        one.milliseconds + other.milliseconds,
        max(one.longest, other.longest),
    )


def _shown(bucket: Bucket) -> BucketShown:
    return BucketShown(
        start=bucket.start,
        answered=bucket.answered,
        refused=bucket.refused,
        milliseconds=bucket.milliseconds,
        longest=bucket.longest,
    )


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/requests",
        Role.VIEWER,
        "The latest requests of all workers, newest first",
        requests,
        Requests,
        query=RequestsAsked,
    ),
    Endpoint(
        "GET",
        "/api/traffic",
        Role.VIEWER,
        "Requests, refusals and latency by time and service",
        traffic,
        Traffic,
        query=TrafficAsked,
    ),
)
