"""Addresses of web services tried: TCP and TLS, no request."""

import pytest

from gateway.callout.deployment import read_contracts
from gateway.config.read import read_home
from gateway.preflight.online import try_all
from gateway.preflight.online_services import service_tries
from tests.fixtures.ports import free_port
from tests.fixtures.scripted_server import ExpectNothing
from tests.unit.preflight.homes import make
from tests.unit.preflight.online import PATIENCE, authority, context_of, server

ENVIRON = {"IMS1_PASSWORD": "GWPASS1"}


@pytest.fixture
def tries(tmp_path):
    """Return what is to be tried of the home with these addresses, and what was added to bundle and service."""

    def of(rating, reporting="http://127.0.0.1:1/", *, services=1, trusted=None, **more):
        folder = make(tmp_path, **more)
        if trusted is not None:
            (folder / "ca.pem").write_bytes(trusted.pem)
        wsdl = folder / "wsdl/rating/rating.wsdl"
        text = wsdl.read_text().replace("https://rating.example.com/rating", rating)
        wsdl.write_text(text.replace("https://rating.example.com/reporting", reporting))
        for number in range(1, services):
            other = folder / f"wsdl/other{number}"
            other.mkdir()
            correlator = (folder / "wsdl/rating/correlator.toml").read_text()
            (other / "correlator.toml").write_text(correlator.replace("rating.wsdl", f"other{number}.wsdl"))
            (other / f"other{number}.wsdl").write_text(wsdl.read_text())
        home = read_home(folder, environ=ENVIRON)
        return tuple(service_tries(home, read_contracts(home).contracts))

    return of


def ids(found):
    return [problem.check for each in found for problem in each.problems]


TRUST = 'truststore = { path = "ca.pem" }\n'


def test_an_address_with_tls_is_looked_at_with_the_stores_of_the_bundle(tries, scripted_server):
    ca = authority()
    running = scripted_server((ExpectNothing(),), tls=context_of(server(ca)))
    address = f"https://localhost:{running.port}/rating"
    made = tries(address, address, bundle=TRUST, trusted=ca)
    (found,) = try_all(made, seconds=PATIENCE)
    assert ids([found]) == []
    assert found.found.shown.subject == "CN=server"
    assert (found.what.kind, found.what.name) == ("service", "rating")
    assert (found.what.file, found.what.key) == ("wsdl/rating/correlator.toml", "wsdl")


def test_a_server_of_a_stranger_is_told(tries, scripted_server):
    running = scripted_server((ExpectNothing(),), (ExpectNothing(),), tls=context_of(server(authority("a"))))
    address = f"https://localhost:{running.port}/rating"
    found = try_all(tries(address, address, bundle=TRUST, trusted=authority("b")), seconds=PATIENCE)
    assert ids(found) == ["online.untrusted"]
    assert "rating localhost:" in found[0].problems[0].text


def test_services_at_one_server_are_one_try(tries):
    made = tries("http://127.0.0.1:81/a", "http://127.0.0.1:81/b", services=4)
    assert [(each.address, each.name) for each in made] == [("127.0.0.1:81", "other1 and 3 more")]


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("http://rating.example.com/a", "rating.example.com:80"),
        ("https://rating.example.com/a", "rating.example.com:443"),
        ("https://rating.example.com:8443/a", "rating.example.com:8443"),
        ("http://[::1]:81/a", "::1:81"),
    ],
)
def test_where_an_address_leads(tries, address, where):
    assert [each.address for each in tries(address, address)] == [where]


def test_a_placeholder_in_the_wsdl_is_nothing_to_try(tries):
    assert [each.address for each in tries("REPLACE_WITH_ACTUAL_URL", "http://127.0.0.1:1/")] == ["127.0.0.1:1"]


def test_before_a_proxy_only_the_proxy_is_tried(tries):
    (made,) = tries("https://rating.example.com/a", bundle='proxy = "http://127.0.0.1:3128"\n')
    assert (made.kind, made.address, made.file, made.key) == (
        "proxy",
        "127.0.0.1:3128",
        "bundles/ims1.toml",
        "callout.proxy",
    )


def test_a_service_s_own_proxy_counts_and_an_empty_one_is_none(tries):
    bundle = 'proxy = "http://127.0.0.1:3128"\n'
    (made,) = tries("http://127.0.0.1:1/", bundle=bundle, correlator='proxy = "http://127.0.0.1:3129"\n')
    assert (made.kind, made.address, made.key) == ("proxy", "127.0.0.1:3129", "proxy")
    (made,) = tries("http://127.0.0.1:1/", bundle=bundle, correlator='proxy = ""\n')
    assert made.kind == "service"


def test_a_service_that_nobody_listens_for_is_told(tries):
    address = f"http://127.0.0.1:{free_port()}/"
    assert ids(try_all(tries(address, address), seconds=PATIENCE)) == ["online.connect"]


def test_stores_that_cannot_be_read_are_left_to_the_other_checks(tries, tmp_path):
    tmp_path.joinpath("ca.pem").write_text("no certificate")
    assert tries("https://127.0.0.1:1/a", "https://127.0.0.1:1/b", bundle=TRUST) == ()
