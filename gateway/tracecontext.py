"""W3C Trace Context, level 1: which trace a request belongs to, as its headers say.

A `traceparent` is read strictly: what the recommendation calls invalid is as good as absent, and a `tracestate`
beside it is then nobody's. Section numbers are those of https://www.w3.org/TR/trace-context/.
"""

import re
from dataclasses import dataclass
from typing import Final

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
LONGEST_STATE: Final = 512
"""Characters of a tracestate that everybody has to pass on (3.3.1.5); a longer one is let go whole."""
_MOST_MEMBERS: Final = 32
_SAMPLED: Final = 0x01
_FORBIDDEN_VERSION: Final = "ff"
_LENGTH: Final = 55
"""Of version 00; later ones may go on behind a hyphen (4.3)."""
_PARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KEY: Final = r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
_MEMBER: Final = re.compile(rf"({_KEY})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]")
_SPAN_DIGITS: Final = 16
_RANDOM_BITS: Final = 56
"""Of a trace id, from its right end, those that have to be random (level 2, section 3.2.2.3.1)."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span, as others refer to it."""

    trace_id: str
    """32 hexadecimal digits, lower case, not all zero."""
    span_id: str
    """16 of them."""
    sampled: bool
    """Whoever made it may have recorded it."""

    def root(self) -> "TraceContext":
        """Return the first span of a trace of ours, where it is known to all by the trace's id alone."""
        return TraceContext(self.trace_id, self.trace_id[:_SPAN_DIGITS], self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{_SAMPLED if self.sampled else 0:02x}"


def parse_traceparent(text: str) -> TraceContext | None:
    """Read the value of a `traceparent` header (3.2, 4.3); None when it is not valid.

    Of a version that is not known yet the part is read that it has in common with this one.
    """
    match = _PARENT.match(text)
    if match is None:
        return None
    version, trace_id, span_id, flags = match.groups()
    rest = text[_LENGTH:]
    if version == _FORBIDDEN_VERSION or (rest and (version == "00" or not rest.startswith("-"))):
        return None
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceContext(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))


def parse_tracestate(text: str) -> str:
    """Return the members of a `tracestate` header (3.3), as they may be passed on; empty when it is not valid.

    Several headers are put together with commas before. Empty members are left out.
    """
    members = [member for one in text.split(",") if (member := one.strip(" \t"))]
    keys = [match[1] for member in members if (match := _MEMBER.fullmatch(member))]
    if len(keys) != len(members) or len(set(keys)) != len(keys) or len(members) > _MOST_MEMBERS:
        return ""
    joined = ",".join(members)
    return joined if len(joined) <= LONGEST_STATE else ""


def is_picked(number: int, ratio: float) -> bool:
    """Tell whether something is among the share that is recorded, by a random number: a trace id of our own.

    The same number always gets the same answer, and what a small share picks a larger one picks too.
    """
    return number % (1 << _RANDOM_BITS) >= round((1 - ratio) * (1 << _RANDOM_BITS))


def context_of_urn(urn: str, span_id: str, ratio: float) -> TraceContext | None:
    """Return the context of a span in the trace that bears the digits of a ``urn:uuid:``; None: it is none."""
    digits = urn.removeprefix("urn:uuid:").replace("-", "")
    context = parse_traceparent(f"00-{digits}-{span_id}-00")
    if context is None:
        return None
    return TraceContext(context.trace_id, span_id, is_picked(int(digits, 16), ratio))
