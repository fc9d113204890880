"""PassTickets against what IBM and a public tool published, and against openssl."""

import random
import string
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.config.model import PassTicketSettings
from gateway.exchange import Secret
from gateway.identity import passticket
from tests.unit.identity import by_openssl

DES_KEY = bytes.fromhex("0123456789ABCDEF")
HMAC_KEY = bytes(range(32))
ALPHABET = string.ascii_uppercase + string.digits + "@#$"


def settings(kind="legacy", key=DES_KEY, application="IMSAPPL"):
    return PassTicketSettings(application=application, key=Secret(key.hex()), kind=kind)


def at(second: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)


class TestPublished:
    """Results that somebody else published."""

    def test_the_unit_test_of_a_public_java_tool(self):
        key = bytes.fromhex("E001193519561977")
        assert passticket.legacy("MIKEM", "TSOSYS1", key, 1111111) == "AEPRRZ3S"

    def test_the_translation_of_ibms_manual(self):
        assert passticket._legacy_text(0x07247F79) == "QHOAH1TV"

    def test_the_padding_of_ibms_manual(self):
        """TOM is padded to E3D6D4 and nine times 55; the halves go into the odd and the even rounds."""
        seen = []

        def des(block):
            seen.append(block[2:].hex().upper())
            return bytes(8)

        passticket._time_coder(bytes(4), "TOM".encode("cp037"), des)
        assert seen == ["E3D6D4555555", "555555555555"] * 3


COMPUTED = [
    ("legacy", DES_KEY, "IBMUSER", "IMSAPPL", 1_700_000_000, "KKFS6HOG"),
    ("legacy", DES_KEY, "TOM", "HWS1", 0, "Z1PQCEIF"),
    ("legacy", DES_KEY, "USER0001", "IMSA", 4_102_444_800, "6L1SLW9S"),
    ("enhanced", HMAC_KEY, "IBMUSER", "IMSAPPL", 1_700_000_000, "APZKIEV1"),
    ("enhanced-mixed", HMAC_KEY, "IBMUSER", "IMSAPPL", 1_700_000_000, "FLvishft"),
    ("enhanced", HMAC_KEY, "TOM", "HWS1", 0, "NB542PZQ"),
    ("enhanced-mixed", HMAC_KEY, "TOM", "HWS1", 0, "qH0fSubl"),
]
"""Computed by other implementations of the published algorithms; not checked against a RACF."""


class TestComputed:
    @pytest.mark.parametrize(("kind", "key", "user", "application", "second", "ticket"), COMPUTED)
    def test_results_of_other_implementations(self, kind, key, user, application, second, ticket):
        made = passticket.make(settings(kind, key, application), user, at(second))
        assert made == Secret(ticket)

    @pytest.mark.parametrize(("kind", "key", "user", "application", "second", "ticket"), COMPUTED)
    def test_openssl_comes_to_the_same(self, kind, key, user, application, second, ticket):
        if kind == "legacy":
            assert by_openssl.legacy(user, application, key, second) == ticket
        else:
            mixed = kind == "enhanced-mixed"
            assert by_openssl.enhanced(user, application, key, second, mixed=mixed) == ticket

    def test_the_steps_of_the_public_tools_example(self):
        results = by_openssl.legacy_results("MIKEM", "TSOSYS1", bytes.fromhex("E001193519561977"), 1111111)
        assert [f"{result:X}" for result in results] == [
            "4EB6CF1EC170DEFF",
            "6950FDAA65D69E17",
            "694009ED",
            "44F519D2",
        ]

    @pytest.mark.parametrize("kind", ["legacy", "enhanced", "enhanced-mixed"])
    def test_any_user_application_key_and_time_agree_with_openssl(self, kind):
        chance = random.Random(kind)
        for _ in range(5):
            user, application = ("".join(chance.choices(ALPHABET, k=chance.randint(1, 8))) for _ in range(2))
            key = chance.randbytes(8 if kind == "legacy" else chance.choice([32, 64, 129, 256]))
            second = chance.randrange(1 << 32)
            made = passticket.make(settings(kind, key, application), user, at(second)).reveal()
            if kind == "legacy":
                assert made == by_openssl.legacy(user, application, key, second)
            else:
                mixed = kind == "enhanced-mixed"
                assert made == by_openssl.enhanced(user, application, key, second, mixed=mixed)


