"""How RACF evaluates a PassTicket: which second was it made for, is that near, was it used before.

Works backwards from the eight characters: with translation, rounds and exclusive or undone there is the second.
Nothing is shared with the gateway's generator, so a mistake there does not meet its like here. Source: z/OS
Security Server RACF Macros and Interfaces, "The RACF PassTicket"; RACF System Programmer's Guide, "How RACF
processes the password or PassTicket".
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from gateway.clock import Clock
from gateway.standin.config import PassTicketProfile

_TICKET_LENGTH: Final = 8
_LEGACY: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ENHANCED: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"

_BIT_ORDERS: Final = tuple(
    tuple(int(bit) for bit in line.split())
    for line in (
        "10 2 12 4 14 6 16 8 9 1 11 3 13 5 15 7",
        "1 10 3 12 13 16 7 15 9 2 11 4 5 14 8 6",
        "3 10 1 12 13 16 9 15 7 2 14 4 5 11 8 6",
        "10 4 12 2 14 8 16 6 9 1 13 3 11 5 15 7",
        "4 10 12 1 8 16 14 5 9 2 13 3 11 7 15 6",
        "1 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2",
    )
)
"""Table of each round of the legacy time coder, bits counted from 1 at the left."""


class PassTickets:
    """The profiles of class PTKTDATA, and the PassTickets that were used. Used by one thread."""

    def __init__(self, profiles: Mapping[str, PassTicketProfile], clock: Clock) -> None:
        self._profiles = dict(profiles)
        self._clock = clock
        self._used: dict[tuple[str, str, str], float] = {}

    def accept(self, user: str, application: str, ticket: str) -> bool:
        """Tell whether this is a PassTicket of the user for the application, and use it up.

        Names are in upper case; a ticket is taken as it is, never folded.
        """
        profile = self._profiles.get(application)
        if profile is None or len(ticket) != _TICKET_LENGTH:
            return False
        now = self._clock.now().timestamp()
        times = _seconds(profile, _ebcdic(user), _ebcdic(application), ticket)
        if not any(abs(int(now) - time) <= profile.timeout_seconds for time in times):
            return False
        return not profile.replay_protection or self._first_use((user, application, ticket), now, profile)

    def _first_use(self, use: tuple[str, str, str], now: float, profile: PassTicketProfile) -> bool:
        for old in [key for key, until in self._used.items() if until < now]:
            del self._used[old]
        if use in self._used:
            return False
        # one made for the end of the window is good for twice as long
        self._used[use] = now + 2 * profile.timeout_seconds + 1
        return True


def _seconds(profile: PassTicketProfile, user: bytes, application: bytes, ticket: str) -> Iterator[int]:
    """Yield the seconds since 1970 that the ticket may have been made for."""
    key = bytes.fromhex(profile.key.reveal())
    if profile.kind == "legacy":
        yield from _Legacy(key, user, application).seconds(ticket)
    else:
        yield from _Enhanced(key, user, application, upper=profile.kind == "enhanced").seconds(ticket)


def _ebcdic(name: str) -> bytes:
    return name.encode("cp500")


class _Legacy:
    """DES. Thirty-six characters stand for six bits, so a ticket may come from several results."""

    def __init__(self, key: bytes, user: bytes, application: bytes) -> None:
        self._cipher = Cipher(TripleDES(key + key + key), modes.ECB())  # noqa: S305  one block at a time
        self._pads = [bytes(b) for b in (user.ljust(12, b"\x55")[:6], user.ljust(12, b"\x55")[6:])]
        blank = b"\x40"
        one = int.from_bytes(self._des(user.ljust(8, blank))) ^ int.from_bytes(application.ljust(8, blank))
        self._mask = int.from_bytes(self._des(one.to_bytes(8))[:4])

    def seconds(self, ticket: str) -> Iterator[int]:
        if set(ticket) <= set(_LEGACY):
            for result in _results(ticket):
                yield self._decoded(result) ^ self._mask

    def _decoded(self, result: int) -> int:
        left, right = result >> 16, result & 0xFFFF
        for number in range(6, 0, -1):
            before = left  # the right half before the round
            drawn = int.from_bytes(self._des(before.to_bytes(2) + self._pads[(number + 1) % 2])[:2])
            left, right = _put_back(right, _BIT_ORDERS[number - 1]) ^ drawn, before
        return left << 16 | right

    def _des(self, block: bytes) -> bytes:
        worker = self._cipher.encryptor()
        return worker.update(block) + worker.finalize()


def _results(ticket: str) -> Iterator[int]:
    """Yield the 32-bit results of which the translation makes this ticket.

    A character tells four bits of its own and the last two of the four before; both have to agree.
    """
    values = [_LEGACY.index(character) for character in ticket]
    for groups in product(*((v, v + 36) if v + 36 < 64 else (v,) for v in values)):
        nibbles = [group & 15 for group in groups]
        if all(group >> 4 == nibbles[place - 1] & 3 for place, group in enumerate(groups)):
            yield int("".join(f"{nibble:X}" for nibble in nibbles), 16)


def _put_back(value: int, order: tuple[int, ...]) -> int:
    """Undo a permutation: the bit that stands at place i came from place order[i]."""
    bits = [""] * 16
    for place, source in enumerate(order):
        bits[source - 1] = f"{value:016b}"[place]
    return int("".join(bits), 2)


class _Enhanced:
    """HMAC-SHA-512. One ticket, one second."""

    def __init__(self, key: bytes, user: bytes, application: bytes, *, upper: bool) -> None:
        self._key = key
        self._names = user.ljust(8, b"\x40") + application.ljust(8, b"\x40")
        self._upper = upper

    def seconds(self, ticket: str) -> Iterator[int]:
        alphabet = _ENHANCED[:36] if self._upper else _ENHANCED
        if not set(ticket) <= set(alphabet):
            return
        number = 0
        for character in ticket:
            number = number * len(alphabet) + alphabet.index(character)
        decoded = self._decoded(number)
        if decoded is not None:
            time = decoded ^ self._drawn(b"", 6)
            # the mask of the first round lost the seven highest bits, which are zero for a long time to come
            yield time & (1 << 41) - 1 if self._upper else time

    def _decoded(self, number: int) -> int | None:
        """Undo the rounds; None for a number that they cannot have made."""
        left, right = number >> 24, number & 0xFFFFFF
        for turn in range(6, 0, -1):
            masked = self._upper and turn % 2 == 1
            if masked and right >> 17:
                return None
            before = left  # the right half before the round
            draw = self._drawn(before.to_bytes(3) + bytes([turn]), 3)
            left, right = (right ^ draw) & (0x01FFFF if masked else 0xFFFFFF), before
        return left << 24 | right

    def _drawn(self, prefix: bytes, length: int) -> int:
        return int.from_bytes(hmac.new(self._key, prefix + self._names, hashlib.sha512).digest()[:length])
