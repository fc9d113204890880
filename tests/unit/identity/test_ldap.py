"""The LDAP module against OpenLDAP, and against servers that do not keep to the protocol."""

import socket
import threading
from itertools import count
from pathlib import Path

import pytest
import trustme

from gateway.errors import ConfigError, GatewayError, M, SecurityError
from gateway.exchange import Caller, Secret
from gateway.identity.authenticator import Circumstances, UnavailableError, Verified
from gateway.identity.caller import authenticated_caller
from gateway.identity.ldap import LdapAuthenticator
from gateway.identity.loading import load_authenticator
from gateway.wss.verdict import Claims, TokenKind
from tests.fixtures.slapd import BASE, POSIX_TELLERS, SERVICE_DN, SERVICE_PASSWORD, TELLERS
from tests.unit.identity.test_caller import BUNDLE

WHERE = Circumstances("phonebook", "WhoAmI")
SEARCHER = {"base": BASE, "bind_dn": SERVICE_DN, "bind_password": Secret(SERVICE_PASSWORD)}


def options(server, **more):
    return {"url": server.secure, "truststore": {"path": str(server.ca)}, **SEARCHER, **more}


def module(server, **more):
    return LdapAuthenticator(options(server, **more), Path("/nonexistent"))


def said(found, user, password=None):
    kind = TokenKind.SAML20 if password is None else TokenKind.USERNAME
    claims = Claims(kind, user, Secret(password or ""))
    return found.authenticate(Verified(claims, WHERE, "", ""))


# -- the right password, and every other ----------------------------------------------------------------------


def test_the_right_password_is_accepted_and_stays_in_the_gateway(ldap_server):
    decision = said(module(ldap_server), "alice", "Wonder1")
    assert (decision.refused, decision.user, decision.password) == (False, None, Secret(""))


def test_the_password_goes_on_to_racf_where_that_is_wanted(ldap_server):
    assert said(module(ldap_server, forward_password=True), "alice", "Wonder1").password is None


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("alice", "wonder1"),
        ("alice", "Wonder1 "),
        ("alice", "Builder1"),
        ("nobody", "Wonder1"),
        ("nopass", "anything"),
        ("twin1", "Double1"),
        ("ALICE\x00", "Wonder1"),
        ("alice", ""),
        ("", "Wonder1"),
        ("", ""),
    ],
)
def test_everything_else_is_refused(ldap_server, user, password):
    claims = Claims(TokenKind.USERNAME, user, Secret(password))
    assert module(ldap_server).authenticate(Verified(claims, WHERE, "", "")).refused


@pytest.mark.parametrize(
    "user",
    [
        "*",
        "alic*",
        "al\\69ce",
        "alice)(uid=*",
        "*)(objectClass=*",
        "alice)(|(uid=*",
        "a)(!(uid=x",
        "(alice)",
        "\\2a",
        "alice\x00",
        "{user}",
        "{dn}",
    ],
)
@pytest.mark.parametrize("password", ["Wonder1", None])
def test_a_name_is_never_part_of_the_filter(ldap_server, user, password):
    assert said(module(ldap_server), user, password).refused
    assert said(module(ldap_server, required_group=TELLERS), user, password).refused


def test_a_name_full_of_filter_characters_is_found_when_it_is_really_there(ldap_server):
    found = module(ldap_server, required_group=TELLERS, user_attribute="employeeNumber")
    decision = said(found, "odd*(name),o=x", "Strange1")
    assert (decision.refused, decision.user) == (False, "ODD")


# -- what the directory says of a user ------------------------------------------------------------------------


def test_user_and_group_of_racf_come_from_attributes(ldap_server):
    found = module(
        ldap_server, filter="(mail={user})", user_attribute="employeeNumber", group_attribute="departmentNumber"
    )
    decision = said(found, "alice@bank.example")
    assert (decision.refused, decision.user, decision.group, decision.password) == (
        False,
        "ALICE7",
        "TELLERS",
        None,
    )


def test_the_names_of_attributes_have_no_case(ldap_server):
    assert said(module(ldap_server, user_attribute="EMPLOYEEnumber"), "alice").user == "ALICE7"


def test_a_user_without_the_attribute_for_racf_is_refused(ldap_server):
    assert said(module(ldap_server, user_attribute="employeeNumber"), "bob", "Builder1").refused


def test_a_user_without_a_group_keeps_the_default_one(ldap_server):
    decision = said(module(ldap_server, group_attribute="departmentNumber"), "bob", "Builder1")
    assert (decision.refused, decision.group) == (False, None)


