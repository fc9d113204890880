"""Messages that come too late, too early or again, and assertions that are for somebody else."""

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.attacks.wss.catalogue import (
    EXPIRED,
    HEADER,
    NOW,
    Attack,
    Build,
    Sent,
)
from tests.attacks.wss.honest import by_sender, by_somebody, by_sts, by_username, sent, unsigned
from tests.attacks.wss.rows import Row, of
from tests.attacks.wss.transforms import SIGNED
from tests.forge.assertions import AUDIENCE, instant
from tests.forge.keys import Pki
from tests.forge.message import Message, timestamp, username_token

CORE = "SAML core"
BSP = "BSP 1.1"
FAR = "9999-12-31T23:59:59Z"


def freshness() -> Iterator[Attack]:
    """Yield the attacks."""
    yield from _timestamps()
    yield from _timestamp_shapes()
    yield from _created()
    yield from _replays()


def at(**distance: float) -> str:
    """Return a time some distance from the one at which the message arrives."""
    return instant(NOW + timedelta(**distance))


# -- Timestamp ------------------------------------------------------------------------------------------------

_TIMES = {
    "expired": (at(seconds=-200), at(seconds=-61)),
    "old": (at(seconds=-361), at(seconds=300)),
    "old-until-9999": (at(minutes=-10), FAR),
    "ancient": ("0001-01-01T00:00:00Z", FAR),
    "future": (at(seconds=61), at(seconds=300)),
    "far-future": ("9999-01-01T00:00:00Z", FAR),
    "future-offset": (at(seconds=0)[:-1] + "-14:00", FAR),
}


def _timestamps() -> Iterator[Attack]:
    row = Row(
        "expired", "the Timestamp is over, or not yet, however long it promises to hold", "WSS 1.1.1, 10; WSS4J"
    )
    for name, times in _TIMES.items():
        for service, honest, draft in _all_services():
            each = Row(row.id, row.title, row.source, service, honest, "sender")
            yield each.draft(f"{name}-{service}", of(draft, timestamp=timestamp(*times)), EXPIRED)


def _created() -> Iterator[Attack]:
    row = Row(
        "created", "the Created of a UsernameToken is over, or not yet", "UTP 3.1", "username", "username"
    )
    times = {
        "old": at(minutes=-10),
        "future": at(minutes=2),
        "year-1": "0001-01-01T00:00:00Z",
        "year-9999": FAR,
    }
    for name, time in times.items():
        token = username_token("ALICE", "WONDER1", inside=f"<wsu:Created>{time}</wsu:Created>")
        yield row.draft(name, by_username(claims={"token_xml": token}), EXPIRED)
    for name, time in {"no-zone": at(seconds=-1)[:-1], "words": "now"}.items():
        token = username_token("ALICE", "WONDER1", inside=f"<wsu:Created>{time}</wsu:Created>")
        yield row.draft(name, by_username(claims={"token_xml": token}), HEADER)


def _all_services():
    yield "username", "username", lambda _pki: Message("username")
    yield "saml20-mtls", "saml20-mtls", unsigned(20)
    yield "saml20-one", "saml20-one-str", by_sender(20)


def _timestamp_shapes() -> Iterator[Attack]:
    row = Row("timestamp", "the Timestamp is no Timestamp, or there are two", BSP)
    good = (at(seconds=-1), at(seconds=300))
    created, expires = (f"<wsu:{n}>{t}</wsu:{n}>" for n, t in zip(("Created", "Expires"), good, strict=True))
    shapes = {
        "two": timestamp(*good) + timestamp(*good, attributes=' wsu:Id="TS-2"'),
        "empty": timestamp(),
        "expires-first": _stamp(expires + created),
        "expires-alone": _stamp(expires),
        "two-created": _stamp(created * 2 + expires),
        "two-expires": _stamp(created + expires * 2),
        "third-child": _stamp(created + expires + "<x:x xmlns:x='urn:x'/>"),
        "value-type": _stamp(
            created.replace("<wsu:Created", '<wsu:Created ValueType="xsd:dateTime"') + expires
        ),
        "order": timestamp(at(seconds=-1), at(seconds=-2)),
        "no-zone": timestamp(good[0][:-1], good[1][:-1]),
        "leap-second": timestamp("2026-11-22T11:59:60Z", good[1]),
        "hour-24": timestamp("2026-11-21T24:00:00Z", good[1]),
        "no-date": timestamp("2026-02-30T00:00:00Z", good[1]),
        "words": timestamp("now", "later"),
        "digits": timestamp("٢٠٢٦-11-22T11:59:59Z", good[1]),
        "year-10000": timestamp(good[0], "10000-01-01T00:00:00Z"),
        "negative": timestamp("-2026-11-22T11:59:59Z", good[1]),
        "child": timestamp(f"<b xmlns=''/>{good[0]}", good[1]),
    }
    for name, text in shapes.items():
        for service, honest, draft in _all_services():
            each = Row(row.id, row.title, row.source, service, honest, "sender")
            yield each.draft(f"{name}-{service}", of(draft, timestamp=text), HEADER)
    needed = Row("timestamp", "a signed message has no Timestamp, or one without end", "product")
    yield needed.draft("none", of(SIGNED, timestamp="", covers=("assertion", "body")), HEADER)
    yield needed.draft("no-expires", of(SIGNED, timestamp=timestamp(good[0])), HEADER)


