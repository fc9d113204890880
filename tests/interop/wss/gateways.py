"""A gateway in this process whose services take assertions, and what its callers are promised."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from gateway.standin import RunningStandin
from tests.fixtures.in_process import SOAP11, InProcess, InProcessFactory, SoapReply
from tests.fixtures.running_gateway import REPOSITORY, toml_value
from tests.fixtures.standin import USERS, standin_config
from tests.interop.wss.partners import Partners

ISSUER = "urn:partner:sts"
AUDIENCE = "urn:partner:gateway"
STS = "CN=sts,O=Partner\\, Inc.,C=DE"
LAB = REPOSITORY / "tests/homes/lab"
ECHO = "urn:lab:echo"


def policies(partners: Partners) -> Mapping[str, Mapping[str, Any]]:
    """Return the security tables of the services, by WSDL port."""
    pinned = {"signed": True, "trust": "one", "truststore": {"path": str(partners.pinned)}}
    by_sts = {**pinned, "signed_by": "sts", "sts_body": "https", "issuer_certificates": [STS]}
    tables: dict[str, Mapping[str, Any]] = {}
    for version in ("11", "20"):
        kinds: dict[str, Mapping[str, Any]] = {
            "Sender": pinned,
            "Legacy": {**pinned, "legacy_algorithms": True},
            "Sts": by_sts,
            "Both": {**by_sts, "sts_body": "sender-signature"},
            "Chain": {**pinned, "trust": "chain", "truststore": {"path": str(partners.ca.pem)}},
            "Any": {"signed": True, "trust": "any"},
            "Unsigned": {"unsigned_senders": "network"},
            "Mtls": {"unsigned_senders": "mtls"},
        }
        for kind, table in kinds.items():
            common = {"token": f"saml{version}", "issuers": [ISSUER], "audiences": [AUDIENCE]}
            tables[f"{kind}{version}Port"] = {**common, **table}
    return tables


def services(partners: Partners) -> Iterator[tuple[str, str]]:
    """Return the files of the services: the lab once for each policy."""
    for port, table in policies(partners).items():
        lines = "".join(f"{key} = {toml_value(value)}\n" for key, value in table.items())
        correlator = f"{(LAB / 'correlator.toml').read_text()}\n[security]\n{lines}"
        yield f"wsdl/{port.lower()}/lab.wsdl", (LAB / "lab.wsdl").read_text().replace("LabPort", port)
        yield f"wsdl/{port.lower()}/correlator.toml", correlator


class Vouched:
    """The gateway and the stand-in behind it."""

    def __init__(self, gateway: InProcess, standin: RunningStandin) -> None:
        self.gateway = gateway
        self.standin = standin

    def send(self, port: str, message: bytes, soap: str = SOAP11) -> SoapReply:
        """Post a message to a service."""
        headers = {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{ECHO}"'}
        if soap != SOAP11:
            headers = {"content-type": f'application/soap+xml; charset=utf-8; action="{ECHO}"'}
        return self.gateway.request("POST", f"/imssoap/services/{port}", message, headers)

    def accepts(self, port: str, message: bytes, soap: str = SOAP11) -> None:
        """Fail unless IMS answers the message, and is asked by ALICE."""
        before = len(self.standin.seen)
        reply = self.send(port, message, soap)
        assert reply.status == 200, (self.reason, reply.body)
        assert b"hello" in reply.body
        assert [seen.user for seen in self.standin.seen[before:]] == ["ALICE"]

    def refuses(self, port: str, message: bytes, fault: str, soap: str = SOAP11) -> str:
        """Fail unless the message gets this fault and IMS nothing; return the reason in the log."""
        before = len(self.standin.seen)
        reply = self.send(port, message, soap)
        assert reply.status in {400, 500}, reply.body
        assert reply.fault_code == fault, (self.reason, reply.body)
        assert len(self.standin.seen) == before, "a refused message reached IMS"
        return self.reason

    @property
    def reason(self) -> str:
        """What the log says of the last message."""
        return self.gateway.events.last.reason


@pytest.fixture(scope="session")
def vouched(partners: Partners, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vouched]:
    """Run it for the session: the messages are their makers', and come once each."""
    with ExitStack() as stack:
        standin = stack.enter_context(RunningStandin(standin_config(users=USERS)))
        make: Callable[..., InProcess] = InProcessFactory(tmp_path_factory.mktemp("vouched"), stack)
        yield Vouched(make(standin.port, extra=tuple(services(partners))), standin)
