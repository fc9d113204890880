"""What an input asks for: commit mode, sync level, what to do with undeliverable output, and keywords."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.exchange import CommitMode, Undeliverable
from gateway.imsconnect.wire import F2, F3, Exit, HeaderCode, InputMessage, Irm, Verb
from gateway.standin.refusal import INVALID_BUFFER, RC_EXIT, RC_OTMA_NAK, SENSE_NO_RRS, Refusal

_TPIPE: Final = re.compile(r"[A-Z0-9@#$]{1,8}")
DEFAULT_REROUTE_NAME: Final = "HWS$DEF"
"""Tpipe for rerouted output when neither the client nor the DATASTORE statement (RRNAME=) names one."""
DEFAULT_COMMIT_MODE: Final = CommitMode.SEND_THEN_COMMIT
"""unverified: what the shipped exits assume when IRM_F2 names no commit mode."""


_LOOKED_AT: Final = 64
"""Bytes at the start of the data in which HWSPWCH is looked for, to keep what follows it secret."""


class Keyword(Enum):
    """Data that speaks to IMS Connect itself instead of to IMS, at the start of a send-receive input."""

    PING = "PING IMS_CONNECT"
    PASSWORD_CHANGE = "HWSPWCH "  # noqa: S105  the keyword, no password


def keyword(message: InputMessage) -> Keyword | None:
    """Return the keyword a message begins with (Ping support for IMS Connect; Changing RACF passwords)."""
    if message.irm.verb is not Verb.SEND_RECEIVE or not message.segments:
        return None
    for word in Keyword:
        if message.segments[0].startswith(word.value.encode(message.irm.code.value)):
            return word
    return None


def conceals(message: InputMessage) -> bool:
    """Tell whether the data may hold passwords: a password change, or what somebody took for one.

    In lower case, or in another kind of message than send-receive, HWSPWCH is no keyword and goes to IMS.
    """
    word = Keyword.PASSWORD_CHANGE.value.strip()
    start = message.segments[0][:_LOOKED_AT] if message.segments else b""
    return any(word in start.decode(code.value, errors="replace").upper() for code in HeaderCode)


def commit_mode(irm: Irm) -> CommitMode:
    """Return the commit mode of IRM_F2."""
    if F2.CM0 in irm.f2:
        return CommitMode.COMMIT_THEN_SEND
    return CommitMode.SEND_THEN_COMMIT if F2.CM1 in irm.f2 else DEFAULT_COMMIT_MODE


def sync_level(irm: Irm) -> str:
    """Return the sync level of IRM_F3: none, confirm or syncpt."""
    if F3.SYNCPT in irm.f3:
        return "syncpt"
    return "confirm" if F3.SYNCONF in irm.f3 else "none"


def check_send_receive(irm: Irm) -> None:
    """Refuse what commit mode and sync level cannot be (Commit mode and synchronization level definitions).

    unverified: the codes 4/9; that these combinations do not exist is IBM's word.
    """
    if F3.SYNCPT in irm.f3:
        raise Refusal(RC_OTMA_NAK, SENSE_NO_RRS, "sync level SYNCPT needs RRS, which is not there")
    if F2.CM0 in irm.f2 and F3.SYNCONF not in irm.f3:
        raise Refusal(RC_EXIT, INVALID_BUFFER, "commit mode 0 without sync level CONFIRM")


def check_send_only(irm: Irm) -> None:
    """Refuse a send-only input that is not commit mode 0 (Send-only protocol). unverified: the codes 4/9."""
    if F2.CM0 not in irm.f2:
        raise Refusal(RC_EXIT, INVALID_BUFFER, "send-only is commit mode 0")
    if F3.SYNCPT in irm.f3:
        raise Refusal(RC_OTMA_NAK, SENSE_NO_RRS, "sync level SYNCPT needs RRS, which is not there")


def is_serial(irm: Irm) -> bool:
    """Tell whether inputs of this client and transaction run one after the other.

    Source: Send-only with serial delivery. With acknowledgment (K) the wish is not heard.
    """
    return F3.ORDER in irm.f3 and irm.verb in {Verb.SEND_ONLY, Verb.SEND_ONLY_ERROR}


def ignores_purg(irm: Irm) -> bool:
    """Tell whether output is one message, whatever the program's PURG calls (Ignore PURG call)."""
    return commit_mode(irm) is CommitMode.SEND_THEN_COMMIT or F3.IPURG in irm.f3


@dataclass(frozen=True, slots=True)
class Fallback:
    """What becomes of commit-then-send output that cannot be delivered."""

    kind: Undeliverable
    reroute_name: str = ""
    both: bool = False
    """Purge and reroute were asked for together, so neither happens (DFS2407W)."""
    misnamed: str = ""
    """The name that the client gave for the reroute tpipe, when it is none (DFS9123E)."""


def fallback(reroute_default: str, *irms: Irm) -> Fallback:
    """Return what the flags of the request, and of a NAK if there is one, ask for."""
    flags = F3.NONE
    name = ""
    for irm in irms:
        flags |= irm.f3
        name = irm.reroute_name or name
    purge, reroute = F3.PURGE in flags, F3.REROUT in flags
    if purge and reroute:
        return Fallback(Undeliverable.HOLD, both=True)
    if reroute and name and not _TPIPE.fullmatch(name):
        return Fallback(Undeliverable.REROUTE, DEFAULT_REROUTE_NAME, misnamed=name)
    if reroute:
        return Fallback(Undeliverable.REROUTE, name or reroute_default or DEFAULT_REROUTE_NAME)
    return Fallback(Undeliverable.PURGE if purge else Undeliverable.HOLD)


def network_identity(irm: Irm) -> tuple[str, str]:
    """Return network user id and session id of the IRM extensions, empty where there is none.

    HWSSOAP1 does not know these extensions, and an exit ignores what it does not know.
    """
    if irm.exit is Exit.HWSSOAP1:
        return "", ""
    found = {extension.id: extension.data for extension in irm.extensions}
    return tuple(_text(found.get(name, b""), irm.code) for name in ("*NETUID*", "*NETSID*"))  # type: ignore[return-value]


def _text(data: bytes, code: HeaderCode) -> str:
    return data.decode(code.value, errors="replace").rstrip(" \x00")
