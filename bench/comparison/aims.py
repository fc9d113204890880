"""What was aimed at, and how near a run came."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.comparison.figures import Figures
from bench.comparison.place import MANY, ONE, PLAIN, USERNAME

ADDED: Final = {"p50": 1.0, "p99": 5.0}
"""Milliseconds that the gateway may add."""
NEAR: Final = 1.5
"""What counts as near: so many times as much."""
FLAT: Final = 1.2
"""What counts as flat, or linear: so many times as much."""
UNMEASURED: Final = "not measured"


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim, as the page tells it."""

    words: str
    figure: str
    verdict: str


def aims(figures: Figures) -> Iterator[Aim]:
    """Judge the aims, in their order."""
    plain = figures.cpu("spyne", "HTTP", PLAIN)
    signed = figures.cpu("gateway", "HTTP", ONE)
    yield _ratio("signed SAML 2.0 for less than bare Spyne's plain echo", signed, plain, 1)
    yield _ratio("ahead of gSOAP, one sender", signed, figures.cpu("gsoap", "HTTP", ONE), 1)
    many = figures.cpu("gateway", "HTTP", MANY)
    yield _ratio("ahead of gSOAP, many senders", many, figures.cpu("gsoap", "HTTP", MANY), 1)
    near = f"near WSS4J (at most {NEAR:g} times), "
    yield _ratio(near + "one sender", signed, figures.cpu("wss4j", "HTTP", ONE), NEAR)
    yield _ratio(near + "many senders", many, figures.cpu("wss4j", "HTTP", MANY), NEAR)
    username = figures.cpu("gateway", "HTTP", USERNAME)
    yield _ratio("UsernameToken for two thirds of bare Spyne's echo", username, plain, 2 / 3)
    for load in ("one caller", "half load"):
        yield _added(figures, load)
    yield _linear(figures)
    yield _flat(figures)


def _ratio(words: str, ours: float | None, theirs: float | None, most: float) -> Aim:
    if ours is None or theirs is None:
        return Aim(words, UNMEASURED, "")
    ratio = ours / theirs
    figure = f"{ours:,.0f} of {theirs:,.0f} microseconds: {ratio:.2f} times"
    return Aim(words, figure, _verdict(ratio, most))


def _verdict(ratio: float, most: float) -> str:
    return "yes" if ratio <= most else f"no: {ratio / most:.2f} times the aim"


def _added(figures: Figures, load: str) -> Aim:
    words = f"adds less than {ADDED['p50']:g} ms (p50) and {ADDED['p99']:g} ms (p99), signed, {load}"
    row = figures.latency(ONE, load)
    if row is None:
        return Aim(words, UNMEASURED, "")
    added = row["added_milliseconds"]
    verdict = "yes" if all(added[at] < most for at, most in ADDED.items()) else "no"
    return Aim(words, f"{added['p50']:.2f} ms, {added['p99']:.2f} ms", verdict)


def _linear(figures: Figures) -> Aim:
    words = "linear in payload: a kilobyte of the largest for what one of a tenth of it takes"
    largest = max((row["bytes"] for row in figures.part("payload")), default=0)
    tenth = max((row["bytes"] for row in figures.part("payload") if row["bytes"] < largest), default=0)
    big, small = figures.payload(ONE, largest), figures.payload(ONE, tenth)
    if big is None or small is None:
        return Aim(words, UNMEASURED, "")
    ratio = big["cpu_microseconds_a_kilobyte"] / small["cpu_microseconds_a_kilobyte"]
    return Aim(words, f"{ratio:.2f} times", _verdict(ratio, FLAT))


def _flat(figures: Figures) -> Aim:
    words = "flat in services"
    rows = figures.part("services")
    if len(rows) < 2:
        return Aim(words, UNMEASURED, "")
    first, last = rows[0], rows[-1]
    ratio = last["cpu_microseconds"] / first["cpu_microseconds"]
    figure = f"{last['services']:,} services take {ratio:.2f} times what {first['services']:,} take"
    return Aim(words, figure, _verdict(ratio, FLAT))
