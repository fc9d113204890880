"""Directories tried, against a real one; each account binds once."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from gateway.exchange import Secret
from gateway.preflight.online import try_all
from gateway.preflight.online_directory import directory_tries
from tests.fixtures.ports import free_port
from tests.fixtures.scripted_server import Send, Stall
from tests.fixtures.slapd import BASE, SERVICE_DN, SERVICE_PASSWORD
from tests.unit.preflight.online import PATIENCE, SHORT

WRONG = "M4RK3R"


def options(server, **more):
    own = {"base": BASE, "bind_dn": SERVICE_DN, "bind_password": Secret(SERVICE_PASSWORD)}
    return {"url": server.secure, "truststore": {"path": str(server.ca)}, **own, **more}


def tried(*many, module="ldap", seconds=PATIENCE):
    services = {
        f"service{number}": SimpleNamespace(
            settings=SimpleNamespace(security=SimpleNamespace(authenticator=module, authenticator_options=one))
        )
        for number, one in enumerate(many)
    }
    home = SimpleNamespace(services=services, path=Path("/nonexistent"))
    found = try_all(tuple(directory_tries(home)), seconds=seconds)
    assert WRONG not in str(found)
    assert SERVICE_PASSWORD not in str(found)
    return found


def ids(found):
    return [problem.check for each in found for problem in each.problems]


def test_a_directory_is_bound_to_and_has_its_base(ldap_server):
    (found,) = tried(options(ldap_server))
    assert ids([found]) == []
    assert found.found.said[-1] == f"{SERVICE_DN} was accepted"
    assert found.found.shown is not None
    assert (found.what.file, found.what.key) == (
        "wsdl/service0/correlator.toml",
        "security.authenticator_options",
    )


def test_services_that_share_a_directory_and_an_account_try_it_once(ldap_server):
    assert len(tried(options(ldap_server), options(ldap_server, filter="(cn={user})"))) == 1
    assert len(tried(options(ldap_server), options(ldap_server, bind_dn="", bind_password=Secret("")))) == 2


def test_start_tls_is_looked_at(ldap_server):
    (found,) = tried(options(ldap_server, url=ldap_server.plain, start_tls=True))
    assert ids([found]) == []
    assert found.found.shown is not None


def test_a_plain_directory_is_tried_without_tls(ldap_server):
    plain = options(ldap_server, url=ldap_server.plain, allow_plain=True)
    del plain["truststore"]
    (found,) = tried(plain)
    assert ids([found]) == []
    assert found.found.shown is None


def test_a_wrong_password_is_told_with_the_name_of_the_result(ldap_server):
    (found,) = tried(options(ldap_server, bind_password=Secret(WRONG)))
    assert ids([found]) == ["online.sign-on"]
    assert "invalidCredentials" in found.problems[0].text


def test_a_base_that_is_not_there_is_told(ldap_server):
    (found,) = tried(options(ldap_server, base="ou=nobody,o=Bank"))
    assert ids([found]) == ["online.sign-on"]
    assert "ou=nobody,o=Bank is not there" in found.problems[0].text


def test_a_directory_of_a_stranger_is_told_before_anybody_binds(ldap_server, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (found,) = tried(options(ldap_server, truststore={"path": str(tmp_path / "ca.pem")}))
    assert ids([found]) == ["online.untrusted"]


def test_a_certificate_for_another_name_is_told(ldap_server):
    (found,) = tried(options(ldap_server, url=ldap_server.secure.replace("127.0.0.1", "localhost")))
    assert ids([found]) == ["online.server-name"]


def test_an_address_without_a_directory_is_told(ldap_server, scripted_server):
    assert ids(tried(options(ldap_server, url=f"ldaps://127.0.0.1:{free_port()}"))) == ["online.connect"]
    running = scripted_server((Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Stall()))
    start = options(ldap_server, url=f"ldap://127.0.0.1:{running.port}", start_tls=True)
    assert ids(tried(start)) == ["online.tls"]


def test_a_directory_that_hangs_costs_its_time(ldap_server, scripted_server):
    running = scripted_server((Stall(),))
    start = options(ldap_server, url=f"ldap://127.0.0.1:{running.port}", start_tls=True)
    assert ids(tried(start, seconds=SHORT)) == ["online.time"]


@pytest.mark.parametrize("module", ["", "my.module:Name"])
def test_other_modules_are_not_tried(ldap_server, module):
    assert tried(options(ldap_server), module=module) == ()


def test_options_that_are_wrong_are_left_to_the_other_checks(ldap_server):
    assert tried(options(ldap_server, nonsense=1)) == ()
