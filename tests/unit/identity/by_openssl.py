"""PassTickets as openssl reckons them: only its DES and HMAC, and whole numbers instead of bytes around them.

Written from IBM's description of the algorithms, apart from the gateway's generator and the stand-in.
"""

import subprocess
from collections.abc import Callable

from tests.interop.outside import need

TABLES = """10 2 12 4 14 6 16 8 9 1 11 3 13 5 15 7
1 10 3 12 13 16 7 15 9 2 11 4 5 14 8 6
3 10 1 12 13 16 9 15 7 2 14 4 5 11 8 6
10 4 12 2 14 8 16 6 9 1 13 3 11 5 15 7
4 10 12 1 8 16 14 5 9 2 13 3 11 7 15 6
1 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2
"""
EBCDIC = {
    **{c: 0xC1 + i for i, c in enumerate("ABCDEFGHI")},
    **{c: 0xD1 + i for i, c in enumerate("JKLMNOPQR")},
    **{c: 0xE2 + i for i, c in enumerate("STUVWXYZ")},
    **{c: 0xF0 + i for i, c in enumerate("0123456789")},
    " ": 0x40,
    "@": 0x7C,
    "#": 0x7B,
    "$": 0x5B,
}


def _openssl(*arguments: str, data: bytes) -> bytes:
    need("openssl")
    done = subprocess.run(["openssl", *arguments], input=data, capture_output=True, timeout=30, check=True)
    return done.stdout


def des(key: bytes) -> Callable[[int], int]:
    """Return DES of one block of 64 bits under a key of 8 bytes."""

    def block(value: int) -> int:
        # three times the same key: the default provider of OpenSSL 3 has no single DES
        arguments = ("enc", "-des-ede3-ecb", "-nopad", "-K", key.hex() * 3)
        return int.from_bytes(_openssl(*arguments, data=value.to_bytes(8)))

    return block


def hmac_sha512(key: bytes, data: bytes) -> bytes:
    arguments = ("dgst", "-sha512", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary")
    return _openssl(*arguments, data=data)


def name(text: str, width: int = 8, pad: int = 0x40) -> int:
    return int.from_bytes(bytes([*(EBCDIC[c] for c in text), *[pad] * width][:width]))


def legacy_results(user: str, application: str, key: bytes, second: int) -> tuple[int, int, int, int]:
    """Return Result-1, -2, -4 and -5 of the description."""
    block = des(key)
    first = block(name(user))
    second_result = block(first ^ name(application))
    fourth = (second_result >> 32) ^ second
    padding = name(user, 12, 0x55)
    left, right = divmod(fourth, 1 << 16)
    for number in range(6):
        pad = padding & (1 << 48) - 1 if number % 2 else padding >> 48
        drawn = block((right << 48) | pad) >> 48 ^ left
        order = TABLES.splitlines()[number].split()
        moved = sum((drawn >> (16 - int(bit)) & 1) << (15 - place) for place, bit in enumerate(order))
        left, right = right, moved
    return first, second_result, fourth, left << 16 | right


def translated(result: int) -> str:
    """Step 6: bits 31, 32, 1 to 4; 3 to 8; ... 27 to 32, each modulo 36."""
    doubled = result << 32 | result
    values = [(doubled >> (28 - 4 * place)) & 63 for place in range(8)]
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[value % 36] for value in values)


def legacy(user: str, application: str, key: bytes, second: int) -> str:
    return translated(legacy_results(user, application, key, second)[3])


def enhanced(user: str, application: str, key: bytes, second: int, *, mixed: bool) -> str:
    names = (name(user) << 64 | name(application)).to_bytes(16)
    value = second ^ int.from_bytes(hmac_sha512(key, names)[:6])
    for number in range(1, 7):
        left, right = divmod(value, 1 << 24)
        drawn = int.from_bytes(hmac_sha512(key, right.to_bytes(3) + bytes([number]) + names)[:3]) ^ left
        if not mixed and number in {1, 3, 5}:
            drawn %= 1 << 17
        value = right << 24 | drawn
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"[: 64 if mixed else 36]
    text = ""
    while len(text) < 8:
        value, digit = divmod(value, len(alphabet))
        text = alphabet[digit] + text
    return text
