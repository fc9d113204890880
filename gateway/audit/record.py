"""One record of the audit trail: flat, and the same whatever format it is written in.

Who asked, from where, for what, what was decided and by which rule, what IMS said, how long it took. Made by
the pure functions of `requests`, `callouts` and `happenings`. There is no place in it for a password or a
payload. Texts are bounded; what in them would be a delimiter or a line end is the business of each format.
"""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit.kinds import Kind, Outcome


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a record this one."""

    event_id: str
    """Made by the gateway: no two records have the same, but for one that is sent twice."""
    sequence: int
    """Of the process, from 1 on without a gap: a missing number is a record that was lost."""
    process: str
    """Which process counts there: "serve 1 worker 4711"."""
    time: datetime
    """When it was decided, aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An empty text, None and 0 mean that there is nothing to say."""

    stamp: Stamp
    kind: Kind
    category: str
    """What it was about, within the kind: "UNT", "Replay", "CalloutSync"."""
    severity: int
    outcome: Outcome
    done: str
    """What came of it in the gateway's own words: "answered", "refused", "retried"."""
    tracking_id: str = ""
    """What caller, log and faults know the request by."""

    # who
    claimed: str = ""
    """Who the caller says he is, proven or not."""
    user: str = ""
    """Who IMS was, or would have been, told; of management: the person."""
    origin: str = ""
    """Where that identity came from."""
    role: str = ""
    certificate: str = ""
    """Subject and fingerprint of the TLS client certificate."""
    issuer: str = ""
    assertion_id: str = ""
    attested_by: str = ""
    issued_by: str = ""

    # from where
    source: str = ""
    """Address of the caller."""
    source_port: int = 0
    tls: bool | None = None
    listener: str = ""

    # what
    service: str = ""
    operation: str = ""
    transaction: str = ""
    bundle: str = ""
    datastore: str = ""
    tpipe: str = ""
    endpoint: str = ""
    """Host and port of the IMS Connect, or the web service, that was called."""
    client_id: str = ""
    method: str = ""
    path: str = ""

    # verdict
    rule: str = ""
    """Which rule, or else which error, decided."""
    message_id: str = ""
    reason: str = ""
    covered: tuple[str, ...] = ()

    # what came back
    reached: bool | None = None
    """Whether bytes of it may have reached IMS Connect."""
    return_code: int | None = None
    reason_code: int | None = None
    racf_code: int | None = None
    dfs: str = ""
    callout_status: int = 0
    attempt: int = 0
    status: int = 0
    """HTTP status of the answer."""
    request_bytes: int | None = None
    reply_bytes: int | None = None

    # when
    began: datetime | None = None
    milliseconds: int | None = None
    stretches: tuple[tuple[str, float], ...] = field(default=())
    """Where the time went: name, and milliseconds."""

    # of management and of the gateway itself
    configuration: int = 0
    """Number of the configuration that is in force."""
    digest: str = ""
    version: str = ""
    repeats: int = 0
    """So many more like this came, which have no record of their own."""
    lost: int = 0
    """Records that could not be written before this one."""
    traced: str = ""
    """W3C trace id that the caller sent."""
