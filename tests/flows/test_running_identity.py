"""Who IMS is told is calling, and who is turned away: through a gateway of two workers, over real TLS."""

from functools import partial

import pytest

from tests.fixtures.calling import Background, Caller, callers_by_worker, header_of
from tests.fixtures.in_process import SOAP11, SOAP12, WHO, username_token, work
from tests.fixtures.running_gateway import BUNDLE_PASSWORD, KEYSTORE_PASSWORD, wait_until
from tests.fixtures.standin import USERS

PHONEBOOK = "urn:ims-gateway:example:phonebook"
WHOAMI = f'<whoAmI xmlns="{PHONEBOOK}"/>'
ALICE = username_token("ALICE", "WONDER1")
BOB = username_token("BOB", "BUILDER1")


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True, "otma_security": "check"}, users=USERS)


@pytest.fixture
def gateway(gateway_factory, standin):
    return gateway_factory(standin, arguments=("--log-level", "debug"))


@pytest.fixture
def caller(gateway):
    with Caller(gateway.https_url, gateway.ca) as caller:
        yield caller


def who(reply):
    assert reply.status == 200, reply.body
    return {child.tag.rpartition("}")[2]: child.text or "" for child in reply.payload}


@pytest.fixture
def callers_of_both_workers(gateway):
    with callers_by_worker(gateway) as found:
        (one,), (other,) = found.values()
        yield one, other


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_a_username_service_shows_the_user_of_the_token_and_nothing_of_the_bundle(caller, standin, soap):
    identity = who(caller.post("SecurePhoneBookPort", WHOAMI, ALICE, soap=soap))
    assert (identity["user"], identity["group"]) == ("ALICE", "")
    (seen,) = standin.seen
    assert (seen.user, seen.group) == ("ALICE", "")
    assert "GWUSER" not in repr(standin.seen)


def test_a_plain_service_shows_the_user_of_the_bundle_and_nothing_of_a_token(caller, standin):
    assert who(caller.post("SecurePhoneBookPort", WHOAMI, ALICE))["user"] == "ALICE"
    identity = who(caller.post("PhoneBookPort", WHOAMI))
    assert (identity["user"], identity["group"]) == ("GWUSER", "GWGROUP")
    refused = caller.post("PhoneBookPort", WHOAMI, ALICE)
    assert (refused.fault_code, refused.message_id) == ("InvalidSecurity", "IGW1306E")
    assert [seen.user for seen in standin.seen] == ["ALICE", "GWUSER"]


def test_callers_side_by_side_are_each_themselves(gateway, standin):
    with Caller(gateway.https_url, gateway.ca) as one, Caller(gateway.https_url, gateway.ca) as other:
        for _ in range(5):
            assert who(one.post("SecurePhoneBookPort", WHOAMI, ALICE))["user"] == "ALICE"
            assert who(other.post("SecurePhoneBookPort", WHOAMI, BOB))["user"] == "BOB"
            assert who(one.post("PhoneBookPort", WHOAMI))["user"] == "GWUSER"


@pytest.mark.parametrize(("soap", "status", "code"), [(SOAP11, 500, "Client"), (SOAP12, 400, "Sender")])
def test_over_plain_http_a_service_with_a_token_gives_a_client_fault_and_ims_connect_gets_nothing(
    gateway, standin, caller, soap, status, code
):
    with Caller(gateway.http_url) as plain:
        refused = plain.post("SecurePhoneBookPort", WHOAMI, ALICE, soap=soap)
        assert (refused.status, refused.fault_code, refused.message_id) == (status, code, "IGW1301E")
        assert "WONDER1" not in refused.body.decode()
        assert (standin.seen, standin.connections) == ((), 0)
        assert who(plain.post("PhoneBookPort", WHOAMI, soap=soap))["user"] == "GWUSER"
    assert who(caller.post("SecurePhoneBookPort", WHOAMI, ALICE, soap=soap))["user"] == "ALICE"
    entry = gateway.request(header_of(refused.headers, "x-tracking-id"))
    assert (entry["message_id"], entry["reached_ims_connect"], entry["tls"]) == ("IGW1301E", False, False)


def test_headers_of_a_proxy_that_nobody_trusts_make_no_https_of_plain_http(gateway, standin):
    with Caller(gateway.http_url) as plain:
        forged = {"X-Forwarded-Proto": "https", "Forwarded": "proto=https", "Front-End-Https": "on"}
        refused = plain.post("SecurePhoneBookPort", WHOAMI, ALICE, headers=forged)
    assert (refused.status, refused.message_id) == (500, "IGW1301E")
    assert standin.seen == ()


