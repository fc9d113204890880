r"""A record as one line of CEF (version 0), for ArcSight and what reads its format.

    CEF:0|Vendor|Product|Version|Class id|Name|Severity|key=value key=value...

In a value `\` and `=` have a backslash before them; a line end is `\n` or `\r`, any other control character a
space. No value ends in a space. The header is of constants.
"""

import re
from typing import Final

from gateway import __version__
from gateway.audit.delimited import Pairs, code_of, epoch_ms, main_times, positive, shorter, yes_no
from gateway.audit.ecs import is_address
from gateway.audit.record import AuditRecord
from gateway.audit.shorten import clipped, size_of
from gateway.audit.text import CUT

_HEADER: Final = f"CEF:0|IMS Gateway|imsgw|{__version__}|"
_SPECIAL: Final = re.compile("[\\\\=\\x00-\\x1f\\x7f-\\x9f\u2028\u2029]")
_FIELD: Final = re.compile(r"\|(?=rt=)")
"""The end of the header, whose fields are constants: the first key is always `rt`."""
_NEXT: Final = re.compile(r" (?=[A-Za-z0-9]+=)")
"""Between two fields; in a value the equals sign has a backslash before it."""
_ESCAPES: Final = {"\\": "\\\\", "=": "\\=", "\n": "\\n", "\r": "\\r"}


def line(record: AuditRecord) -> str:
    """Return the line."""
    about = record.kind.value
    found: list[str] = []
    for key, value in _pairs(record):
        if value is None or value == "":
            continue
        if isinstance(value, int):
            found.append(f"{key}={value}")
        elif clean := _value(value):
            found.append(f"{key}={clean}")
    return f"{_HEADER}{about.id}|{about.name}|{record.severity}|" + " ".join(found)


def chained(text: str, chain: str) -> str:
    """Return a line with its link of the chain, as the last key."""
    return f"{text} imsgwChain={chain}"


def shortened(text: str, octets: int) -> str:
    """Return a line of at most so many octets: long values are cut, last keys left out."""
    begin = _FIELD.search(text, len(_HEADER))
    if begin is None:
        return text
    return shorter(text[: begin.end()], _NEXT.split(text[begin.end() :]), " ", octets, _cut)


def _cut(value: str, octets: int) -> str:
    """Return a value of at most so many octets, no escape torn, no space at its end."""
    if size_of(value) <= octets:
        return value
    kept = clipped(value, octets).removesuffix(CUT)
    torn = (len(kept) - len(kept.rstrip("\\"))) % 2
    return kept[: len(kept) - torn] + CUT


def _value(text: str) -> str:
    return _SPECIAL.sub(_escaped, text.strip()).strip()


def _escaped(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], " ")


def _pairs(record: AuditRecord) -> Pairs:
    stamp = record.stamp
    yield "rt", epoch_ms(stamp.time)
    yield "start", epoch_ms(record.began) if record.began else None
    yield "cat", record.category
    yield "act", record.done
    yield "outcome", record.outcome.value
    yield from _source(record)
    yield "suser", record.claimed
    yield "duser", record.user
    yield "spriv", record.role
    yield "request", record.path
    yield "requestMethod", record.method
    yield "reason", record.message_id
    yield "msg", record.reason
    yield "externalId", stamp.event_id
    yield "in", record.request_bytes
    yield "out", record.reply_bytes
    yield from _labelled(record)
    yield from _ours(record)


def _source(record: AuditRecord) -> Pairs:
    if not is_address(record.source):
        yield "shost", record.source
    elif ":" in record.source:
        yield "c6a2", record.source
        yield "c6a2Label", "Source IPv6 Address"
    else:
        yield "src", record.source
    yield "spt", positive(record.source_port)
    yield "proto", "TCP" if record.source else ""


def _labelled(record: AuditRecord) -> Pairs:
    """Yield the six texts and three numbers that CEF leaves to its writers, each with its label."""
    texts = (
        ("transaction", record.transaction),
        ("datastore", record.datastore),
        ("tpipe or client id", record.tpipe or record.client_id),
        ("identity", record.origin),
        ("service", record.service),
        ("IMS code", code_of(record)),
    )
    for number, (label, text) in enumerate(texts, start=1):
        if _value(text):
            yield f"cs{number}", text
            yield f"cs{number}Label", label
    numbers = (
        ("milliseconds", record.milliseconds),
        ("HTTP status", positive(record.status)),
        ("repeats", positive(record.repeats)),
    )
    for number, (label, value) in enumerate(numbers, start=1):
        if value is not None:
            yield f"cn{number}", value
            yield f"cn{number}Label", label


def _ours(record: AuditRecord) -> Pairs:
    """Yield what CEF has no name for, under names that begin with ours."""
    stamp = record.stamp
    yield "imsgwTrackingId", record.tracking_id
    yield "imsgwSequence", stamp.sequence
    yield "imsgwProcess", stamp.process
    yield "imsgwRule", record.rule
    yield "imsgwOperation", record.operation
    yield "imsgwBundle", record.bundle
    yield "imsgwEndpoint", record.endpoint
    yield "imsgwListener", record.listener
    yield "imsgwTls", yes_no(record.tls)
    yield "imsgwReached", yes_no(record.reached)
    yield "imsgwReturnCode", record.return_code
    yield "imsgwReasonCode", record.reason_code
    yield "imsgwRacfCode", record.racf_code
    yield "imsgwAttempt", positive(record.attempt)
    yield "imsgwCertificate", record.certificate
    yield "imsgwIssuer", record.issuer
    yield "imsgwAssertionId", record.assertion_id
    yield "imsgwAttestedBy", record.attested_by
    yield "imsgwIssuedBy", record.issued_by
    yield "imsgwCovered", ",".join(record.covered)
    yield "imsgwTraceId", record.traced
    yield "imsgwMsParts", main_times(record)
    yield "imsgwConfiguration", positive(record.configuration)
    yield "imsgwDigest", record.digest
    yield "imsgwVersion", record.version
    yield "imsgwLost", positive(record.lost)
