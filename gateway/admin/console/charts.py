"""Small charts as inline SVG, made here: no script, no style attribute, colours by class.

Each has a title and a sentence for those who do not see it, and the page has its numbers as a table beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

from markupsafe import Markup, escape

from gateway.admin.console.numbers import NONE, number
from gateway.admin.console.series import Hour, Step

WIDTH: Final = 380
HEIGHT: Final = 160
_LEFT: Final = 44
_RIGHT: Final = 6
_TOP: Final = 10
_BOTTOM: Final = 24
_GAP: Final = 1.2
_SPARK: Final = (96, 22)
_LEAST: Final = 1.0
"""Height, so that one request among thousands can be seen."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of value in a chart."""

    name: str
    style: str
    """Class of its shapes: "answered", "fault", "mean" or "longest"."""
    value: Callable[[Step], float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready for the page."""

    id: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    svg: Markup
    summary: str
    """What it says, in a sentence."""
    rows: tuple[tuple[Step, tuple[str, ...]], ...]
    """Its numbers, newest first; minutes without a request are missing."""


def _answered(step: Step) -> float:
    return step.answered


def _refused(step: Step) -> float:
    return step.refused


def _mean(step: Step) -> float | None:
    return step.mean


def _longest(step: Step) -> float | None:
    return step.longest if step.requests else None


def _percent(step: Step) -> float | None:
    return None if step.faults is None else 100 * step.faults


def of_hour(hour: Hour) -> tuple[Chart, ...]:
    """Return the charts of an hour: requests, time taken, faults."""
    return (
        _columns(
            "requests",
            "Requests",
            "a minute",
            hour,
            (Line("Answered", "answered", _answered), Line("Faults", "fault", _refused)),
        ),
        _curves(
            "latency",
            "Time taken",
            "ms",
            hour,
            (Line("Mean", "mean", _mean), Line("Longest", "longest", _longest)),
        ),
        _columns("faults", "Faults", "% of requests", hour, (Line("Faults", "fault", _percent),)),
    )


def spark(hour: Hour) -> Markup:
    """Return the hour as one small shape for a row of a table; its numbers stand beside it."""
    width, height = _SPARK
    pairs = list(zip(hour.steps[::2], hour.steps[1::2], strict=True))
    most = max((a.requests + b.requests for a, b in pairs), default=0)
    wide = width / len(pairs)
    shapes = []
    for place, (first, second) in enumerate(pairs):
        both = first.plus(second)
        low = float(height)
        for value, style in ((both.answered, "answered"), (both.refused, "fault")):
            tall = _tall(value, most, height)
            low -= tall
            if tall:
                shapes.append(_rect(style, place * wide, low, wide - 0.8, tall))
    return Markup(  # noqa: S704  numbers and our own words only
        f'<svg class="spark" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">'
        f'<line class="axis" x1="0" y1="{height}" x2="{width}" y2="{height}"/>{"".join(shapes)}</svg>'
    )


def nice(most: float) -> float:
    """Return a round number from `most` on for the top of an axis: 1, 2, 5 times a power of ten, at least 1."""
    if most <= 1:
        return 1.0
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)


# -- shapes -------------------------------------------------------------------------------------------------


def _columns(id_: str, title: str, unit: str, hour: Hour, lines: tuple[Line, ...]) -> Chart:
    most = max(sum(line.value(step) or 0 for line in lines) for step in hour.steps)
    top, (inner, tall) = nice(most), _plot()
    wide = inner / len(hour.steps)
    shapes = []
    for place, step in enumerate(hour.steps):
        low, x = float(_TOP + tall), _LEFT + place * wide
        told = []
        for line in lines:
            value = line.value(step) or 0
            high = _tall(value, top, tall)
            low -= high
            if high:
                told.append(_rect(line.style, x, low, wide - _GAP, high))
        shapes.append(_hover(step, lines, x, wide, "".join(told)))
    return _chart(id_, title, unit, hour, lines, top, "".join(shapes))


def _curves(id_: str, title: str, unit: str, hour: Hour, lines: tuple[Line, ...]) -> Chart:
    most = max(line.value(step) or 0 for line in lines for step in hour.steps)
    top, (inner, tall) = nice(most), _plot()
    wide = inner / len(hour.steps)
    shapes = [_curve(line, hour.steps, top, wide, tall) for line in reversed(lines)]
    shapes += [_hover(step, lines, _LEFT + place * wide, wide, "") for place, step in enumerate(hour.steps)]
    return _chart(id_, title, unit, hour, lines, top, "".join(shapes))


def _curve(line: Line, steps: Sequence[Step], top: float, wide: float, tall: float) -> str:
    """Draw a line with gaps where there is no value; a value by itself is a dot."""
    pieces: list[list[str]] = [[]]
    for place, step in enumerate(steps):
        value = line.value(step)
        if value is None:
            pieces.append([])
            continue
        x, y = _LEFT + (place + 0.5) * wide, _TOP + tall - tall * value / top
        pieces[-1].append(f"{x:.1f},{y:.1f}")
    drawn = []
    for piece in pieces:
        if len(piece) == 1:
            alone_x, alone_y = piece[0].split(",")
            drawn.append(f'<circle class="dot {line.style}" cx="{alone_x}" cy="{alone_y}" r="2"/>')
        elif piece:
            drawn.append(f'<polyline class="curve {line.style}" points="{" ".join(piece)}"/>')
    return "".join(drawn)


def _chart(  # noqa: PLR0913, PLR0917  parts of one drawing
    id_: str, title: str, unit: str, hour: Hour, lines: tuple[Line, ...], top: float, shapes: str
) -> Chart:
    summary = _summary(unit, hour, lines)
    svg = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{id_}-title {id_}-sum">'
        f'<title id="{id_}-title">{escape(title)}, {escape(unit)}, over the last hour</title>'
        f'<desc id="{id_}-sum">{escape(summary)}</desc>{_axes(hour, top)}{shapes}</svg>'
    )
    rows = tuple(
        (step, tuple(_cell(line.value(step)) for line in lines))
        for step in reversed(hour.steps)
        if step.requests
    )
    return Chart(id_, title, unit, lines, Markup(svg), summary, rows)  # noqa: S704  escaped above


def _axes(hour: Hour, top: float) -> str:
    inner, tall = _plot()
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + tall * (1 - share)
        style = "grid" if share else "axis"
        parts.append(f'<line class="{style}" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + inner}" y2="{y:.1f}"/>')
        parts.append(_label(_LEFT - 6, y + 3.5, "end", number(top * share)))
    for place, anchor in ((0, "start"), (len(hour.steps) // 2, "middle"), (len(hour.steps) - 1, "end")):
        x = _LEFT + inner * place / (len(hour.steps) - 1)
        parts.append(_label(x, HEIGHT - 7, anchor, f"{hour.steps[place].at:%H:%M}"))
    return "".join(parts)


def _label(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text class="label" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _hover(step: Step, lines: Sequence[Line], x: float, wide: float, inside: str) -> str:
    """Put shapes under an area that tells its numbers to a pointer."""
    told = ", ".join(f"{line.name.lower()} {_cell(line.value(step))}" for line in lines)
    _, tall = _plot()
    area = f'<rect class="hit" x="{x:.1f}" y="{_TOP}" width="{wide:.1f}" height="{tall}"/>'
    return f"<g><title>{step.at:%H:%M} UTC: {escape(told)}</title>{inside}{area}</g>"


def _summary(unit: str, hour: Hour, lines: Sequence[Line]) -> str:
    if not hour.total.requests:
        return "No requests in the last hour."
    told = []
    for line in lines:
        values = [(value, step) for step in hour.steps if (value := line.value(step)) is not None]
        value, step = max(values, key=lambda pair: pair[0])
        told.append(
            f"{line.name}: at most {_cell(value)} {unit}, at {step.at:%H:%M} UTC"
            if value
            else f"{line.name}: none"
        )
    return "; ".join(told) + "."


def _cell(value: float | None) -> str:
    return NONE if value is None else number(value)


def _plot() -> tuple[int, int]:
    return WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM


def _tall(value: float, most: float, height: float) -> float:
    return max(_LEAST, height * value / most) if value and most else 0.0


def _rect(style: str, x: float, y: float, wide: float, tall: float) -> str:
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
