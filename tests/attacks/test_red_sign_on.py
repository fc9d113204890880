"""Attacks on the sign-on guard: to have RACF revoke a user, to guess on, to shut others out."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.errors import M
from gateway.identity.signon import MOST_WAITING
from gateway.imsconnect.wire import Verb
from tests.fixtures.in_process import LAB, REPOSITORY, username_token, work
from tests.fixtures.running_gateway import wait_until

USERS = {
    "GWUSER": {"password": "GWPASS1"},
    "ALICE": {"password": "WONDER1"},
    "BOB": {"password": "BUILDER1"},
}
WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
NOTIFY = work("notify", "x")


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True, "max_bad_passwords": 3}, users=USERS)


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def sign_on(gateway, password, body=WHOAMI, user="ALICE", **how):
    return gateway.post("SecureLabPort", body, username_token(user, password), **how)


class TestOneWay:
    def test_wrong_passwords_of_a_one_way_operation_are_refused_and_count(self, gateway, standin):
        for n in range(6):
            reply = sign_on(gateway, f"WRONG{n}", NOTIFY, peer=f"192.0.2.{n}")
            assert (reply.status, reply.fault_code) == (500, "FailedAuthentication")
        assert len(standin.seen) == 2
        assert sign_on(gateway, "BUILDER1", user="BOB").status == 200

    def test_a_wrong_password_of_a_one_way_operation_is_not_taken_for_good_later(self, gateway, standin):
        sign_on(gateway, "WRONG", NOTIFY)
        sign_on(gateway, "WRONG")
        seen = len(standin.seen)
        assert sign_on(gateway, "WRONG").fault_code == "FailedAuthentication"
        assert len(standin.seen) == seen

    def test_a_one_way_message_forgives_no_failure(self, gateway, standin):
        for n in range(4):
            sign_on(gateway, f"WRONG{n}")
            sign_on(gateway, f"OTHER{n}", NOTIFY)
        assert len(standin.seen) == 2

    def test_the_right_password_is_proven_once_and_then_sent_on_without_waiting(self, gateway, standin):
        for _ in range(3):
            reply = sign_on(gateway, "WONDER1", NOTIFY)
            assert (reply.status, reply.body) == (202, b"")
        wait_until(lambda: len(standin.seen) == 3)
        assert [seen.verb for seen in standin.seen] == [Verb.SEND_ONLY_ACK, Verb.SEND_ONLY, Verb.SEND_ONLY]

    def test_the_bundles_own_wrong_password_is_held_back_in_one_way_calls_too(self, in_process, standin):
        gateway = in_process(standin.port, bundle={"credentials.user": "NOBODY"})
        for _ in range(5):
            assert gateway.post("LabPort", NOTIFY).message_id == "IGW2013E"
        assert len(standin.seen) == 2


class TestSeveralBundles:
    """Two IMS with a RACF each: what one of them says of a password proves nothing to the other."""

    @pytest.fixture
    def other(self, standin_factory):
        users = {**USERS, "ALICE": {"password": "ANOTHER1"}}
        return standin_factory(ims_connect={"racf": True, "max_bad_passwords": 3}, users=users)

    @pytest.fixture
    def gateway(self, in_process, standin, other):
        bundle = (REPOSITORY / "bundles/ims1.toml").read_text().partition("[passticket]")[0]
        second = re.sub(r"(?m)^port = .*$", f"port = {other.port}", bundle)
        correlator = (REPOSITORY / "tests/homes/lab/correlator.toml").read_text()
        secure = correlator.replace('"ims1"', '"ims2"') + '\n[security]\ntoken = "username"\n'
        wsdl = (REPOSITORY / "tests/homes/lab/lab.wsdl").read_text().replace("LabPort", "SecondPort")
        extra = [
            ("bundles/ims2.toml", second),
            ("wsdl/second/correlator.toml", secure),
            ("wsdl/second/lab.wsdl", wsdl),
        ]
        return in_process(standin.port, extra=extra)

    def test_a_password_that_one_ims_takes_is_not_tried_for_ever_at_another(self, gateway, other):
        for _ in range(8):
            sign_on(gateway, "WONDER1")
            gateway.post("SecondPort", WHOAMI, username_token("ALICE", "WONDER1"))
        assert len(other.seen) <= 2, "the third would have revoked the user there"

    def test_failures_are_counted_over_all_bundles_as_they_may_share_a_racf(self, gateway, standin, other):
        sign_on(gateway, "WRONG1")
        gateway.post("SecondPort", WHOAMI, username_token("ALICE", "WRONG2"))
        sign_on(gateway, "WRONG3")
        assert len(standin.seen) + len(other.seen) == 2


class TestManyPeers:
    def test_hosts_of_one_ipv6_network_are_one_peer(self, in_process, standin):
        gateway = in_process(standin.port, gateway={"sign_on.failures_per_peer": 3})
        for n in range(5):
            sign_on(gateway, "WRONG", user=f"USER{n}", peer=f"2001:db8:1:2:{n}::{n}")
        assert len(standin.seen) == 3
        assert sign_on(gateway, "WONDER1", peer="2001:db8:1:3::1").status == 200

    def test_addresses_of_ipv4_are_peers_of_their_own(self, in_process, standin):
        gateway = in_process(standin.port, gateway={"sign_on.failures_per_peer": 1})
        for n in range(3):
            sign_on(gateway, "WRONG", user=f"USER{n}", peer=f"192.0.2.{n}")
        assert len(standin.seen) == 3


class TestSpelling:
    @pytest.mark.parametrize(
        "user", ["alice", "Alice", "ALICE ", " ALICE", "\nALICE", "ALICE\t", "&#65;LICE", "<![CDATA[ALICE]]>"]
    )
    def test_no_spelling_of_a_user_id_has_a_count_of_its_own(self, gateway, standin, user):
        for n in range(2):
            sign_on(gateway, f"WRONG{n}")
        assert sign_on(gateway, "WRONG3", user=user).fault_code == "FailedAuthentication"
        assert len(standin.seen) == 2

    @pytest.mark.parametrize(
        "user",
        [
            "ſALICE",
            "ＡＬＩＣＥ",
            "АLICE",
            "ALıCE",
            "straße",
            "ALICE\xa0",
            "\u200bALICE",
            "A\u0301LICE",
            "ALICEALIC",
            "A-B",
            "A.B",
            "&#x85;ALICE",
        ],
    )
    def test_a_user_id_outside_the_alphabet_of_racf_is_refused_and_never_folded(self, gateway, standin, user):
        assert sign_on(gateway, "WONDER1", user=user).fault_code == "FailedAuthentication"
        assert not standin.seen

    def test_many_guesses_at_once_bring_no_more_to_racf_than_one_after_the_other(self, gateway, standin):
        with ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda n: sign_on(gateway, f"GUESS{n}", peer=f"192.0.2.{n}"), range(48)))
        judged = [reply for reply in replies if reply.message_id != M.BUSY.id]  # the others are to come back
        assert {reply.fault_code for reply in judged} == {"FailedAuthentication"}
        assert len(standin.seen) == 2
        assert not any(seen.verb is not Verb.SEND_RECEIVE for seen in standin.seen)


class TestStateThatCannotBeWritten:
    @staticmethod
    def fill(gateway):
        """Let the database of the guard grow no more, as on a disk that is full."""
        places = gateway.runtime.live.current.services["lab-secure"].endpoint.route.guard._places
        database = places._database
        database.execute("PRAGMA max_page_count = 1")
        database.execute("PRAGMA query_only = 1")

    def test_nobody_signs_on_with_a_password_that_could_not_be_counted(self, gateway, standin):
        self.fill(gateway)
        reply = sign_on(gateway, "WONDER1")
        assert (reply.status, reply.fault_code, reply.message_id) == (500, "Server", "IGW3001E")
        assert not standin.seen
        assert "failed sign-ons" in gateway.events.last.reason

    def test_who_is_at_work_goes_on(self, gateway):
        assert sign_on(gateway, "WONDER1").status == 200
        self.fill(gateway)
        assert sign_on(gateway, "WONDER1").status == 200

    def test_an_answer_is_not_lost_because_the_guard_cannot_note_that_it_came(
        self, in_process, standin_factory
    ):
        standin = standin_factory(ims_connect={"racf": True}, users=USERS)
        gateway = in_process(standin.port)
        with ThreadPoolExecutor(1) as pool:
            reply = pool.submit(sign_on, gateway, "WONDER1", work("sleep", "1500", 1500))
            wait_until(lambda: standin.seen)
            self.fill(gateway)
            assert reply.result().status == 200, "IMS has committed"


def test_only_the_gateway_reads_who_failed_to_sign_on(gateway):
    sign_on(gateway, "WRONG")
    files = list(gateway.home.glob("var/*"))
    assert {file.name for file in files} >= {"sign_on.sqlite3", "sign_on.sqlite3-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_no_file_of_the_state_holds_a_password(gateway):
    for password in ("WONDER1", "WR0NGPW"):
        sign_on(gateway, password)
    assert all(
        word not in file.read_bytes()
        for file in gateway.home.glob("var/*")
        for word in (b"WONDER1", b"WR0NGPW")
    )


class TestThreads:
    """Nobody without a password may keep the threads of a worker waiting."""

    @pytest.mark.parametrize("passwords", ["one", "many"])
    def test_guesses_that_wait_for_a_place_of_a_busy_user_take_a_few_threads_only(
        self, gateway, standin, passwords
    ):
        with ThreadPoolExecutor(40) as pool:
            slow = pool.submit(sign_on, gateway, "WONDER1", work("sleep", "4000", 4000))
            wait_until(lambda: standin.seen)
            sign_on(gateway, "WRONG")
            guesses = [
                pool.submit(sign_on, gateway, "WRONG" if passwords == "one" else f"WR{n}") for n in range(30)
            ]
            wait_until(lambda: sum(guess.done() for guess in guesses) >= 30 - MOST_WAITING)
            assert not slow.done(), "they did not wait for it"
            assert {guess.result().message_id for guess in guesses if guess.done()} == {"IGW1006E"}
            assert slow.result().status == 200
            assert len(standin.seen) <= 4, "the slow call, the first guess, and two more once it had forgiven"

    def test_callers_with_the_password_that_is_being_tried_all_get_their_turn(self, gateway):
        with ThreadPoolExecutor(40) as pool:
            calls = [pool.submit(sign_on, gateway, "WONDER1", work("sleep", "300", 300)) for _ in range(40)]
            assert {call.result().status for call in calls} == {200}