def test_a_user_of_two_groups_is_refused(ldap_server):
    assert said(module(ldap_server, group_attribute="departmentNumber"), "twins", "Double1").refused


def test_an_assertion_for_somebody_who_is_not_there_is_refused(ldap_server):
    assert not said(module(ldap_server), "alice").refused
    assert said(module(ldap_server), "mallory").refused
    assert said(module(ldap_server), "twin1").refused


@pytest.mark.parametrize("group", [TELLERS, POSIX_TELLERS])
def test_only_members_of_the_required_group_are_let_in(ldap_server, group):
    found = module(ldap_server, required_group=group)
    assert not said(found, "alice", "Wonder1").refused
    assert said(found, "bob", "Builder1").refused
    assert said(found, "bob").refused


def test_a_required_group_that_does_not_exist_lets_nobody_in(ldap_server):
    assert said(module(ldap_server, required_group="cn=none,o=Bank"), "alice", "Wonder1").refused


def test_as_part_of_a_call_the_directory_decides_who_is_calling(ldap_server):
    found = load_authenticator(
        "ldap", options(ldap_server, user_attribute="employeeNumber"), Path("/home"), "f"
    )
    token = Claims(TokenKind.USERNAME, "alice", Secret("Wonder1"))
    caller = authenticated_caller(token, BUNDLE, None, found, WHERE)
    assert caller == Caller("ALICE7", Secret(""), "", "username")
    with pytest.raises(SecurityError):
        authenticated_caller(Claims(TokenKind.USERNAME, "alice", Secret("no")), BUNDLE, None, found, WHERE)


# -- the way there --------------------------------------------------------------------------------------------


def test_tls_may_begin_on_the_plain_port(ldap_server):
    found = module(ldap_server, url=ldap_server.plain, start_tls=True)
    assert not said(found, "alice", "Wonder1").refused


def test_without_tls_only_when_that_is_said(ldap_server):
    plain = {"url": ldap_server.plain, **SEARCHER}
    with pytest.raises(ConfigError, match="passwords in clear"):
        LdapAuthenticator(plain, Path("/nonexistent"))
    assert not said(
        LdapAuthenticator({**plain, "allow_plain": True}, Path("/nonexistent")), "alice", "Wonder1"
    ).refused


@pytest.mark.parametrize("start_tls", [False, True])
def test_a_certificate_of_somebody_else_is_not_taken(ldap_server, tmp_path, start_tls):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    url = ldap_server.plain if start_tls else ldap_server.secure
    found = module(ldap_server, url=url, start_tls=start_tls, truststore={"path": str(tmp_path / "other.pem")})
    with pytest.raises(UnavailableError):
        said(found, "alice", "Wonder1")


def test_a_certificate_for_another_name_is_not_taken(ldap_server):
    with pytest.raises(UnavailableError):
        said(module(ldap_server, url=f"ldaps://localhost:{ldap_server.tls_port}"), "alice", "Wonder1")


def test_a_searcher_who_is_not_let_in_is_a_failure_of_ours_and_not_of_the_caller(ldap_server):
    found = module(ldap_server, bind_password=Secret("wrong"))
    with pytest.raises(GatewayError) as failed:
        authenticated_caller(Claims(TokenKind.USERNAME, "alice", Secret("Wonder1")), BUNDLE, None, found, WHERE)
    assert failed.value.message is M.AUTHENTICATOR
    assert "Wonder1" not in str(failed.value)
    assert "wrong" not in str(failed.value)


def refusing_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def answering():
    """Give a function that starts a server and returns its URL.

    Each list of answers is for one connection, one for each message; the last is for all that follow.
    """
    stopping = []

    def start(*connections):
        server = socket.create_server(("127.0.0.1", 0))

        def serve():
            for number in count():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                answers = connections[min(number, len(connections) - 1)]
                with connection:
                    for answer in answers:
                        request = connection.recv(65536)
                        if not request:
                            break
                        connection.sendall(messages(answer, request))
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()

        def stop():
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(10)

        stopping.append(stop)
        return f"ldap://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for stop in stopping:
        stop()


def result(operation, code):
    """LDAPResult of RFC 4511, section 4.1.9, in BER by hand, as an answer of one message."""
    return (bytes([operation, 0x07, 0x0A, 0x01, code, 0x04, 0x00, 0x04, 0x00]),)


def messages(answer, request):
    """Put each part of an answer into a message with the id of the request; bytes are sent as they are."""
    if isinstance(answer, bytes):
        return answer
    number = request[2 : 4 + request[3]]
    return b"".join(bytes([0x30, len(number + part)]) + number + part for part in answer)


