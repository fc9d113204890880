"""IMS Connect tried: connection, TLS, PING, one sign-on a user; against the stand-in."""

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.errors import SecurityError
from gateway.exchange import Secret
from gateway.identity.signon import SignOnGuard
from gateway.preflight.online import try_all
from gateway.preflight.online_ims import ims_tries
from gateway.testkeys import TestAuthority
from tests.fixtures.ports import free_port
from tests.fixtures.scripted_server import Expect, Send, Stall
from tests.fixtures.standin import USERS
from tests.unit.preflight.online import PATIENCE, SHORT

PASSWORD = "GWPASS1"
KEY = "E001193519561977"
RACF = {"racf": True, "otma_security": "check", "application": "IMSAPPL"}


@pytest.fixture
def racf(standin_factory):
    """A stand-in with RACF=Y that revokes after three wrong passwords."""
    return standin_factory(ims_connect=RACF, users=USERS, passtickets={"IMSAPPL": {"key": KEY}})


@pytest.fixture
def home(tmp_path):
    """Write a home of bundles; each is given as (address, credentials, more lines)."""

    def write(*bundles, names="abcdefgh"):
        (tmp_path / "home/bundles").mkdir(parents=True, exist_ok=True)
        (tmp_path / "home/gateway.toml").touch()
        for name, (address, credentials, *more) in zip(names, bundles, strict=False):
            lines = [f'[ims_connect]\n{address}\ndatastore = "IMS1"\n', *more]
            if credentials:
                lines.append(f"[credentials]\n{credentials}\n")
            (tmp_path / f"home/bundles/{name}.toml").write_text("\n".join(lines))
        environ = {"GOOD": PASSWORD, "WRONG": "M4RK3R", "KEY": KEY, "STORE": "M4RK3R"}
        return read_home(tmp_path / "home", environ=environ)

    return write


def at(*ports):
    if len(ports) == 1:
        return f'host = "127.0.0.1"\nport = {ports[0]}'
    return f"hosts = {json.dumps([f'127.0.0.1:{port}' for port in ports])}"


GOOD = 'user = "GWUSER"\npassword = { env = "GOOD" }'
WRONG = 'user = "GWUSER"\npassword = { env = "WRONG" }'


def tried(home, seconds=PATIENCE):
    found = try_all(tuple(ims_tries(home)), seconds=seconds)
    assert "M4RK3R" not in str(found)
    assert PASSWORD not in str(found)
    return found


def ids(found):
    return [problem.check for each in found for problem in each.problems]


def signed_on(standin):
    return [seen.user for seen in standin.seen if seen.user]


def test_ping_and_sign_on(racf, home):
    (found,) = tried(home((at(racf.port), GOOD)))
    assert found.done
    assert found.found.said == (
        "HWSC0030I *PING RESPONSE*",
        "GWUSER was accepted (with RACF=N everybody is)",
    )
    assert (found.what.file, found.what.address) == ("bundles/a.toml", f"127.0.0.1:{racf.port}")
    assert signed_on(racf) == ["GWUSER"]
    assert racf.tpipes.depths == {}


def test_a_bundle_without_a_user_is_pinged_only(racf, home):
    (found,) = tried(home((at(racf.port), "")))
    assert found.found.said == ("HWSC0030I *PING RESPONSE*",)
    assert signed_on(racf) == []


def test_a_wrong_password_is_told_with_the_codes(racf, home):
    (found,) = tried(home((at(racf.port), WRONG)))
    (problem,) = found.problems
    assert problem.check == "online.sign-on"
    assert "GWUSER is refused" in problem.text
    assert "SECFAIL" in problem.text


def test_a_user_of_several_bundles_is_tried_once_whatever_comes_of_it(racf, home):
    found = tried(home((at(racf.port), WRONG), (at(racf.port), WRONG), (at(racf.port), GOOD)))
    assert ids(found) == ["online.sign-on"]
    assert signed_on(racf) == ["GWUSER"]
    words = "GWUSER is tried over bundle a, and no user is tried twice"
    assert [words in each.found.said for each in found] == [False, True, True]


