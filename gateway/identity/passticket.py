"""PassTickets: eight characters that stand in for a RACF password, good for one application and ten minutes.

Source: z/OS Security Server RACF Macros and Interfaces, "The RACF PassTicket": the legacy algorithm (DES, from
"Incorporating the PassTicket generator algorithm into your program") and the enhanced one (HMAC-SHA-512, z/OS
2.4). Pure: the time is handed in. `identity.seconds` says which second to ask for.
"""

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from gateway.config.model import PassTicketSettings
from gateway.exchange import Secret

LENGTH: Final = 8
"""Characters of a PassTicket, and the longest user id and application name."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_EBCDIC: Final = "cp037"
"""IBM says code page 1047; letters, digits and @ # $ have the same bytes in both."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "0123456789"
_LEGACY_ALPHABET: Final = _LETTERS + _DIGITS
_ENHANCED_ALPHABET: Final = _DIGITS + _LETTERS + _LETTERS.lower() + "-_"
"""MIXED uses all 64, UPPER the first 36. Digits come first here, letters in the legacy alphabet."""

_PERMUTATIONS: Final = (
    (10, 2, 12, 4, 14, 6, 16, 8, 9, 1, 11, 3, 13, 5, 15, 7),
    (1, 10, 3, 12, 13, 16, 7, 15, 9, 2, 11, 4, 5, 14, 8, 6),
    (3, 10, 1, 12, 13, 16, 9, 15, 7, 2, 14, 4, 5, 11, 8, 6),
    (10, 4, 12, 2, 14, 8, 16, 6, 9, 1, 13, 3, 11, 5, 15, 7),
    (4, 10, 12, 1, 8, 16, 14, 5, 9, 2, 13, 3, 11, 7, 15, 6),
    (1, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2),
)
"""By round of the legacy time coder: which input bit, from 1 at the left, becomes each output bit."""

_PAD: Final = b"\x55"
_ROUNDS: Final = 6


def make(settings: PassTicketSettings, user: str, now: datetime) -> Secret:
    """Return the PassTicket of a user for this application at this second.

    The same second gives the same PassTicket, and RACF takes one only once. `user` is a RACF user id, `now` is
    aware. Raises ValueError for names that do not fit eight characters and for times that the kind cannot tell.
    """
    key = bytes.fromhex(settings.key.reveal())
    second = (now - _EPOCH) // _SECOND
    if settings.kind == "legacy":
        return Secret(legacy(user, settings.application, key, second))
    mixed = settings.kind == "enhanced-mixed"
    return Secret(enhanced(user, settings.application, key, second, mixed=mixed))


def legacy(user: str, application: str, key: bytes, second: int) -> str:
    """Return the legacy PassTicket. `key`: 8 bytes; `second`: since 1970, of unsigned 32 bits (until 2106)."""
    if not 0 <= second < 1 << 32:
        raise ValueError("a legacy PassTicket has 32 bits for the time")
    # single DES is triple DES with one key; its mode is that of one block
    encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305  the algorithm says DES, block by block
    des = encryptor.update
    first = des(_field(user))
    result = des(_xor(first, _field(application)))
    time = _xor(result[:4], second.to_bytes(4))
    return _legacy_text(_time_coder(time, user.upper().encode(_EBCDIC), des))


def _time_coder(data: bytes, user: bytes, des: Callable[[bytes], bytes]) -> int:
    """Return Result-5: six Feistel rounds on two halves of two bytes, as a number of 32 bits."""
    padding = user.ljust(12, _PAD)
    left, right = data[:2], data[2:]
    for number, permutation in enumerate(_PERMUTATIONS):
        pad = padding[6:] if number % 2 else padding[:6]
        mixed = des(right + pad)
        high, low = _tables(permutation)
        left, right = right, (high[mixed[0] ^ left[0]] | low[mixed[1] ^ left[1]]).to_bytes(2)
    return int.from_bytes(left + right)


@cache
def _tables(permutation: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Return what becomes of each value of the first and of the second byte: together, of both."""
    return [_permuted(value << 8, permutation) for value in range(256)], [
        _permuted(value, permutation) for value in range(256)
    ]


def _permuted(value: int, permutation: tuple[int, ...]) -> int:
    """Return 16 bits in another order."""
    result = 0
    for bit in permutation:
        result = result << 1 | (value >> (16 - bit) & 1)
    return result


def _legacy_text(result: int) -> str:
    """Translate 32 bits: eight groups of six, each two bits into the one before, the first into the last."""
    bits = f"{result:032b}"
    ring = bits[-2:] + bits
    groups = (ring[start : start + 6] for start in range(0, 32, 4))
    return "".join(_LEGACY_ALPHABET[int(group, 2) % 36] for group in groups)


def enhanced(user: str, application: str, key: bytes, second: int, *, mixed: bool) -> str:
    """Return the enhanced PassTicket, type MIXED or UPPER. `second` since 1970."""
    who = _field(user) + _field(application)
    if not 0 <= second < 1 << 40:
        raise ValueError("an enhanced PassTicket is for times from 1970 on")
    time = _xor(second.to_bytes(6), _digest(key, who))
    left, right = time[:3], time[3:]
    for number in range(1, _ROUNDS + 1):
        result = _xor(left, _digest(key, right + bytes((number,)) + who))
        if not mixed and number % 2:
            # so that what is left is below 36 to the 8th
            result = bytes((result[0] & 1,)) + result[1:]
        left, right = right, result
    return "".join(_digits(int.from_bytes(left + right), 64 if mixed else 36))


def _digits(number: int, base: int) -> Iterator[str]:
    powers = [base**place for place in range(LENGTH, -1, -1)]
    for above, power in pairwise(powers):
        yield _ENHANCED_ALPHABET[number % above // power]


def _digest(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha512")


def _field(name: str) -> bytes:
    """Return a name as RACF keeps it: EBCDIC, upper case, padded with blanks to eight bytes."""
    data = name.upper().encode(_EBCDIC)
    if not 1 <= len(data) <= LENGTH:
        raise ValueError("a user id and an application name have 1 to 8 characters")
    return data.ljust(LENGTH, " ".encode(_EBCDIC))


def _xor(left: bytes, right: bytes) -> bytes:
    """Return the exclusive or of two byte strings, as long as the shorter."""
    size = min(len(left), len(right))
    return (int.from_bytes(left[:size]) ^ int.from_bytes(right[:size])).to_bytes(size)
