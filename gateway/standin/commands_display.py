"""/DISPLAY: what the stand-in is doing, in lines like IMS's.

Source: /DISPLAY TMEMBER; /DISPLAY OTMA; Displaying and interpreting output message counts. The numbers are
true; a column of which the stand-in knows nothing shows a dash. unverified: the columns of ACTIVE, CONV, OTMA
and USER, and those of TRAN behind QCT.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.standin.command_words import Words
from gateway.standin.config_security import OtmaSettings
from gateway.standin.ims import Ims
from gateway.standin.security import OtmaAuthorization
from gateway.standin.tpipes import Tpipes

TRAN_HEADING: Final = "TRAN     CLS ENQCT   QCT   LCT  PLCT CP NP LP SEGSZ SEGNO PARLM    RC"
TPIPE_HEADING: Final = " MEMBER/TPIPE       ENQCT   DEQCT     QCT  STATUS"
OTMA_HEADING: Final = " GROUP/MEMBER     XCF-STATUS  USER-STATUS     SECURITY"
ACTIVE_HEADING: Final = "REGID JOBNAME  TYPE TRAN/STEP PROGRAM  STATUS"
USER_HEADING: Final = "USER     TRAN     CLIENT   STATUS"
CONVERSATION_HEADING: Final = "ID       TRAN     CLIENT   USER     STEPS STATUS"
NOTHING: Final = "NONE"
UNKNOWN: Final = "-"


@dataclass(frozen=True, slots=True)
class Sight:
    """What an operator sees of one IMS."""

    ims: Ims
    tpipes: Tpipes
    otma: OtmaAuthorization
    settings: OtmaSettings
    tmember: str


def display(sight: Sight, words: Words) -> tuple[str, ...]:
    """Return the lines that a /DISPLAY shows. Raises CommandError."""
    return tuple(_KEYWORDS[words.keyword(*_KEYWORDS)](sight, words))


def _active(sight: Sight, words: Words) -> Iterator[str]:
    words.end()
    yield ACTIVE_HEADING
    regions = sight.ims.regions.active
    for region in regions:
        program = sight.ims.program_of(region.transaction)[:8].upper()
        line = f"{region.number:>5} STANDIN  TP   {region.transaction:<9} {program:<8} {region.status}"
        yield line.rstrip()
    if not regions:
        yield NOTHING


def _transaction(sight: Sight, words: Words) -> Iterator[str]:
    names = words.parameters()
    regions = sight.ims.regions
    yield TRAN_HEADING
    for name in sight.ims.transactions if names == ("ALL",) else names:
        if name not in sight.ims.transactions:
            yield f"{name:<8} IS INVALID"
            continue
        counts = f"{regions.enqueued(name):>5} {regions.waiting(name):>5}"
        unknown = " ".join(UNKNOWN.rjust(width) for width in (5, 5, 2, 2, 2, 5, 5))
        limit, occupied = regions.limit(name), regions.occupied(name)
        at_most = "NONE" if limit is None else limit
        yield f"{name:<8} {UNKNOWN:>3} {counts} {unknown} {at_most:>5} {occupied:>5}"
        if regions.is_stopped(name):
            yield "  STATUS: STOP"


def _tmember(sight: Sight, words: Words) -> Iterator[str]:
    member = words.parameter()
    if not words.left:
        yield from _members(sight, member)
        return
    words.expect("TPIPE")
    names = words.parameters()
    yield TPIPE_HEADING
    if member not in {"ALL", sight.settings.member}:
        yield f" {member:<8} IS INVALID"
        return
    yield f" {sight.settings.member}"
    yield from _tpipes(sight, names)


def _tpipes(sight: Sight, names: tuple[str, ...]) -> Iterator[str]:
    depths, requests, stopped = sight.tpipes.depths, sight.tpipes.requests, sight.tpipes.turns.stopped
    known = sorted({*depths, *requests, *stopped})
    for name in known if names == ("ALL",) else names:
        if name not in known:
            yield f"-{name:<8} IS INVALID"
            continue
        queued = depths.get(name, 0) + requests.get(name, 0)
        status = "STO" if name in stopped else ""
        yield f"-{name:<16}{UNKNOWN:>8}{UNKNOWN:>8}{queued:>8}  {status}".rstrip()


def _otma(sight: Sight, words: Words) -> Iterator[str]:
    words.end()
    yield from _members(sight, "ALL")


def _members(sight: Sight, member: str) -> Iterator[str]:
    yield OTMA_HEADING
    server, client = sight.tmember, sight.settings.member
    if member not in {"ALL", server, client}:
        yield f" {member:<8} IS INVALID"
        return
    level = sight.otma.level.upper()
    yield f" {sight.settings.group}"
    if member in {"ALL", server}:
        yield f"-{server:<17}ACTIVE      SERVER          {level}"
    if member in {"ALL", client}:
        joined = sight.otma.bid.accepted
        xcf, status = ("ACTIVE", "ACCEPT TRAFFIC") if joined else ("NOT DEFINED", "DISCONNECTED")
        yield f"-{client:<17}{xcf:<11} {status:<15} {level}"


def _user(sight: Sight, words: Words) -> Iterator[str]:
    names = words.parameters() if words.left else ("ALL",)
    yield USER_HEADING
    found = [work for work in sight.ims.inputs if not work.is_command]
    lines = [
        f"{work.identity.user:<8} {work.transaction:<8} {work.client_id:<8} ACTIVE"
        for work in found
        if names == ("ALL",) or work.identity.user in names
    ]
    yield from lines or (NOTHING,)


def _conversation(sight: Sight, words: Words) -> Iterator[str]:
    words.end()
    yield CONVERSATION_HEADING
    conversations = sight.ims.conversations.all
    for one in conversations:
        names = f"{one.transaction:<8} {one.client_id:<8} {one.user:<8}"
        yield f"{one.number:<8} {names} {one.steps:>5} ACTIVE"
    if not conversations:
        yield NOTHING


_KEYWORDS: Final[Mapping[str, Callable[[Sight, Words], Iterator[str]]]] = {
    "ACTIVE": _active,
    "TRANSACTION": _transaction,
    "TMEMBER": _tmember,
    "OTMA": _otma,
    "USER": _user,
    "CONVERSATION": _conversation,
}
