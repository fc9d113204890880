"""Numbers, times and durations as people read them. Times are UTC."""

from datetime import datetime, timedelta
from typing import Final

NONE: Final = "\u2013"
"""Stands where there is no number."""
_THOUSANDS: Final = "\u202f"
"""Narrow no-break space."""
_SIZES: Final = ((86_400, "d"), (3600, "h"), (60, "min"))


def number(value: float) -> str:
    """Return at most three significant digits of small numbers, all digits before the point of others."""
    if value == 0:
        return "0"
    if abs(value) >= 100 or float(value).is_integer():
        return f"{value:,.0f}".replace(",", _THOUSANDS)
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    if abs(value) < 0.01:
        return "<0.01" if value > 0 else ">-0.01"
    return f"{value:.2f}".rstrip("0").removesuffix(".")


def percent(part: float | None) -> str:
    """Return a part, 0 to 1, in percent; a dash for None. What is not zero never reads 0 %."""
    if part is None:
        return NONE
    if 0 < part < 0.001:
        return "<0.1\u00a0%"
    if 0.999 < part < 1:
        return ">99.9\u00a0%"
    return f"{100 * part:.1f}".removesuffix(".0") + "\u00a0%"


def milliseconds(value: float | None) -> str:
    """Return a time that something took; a dash for None."""
    if value is None:
        return NONE
    if value >= 10_000:
        return f"{number(value / 1000)}\u00a0s"
    return f"{value:.0f}\u00a0ms" if value >= 1 or value == 0 else "<1\u00a0ms"


def ago(span: timedelta) -> str:
    """Return how long something is past, in its largest two units."""
    seconds = max(0, int(span.total_seconds()))
    for place, (size, unit) in enumerate(_SIZES):
        if seconds >= size:
            told = f"{seconds // size}\u00a0{unit}"
            if place + 1 < len(_SIZES) and (rest := seconds % size // _SIZES[place + 1][0]):
                told += f" {rest}\u00a0{_SIZES[place + 1][1]}"
            return told
    return f"{seconds}\u00a0s"


def clock_time(moment: datetime) -> str:
    """Return the time of day, to the second."""
    return f"{moment:%H:%M:%S}"


def day_and_time(moment: datetime) -> str:
    """Return date and time, to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"