def test_a_user_of_a_bundle_with_several_addresses_is_tried_at_one(racf, standin_factory, home):
    other = standin_factory(ims_connect=RACF, users=USERS)
    found = tried(home((at(racf.port, other.port), WRONG)))
    assert len(found) == 2
    assert ids(found) == ["online.sign-on"]
    assert signed_on(racf) + signed_on(other) == ["GWUSER"]


def test_several_users_are_tried_each_once(racf, home):
    alice = 'user = "ALICE"\npassword = "WONDER1"'
    found = tried(home((at(racf.port), GOOD), (at(racf.port), alice)))
    assert ids(found) == []
    assert sorted(signed_on(racf)) == ["ALICE", "GWUSER"]


def test_nobody_is_revoked_however_often_the_same_home_is_tried_once_each(racf, home):
    """Three wrong passwords revoke a user here; a run makes one try, so two runs leave one to go."""
    wrong = home((at(racf.port), WRONG), (at(racf.port), WRONG), (at(racf.port), WRONG))
    tried(wrong)
    tried(wrong)
    assert ids(tried(home((at(racf.port), GOOD)))) == []


# -- the sign-on guard of the gateway


def guard_of(home):
    return SignOnGuard(home.state, home.gateway.sign_on, SYSTEM_CLOCK, time.sleep)


def test_a_user_whom_the_gateway_holds_back_is_not_tried(racf, home):
    whole = home((at(racf.port), GOOD))
    guard = guard_of(whole)
    for guess in ("A", "B"):
        guard.begin("GWUSER", Secret(guess), "10.1.2.3", 5, bundle="a").wrong()
    guard.close()
    (found,) = tried(whole)
    (problem,) = found.problems
    assert problem.check == "online.not-tried"
    assert problem.warning
    assert "held back after 2 failed sign-ons" in problem.text
    assert signed_on(racf) == []


def test_a_refusal_counts_at_the_gateway_as_any_other(racf, home):
    whole = home((at(racf.port), WRONG))
    guard_of(whole).close()
    tried(whole)
    tried(whole)
    assert ids(tried(whole)) == ["online.not-tried"]
    guard = guard_of(whole)
    with pytest.raises(SecurityError):
        guard.begin("GWUSER", Secret("C"), "10.1.2.3", 5, bundle="a")
    guard.close()


def test_a_password_that_works_is_forgiven_there(racf, home):
    whole = home((at(racf.port), GOOD))
    guard = guard_of(whole)
    guard.begin("GWUSER", Secret("A"), "10.1.2.3", 5, bundle="a").wrong()
    assert ids(tried(whole)) == []
    guard.begin("GWUSER", Secret("B"), "10.1.2.3", 5, bundle="a").wrong()
    guard.begin("GWUSER", Secret("C"), "10.1.2.3", 5, bundle="a").unknown()
    guard.close()


def test_where_the_gateway_never_ran_nothing_is_written(racf, home):
    whole = home((at(racf.port), GOOD))
    tried(whole)
    assert not whole.state.exists()


def test_a_count_that_cannot_be_asked_keeps_the_user_from_being_tried(racf, home):
    whole = home((at(racf.port), GOOD))
    whole.state.mkdir()
    (whole.state / "sign_on.sqlite3").write_bytes(b"this is no database" * 100)
    (found,) = tried(whole)
    assert ids([found]) == ["online.not-tried"]
    assert signed_on(racf) == []


# -- users without a password


