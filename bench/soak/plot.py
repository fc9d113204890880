"""Lines over time as SVG: panels one below the other, by hand, as no plotting library is among our packages."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, PANEL, GAP, LEFT, RIGHT, TOP, BOTTOM = 760, 170, 46, 56, 120, 34, 40
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")
"""Apart from each other for eyes that do not tell red from green by their lightness as well."""


@dataclass(frozen=True)
class Line:
    """One process."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """What is measured, for all processes."""

    title: str
    lines: Sequence[Line]

    @property
    def most(self) -> float:
        """The top of its axis: from 0, so that a small change looks small."""
        return 1.1 * max(max(line.values) for line in self.lines)


def svg(at: Sequence[float], panels: Sequence[Panel], *, marks: Sequence[float], warm_up: float) -> str:
    """Return the picture; `at`: minutes of the samples, `marks`: minutes of reloads."""
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM - GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">',
        '<g font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts += _Drawing(at, panel, TOP + number * (PANEL + GAP)).parts(marks, warm_up)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{height - 8}" text-anchor="middle">minutes</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


@dataclass(frozen=True)
class _Drawing:
    """One panel at its place."""

    at: Sequence[float]
    panel: Panel
    top: float

    def _x(self, minute: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * minute / (self.at[-1] or 1)

    def _y(self, value: float) -> float:
        return self.top + PANEL * (1 - value / self.panel.most)

    def parts(self, marks: Sequence[float], warm_up: float) -> list[str]:
        """Return its elements."""
        right, bottom, wide = WIDTH - RIGHT, self.top + PANEL, self._x(warm_up) - LEFT
        found = [
            f'<rect x="{LEFT}" y="{self.top}" width="{wide:.1f}" height="{PANEL}" fill="#eee"/>',
            f'<text x="{LEFT}" y="{self.top - 8}" font-weight="bold">{escape(self.panel.title)}</text>',
        ]
        found += [
            f'<line x1="{self._x(mark):.1f}" x2="{self._x(mark):.1f}" y1="{self.top}" y2="{bottom}" '
            'stroke="#bbb" stroke-dasharray="2 3"/>'
            for mark in marks
        ]
        found += self._axes(right, bottom)
        for number, line in enumerate(self.panel.lines):
            found += self._line(line, COLOURS[number % len(COLOURS)], number)
        return found

    def _axes(self, right: float, bottom: float) -> list[str]:
        found = [f'<path d="M{LEFT} {self.top}V{bottom}H{right}" fill="none" stroke="#333"/>']
        for step in range(5):
            value = self.panel.most * step / 4
            found.append(
                f'<text x="{LEFT - 6}" y="{self._y(value) + 4:.1f}" text-anchor="end">{value:.0f}</text>'
            )
            minute = self.at[-1] * step / 4
            found.append(
                f'<text x="{self._x(minute):.1f}" y="{bottom + 15}" text-anchor="middle">{minute:.3g}</text>'
            )
        return found

    def _line(self, line: Line, colour: str, number: int) -> list[str]:
        points = " ".join(
            f"{self._x(minute):.1f},{self._y(value):.1f}"
            for minute, value in zip(self.at, line.values, strict=True)
        )
        y = self.top + 14 + 16 * number
        return [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>',
            f'<text x="{WIDTH - RIGHT + 10}" y="{y}" fill="{colour}">{escape(line.name)}</text>',
        ]
