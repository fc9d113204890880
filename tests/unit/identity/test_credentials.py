"""What IMS Connect is shown for a caller."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.config.model import Bundle, ImsConnectSettings, PassTicketSettings, TrustedUser
from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import Caller, Secret, TrustedMark
from gateway.identity.credentials import complete, is_own_fault, may_count, proof
from gateway.identity.passticket import make
from gateway.identity.seconds import Seconds
from gateway.wss.replay import Remembered
from gateway.wss.verdict import Claims, TokenKind
from tests.unit.identity.test_seconds import Memory

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TICKETS = PassTicketSettings(application="IMSAPPL", key=Secret("0123456789ABCDEF"))
TRUSTED = TrustedUser(extension="*TRSTUS*", value=Secret("BELIEVE ME"))
ALICE = Caller("ALICE", Secret(""), "", "saml20")
NO_TOKEN = Claims(TokenKind.NONE)
ASSERTED = Claims(TokenKind.SAML20, "CN=Alice Müller,O=Example", issuer="https://sts.example.com/")


def bundle(network_identity=False, exit_="HWSSMPL1", **tables):
    ims_connect = ImsConnectSettings(
        host="h", port=1, datastore="IMS1", exit=exit_, network_identity=network_identity
    )
    return Bundle(ims_connect=ims_connect, **tables)


def completed(caller, with_bundle, claims=ASSERTED, store=None):
    return complete(caller, with_bundle, claims, Seconds(store or Memory()), NOW)


class TestPassTicket:
    def test_a_user_without_password_gets_one_for_the_application(self):
        caller = completed(ALICE, bundle(passticket=TICKETS))
        assert caller == replace(ALICE, password=make(TICKETS, "ALICE", NOW), application="IMSAPPL")

    def test_the_next_of_the_same_second_is_another(self):
        store = Memory()
        first, second = (completed(ALICE, bundle(passticket=TICKETS), store=store) for _ in range(2))
        assert first.password != second.password

    def test_without_replay_protection_nothing_is_remembered(self):
        store = Memory()
        again = bundle(passticket=TICKETS.model_copy(update={"replay_protection": False}))
        first, second = (completed(ALICE, again, store=store) for _ in range(2))
        assert first.password == second.password
        assert store.asked == 0

    def test_a_bundles_own_user_without_password_gets_one_too(self):
        own = Caller("GWUSER", Secret(""), "GWGROUP", "bundle")
        caller = completed(own, bundle(passticket=TICKETS), NO_TOKEN)
        assert (caller.application, caller.group, bool(caller.password)) == ("IMSAPPL", "GWGROUP", True)

    @pytest.mark.parametrize(
        "caller", [replace(ALICE, password=Secret("WONDER1")), Caller.nobody()], ids=["password", "nobody"]
    )
    def test_who_has_a_password_or_no_name_stays_as_it_is(self, caller):
        store = Memory()
        for with_bundle in (bundle(passticket=TICKETS), bundle(trusted_user=TRUSTED), bundle()):
            assert completed(caller, with_bundle, store=store) == caller
        assert store.asked == 0

    def test_when_they_have_run_out_the_gateway_is_busy(self):
        with pytest.raises(GatewayError) as caught:
            completed(ALICE, bundle(passticket=TICKETS), store=Memory(Remembered.SEEN))
        assert caught.value.message is M.BUSY

    def test_it_does_not_show(self):
        caller = completed(ALICE, bundle(passticket=TICKETS))
        assert caller.password.reveal() not in f"{caller!r} {caller}"


class TestTrusted:
    def test_a_user_without_password_gets_the_mark(self):
        caller = completed(ALICE, bundle(trusted_user=TRUSTED))
        assert caller == replace(ALICE, trusted=TrustedMark("*TRSTUS*", Secret("BELIEVE ME")))
        assert "BELIEVE" not in repr(caller)

    def test_with_neither_the_user_stays_without(self):
        assert completed(ALICE, bundle()) == ALICE


class TestNetworkIdentity:
    def test_name_and_issuer_go_as_the_token_has_them(self):
        caller = completed(ALICE, bundle(network_identity=True))
        named = replace(ALICE, network_user=ASSERTED.user, network_session=ASSERTED.issuer)
        assert caller == named

    def test_a_username_token_has_no_issuer(self):
        claims = Claims(TokenKind.USERNAME, "alice", Secret("WONDER1"))
        known = replace(ALICE, password=Secret("WONDER1"), origin="username")
        assert completed(known, bundle(network_identity=True), claims) == replace(known, network_user="alice")

    @pytest.mark.parametrize(
        ("with_bundle", "claims"),
        [
            (bundle(), ASSERTED),
            (bundle(network_identity=True), NO_TOKEN),
            (bundle(network_identity=True, exit_="HWSSOAP1"), ASSERTED),
        ],
        ids=["not-asked-for", "no-token", "exit-without-it"],
    )
    def test_otherwise_nothing_is_told(self, with_bundle, claims):
        assert completed(ALICE, with_bundle, claims) == ALICE


def refused(reason=78, racf=8):
    return ImsError(M.IMS_CONNECT, return_code=8, reason_code=reason, racf_code=racf, sign_on_failed=True)


TICKETED = replace(ALICE, password=Secret("KKFS6HOG"), application="IMSAPPL")
MARKED = replace(ALICE, trusted=TrustedMark("*TRSTUS*", Secret("BELIEVE ME")))
PASSWORD = replace(ALICE, password=Secret("WONDER1"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("caller", "error", "ours"),
        [
            (TICKETED, refused(racf=8), True),
            (TICKETED, refused(reason=53, racf=0), True),
            (TICKETED, refused(racf=4), False),
            (TICKETED, refused(racf=28), False),
            (TICKETED, refused(racf=0), False),
            (MARKED, refused(reason=53, racf=0), True),
            (MARKED, refused(racf=4), False),
            (ALICE, refused(reason=53, racf=0), True),
            (PASSWORD, refused(racf=8), False),
            (PASSWORD, refused(reason=53, racf=0), False),
        ],
    )
    def test_whose_fault_it_is(self, caller, error, ours):
        assert is_own_fault(caller, error) is ours

    @pytest.mark.parametrize(
        ("error", "counts"),
        [
            (refused(racf=8), True),
            (refused(racf=0), True),
            (refused(racf=4), False),
            (refused(racf=28), False),
            (refused(reason=53, racf=0), False),
        ],
    )
    def test_what_racf_may_have_counted(self, error, counts):
        assert may_count(error) is counts

    def test_all_passtickets_of_an_application_are_one_proof(self):
        other = replace(TICKETED, password=Secret("QHOAH1TV"))
        assert proof(TICKETED) == proof(other) != proof(replace(other, application="HWS1"))
        assert proof(PASSWORD) == Secret("WONDER1")
