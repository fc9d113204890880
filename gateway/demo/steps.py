"""The calls of the demonstration: every kind of service, then what is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.clock import SYSTEM_CLOCK
from gateway.demo.attacks import unsigned, with_another_user, wrapped
from gateway.demo.caller import Answer, Cast
from gateway.demo.messages import message
from gateway.exchange import Secret
from gateway.soap.client import SignOn
from gateway.standin.seen import Seen
from gateway.wss.verdict import TokenKind

ALICE: Final = SignOn("ALICE", Secret("WONDER1"))
BOB: Final = SignOn("BOB", Secret("BUILDER1"))
WRONG: Final = SignOn("ALICE", Secret("GUESSED1"))

PLAIN: Final = "PhoneBookPort"
SECURE: Final = "SecurePhoneBookPort"
ONE: Final = "PhoneBookSaml20OnePort"
DISPLAY: Final = {"command": "DISPLAY", "lastName": "LAST1"}
NEW: Final = {"lastName": "HOPPER", "firstName": "GRACE", "extension": "8-5-1234", "zipCode": "D05/R05"}

_NAMES: Final = {TokenKind.SAML11: "SAML 1.1", TokenKind.SAML20: "SAML 2.0"}


@dataclass(frozen=True, slots=True)
class Step:
    """One call, and what must come of it."""

    says: str
    port: str
    play: Callable[[Cast], Answer]
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the reply must hold."""
    user: str = ""
    """Who IMS must see; empty: nothing may reach it."""
    fault: str = ""
    """Local name of the fault code that must come back."""
    at_racf: bool = False
    """Whether RACF refuses, which alone knows passwords; IMS Connect sees the request then."""

    def is_right(self, answer: Answer, saw: tuple[Seen, ...]) -> bool:
        """Tell whether all came as it must."""
        if self.fault:
            return answer.fault == self.fault and bool(saw) is self.at_racf
        told = all(answer.fields.get(name) == value for name, value in self.fields.items())
        return not answer.fault and told and [seen.user for seen in saw] == [self.user]


# -- calls --------------------------------------------------------------------------------------------------


def _phone_book(says: str, port: str, sign_on: SignOn | None, values: Mapping[str, str], **told: str) -> Step:
    user = sign_on.user if sign_on else "GWUSER"
    return Step(says, port, lambda cast: cast.call(port, "PhoneBook", values, sign_on), told, user)


def _who(port: str, sign_on: SignOn | None, **told: str) -> Step:
    return Step("who am I?", port, lambda cast: cast.call(port, "WhoAmI", {}, sign_on), told, told["user"])


def _refused(says: str, port: str, sign_on: SignOn | None, fault: str, *, at_racf: bool = False) -> Step:
    return Step(says, port, lambda cast: cast.call(port, "WhoAmI", {}, sign_on), fault=fault, at_racf=at_racf)


def _saml(kind: TokenKind, how: str, play: Callable[[Cast, str, TokenKind], Answer]) -> Step:
    port = f"PhoneBook{kind.value.capitalize()}{how}Port"
    told = {"user": "ALICE", "netuid": "ALICE"}
    return Step("who am I?", port, lambda cast: play(cast, port, kind), told, "ALICE")


def _vouched_by_tls(cast: Cast, port: str, kind: TokenKind) -> Answer:
    return cast.post(port, message(kind, "ALICE", SYSTEM_CLOCK.now()), with_certificate=True)


def _signed_by_sender(cast: Cast, port: str, kind: TokenKind) -> Answer:
    sent = message(kind, "ALICE", SYSTEM_CLOCK.now(), sender=cast.sender)
    if port == ONE:
        cast.kept = sent
    return cast.post(port, sent)


def _signed_by_stranger(cast: Cast, port: str, kind: TokenKind) -> Answer:
    return cast.post(port, message(kind, "ALICE", SYSTEM_CLOCK.now(), sender=cast.stranger))


def _signed_by_sts(cast: Cast, port: str, kind: TokenKind) -> Answer:
    sent = message(kind, "ALICE", SYSTEM_CLOCK.now(), sts=cast.sts)
    return cast.post(port, sent, with_certificate=True)


CALLS: Final = (
    _phone_book("look up LAST1", PLAIN, None, DISPLAY, firstName="FIRST1"),
    _who(PLAIN, None, user="GWUSER", group="GWGROUP"),
    _phone_book("look up LAST1", SECURE, ALICE, DISPLAY, firstName="FIRST1"),
    _who(SECURE, ALICE, user="ALICE", group=""),
    _phone_book("add HOPPER", SECURE, BOB, {"command": "ADD", **NEW}, lastName="HOPPER"),
    _phone_book("look up HOPPER", PLAIN, None, {"command": "DISPLAY", "lastName": "HOPPER"}, **NEW),
    *(_saml(kind, "", _vouched_by_tls) for kind in _NAMES),
    *(_saml(kind, how, _signed_by_sender) for kind in _NAMES for how in ("One", "Chain")),
    *(_saml(kind, "Any", _signed_by_stranger) for kind in _NAMES),
    *(_saml(kind, "Sts", _signed_by_sts) for kind in _NAMES),
)
"""All twelve services."""


# -- refusals -----------------------------------------------------------------------------------------------


def _attack(says: str, change: Callable[[bytes], bytes], fault: str) -> Step:
    """Send what becomes of the message that an eavesdropper kept."""
    return Step(says, ONE, lambda cast: cast.post(ONE, change(cast.kept)), fault=fault)


ATTACKS: Final = (
    _attack("signed body wrapped away", wrapped, "FailedCheck"),
    _attack("the message again (replay)", bytes, "InvalidSecurity"),
    _attack("another user put in", lambda kept: with_another_user(kept, "BOB"), "FailedCheck"),
    _attack("signature taken out", unsigned, "InvalidSecurity"),
    Step(
        "signed by a stranger",
        ONE,
        lambda cast: _signed_by_stranger(cast, ONE, TokenKind.SAML20),
        fault="FailedAuthentication",
    ),
    Step(
        "no TLS client certificate",
        "PhoneBookSaml20Port",
        lambda cast: cast.post("PhoneBookSaml20Port", message(TokenKind.SAML20, "ALICE", SYSTEM_CLOCK.now())),
        fault="FailedAuthentication",
    ),
    _refused("wrong password", SECURE, WRONG, "FailedAuthentication", at_racf=True),
    _refused("no token", SECURE, None, "InvalidSecurity"),
    _refused("token nobody asked for", PLAIN, ALICE, "InvalidSecurity"),
)
"""Hostile and mistaken messages, from those kept of the calls above."""