def test_a_passticket_stands_for_a_password(standin_factory, home):
    users = {"GWUSER": {"groups": ["GWGROUP"]}}
    running = standin_factory(ims_connect=RACF, users=users, passtickets={"IMSAPPL": {"key": KEY}})
    ticket = '[passticket]\napplication = "IMSAPPL"\nkey = { env = "KEY" }\n'
    found = tried(home((at(running.port), 'user = "GWUSER"', ticket)))
    assert ids(found) == []
    assert signed_on(running) == ["GWUSER"]
    wrong = ticket.replace('{ env = "KEY" }', '"0123456789ABCDEF"')
    assert ids(tried(home((at(running.port), 'user = "GWUSER"', wrong)))) == ["online.sign-on"]


def test_a_trusted_mark_stands_for_a_password(racf, home):
    mark = '[trusted_user]\nextension = "*TRSTUS*"\nvalue = "M4RK3R"\n'
    (found,) = tried(home((at(racf.port), 'user = "GWUSER"', mark)))
    assert signed_on(racf) == ["GWUSER"]
    assert ids([found]) in ([], ["online.sign-on"]), "whether it is believed is the exit's to say"


# -- what is no IMS Connect, or does not answer


def test_an_address_where_nobody_listens_is_told_and_the_others_are_tried(racf, home):
    found = tried(home((at(free_port()), GOOD), (at(racf.port), 'user = "ALICE"\npassword = "WONDER1"')))
    assert ids(found) == ["online.connect"]
    assert found[1].done


def test_a_server_that_answers_something_else_is_told(scripted_server, home):
    running = scripted_server((Expect(lambda _: True), Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Stall()))
    (found,) = tried(home((at(running.port), GOOD)))
    assert ids([found]) == ["online.ping"]


def test_a_server_that_says_nothing_costs_its_time_and_its_user_is_not_tried(scripted_server, home):
    running = scripted_server((Expect(lambda _: True), Stall()))
    (found,) = tried(home((at(running.port), GOOD)), SHORT)
    assert ids([found]) == ["online.time"]


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop", "verb": "R"}, {"kind": "refuse", "verb": "R", "reason_code": 74}],
    ids=["lost", "refused for another reason"],
)
def test_an_end_that_says_nothing_of_the_password_is_not_counted_against_the_user(standin_factory, home, fault):
    running = standin_factory(ims_connect=RACF, users=USERS, faults=[fault])
    whole = home((at(running.port), GOOD))
    guard_of(whole).close()
    (found,) = tried(whole)
    assert ids([found]) == ["online.service"]
    guard = guard_of(whole)
    for guess in ("A", "B"):
        guard.begin("GWUSER", Secret(guess), "10.1.2.3", 5, bundle="a").wrong()
    guard.close()


def test_a_data_store_that_is_not_there_is_told_and_forgives_no_failure(racf, home):
    whole = home((at(racf.port), GOOD))
    connect = whole.bundles["a"].ims_connect.model_copy(update={"datastore": "IMS9"})
    whole = replace(whole, bundles={"a": whole.bundles["a"].model_copy(update={"ims_connect": connect})})
    guard = guard_of(whole)
    guard.begin("GWUSER", Secret("A"), "10.1.2.3", 5, bundle="a").wrong()
    (found,) = tried(whole)
    assert ids([found]) == ["online.service"]
    assert "datastore not found" in found.problems[0].text
    guard.begin("GWUSER", Secret("B"), "10.1.2.3", 5, bundle="a").wrong()
    with pytest.raises(SecurityError):
        guard.begin("GWUSER", Secret("C"), "10.1.2.3", 5, bundle="a")
    guard.close()


def test_a_tpipe_that_the_user_may_not_read_says_that_he_was_accepted(standin_factory, home):
    refused = {"kind": "refuse", "verb": "R", "return_code": 16, "racf_code": 51, "reason_code": 0}
    running = standin_factory(ims_connect=RACF, users=USERS, faults=[refused])
    (found,) = tried(home((at(running.port), GOOD)))
    assert found.done
    assert "GWUSER was accepted" in found.found.said[-1]


# -- TLS


