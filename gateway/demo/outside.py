"""The callouts of the demonstration: transactions that call web services outside before they answer, or later.

In each, a client calls a transaction over SOAP, its program calls out, the gateway calls the partner's web
service; what came back to the client, what the partner saw and who called in IMS are held against each other.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from gateway.clock import SYSTEM_CLOCK
from gateway.demo.caller import Answer, Cast
from gateway.demo.partner import Partner
from gateway.demo.partner_checks import Shown
from gateway.demo.partner_services import Visit
from gateway.demo.processes import Done, Programs
from gateway.demo.steps import ALICE, BOB
from gateway.soap.client import SignOn
from gateway.standin import RunningStandin

PORT: Final = "QuotePort"
SECONDS: Final = 30.0
"""How long an event may be on its way."""
CERTIFICATE: Final = "IMS Gateway test client"
HOUSE: Final = {"product": "HOUSE", "amount": "300000"}
PREMIUM: Final = "600"
NO_QUOTE: Final = "NO QUOTE: SOAP Gateway Error: 1002: "
"""What QUOTE answers when the web service answers with a fault."""
_OPERATIONS: Final = {"CALLOUT": "Rate", "QUOTE": "Quote"}


@dataclass(slots=True)
class Outside:
    """Who takes part in a callout."""

    cast: Cast
    standin: RunningStandin
    partner: Partner
    programs: Programs
    event: str = ""
    """Id of the event that could not be delivered."""

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        """Wait until a condition holds; False when it does not come to that."""
        deadline = SYSTEM_CLOCK.monotonic() + SECONDS
        pause = threading.Event()
        while not condition() and SYSTEM_CLOCK.monotonic() < deadline:
            pause.wait(0.05)
        return condition()

    def visits_of(self, event: str) -> tuple[Visit, ...]:
        """Return what the partner saw of one event."""
        return tuple(visit for visit in self.partner.visits if visit.event == event)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one step, in words, and what of it is wrong."""

    answer: str
    seen: str
    """What the partner saw."""
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalloutStep:
    """One callout."""

    says: str
    service: str
    """Consumer service: its folder."""
    play: Callable[[Outside], Came] = field(repr=False)


def _told(answer: Answer) -> str:
    return f"{answer.fault} {answer.text}".strip() or " ".join(filter(None, answer.fields.values()))


def _in_words(visit: Visit) -> str:
    shown = visit.shown
    words = [
        f"SAML user {shown.user}" if shown.user else "",
        f"HTTP Basic {shown.basic}" if shown.basic else "",
        f"certificate {shown.certificate}" if shown.certificate else "",
        visit.refused,
    ]
    return ", ".join(filter(None, words)) or "no sign-on"


def _differs(what: str, got: object, wanted: object) -> tuple[str, ...]:
    return () if got == wanted else (f"{what} is {got}, not {wanted}",)


# -- synchronous --------------------------------------------------------------------------------------------


def _synchronous(
    transaction: str, service: str, user: SignOn, shown: Shown, told: Mapping[str, str]
) -> CalloutStep:
    """Call a transaction that issues an ICAL; the answer of the partner comes back in the SOAP reply."""
    operation, values = _OPERATIONS[transaction], {"rater": service, **HOUSE}
    if operation == "Rate":
        values = HOUSE

    def play(outside: Outside) -> Came:
        before = len(outside.partner.visits)
        answer = outside.cast.call(PORT, operation, values, user)
        visits = outside.partner.visits[before:]
        ical = outside.standin.icals[-1] if outside.standin.icals else None
        fields = {name: answer.fields.get(name, "") for name in told}
        saw = [(visit.path, visit.shown) for visit in visits]
        wrong = (
            *_differs("the fault", answer.fault, ""),
            *_differs("the answer", fields, told),
            *_differs("what the partner saw", saw, [(f"/{service}", shown)]),
            *_differs("the user of the ICAL", ical.user if ical else "", user.user),
        )
        return Came(_told(answer), "; ".join(map(_in_words, visits)), wrong)

    return CalloutStep(f"{transaction} by {user.user}", service, play)


def _circle(user: SignOn) -> CalloutStep:
    shown = Shown(certificate=CERTIFICATE, user=user.user)
    told = {"premium": PREMIUM, "user": user.user, "certificate": CERTIFICATE, "basic": ""}
    return _synchronous("CALLOUT", "rating", user, shown, told)


def _quote(service: str, shown: Shown) -> CalloutStep:
    who = {"user": shown.user, "basic": shown.basic, "certificate": shown.certificate}
    told = {"message": "QUOTED", "premium": PREMIUM, **who}
    return _synchronous("QUOTE", service, ALICE, shown, told)


