"""A contract as public web services publish theirs, deployed as it came onto a running gateway and called."""

# mypy: allow-untyped-calls
import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError

import pytest
import requests
from zeep import Client, Settings, Transport
from zeep.exceptions import Fault

from gateway.standin import RunningStandin
from tests.fixtures.atlas import ATLAS, COUNTRIES
from tests.fixtures.calling import Caller
from tests.fixtures.in_process import SOAP11, SOAP12
from tests.fixtures.reloading import imsgw
from tests.fixtures.running_gateway import (
    BUNDLE_PASSWORD,
    KEYSTORE_PASSWORD,
    REPOSITORY,
    GatewayFactory,
    RunningGateway,
)
from tests.fixtures.standin import USERS, standin_config

CONTRACT = REPOSITORY / "tests/homes/atlas/atlas.wsdl"
DEPLOY = ("service", "deploy", CONTRACT, "--bundle", "ims1", "--transaction", "ATLAS")
PROGRAM = {"ATLAS": {"program": "tests.fixtures.atlas:Atlas"}}
SOAP_PORTS = ["AtlasSoap", "AtlasSoap12"]
ADD = f'<Add xmlns="{ATLAS}"><intA>40</intA><intB>2</intB></Add>'


@pytest.fixture(scope="module")
def standin() -> Iterator[RunningStandin]:
    with RunningStandin(standin_config(transactions=PROGRAM, users=USERS)) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(module_gateway_factory: GatewayFactory, standin: RunningStandin) -> RunningGateway:
    return module_gateway_factory(standin, {"server.workers": 1})


def run(gateway: RunningGateway, *arguments: object) -> subprocess.CompletedProcess[str]:
    return imsgw(*arguments, "--home", gateway.home)


@pytest.fixture
def deployed(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What `imsgw service deploy --json` said; the service is gone with the test."""
    monkeypatch.setenv("IMSGW_KEYSTORE_PASSWORD", KEYSTORE_PASSWORD)
    monkeypatch.setenv("IMS1_PASSWORD", BUNDLE_PASSWORD)
    ended = run(gateway, *DEPLOY, "--json")
    assert ended.returncode == 0, ended
    yield json.loads(ended.stdout)
    ended = run(gateway, "service", "undeploy", "atlas", "--remove")
    assert ended.returncode == 0, ended
    with pytest.raises(HTTPError, match="404"):
        gateway.fetch(f"{gateway.https_url}/imssoap/services/AtlasSoap?wsdl")


def zeep_client(gateway: RunningGateway, port: str) -> Client:
    """Return a client that knows the published contract and the address in it, nothing else."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(gateway.ca)
    return Client(
        f"{gateway.https_url}/imssoap/services/{port}?wsdl",
        port_name=port,
        transport=Transport(session=session, timeout=30, operation_timeout=30),
        settings=Settings(forbid_dtd=True),
    )


@pytest.fixture
def services(gateway: RunningGateway, deployed: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The service as zeep sees it, by port."""
    clients = {port: zeep_client(gateway, port) for port in SOAP_PORTS}
    yield {port: client.service for port, client in clients.items()}
    for client in clients.values():
        client.transport.session.close()


def test_it_is_served_at_its_soap_ports_and_a_warning_names_each_port_that_is_not(
    gateway: RunningGateway, deployed: dict[str, Any]
) -> None:
    assert deployed["in_force"]
    assert deployed["addresses"] == [f"/imssoap/services/{port}" for port in SOAP_PORTS]
    assert {one["name"] for one in deployed["operations"]} == {"Add", "CapitalCity", "ListOfCountriesByName"}
    assert deployed["files"] == [
        "wsdl/atlas/atlas.wsdl",
        "wsdl/atlas/correlator.toml",
        "wsdl/atlas/schemas/atlas.xsd",
        "wsdl/atlas/schemas/common/codes.xsd",
    ]
    warned = [one for one in deployed["warnings"] if one["file"] == "wsdl/atlas/atlas.wsdl"]
    assert [one["text"] for one in warned] == ["is not served: its binding is none of SOAP"] * 2
    for one, port in zip(warned, ("AtlasHttpGet", "AtlasHttpPost"), strict=True):
        assert port in one["key"]
    for port in ("AtlasHttpGet", "AtlasHttpPost"):
        with Caller(gateway.https_url, gateway.ca) as caller:
            assert caller.get(f"/imssoap/services/{port}/Add?intA=40&intB=2").status == 404


@pytest.mark.parametrize("port", SOAP_PORTS)
def test_zeep_calls_every_operation_by_either_port(services: dict[str, Any], port: str) -> None:
    service = services[port]
    assert service.Add(intA=40, intB=2) == 42
    assert service.CapitalCity("IS") == "Reykjavík"
    listed = [(one.sISOCode, one.sName, one.dPopulation) for one in service.ListOfCountriesByName()]
    assert listed == [(code, name, Decimal(people)) for code, (name, _, people) in COUNTRIES.items()]


def test_what_the_included_schema_forbids_is_a_fault_of_the_caller(services: dict[str, Any]) -> None:
    with pytest.raises(Fault, match="IGW"):
        services["AtlasSoap12"].CapitalCity("Iceland")


@pytest.mark.parametrize(("port", "soap"), [("AtlasSoap", SOAP12), ("AtlasSoap12", SOAP11)])
def test_each_port_answers_the_other_version_of_soap_too(
    gateway: RunningGateway, deployed: dict[str, Any], port: str, soap: str
) -> None:
    with Caller(gateway.https_url, gateway.ca) as caller:
        reply = caller.post(
            port, ADD, soap=soap, headers={"SOAPAction": f'"{ATLAS}Add"'} if soap == SOAP11 else {}
        )
    assert reply.status == 200
    assert reply.root.tag == f"{{{soap}}}Envelope"
    assert reply.payload.findtext(f"{{{ATLAS}}}AddResult") == "42"


def test_people_read_the_warning_before_and_after_it_is_deployed(
    gateway: RunningGateway, deployed: dict[str, Any]
) -> None:
    tried = run(gateway, *DEPLOY, "--name", "once-more", "--dry-run")
    replaced = run(gateway, *DEPLOY[:3], "--replace")
    assert (tried.returncode, replaced.returncode) == (0, 0), (tried, replaced)
    for told in (tried.stdout, replaced.stderr):
        assert "AtlasHttpPost" in told
        assert "warning: is not served: its binding is none of SOAP" in told