class TestTime:
    @pytest.mark.parametrize("kind", ["legacy", "enhanced", "enhanced-mixed"])
    def test_a_second_begins_on_the_second_and_has_no_parts(self, kind):
        key = DES_KEY if kind == "legacy" else HMAC_KEY
        tickets = [passticket.make(settings(kind, key), "TOM", at(second)) for second in (7, 7.999999, 8)]
        assert tickets[0] == tickets[1] != tickets[2]

    def test_the_zone_does_not_matter(self):
        here = datetime(2026, 1, 1, 12, tzinfo=UTC)
        there = here.astimezone(timezone(timedelta(hours=-7)))
        assert passticket.make(settings(), "TOM", here) == passticket.make(settings(), "TOM", there)

    def test_a_time_without_zone_is_refused(self):
        with pytest.raises(TypeError):
            passticket.make(settings(), "TOM", datetime(2026, 1, 1))  # noqa: DTZ001

    def test_the_last_second_of_32_bits_is_the_last_of_a_legacy_ticket(self):
        last = 2**32 - 1
        assert passticket.legacy("TOM", "HWS1", DES_KEY, last) == by_openssl.legacy(
            "TOM", "HWS1", DES_KEY, last
        )
        for second in (-1, last + 1):
            with pytest.raises(ValueError, match="32 bits"):
                passticket.legacy("TOM", "HWS1", DES_KEY, second)

    def test_an_enhanced_ticket_goes_on(self):
        after = 2**32 + 5
        made = passticket.enhanced("TOM", "HWS1", HMAC_KEY, after, mixed=False)
        assert made == by_openssl.enhanced("TOM", "HWS1", HMAC_KEY, after, mixed=False)
        with pytest.raises(ValueError, match="1970"):
            passticket.enhanced("TOM", "HWS1", HMAC_KEY, -1, mixed=False)


class TestInput:
    def test_parity_bits_of_a_des_key_do_not_matter(self):
        other = bytes(byte ^ 1 for byte in DES_KEY)
        assert passticket.legacy("TOM", "HWS1", DES_KEY, 5) == passticket.legacy("TOM", "HWS1", other, 5)

    def test_names_are_folded_to_upper_case(self):
        assert passticket.legacy("tom", "hws1", DES_KEY, 5) == passticket.legacy("TOM", "HWS1", DES_KEY, 5)
        folded = passticket.enhanced("tom", "hws1", HMAC_KEY, 5, mixed=True)
        assert folded == passticket.enhanced("TOM", "HWS1", HMAC_KEY, 5, mixed=True)

    @pytest.mark.parametrize("user", ["", "NINECHARS"])
    def test_names_that_do_not_fit_are_refused(self, user):
        for kind, key in (("legacy", DES_KEY), ("enhanced", HMAC_KEY)):
            with pytest.raises(ValueError, match="1 to 8 characters"):
                passticket.make(settings(kind, key), user, at(5))

    def test_another_user_application_or_key_gives_another_ticket(self):
        made = {
            passticket.legacy(user, application, key, 5)
            for user in ("TOM", "TOMMY")
            for application in ("HWS1", "HWS2")
            for key in (DES_KEY, bytes.fromhex("FEDCBA9876543210"))
        }
        assert len(made) == 8

    @pytest.mark.parametrize("kind", ["legacy", "enhanced", "enhanced-mixed"])
    def test_the_seconds_of_a_window_give_different_tickets(self, kind):
        use = settings(kind, DES_KEY if kind == "legacy" else HMAC_KEY)
        start = 1_790_000_000
        made = {passticket.make(use, "IBMUSER", at(start + s)).reveal() for s in range(1201)}
        assert len(made) == 1201
        assert all(len(ticket) == 8 for ticket in made)

    def test_neither_ticket_nor_key_shows(self):
        use = settings()
        ticket = passticket.make(use, "TOM", at(5))
        shown = f"{use!r} {use} {ticket!r} {ticket} {ticket:>9}"
        assert ticket.reveal() not in shown
        assert DES_KEY.hex() not in shown.lower()
