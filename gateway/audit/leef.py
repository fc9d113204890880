"""A record as one line of LEEF 2.0, for QRadar.

    LEEF:2.0|Vendor|Product|Version|EventID|x09|key=value<TAB>key=value...

LEEF has no escaping. So what would be read as a delimiter (tab, any line end or other control character)
becomes a space, and `replaced` says how many did. A value may hold `=` and `|`: a reader splits a pair at its
first `=`, and the header ends behind the delimiter's field, which is always there. Keys that LEEF predefines
have its names.
"""

import re
from typing import Final

from gateway import __version__
from gateway.audit.delimited import Pairs, code_of, epoch_ms, main_times, positive, shorter, yes_no
from gateway.audit.ecs import is_address
from gateway.audit.record import AuditRecord
from gateway.audit.shorten import clipped

_HEADER: Final = f"LEEF:2.0|IMS Gateway|imsgw|{__version__}|"
_BREAKS: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]")
"""What some reader takes for the end of a field or of a line."""


def line(record: AuditRecord) -> str:
    """Return the line."""
    found: list[str] = []
    replaced = 0
    for key, value in _pairs(record):
        if value is None or value == "":
            continue
        if isinstance(value, int):
            found.append(f"{key}={value}")
            continue
        clean, count = _BREAKS.subn(" ", value)
        replaced += count
        found.append(f"{key}={clean}")
    if replaced:
        found.append(f"replaced={replaced}")
    return f"{_HEADER}{record.kind.value.id}|x09|" + "\t".join(found)


def chained(text: str, chain: str) -> str:
    """Return a line with its link of the chain, as the last attribute."""
    return f"{text}\tchain={chain}"


def shortened(text: str, octets: int) -> str:
    """Return a line of at most so many octets: long values are cut, last attributes left out."""
    head, delimiter, rest = text.partition("|x09|")
    return shorter(head + delimiter, rest.split("\t"), "\t", octets, clipped)


def _pairs(record: AuditRecord) -> Pairs:
    stamp = record.stamp
    yield "cat", record.category
    yield "devTime", epoch_ms(stamp.time)
    yield "sev", record.severity
    if is_address(record.source):
        yield "src", record.source
    else:
        yield "vSrcName", record.source
    yield "srcPort", positive(record.source_port)
    yield "proto", "TCP" if record.source else ""
    yield "usrName", record.user or record.claimed
    yield "accountName", record.claimed
    yield "role", record.role
    yield "resource", record.transaction
    yield "url", record.service or record.path
    yield "policy", record.rule
    yield "reason", record.reason
    yield "srcBytes", record.request_bytes
    yield "dstBytes", record.reply_bytes
    yield "outcome", record.outcome.value
    yield "done", record.done
    yield "trackingId", record.tracking_id
    yield "eventId", stamp.event_id
    yield "sequence", stamp.sequence
    yield "process", stamp.process
    yield from _about_request(record)
    yield from _about_gateway(record)


def _about_request(record: AuditRecord) -> Pairs:
    yield "origin", record.origin
    yield "tls", yes_no(record.tls)
    yield "listener", record.listener
    yield "operation", record.operation
    yield "bundle", record.bundle
    yield "datastore", record.datastore
    yield "tpipe", record.tpipe
    yield "icon", record.endpoint
    yield "clientId", record.client_id
    yield "method", record.method
    yield "path", record.path
    yield "httpStatus", positive(record.status)
    yield "msgId", record.message_id
    yield "reached", yes_no(record.reached)
    yield "rsmRc", record.return_code
    yield "rsmRsn", record.reason_code
    yield "racfRc", record.racf_code
    yield "dfsCode", record.dfs
    yield "code", code_of(record)
    yield "attempt", positive(record.attempt)
    yield "certificate", record.certificate
    yield "issuer", record.issuer
    yield "assertionId", record.assertion_id
    yield "attestedBy", record.attested_by
    yield "issuedBy", record.issued_by
    yield "covered", ",".join(record.covered)
    yield "traceId", record.traced
    yield "received", epoch_ms(record.began) if record.began else None
    yield "msDuration", record.milliseconds
    yield "msParts", main_times(record)


def _about_gateway(record: AuditRecord) -> Pairs:
    yield "configuration", positive(record.configuration)
    yield "digest", record.digest
    yield "version", record.version
    yield "repeats", positive(record.repeats)
    yield "lost", positive(record.lost)