ENTRY = bytes([0x64, 0x0C, 0x04, 0x08, *b"uid=a,o=", 0x30, 0x00])
"""SearchResultEntry of RFC 4511, section 4.5.2, without attributes."""
FOUND = [result(0x61, 0), (ENTRY, *result(0x65, 0))]


def plainly(url, **more):
    return LdapAuthenticator(
        {"url": url, "base": BASE, "allow_plain": True, "timeout_seconds": 1, **more}, Path("/x")
    )


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [b""],
        [b"\x00" * 20],
        [b"HTTP/1.1 400 Bad Request\r\n\r\n"],
        [result(0x61, 10)],  # a referral instead of a bind
        [result(0x61, 52)],
        [result(0x61, 0), result(0x65, 1)],
        [result(0x61, 0), result(0x65, 51)],
    ],
    ids=["closed", "empty", "zeros", "http", "referral", "unavailable", "operations error", "busy"],
)
def test_a_directory_that_does_not_answer_in_order_lets_nobody_in(answering, answers):
    found = plainly(answering(answers))
    with pytest.raises(GatewayError) as failed:
        authenticated_caller(Claims(TokenKind.USERNAME, "alice", Secret("Wonder1")), BUNDLE, None, found, WHERE)
    assert failed.value.message is M.AUTHENTICATOR


@pytest.mark.parametrize(
    ("bind", "accepted"),
    [([result(0x61, 0)], True), ([result(0x61, 49)], False), ([result(0x61, 53)], False)],
    ids=["success", "invalidCredentials", "unwillingToPerform"],
)
def test_a_password_is_proven_by_a_bind_and_nothing_else(answering, bind, accepted):
    assert said(plainly(answering(FOUND, bind)), "alice", "Wonder1").refused is not accepted


@pytest.mark.parametrize("code", [1, 10, 14, 51, 80, 100])
def test_a_bind_that_is_neither_accepted_nor_about_the_user_lets_nobody_in(answering, code):
    """10 is a referral, 14 asks for more: ldap3 raises nothing for these two."""
    found = plainly(answering(FOUND, [result(0x61, code)]))
    with pytest.raises(GatewayError) as failed:
        authenticated_caller(Claims(TokenKind.USERNAME, "alice", Secret("Wonder1")), BUNDLE, None, found, WHERE)
    assert failed.value.message is M.AUTHENTICATOR


def test_a_directory_that_is_not_there_lets_nobody_in():
    with pytest.raises(UnavailableError):
        said(plainly(f"ldap://127.0.0.1:{refusing_port()}"), "alice", "Wonder1")


def test_a_directory_that_says_nothing_is_not_waited_for_for_ever():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnavailableError):
            said(plainly(url), "alice", "Wonder1")


def test_a_directory_that_says_nothing_during_the_handshake_is_not_waited_for_for_ever(ldap_server):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldaps://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnavailableError):
            said(module(ldap_server, url=url, timeout_seconds=1), "alice", "Wonder1")


# -- options --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "key", "text"),
    [
        ({"url": "http://x"}, "url", "must be an address"),
        ({"url": "ldaps://x:99999"}, "url", "must be an address"),
        ({"url": "ldaps://x/o=Bank??sub"}, "url", "must be an address"),
        ({"truststore": None}, "truststore", "is missing"),
        ({"truststore": {"path": "no.pem"}}, "truststore.path", "does not exist"),
        ({"start_tls": True}, "start_tls", "ldap:// only"),
        ({"allow_plain": True}, "allow_plain", "contradicts"),
        ({"filter": "uid={user}"}, "filter", "in parentheses"),
        ({"filter": "(uid=alice)"}, "filter", "with {user}"),
        ({"filter": "(&(uid={user})"}, "filter", "not an LDAP filter"),
        ({"bind_password": Secret("")}, "bind_password", "anonymous"),
        ({"bind_pasword": "x"}, "bind_pasword", "did you mean bind_password"),
        ({"timeout_seconds": 0}, "timeout_seconds", "from 1 to 60"),
        ({"base": ""}, "base", "not empty"),
    ],
)
def test_a_wrong_option_is_named_where_it_stands(tmp_path, wrong, key, text):
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    right = {"url": "ldaps://directory.example", "truststore": {"path": "ca.pem"}, **SEARCHER}
    LdapAuthenticator(right, tmp_path)
    with pytest.raises(ConfigError) as failed:
        load_authenticator("ldap", {**right, **wrong}, tmp_path, "wsdl/x/correlator.toml")
    found = {problem.key: problem.text for problem in failed.value.problems}
    assert text in found[f"security.authenticator_options.{key}"]
    assert SERVICE_PASSWORD not in str(failed.value)
