"""IRM_TIMER: one byte that says how long IMS Connect waits for IMS.

Source: Timer interval specifications; rounding as the IMS TM resource adapter does it (ICO0080E, ICO0081E).
"""

from typing import Final

DEFAULT: Final = 0x00
"""The default of IMS Connect for the kind of message."""
NO_WAIT: Final = 0xE9
FOREVER: Final = 0xFF
NO_WAIT_LEVEL: Final = 2
"""Protocol level of the CSM from which an ACK of commit mode 0 output with NO_WAIT goes unanswered."""
MAX_TIMER_MS: Final = 3_600_000
"""The longest time the byte can say: 60 minutes."""


def timer_seconds(code: int) -> float | None:
    """Return the seconds that `code` stands for, None for default, no wait, for ever and undefined codes."""
    if not 0x01 <= code <= 0x9E:
        return None
    if code <= 0x19:
        return code / 100
    if code <= 0x27:
        return (25 + (code - 0x19) * 5) / 100
    if code <= 0x63:
        return float(code - 0x27)
    return float((code - 0x62) * 60)


def encode_timer(ms: int) -> tuple[int, int]:
    """Return the code for a wait of `ms` milliseconds and the milliseconds IMS Connect will really wait.

    Up to 250 ms rounds up to the next 10, up to 1 s up to the next 50, up to 60 s to the nearest second,
    beyond to the nearest minute, halves up. Raises ValueError outside 1 to 3,600,000.
    """
    if not 1 <= ms <= MAX_TIMER_MS:
        raise ValueError(f"IRM_TIMER can say 1 to {MAX_TIMER_MS} ms, not {ms}")
    if ms <= 250:
        tens = -(-ms // 10)
        return tens, tens * 10
    if ms <= 1000:
        fifties = -(-ms // 50)
        return (0x28 if fifties == 20 else 0x19 + fifties - 5), fifties * 50
    if ms <= 60_000:
        seconds = (ms + 500) // 1000
        return 0x27 + seconds, seconds * 1000
    minutes = (ms + 30_000) // 60_000
    return 0x62 + minutes, minutes * 60_000
