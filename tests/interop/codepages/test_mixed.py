"""The tables of one and two bytes, held in full against those of ICU and of the JDK."""

import subprocess
from pathlib import Path

import pytest

from gateway.codepage import MIXED
from tests.interop.outside import need, plain_environment
from tests.unit.codepage.pages import page

pytestmark = pytest.mark.interop

SINGLES = [byte for byte in range(256) if byte not in {0x0E, 0x0F}]
PAIRS = [ward << 8 | point for ward in range(0x40, 0xFF) for point in range(0x40, 0xFF)]
IN_ORDER = [number for number in PAIRS if number == 0x4040 or 0x40 not in number.to_bytes(2)]
"""Pairs that ICU takes as one character each, be it known or not."""
SUB, SUB_BYTE = "\x1a", 0x3F
NOTHING = {SUB, "\ufffd"}
"""What ICU puts where there is no character: SUB for a byte, U+FFFD for a pair."""
ALIAS = 0xF86F
"""Of the private use area: ICU writes it as U+2116, from which it would not come back."""

# Where Oracle's tables go another way than IBM's: as terminals show it, or as Microsoft's tables have it.
OF_THE_JDK = {
    930: {0x15: "\n", 0x426A: "￤", 0x43A1: "～", 0x444A: "―", 0x447C: "∥"},
    933: {},
    935: {0x15: "\n"},
    937: {0x15: "\n"},
    939: {0x15: "\n", 0x4260: "－", 0x426A: "￤", 0x43A1: "～", 0x444A: "―", 0x447C: "∥"},
}


def data_of(number):
    return bytes([number]) if number < 256 else b"\x0e" + number.to_bytes(2) + b"\x0f"


def ours(ccsid):
    """Return the character of each byte and byte pair that is one."""
    table = {}
    for number in SINGLES + PAIRS:
        try:
            table[number] = page(ccsid).decode(data_of(number))
        except UnicodeDecodeError:
            continue
    return table


def uconv(source, target, data, *options):
    need("uconv")
    command = ["uconv", "-f", source, "-t", target, *options]
    return subprocess.run(command, input=data, capture_output=True, check=True, timeout=60).stdout


def of_icu(ccsid):
    numbers = SINGLES + IN_ORDER
    data = b"".join(data_of(number) for number in numbers)
    text = uconv(f"ibm-{ccsid}", "UTF-16BE", data, "--from-callback", "substitute").decode("utf-16-be")
    assert len(text) == len(numbers)
    return {
        number: text[at] for at, number in enumerate(numbers) if number == SUB_BYTE or text[at] not in NOTHING
    }


@pytest.mark.parametrize("ccsid", MIXED)
def test_every_byte_and_byte_pair_means_what_icu_says(ccsid):
    assert ours(ccsid) == of_icu(ccsid)


@pytest.mark.parametrize("ccsid", MIXED)
def test_every_character_is_written_as_icu_writes_it_and_no_other_is(ccsid):
    numbers = (*range(0x0E), *range(0x10, 0xD800), *range(0xE000, ALIAS), *range(ALIAS + 1, 0x10000))
    every = "".join(map(chr, numbers))
    written = uconv("UTF-16BE", f"ibm-{ccsid}", every.encode("utf-16-be"), "--to-callback", "skip")
    ours_too = "".join(character for character in every if is_there(ccsid, character))
    assert page(ccsid).encode(ours_too) == written


def is_there(ccsid, character):
    try:
        return bool(page(ccsid).encode(character))
    except ValueError:
        return False


@pytest.mark.parametrize("ccsid", MIXED)
def test_the_jdk_says_the_same_but_for_what_is_listed(ccsid):
    need("java", "javac")
    done = subprocess.run(
        ["java", str(Path(__file__).with_name("Dump.java")), f"x-IBM{ccsid}"],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    told = {int(number, 16): chr(int(text, 16)) for number, text in map(str.split, done.stdout.splitlines())}
    assert ours(ccsid) | OF_THE_JDK[ccsid] == told