@pytest.fixture
def secure(standin_factory, tmp_path):
    """Start a stand-in with TLS; returns its port and the file that trusts its authority."""

    def start(hosts=("localhost", "127.0.0.1"), valid=timedelta(days=365)):
        authority = TestAuthority()
        (tmp_path / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
        (tmp_path / "ims.p12").write_bytes(authority.issue("ims", hosts, Secret("M4RK3R"), valid))
        keystore = {"path": str(tmp_path / "ims.p12"), "password": "M4RK3R"}
        running = standin_factory(ims_connect={**RACF, "tls": {"keystore": keystore}}, users=USERS)
        return running, tmp_path / "ca.pem"

    return start


def trusting(path, more=""):
    return f'tls = {{ truststore = {{ path = "{path}" }}{more} }}'


def test_tls_is_described_and_the_user_tried(secure, home):
    running, ca = secure()
    (found,) = tried(home((f"{at(running.port)}\n{trusting(ca)}", GOOD)))
    assert found.done
    assert "CN=ims" in found.found.said[0]
    assert found.found.shown.names == ("localhost", "127.0.0.1")
    assert signed_on(running) == ["GWUSER"]


def test_a_certificate_that_ends_soon_is_a_warning_and_the_user_is_tried(secure, home):
    running, ca = secure(valid=timedelta(days=9))
    (found,) = tried(home((f"{at(running.port)}\n{trusting(ca)}", GOOD)))
    assert found.done
    assert ids([found]) == ["online.certificate"]
    assert signed_on(running) == ["GWUSER"]


@pytest.mark.parametrize(
    ("hosts", "valid", "more", "kind"),
    [
        (("ims.example.com",), 365, "", "online.server-name"),
        (("127.0.0.1",), 365, ', server_name = "ims.example.com"', "online.server-name"),
        (("127.0.0.1",), -1, "", "online.expired"),
    ],
)
def test_a_certificate_that_is_not_accepted_is_told_why_and_nobody_signs_on(
    secure, home, hosts, valid, more, kind
):
    running, ca = secure(hosts, timedelta(days=valid))
    (found,) = tried(home((f"{at(running.port)}\n{trusting(ca, more)}", GOOD)))
    assert ids([found]) == [kind]
    assert signed_on(running) == []


def test_a_certificate_of_a_stranger_is_told_with_its_fingerprint(secure, home, tmp_path):
    running, _ = secure()
    stranger = tmp_path / "stranger.pem"
    stranger.write_bytes(TestAuthority(name="stranger").certificate.public_bytes(Encoding.PEM))
    (found,) = tried(home((f"{at(running.port)}\n{trusting(stranger)}", GOOD)))
    assert ids([found]) == ["online.untrusted"]
    assert found.found.shown.sha256 in found.problems[0].text


def test_a_server_that_wants_a_certificate_of_ours_is_told(secure, standin_factory, home, tmp_path):
    _, ca = secure()
    tls = {
        "keystore": {"path": str(tmp_path / "ims.p12"), "password": "M4RK3R"},
        "client_truststore": {"path": str(ca)},
    }
    running = standin_factory(ims_connect={**RACF, "tls": tls}, users=USERS)
    (found,) = tried(home((f"{at(running.port)}\n{trusting(ca)}", GOOD)))
    assert not found.done
    assert signed_on(running) == []


def test_tls_to_a_plain_port_is_told(racf, home, secure):
    _, ca = secure()
    (found,) = tried(home((f"{at(racf.port)}\n{trusting(ca)}", GOOD)))
    assert ids([found]) == ["online.tls"]


def test_a_bundle_whose_stores_cannot_be_read_is_left_to_the_other_checks(home, tmp_path, racf):
    (tmp_path / "ca.pem").write_text("no certificate")
    assert tried(home((f"{at(racf.port)}\n{trusting(tmp_path / 'ca.pem')}", GOOD))) == ()