def _told_of_a_fault(outside: Outside) -> Came:
    """Ask for what the partner does not insure: its fault reaches the program as a status code and a text."""
    before = len(outside.partner.visits)
    values = {"rater": "rating-basic", "product": "MOON", "amount": "1"}
    answer = outside.cast.call(PORT, "Quote", values, ALICE)
    visits = outside.partner.visits[before:]
    message = answer.fields.get("message", "")
    wrong = (
        *_differs("the fault", answer.fault, ""),
        *_differs("the beginning of the message", message[: len(NO_QUOTE)], NO_QUOTE),
        *_differs("what the partner said", [visit.refused for visit in visits], ["no such product: MOON"]),
    )
    return Came(_told(answer), "; ".join(map(_in_words, visits)), wrong)


# -- asynchronous -------------------------------------------------------------------------------------------


def _report(outside: Outside, service: str, text: str) -> Answer:
    return outside.cast.call(PORT, "Report", {"monitor": service, "text": text}, ALICE)


def _posted(service: str, shown: Shown) -> CalloutStep:
    """Call a transaction that posts an event and answers at once; the event comes to the partner after that."""

    def play(outside: Outside) -> Came:
        answer = _report(outside, service, f"to {service}")
        event = answer.fields.get("id", "no id")
        outside.wait_for(lambda: bool(outside.visits_of(event)))
        visits = outside.visits_of(event)
        sent = {"id": event, "time": _time(answer), "source": "REPORT", "text": f"to {service}"}
        saw = [(visit.path, visit.shown, visit.refused, _with_time(visit)) for visit in visits]
        wrong = (
            *_differs("the fault", answer.fault, ""),
            *_differs("what the partner saw", saw, [(f"/{service}", shown, "", sent)]),
        )
        return Came(_posting(answer), "; ".join(f"the event, {_in_words(visit)}" for visit in visits), wrong)

    return CalloutStep("REPORT by ALICE", service, play)


def _posting(answer: Answer) -> str:
    """Return the answer in words: of the event's id, date and time are left out."""
    if answer.fault:
        return _told(answer)
    first, _, rest = answer.fields["id"].partition("-")
    return f"event {first}-…-{rest.rpartition('-')[2]}"


def _time(answer: Answer) -> datetime:
    """Return the time that the program gave the event; zeep wrote it in a way of its own."""
    return datetime.fromisoformat(answer.fields.get("time") or "0001-01-01")


def _with_time(visit: Visit) -> dict[str, object]:
    fields = dict(visit.fields)
    return {**fields, "time": datetime.fromisoformat(fields.get("time") or "0001-01-01")}


def _letters(outside: Outside) -> list[str]:
    """Return the ids of the dead letters."""
    done = outside.programs.run("callout", "dead-letters", "list", "--json")
    if done.exit_code:
        return []
    return [str(letter["id"]) for letter in json.loads(done.output)["letters"]]


def _becomes_dead_letter(outside: Outside) -> Came:
    """Post an event while the monitor is closed: it is tried three times, and then kept."""
    outside.partner.services.close_monitor()
    answer = _report(outside, "events", "while nobody listens")
    outside.event = answer.fields.get("id", "no id")
    outside.wait_for(lambda: bool(_letters(outside)))
    letters, visits = _letters(outside), outside.visits_of(outside.event)
    wrong = (
        *_differs("the fault", answer.fault, ""),
        *_differs("the number of deliveries", len(visits), 3),
        *_differs("the number of dead letters", len(letters), 1),
        *_differs("the number of message ids", len({visit.message_id for visit in visits}), 1),
    )
    saw = f"the event {len(visits)} times, {visits[-1].refused}" if visits else ""
    return Came(f"{_posting(answer)}, {len(letters)} dead letter", saw, wrong)


def _is_replayed(outside: Outside) -> Came:
    """Open the monitor again and have the letter delivered: the same message once more, by its id."""
    outside.partner.services.open_monitor()
    done: Done = outside.programs.run("callout", "dead-letters", "replay", *_letters(outside))
    outside.wait_for(lambda: any(not visit.refused for visit in outside.visits_of(outside.event)))
    visits = outside.visits_of(outside.event)
    wrong = (
        *_differs("the exit code", done.exit_code, 0),
        *_differs("what the monitor said", [visit.refused for visit in visits[3:]], [""]),
        *_differs("the number of message ids", len({visit.message_id for visit in visits}), 1),
        *_differs("the dead letters", _letters(outside), []),
    )
    return Came(
        done.output.strip() or done.errors.strip(),
        "; ".join(f"the event, {_in_words(visit)}" for visit in visits[3:]),
        wrong,
    )


CALLOUTS: Final = (
    _circle(ALICE),
    _circle(BOB),
    _quote("rating-basic", Shown(basic="imsgw")),
    _quote("rating-certificate", Shown(certificate=CERTIFICATE)),
    CalloutStep("QUOTE of the moon", "rating-basic", _told_of_a_fault),
    _posted("events", Shown()),
    _posted("events-basic", Shown(basic="imsgw")),
    _posted("events-certificate", Shown(certificate=CERTIFICATE)),
    CalloutStep("REPORT, monitor closed", "events", _becomes_dead_letter),
    CalloutStep("replay of the dead letter", "events", _is_replayed),
)
"""Every way to sign on at a web service, both kinds of callout, and one that comes late."""