def _stamp(inside: str) -> str:
    return f'<wsu:Timestamp wsu:Id="TS-1">{inside}</wsu:Timestamp>'


# -- replay ---------------------------------------------------------------------------------------------------

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def again(build: Build, edit: Callable[[bytes], bytes] = lambda content: content) -> tuple[Build, Build]:
    """Return what builds a message once, and what builds the same again, changed by an edit."""
    first = cache(build)

    def second(pki: Pki) -> Sent:
        honest = first(pki)
        return Sent(edit(honest.content), honest.soap, honest.tls_client, honest.headers)

    return first, second


def _replays() -> Iterator[Attack]:
    row = Row("replay", "a captured message is sent again", "WSS 1.1.1, 13.2; WSS4J ReplayTest")

    def replayed(variant: str, service: str, honest: str, build: Build, edit=lambda content: content) -> Attack:
        first, second = again(build, edit)
        each = Row(row.id, row.title, row.source, service, honest)
        return each.build(variant, second, HEADER, first=(first,))

    for version in (11, 20):
        kind = f"saml{version}"
        yield replayed(f"{kind}-one", f"{kind}-one", f"{kind}-one-str", sent(by_sender(version)))
        yield replayed(f"{kind}-any", f"{kind}-any", f"{kind}-any", sent(by_sender(version)))
        yield replayed(f"{kind}-sts", f"{kind}-sts", f"{kind}-sts", sent(by_sts(version), "sender"))
        yield replayed(f"{kind}-mtls", f"{kind}-mtls", f"{kind}-mtls", sent(unsigned(version), "sender"))
    yield replayed("nonce", "username", "username", sent(_with_nonce))
    blanks = lambda content: content.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>\n ")  # noqa: E731
    yield replayed("value-with-blanks", "saml20-one", "saml20-one-str", sent(by_sender(20)), blanks)
    header = lambda content: content.replace(b"<soap:Header>", b'<soap:Header><x:x xmlns:x="urn:x"/>')  # noqa: E731
    yield replayed("with-header", "saml20-one", "saml20-one-str", sent(by_sender(20)), header)
    key = lambda content: content.replace(b"<ds:KeyInfo>", b'<ds:KeyInfo Id="K">')  # noqa: E731
    yield replayed("other-key-info", "saml20-one", "saml20-one-str", sent(by_sender(20)), key)
    malleable = sent(by_somebody("sender_ec"))
    yield replayed("ecdsa-other-half", "saml20-one", "saml20-ec", malleable, _other_half)
    declared = lambda content: b'<?xml version="1.0"?>\n' + content  # noqa: E731
    yield replayed("written-otherwise", "saml20-one", "saml20-one-str", sent(by_sender(20)), declared)
    body = lambda content: content.replace(b"whoAmI", b"notify")  # noqa: E731
    yield replayed("sts-other-body", "saml20-sts", "saml20-sts", sent(by_sts(20), "sender"), body)
    yield replayed("sts-https-other-body", "saml20-sts-https", "saml20-sts-https", sent(by_sts(20)), body)
    once = "<saml2:OneTimeUse/>"
    restricted = (
        f"<saml2:AudienceRestriction><saml2:Audience>{AUDIENCE}</saml2:Audience></saml2:AudienceRestriction>"
    )
    token = f"_{secrets.token_hex(16)}"

    def resigned(seconds: int) -> Build:
        claims = {"restrictions": restricted + once}
        stamp = timestamp(at(seconds=-seconds), at(seconds=300))
        return sent(by_sender(20, fresh_id=token, claims=claims, timestamp=stamp))

    one_time = Row(row.id, "an assertion for one use comes in a new message", CORE, honest="saml20-one-str")
    yield one_time.build("one-time-use", resigned(2), HEADER, first=(resigned(1),))


def _with_nonce(_pki: Pki) -> Message:
    """Return a message with a nonce of its own."""
    nonce = base64.b64encode(secrets.token_bytes(16)).decode()
    inside = f"<wsse:Nonce>{nonce}</wsse:Nonce><wsu:Created>{at(seconds=-1)}</wsu:Created>"
    return Message("username", claims={"token_xml": username_token("ALICE", "WONDER1", inside=inside)})


def _other_half(content: bytes) -> bytes:
    """Write (r, n - s) in place of (r, s): it verifies as well."""
    start = content.index(b"<ds:SignatureValue>") + 19
    end = content.index(b"</ds:SignatureValue>")
    octets = base64.b64decode(content[start:end])
    r, s = int.from_bytes(octets[:32], "big"), int.from_bytes(octets[32:], "big")
    assert encode_dss_signature(r, s)
    value = base64.b64encode(r.to_bytes(32, "big") + (P256_ORDER - s).to_bytes(32, "big"))
    return content[:start] + value + content[end:]


# -- the assertion --------------------------------------------------------------------------------------------
