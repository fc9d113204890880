"""Siblings of good messages that a server has to refuse before it is measured."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bench.comparison import load
from bench.comparison.load import Plan
from bench.comparison.messages import LIFETIME, Message, plain, signed, username
from bench.comparison.place import MANY, ONE, PLAIN, USERNAME, USERS, Place
from bench.comparison.processes import BenchError, Server

TEXT = "the text of a good message"


def good(service: str, place: Place, now: datetime) -> Message:
    """Return a message that every server accepts."""
    if service == PLAIN:
        return plain(TEXT)
    if service == USERNAME:
        return username(TEXT, USERS["ALICE"])
    return signed(TEXT, place.senders.many[-1 if service == MANY else 0], now)


def siblings(service: str, place: Place, now: datetime) -> Mapping[str, Message]:
    """Return what is to be refused, by what is wrong with it."""
    if service == PLAIN:
        return {}
    if service == USERNAME:
        return {
            "wrong password": username(TEXT, "WRONG1"),
            "unknown user": username(TEXT, USERS["ALICE"], "NOBODY"),
            "no token": plain(TEXT),
        }
    return dict(_unsigned(service, place, now))


def _unsigned(service: str, place: Place, now: datetime) -> Iterator[tuple[str, Message]]:
    friend, stranger = place.senders.many[0], place.senders.stranger
    yield "Body changed", signed(TEXT, friend, now).changed(f">{TEXT}<", f">{TEXT}.<")
    yield "user changed", signed(TEXT, friend, now).changed(">ALICE<", ">BOB<")
    yield "Timestamp changed", signed(TEXT, friend, now).changed("Z</wsu:Expires>", "9Z</wsu:Expires>")
    yield "stranger of the same name", signed(TEXT, stranger, now)
    yield (
        "stranger with a friend's certificate",
        signed(TEXT, replace(stranger, certificate=friend.certificate), now),
    )
    yield "too old", signed(TEXT, friend, now - 4 * LIFETIME)
    yield "no signature", plain(TEXT)
    if service == ONE:
        yield "another sender of the authority", signed(TEXT, place.senders.many[1], now)


def _answered(server: Server, ca: Path | None, service: str, messages: list[Message], folder: Path) -> int:
    file = folder / "forged.requests"
    load.write(file, [(service, message) for message in messages])
    outcome, _ = load.run(server.port, ca, Plan(file, 30, connections=1, once=True))
    if outcome.failed:
        raise BenchError(f"{server.name} gave no answer at {service}; its log ends:\n{server.tail()}")
    return outcome.right


def refusals(server: Server, ca: Path | None, service: str, place: Place, now: datetime) -> list[str]:
    """Return what the server refuses of what it has to; raise BenchError when it accepts any of it."""
    message = good(service, place, now)
    if _answered(server, ca, service, [message], place.folder) != 1:
        raise BenchError(f"{server.name} refuses a good message at {service}; its log ends:\n{server.tail()}")
    forged = siblings(service, place, now)
    if forged and _answered(server, ca, service, list(forged.values()), place.folder):
        accepted = [
            name
            for name, sibling in siblings(service, place, now).items()
            if _answered(server, ca, service, [sibling], place.folder)
        ]
        raise BenchError(f"{server.name} accepts what is forged at {service}: {', '.join(accepted)}")
    if service not in {PLAIN, USERNAME} and not _answered(server, ca, service, [message], place.folder):
        return [*forged, "the same once more"]
    return list(forged)
