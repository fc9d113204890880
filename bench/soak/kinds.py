"""What is sent: each kind of token, faults as replies, callouts; and what is the right answer to each."""

import itertools
import random
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bench.soak.stage import USERS
from gateway.clock import SYSTEM_CLOCK
from gateway.demo.caller import Cast
from gateway.demo.messages import message
from gateway.demo.partner_services import PER_MILLE, RATING
from gateway.errors import M
from gateway.safexml import Bounds, parse
from gateway.wss.verdict import TokenKind
from tests.fixtures.in_process import LAB, SoapReply, envelope, username_token, work
from tests.forge.assertions import instant
from tests.forge.message import Message
from tests.forge.message import username_token as token_with

QUOTES = "urn:ims-gateway:example:quote"
KINDS_OF_SAML = {11: TokenKind.SAML11, 20: TokenKind.SAML20}


@dataclass(frozen=True, slots=True)
class Sample:
    """One message of a kind: its bytes, and whether an answer to it is right."""

    service: str
    body: bytes
    is_right: Callable[[SoapReply], bool]
    certificate: bool = False
    """It comes over TLS with a client certificate."""


Kind = Callable[[str], Sample]
"""Makes the message with a text that no other has."""


def _echoed(text: str) -> Callable[[SoapReply], bool]:
    def check(reply: SoapReply) -> bool:
        return reply.status == 200 and reply.payload.findtext(f"{{{LAB}}}text") == text

    return check


def _refused(message_id: str) -> Callable[[SoapReply], bool]:
    return lambda reply: reply.status in {400, 500} and message_id.encode() in reply.body


def _without_token(text: str) -> Sample:
    return Sample("LabPort", envelope(work("echo", text)), _echoed(text))


def _password(text: str) -> Sample:
    return Sample(
        "SecureLabPort", envelope(work("echo", text), username_token("ALICE", "WONDER1")), _echoed(text)
    )


def _nonce(text: str) -> Sample:
    now = SYSTEM_CLOCK.now()
    created = instant(now - timedelta(seconds=1))
    nonce = secrets.token_hex(16)
    inside = f"<wsse:Nonce>{nonce}</wsse:Nonce><wsu:Created>{created}</wsu:Created>"
    token = token_with("BOB", "BUILDER1", inside=inside)
    body = Message("username", claims={"token_xml": token}, body=work("echo", text)).build(now)
    return Sample("SecureLabPort", body, _echoed(text))


def _abend(text: str) -> Sample:
    return Sample("LabPort", envelope(work("abend", text)), _refused(M.DFS.id))


def _nowhere(text: str) -> Sample:
    return Sample("LabPort", envelope(work("nowhere", text)), _refused(M.DFS.id))


def _no_operation(text: str) -> Sample:
    return Sample("LabPort", envelope(work("nonsense", text)), _refused(M.NO_OPERATION.id))


def _not_xml(text: str) -> Sample:
    return Sample("LabPort", envelope(work("echo", text))[:-3], _refused(M.NOT_XML.id))


def _insured(text: str) -> tuple[str, int, str]:
    """Return product, amount and premium; the amount is drawn from the text, so it tells whose answer came."""
    amount = 1000 * (1 + int.from_bytes(text.encode()[-6:]) % 1_000_000)
    product = random.choice(sorted(PER_MILLE))
    return product, amount, str(amount * PER_MILLE[product] // 1000)


def _rate(text: str) -> Sample:
    """Have a transaction pass its input to a web service by ICAL, which is shown an assertion of the caller."""
    product, amount, premium = _insured(text)
    body = f'<rate xmlns="{RATING}"><product>{product}</product><amount>{amount}</amount></rate>'
    return _callout(body, RATING, {"premium": premium, "user": "ALICE"})


def _quote(text: str) -> Sample:
    """Have a transaction make a callout message of its own, to a web service that knows us by HTTP Basic."""
    product, amount, premium = _insured(text)
    body = (
        f'<quote xmlns="{QUOTES}"><rater>rating-basic</rater><product>{product}</product>'
        f"<amount>{amount}</amount></quote>"
    )
    return _callout(body, QUOTES, {"message": "QUOTED", "premium": premium, "basic": "imsgw"})


def _callout(body: str, namespace: str, wanted: Mapping[str, str]) -> Sample:
    def check(reply: SoapReply) -> bool:
        found = {name: reply.payload.findtext(f"{{{namespace}}}{name}") for name in wanted}
        return reply.status == 200 and found == wanted

    return Sample("QuotePort", envelope(body, username_token("ALICE", "WONDER1")), check)


@dataclass
class Kinds:
    """Makes messages of all kinds in turn; remembers the events that are to be posted."""

    cast: Cast
    events: list[str] = field(default_factory=list)
    """Ids of events that IMS has inserted: each has to reach the web service."""
    _users: "itertools.cycle[str]" = field(default_factory=lambda: itertools.cycle(USERS))

    @property
    def all(self) -> Mapping[str, Kind]:
        """All kinds, by name."""
        saml = {
            f"saml{version}, {who}": self._saml(version, who)
            for version in KINDS_OF_SAML
            for who in ("unsigned", "sender", "sts")
        }
        return {
            "none": _without_token,
            "username": _password,
            "username with nonce": _nonce,
            **saml,
            "altered": self._altered,
            "abend": _abend,
            "no such transaction": _nowhere,
            "no such operation": _no_operation,
            "no XML": _not_xml,
            "synchronous callout, assertion": _rate,
            "synchronous callout, basic": _quote,
            "asynchronous callout": self._report,
        }

    def _saml(self, version: int, who: str) -> Kind:
        sender = self.cast.sender if who == "sender" else None
        sts = self.cast.sts if who == "sts" else None
        service = f"{who.capitalize()}{version}Port"

        def make(text: str) -> Sample:
            payload = parse(work("echo", text).encode(), Bounds())
            now = SYSTEM_CLOCK.now()
            token = KINDS_OF_SAML[version]
            body = message(token, next(self._users), now, sender=sender, sts=sts, payload=payload)
            return Sample(service, body, _echoed(text), certificate=who != "sender")

        return make

    def _altered(self, text: str) -> Sample:
        """Return a signed message whose payload was changed by somebody else."""
        made = self._saml(20, "sender")(text)
        body = made.body.replace(text.encode(), f"{text}x".encode())
        return Sample(made.service, body, lambda reply: reply.fault_code == "FailedCheck")

    def _report(self, text: str) -> Sample:
        """Have a transaction post an event, by ISRT, and not wait for it."""
        body = f'<report xmlns="{QUOTES}"><monitor>events</monitor><text>{text}</text></report>'

        def check(reply: SoapReply) -> bool:
            found = re.search(rb"<[\w:]*id[^>]*>([^<]+)<", reply.body)
            if reply.status != 200 or found is None:
                return False
            self.events.append(found[1].decode())
            return True

        return Sample("QuotePort", envelope(body, username_token("ALICE", "WONDER1")), check)
