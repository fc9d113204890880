"""What goes with what in an interaction: the cross-rules of the IMS TM resource adapter's properties.

Source: IMS interaction specification properties; Interaction verb; Commit mode; Sync level; Execution timeout;
Purge async output; Reroute name; Ignore PURG call; Conversation ID; Client ID (clientID); Callout request type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import UnionType
from typing import Final

from gateway.errors import GatewayError, M
from gateway.exchange import CommitMode, SyncLevel, TrackingMark, Undeliverable
from gateway.imsconnect.texts import LONGEST_SEGMENT
from gateway.imsconnect.values import (
    DEFAULT_TIMEOUT,
    FOREVER,
    NO_WAIT,
    Acknowledgment,
    CalloutRequests,
    Credentials,
    Interaction,
    InteractionVerb,
    Rejection,
    RequestType,
    Unicode,
)
from gateway.imsconnect.wire.output import TOKEN_LENGTH
from gateway.imsconnect.wire.rules import TOKEN_PREFIX
from gateway.imsconnect.wire.timer import MAX_TIMER_MS

_NAME: Final = re.compile(r"[A-Z0-9@#$]{1,8}")
RESERVED_PREFIX: Final = "HWS"
"""Names that begin so are IMS Connect's own; `HWS$DEF`, its default reroute tpipe, is the one to be named."""
DEFAULT_REROUTE_NAME: Final = "HWS$DEF"
LARGEST_REASON: Final = 0xFFFF
"""What IRM_NAK_RSNCDE holds."""

