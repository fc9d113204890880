"""Homes that `imsgw migrate` made serve the old addresses to zeep, an IMS Connect behind them."""

import secrets

import pytest
import requests
import zeep
from lxml import etree
from typer.testing import CliRunner
from zeep.exceptions import Fault
from zeep.wsse.username import UsernameToken

from gateway.cli import app
from gateway.clock import SYSTEM_CLOCK
from gateway.safexml import parse_trusted
from gateway.standin import RunningStandin
from tests.fixtures.calling import Caller, pem_of
from tests.fixtures.in_process import WSSE
from tests.fixtures.migration import KEYS_PASSWORD, SECRETS, lay_out, migrated_gateway
from tests.fixtures.standin import USERS, standin_config
from tests.forge.assertions import STS_PLACE, assertion

pytestmark = pytest.mark.xdist_group("migrated")  # they share the Java key stores


class Vouching:
    """What zeep puts into the security header: an assertion that names a user."""

    def __init__(self, user):
        self._user = user

    def apply(self, envelope, headers):
        claims = {"id": f"_{secrets.token_hex(8)}", "restrictions": ""}
        text = assertion(20, SYSTEM_CLOCK.now(), self._user, claims).replace(STS_PLACE, "")
        header = envelope.find("{*}Header")
        if header is None:
            header = etree.Element(f"{{{etree.QName(envelope).namespace}}}Header")
            envelope.insert(0, header)
        etree.SubElement(header, f"{{{WSSE}}}Security").append(parse_trusted(text.encode()))
        return envelope, headers

    def verify(self, envelope):
        pass


@pytest.fixture
def serve(tmp_path, java_stores):
    """Migrate an installation and run the gateway on what came of it."""
    started = []

    def start(name, **port):
        standin = RunningStandin(standin_config(ims_connect=port, users=USERS))
        started.append(standin.close)
        source, home = tmp_path / name, tmp_path / "migrated"
        lay_out(name, source, java_stores, standin.host, standin.port)
        done = CliRunner().invoke(app, ["migrate", str(source), "--to", str(home)])
        assert done.exit_code == 0, done.output
        assert not any(secret in done.output for secret in SECRETS)
        checked = CliRunner().invoke(app, ["check", "--home", str(home)])
        assert checked.exit_code == 0, checked.output
        ca = java_stores.ca if (home / "keystores/https.p12").exists() else None
        gateway = migrated_gateway(home, ca)(tmp_path, standin, {})
        started.append(gateway.kill)
        gateway.wait_ready()
        return gateway

    yield start
    for close in reversed(started):
        close()


@pytest.fixture
def client():
    """Return a function that makes a zeep client of an address as clients of the original know it."""
    sessions = []

    def make(gateway, port, wsse=None, certificate=None):
        session = requests.Session()
        sessions.append(session)
        session.trust_env = False
        session.verify = str(gateway.ca)
        session.cert = str(certificate) if certificate else None
        transport = zeep.Transport(session=session, timeout=30, operation_timeout=30)
        address = f"{gateway.https_url}/imssoap/services/{port}"
        return zeep.Client(f"{address}?wsdl", transport=transport, wsse=wsse)

    yield make
    for session in sessions:
        session.close()


def test_z_os_style_with_converters_and_username_tokens(serve, client, java_stores):
    server = {"path": str(java_stores.keys.server), "password": KEYS_PASSWORD}
    tls = {"keystore": server, "client_truststore": {"path": str(java_stores.keys.clients)}}
    gateway = serve("zos", racf=True, racfid="DEFUSER", otma_security="check", tls=tls)

    plain = client(gateway, "PhoneBookPort")
    found = plain.service.PhoneBook(command="DISPLAY", lastName="LAST1")
    assert (found.message, found.lastName) == ("ENTRY WAS DISPLAYED", "LAST1")

    secure = client(gateway, "SecurePhoneBookPort", UsernameToken("ALICE", "WONDER1"))
    assert secure.service.PhoneBook(command="DISPLAY", lastName="LAST1").lastName == "LAST1"
    assert secure.service.WhoAmI().user == "ALICE"
    with pytest.raises(Fault):
        client(gateway, "SecurePhoneBookPort").service.WhoAmI()
    ways = {(seen.exit.name, seen.adapter, seen.converter) for seen in gateway.standin.seen if seen.transaction}
    assert ways == {("HWSSOAP1", "HWSXMLA0", "IVTNOD"), ("HWSSOAP1", "", "")}
    assert not any(secret in gateway.log for secret in SECRETS)


def test_a_large_mixed_one_with_assertions(serve, client, java_stores):
    gateway = serve("mixed", racf=False, otma_security="none")
    certificate = pem_of(java_stores.keys.client)

    assert client(gateway, "PhoneBookPort").service.WhoAmI().user == "GWUSER"
    assert client(gateway, "Lab07Port").service.Echo(text="seven").text == "seven"

    vouched = client(gateway, "PhoneBookSaml20Port", Vouching("BOB"), certificate)
    assert vouched.service.WhoAmI().user == "BOB"
    with pytest.raises(Fault):  # nobody vouches
        client(gateway, "PhoneBookSaml20Port", Vouching("BOB")).service.WhoAmI()
    for port in ("PhoneBookSaml11OnePort", "PhoneBookSaml20AnyPort"):
        with pytest.raises(Fault):  # nobody signed
            client(gateway, port, Vouching("BOB"), certificate).service.WhoAmI()


def test_of_a_damaged_one_the_rest_is_served(serve, client):
    gateway = serve("odd", racf=True, racfid="DEFUSER", otma_security="check")
    assert client(gateway, "LabgoodPort").service.Echo(text="good").text == "good"
    with Caller(gateway.http_url) as caller:
        assert caller.get("/imssoap/services/LabgoodPort?wsdl").status == 200
        for port in ("PhoneBookPort", "LabtlsPort", "LabtokenPort"):
            assert caller.get(f"/imssoap/services/{port}?wsdl").status == 404