def test_the_third_wrong_password_is_refused_without_ims_connect_whichever_worker_gets_it(
    gateway, standin, callers_of_both_workers
):
    one, other = callers_of_both_workers
    for caller, guess in ((one, "WRONG0"), (other, "WRONG1")):
        reply = caller.post("SecurePhoneBookPort", WHOAMI, username_token("ALICE", guess))
        assert (reply.status, reply.fault_code) == (500, "FailedAuthentication")
    assert [seen.user for seen in standin.seen] == ["ALICE", "ALICE"]
    assert not standin.racf.revoked

    for caller in (one, other):
        third = caller.post("SecurePhoneBookPort", WHOAMI, username_token("ALICE", "WRONG2"))
        assert (third.status, third.fault_code) == (500, "FailedAuthentication")
        entry = gateway.request(header_of(third.headers, "x-tracking-id"))
        assert (entry["reached_ims_connect"], "held back" in entry["reason"]) == (False, True)
        assert who(caller.post("SecurePhoneBookPort", WHOAMI, BOB))["user"] == "BOB"
    assert [seen.user for seen in standin.seen] == ["ALICE", "ALICE", "BOB", "BOB"]


def test_guesses_that_come_all_at_once_reach_ims_connect_no_more_often_than_allowed(
    gateway, standin, callers_of_both_workers
):
    def guess(caller, number):
        token = username_token("ALICE", f"WRONG{number}")
        return [caller.post("SecurePhoneBookPort", WHOAMI, token).fault_code for _ in range(3)]

    guesses = Background(
        partial(guess, caller, number) for number, caller in enumerate(callers_of_both_workers)
    )
    assert guesses.results() == [["FailedAuthentication"] * 3] * 2
    assert len(standin.seen) == 2


def test_secrets_stand_neither_in_replies_nor_in_the_log_and_codes_stand_in_the_log_only(
    gateway, standin, caller
):
    secrets = ("WONDER1", "BUILDER1", "GUESSED1", BUNDLE_PASSWORD, KEYSTORE_PASSWORD)
    replies = [
        caller.post("SecurePhoneBookPort", WHOAMI, ALICE),
        caller.post("SecurePhoneBookPort", WHOAMI, username_token("ALICE", "GUESSED1")),
        caller.post("SecurePhoneBookPort", WHOAMI, username_token("NOBODY", "GUESSED1")),
        caller.post("SecurePhoneBookPort", WHOAMI, username_token("BOB", "BUILDER1", "PasswordDigest")),
        caller.post("SecurePhoneBookPort", WHOAMI + "BUILDER1", BOB),
        caller.post("SecurePhoneBookPort", work("nowhere", "BUILDER1"), BOB),
        caller.post("PhoneBookPort", WHOAMI, BOB),
        caller.post("PhoneBookPort", WHOAMI),
        caller.request("POST", "/imssoap/services/SecurePhoneBookPort", BOB.encode(), {"Content-Type": "x/y"}),
        caller.request("POST", f"/imssoap/services/NoSuchPort?{BUNDLE_PASSWORD}", BOB.encode()),
    ]
    standin.faults.add(kind="garble", transaction="WHOAMI")
    replies.append(caller.post("SecurePhoneBookPort", WHOAMI, BOB))
    standin.faults.add(kind="drop", transaction="WHOAMI")
    replies.append(caller.post("SecurePhoneBookPort", WHOAMI, BOB))
    for reply in replies:
        shown = reply.body.decode() + str(reply.headers)
        assert not [secret for secret in secrets if secret in shown], shown
    wrong, unknown = (header_of(reply.headers, "x-tracking-id") for reply in replies[1:3])
    told = gateway.request(wrong)
    assert (told["return_code"], told["reason_code"], told["racf_code"]) == (8, 78, 8)
    assert gateway.request(unknown)["racf_code"] == 4
    for reply in replies[1:3]:
        text = reply.fault_text.replace(header_of(reply.headers, "x-tracking-id"), "")
        assert not [word for word in ("RACF", "78", "revoked", "unknown", "held") if word in text]
    wait_until(lambda: len(gateway.requests) == len(replies) - 2, "an entry for each message to a service")
    gateway.stop()
    assert WHO not in gateway.log, "a body is nothing for the log"
    assert not [secret for secret in secrets if secret in gateway.log]
    assert "Traceback" not in gateway.log