_REROUTE_NAME: Final = (
    "a reroute name is 1 to 8 characters of A-Z 0-9 @ # $, not beginning with HWS, not a port number"
)
_SHORT: Final = "at most 8 printable upper case characters"
_V: Final = InteractionVerb
_Rule = Callable[[Interaction], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the properties it speaks of, what must hold, and how to see whether it does."""

    name: str
    text: str
    holds: _Rule


def check(interaction: Interaction, *, dedicated: bool = False) -> None:
    """Raise GatewayError(M.INTERACTION), which names the first rule that the interaction breaks.

    `dedicated` says that it is for a connection whose client id the caller has chosen.
    """
    if not dedicated and _is_plain(interaction):
        return
    for rule in broken(interaction, dedicated=dedicated):
        raise GatewayError(M.INTERACTION, {"rule": rule.name, "text": rule.text})


def _is_plain(i: Interaction) -> bool:
    """Tell whether it is a transaction that uses nothing special: such a one breaks no rule. For speed only."""
    return (
        i.verb is _V.SEND_RECEIVE
        and i.request_type is RequestType.TRANSACTION
        and (i.commit_mode is None or i.commit_mode is CommitMode.SEND_THEN_COMMIT)
        and (i.sync_level is None or type(i.sync_level) is SyncLevel)
        and type(i.acknowledgment) is Acknowledgment
        and i.unicode is None
        and type(i.execution_timeout_ms) is int
        and 1 <= i.execution_timeout_ms <= MAX_TIMER_MS
        and type(i.socket_timeout_ms) is int
        and i.socket_timeout_ms >= 0
        and type(i.budget_ms) is int
        and i.budget_ms >= 0
        and type(i.transaction) is str
        and _fits(i.transaction)
        and type(i.segments) is tuple
        and bool(i.segments)
        and all(type(segment) is bytes and 0 < len(segment) <= LONGEST_SEGMENT for segment in i.segments)
        and i.nak_reason is None
        and i.callout_requests is CalloutRequests.ASYNCHRONOUS
        and _special(i) == _NOTHING_SPECIAL
    )


def broken(interaction: Interaction, *, dedicated: bool = False) -> Iterator[Rule]:
    """Return every rule that the interaction breaks."""
    if not TYPES.holds(interaction):
        # the others compare, and would find nothing wrong, or raise
        return iter((TYPES,))
    rules = (*RULES, *DEDICATED_RULES) if dedicated else RULES
    return (rule for rule in rules if not rule.holds(interaction))


def check_client_id(client_id: str) -> None:
    """Raise GatewayError(M.INTERACTION) for a client id that nobody may choose (Client ID (clientID))."""
    if not is_name(client_id):
        text = "is 1 to 8 characters of A-Z 0-9 @ # $, not beginning with HWS, not a port number"
        raise GatewayError(M.INTERACTION, {"rule": "clientID", "text": f"a client id {text}"})


def check_credentials(credentials: Credentials) -> None:
    """Raise GatewayError(M.INTERACTION) for names that have no place in their fields of the IRM.

    Of the password see `inputs.check`: what cannot be one counts as a sign-on that failed.
    """
    for rule, text in (
        ("userName", credentials.user),
        ("groupName", credentials.group),
        ("applicationName", credentials.application),
    ):
        if text and not _is_word(text):
            words = "a name to sign on with has at most 8 printable ASCII characters without blanks"
            raise GatewayError(M.INTERACTION, {"rule": rule, "text": words})


def check_nak(how: Rejection) -> None:
    """Raise GatewayError(M.INTERACTION) for a NAK that contradicts itself."""
    for rule, text, holds in (
        ("nakReasonCode", f"a reason is 0 to {LARGEST_REASON}", 0 <= (how.reason or 0) <= LARGEST_REASON),
        ("reRouteName", "a message is rerouted or kept, not both", not (how.reroute and how.keep)),
        ("reRouteName", "a reroute name needs reroute", how.reroute or not how.reroute_name),
        ("reRouteName", _REROUTE_NAME, _reroutes(how.reroute_name)),
    ):
        if not holds:
            raise GatewayError(M.INTERACTION, {"rule": rule, "text": text})


def _reroutes(name: str) -> bool:
    return name in {"", DEFAULT_REROUTE_NAME} or is_name(name)


def _is_word(text: str) -> bool:
    return len(text) <= 8 and text.isascii() and text.isprintable() and " " not in text


def is_name(text: str) -> bool:
    """Tell whether a client id, tpipe or reroute name may be so: the rules of Client ID (clientID)."""
    return bool(_NAME.fullmatch(text)) and not text.startswith(RESERVED_PREFIX) and not text.isdigit()


def _fits(text: str) -> bool:
    return len(text) <= 8 and text.isascii() and text.isprintable() and text == text.upper()


def _typed(i: Interaction) -> bool:
    return (
        all(isinstance(getattr(i, name), kind) for name, kind in _KINDS.items())
        and all(isinstance(segment, bytes) for segment in i.segments)
        and all(isinstance(getattr(i, name), str) for name in _TEXTS)
    )


def _timeout(i: Interaction) -> bool:
    return i.execution_timeout_ms in {DEFAULT_TIMEOUT, FOREVER, NO_WAIT} or (
        1 <= i.execution_timeout_ms <= MAX_TIMER_MS
    )


def _is_zero(i: Interaction) -> bool:
    return i.mode is CommitMode.COMMIT_THEN_SEND


_KINDS: Final[Mapping[str, type | UnionType]] = {
    "verb": InteractionVerb,
    "transaction": str,
    "segments": tuple,
    "request_type": RequestType,
    "commit_mode": CommitMode | None,
    "sync_level": SyncLevel | None,
    "execution_timeout_ms": int,
    "socket_timeout_ms": int,
    "budget_ms": int,
    "undeliverable": Undeliverable | None,
    "callout_requests": CalloutRequests,
    "nak_reason": int | None,
    "acknowledgment": Acknowledgment,
    "unicode": Unicode | None,
    "tracking": TrackingMark | None,
}
_TEXTS: Final = (
    "lterm",
    "mod_name",
    "reroute_name",
    "alternate_client_id",
    "conversation_id",
    "adapter",
    "converter",
)

TYPES: Final = Rule(
    "type",
    "each property has its type: a member of its enumeration, a tuple of bytes, a whole number, a text",
    _typed,
)
"""Is looked at before every other: a 0 for commit mode 0 would pass for mode 1, "confirm" for no sync level."""

RULES: Final = (
    Rule("trancode", f"a transaction code has {_SHORT}", lambda i: _fits(i.transaction)),
    Rule("ltermName", f"an LTERM name has {_SHORT}", lambda i: _fits(i.lterm)),
    Rule("mapName", f"a MOD name has {_SHORT}", lambda i: _fits(i.mod_name)),
    Rule(
        "interactionVerb",
        "commit mode 0 goes with every verb but END_CONVERSATION, commit mode 1 with SEND_RECEIVE and"
        " END_CONVERSATION only",
        lambda i: (
            not _is_zero(i) if i.verb is _V.END_CONVERSATION else _is_zero(i) or i.verb is _V.SEND_RECEIVE
        ),
    ),
    Rule("syncLevel", "commit mode 0 has sync level CONFIRM", lambda i: i.confirm or not _is_zero(i)),
    Rule(
        "imsRequestType",
        "a command goes with SEND_RECEIVE only, and has no transaction code (ICO0118E)",
        lambda i: (
            i.request_type is RequestType.TRANSACTION or (i.verb is _V.SEND_RECEIVE and not i.transaction)
        ),
    ),
    Rule(
        "inputData",
        "SEND_RECEIVE and the send-only verbs have input data in segments that are not empty; others have none",
        lambda i: (
            bool(i.segments) and all(i.segments)
            if i.verb is _V.SEND_RECEIVE or i.verb.sends
            else not i.segments or i.verb.responds
        ),
    ),
    Rule(
        "inputData",
        f"a segment has at most {LONGEST_SEGMENT} bytes, as LL counts itself and ZZ too",
        lambda i: i.verb.responds or all(len(segment) <= LONGEST_SEGMENT for segment in i.segments),
    ),
    Rule(
        "executionTimeout",
        f"an execution timeout is 1 to {MAX_TIMER_MS} ms, DEFAULT_TIMEOUT, FOREVER or NO_WAIT (ICO0080E)",
        _timeout,
    ),
    Rule(
        "executionTimeout",
        "NO_WAIT goes with the verbs that receive",
        lambda i: i.execution_timeout_ms != NO_WAIT or i.verb.receives or i.verb.sends or i.verb.responds,
    ),
    Rule(
        "socketTimeout",
        "socket timeout and budget are milliseconds, or 0 for no bound",
        lambda i: i.socket_timeout_ms >= 0 and i.budget_ms >= 0,
    ),
    Rule(
        "transExpiration",
        "a transaction expires with an execution timeout of its own, and with SEND_RECEIVE or send-only",
        lambda i: not i.expires or (i.execution_timeout_ms > 0 and (i.verb is _V.SEND_RECEIVE or i.verb.sends)),
    ),
    Rule(
        "purgeAsyncOutput",
        "what becomes of undeliverable output is said with SEND_RECEIVE",
        lambda i: i.undeliverable in {None, Undeliverable.HOLD} or i.verb is _V.SEND_RECEIVE,
    ),
    Rule(
        "reRouteName",
        "a reroute name needs reroute, which excludes purge (ICO0122E)",
        lambda i: not i.reroute_name or i.undeliverable is Undeliverable.REROUTE,
    ),
    Rule(
        "reRouteName",
        _REROUTE_NAME,
        lambda i: _reroutes(i.reroute_name),
    ),
    Rule(
        "altClientID",
        "an alternate client id goes with the verbs that receive",
        lambda i: not i.alternate_client_id or i.verb.receives,
    ),
    Rule(
        "altClientID",
        "an alternate client id is the name of a tpipe: 1 to 8 characters of A-Z 0-9 @ # $",
        lambda i: not i.alternate_client_id or bool(_NAME.fullmatch(i.alternate_client_id)),
    ),
    Rule(
        "calloutRequestType",
        "which messages of a tpipe are asked for is said with the verbs that receive",
        lambda i: i.callout_requests is CalloutRequests.ASYNCHRONOUS or i.verb.receives,
    ),
    Rule(
        "networkIdentity",
        "the network identity of messages is asked for with the verbs that receive",
        lambda i: not i.network_identity or i.verb.receives,
    ),
    Rule(
        "ignorePURGCall",
        "PURG calls are ignored with commit mode 0, in SEND_RECEIVE and send-only; mode 1 joins output always",
        lambda i: not i.ignore_purg or (_is_zero(i) and (i.verb is _V.SEND_RECEIVE or i.verb.sends)),
    ),
    Rule(
        "CM0Response",
        "DFS2082 is asked for with commit mode 0 in SEND_RECEIVE",
        lambda i: not i.dfs2082 or (_is_zero(i) and i.verb is _V.SEND_RECEIVE),
    ),
    Rule("sendOnly", "serial delivery goes with send-only", lambda i: not i.in_order or i.verb.sends),
    Rule(
        "convID",
        "a conversation goes with SEND_RECEIVE and END_CONVERSATION (ICO0133E), in commit mode 1",
        lambda i: (
            not (i.conversation_id or i.conversational)
            or (i.verb in {_V.SEND_RECEIVE, _V.END_CONVERSATION} and not _is_zero(i))
        ),
    ),
    Rule(
        "convID",
        "END_CONVERSATION names the conversation that is to end",
        lambda i: i.verb is not _V.END_CONVERSATION or bool(i.conversation_id),
    ),
    Rule(
        "syncCalloutCorrelatorToken",
        f"a callout response carries the request's correlation token ({TOKEN_LENGTH} bytes), nothing else does",
        lambda i: (
            len(i.correlation_token) == TOKEN_LENGTH and i.correlation_token.startswith(TOKEN_PREFIX)
            if i.verb.responds
            else not i.correlation_token
        ),
    ),
    Rule(
        "nakReasonCode",
        f"a callout response has data or a reason, which is 0 to {LARGEST_REASON}",
        lambda i: (
            (bool(i.segments) or i.nak_reason is not None) and 0 <= (i.nak_reason or 0) <= LARGEST_REASON
            if i.verb.responds
            else i.nak_reason is None
        ),
    ),
    Rule(
        "unicode",
        "a Unicode transaction code goes with Unicode data",
        lambda i: not i.unicode_transaction or i.unicode is not None,
    ),
    Rule(
        "converter",
        "a converter goes with an adapter",
        lambda i: not i.converter or bool(i.adapter),
    ),
    Rule(
        "converter",
        f"the names of adapter and converter have {_SHORT}",
        lambda i: _fits(i.adapter) and _fits(i.converter),
    ),
)
"""The rules for every interaction, in the order in which they are looked at."""

_special: Final = attrgetter(
    "lterm",
    "mod_name",
    "undeliverable",
    "reroute_name",
    "alternate_client_id",
    "network_identity",
    "ignore_purg",
    "dfs2082",
    "in_order",
    "conversational",
    "conversation_id",
    "correlation_token",
    "adapter",
    "converter",
    "unicode_transaction",
)
_NOTHING_SPECIAL: Final = _special(Interaction())
"""Returns the properties that rules speak of and that are empty by default, for `_is_plain`."""

DEDICATED_RULES: Final = (
    Rule(
        "clientID",
        "on a dedicated connection (a client id of the caller's own) commit mode is 0",
        lambda i: _is_zero(i) or i.verb.responds,
    ),
    Rule(
        "purgeAsyncOutput",
        "on a dedicated connection undeliverable output is held: its tpipe has a name that can be read",
        lambda i: i.undeliverable in {None, Undeliverable.HOLD},
    ),
)
"""What holds besides for a connection of the pool whose client id the caller has chosen."""
