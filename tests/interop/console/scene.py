"""What stands around the console: a gateway with callout, two IMS Connect, a service and a provider outside."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.standin import RunningStandin
from tests.fixtures.admin import write_accounts
from tests.fixtures.calling import Caller
from tests.fixtures.callout import DESCRIPTORS, contract, event, write_toml
from tests.fixtures.hostile_service import Service, fault11
from tests.fixtures.identity_provider import ROLES
from tests.fixtures.in_process import work
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import RunningGateway, wait_until, with_settings
from tests.fixtures.standin import USERS, standin_config
from tests.interop.console.provider import ProviderServer, provider_server


@dataclass(frozen=True)
class Scene:
    """All of it, running."""

    gateway: RunningGateway
    first: RunningStandin
    """Behind the bundle ims1."""
    second: RunningStandin
    """Another, which the bundle may be changed to."""
    service: Service
    """The web service that IMS programs call; what it does is `service.behave`."""
    provider: ProviderServer

    @property
    def url(self) -> str:
        """Of the console."""
        return self.gateway.admin_url

    def call(self, text: str = "HELLO", port: str = "LabPort", header: str = "") -> int:
        """Make one SOAP call; returns the HTTP status."""
        with Caller(self.gateway.https_url, self.gateway.ca) as caller:
            return caller.post(port, work("echo", text), header).status

    def bury(self, number: int) -> None:
        """Have an IMS program send an event that the service refuses: a dead letter comes of it."""
        before = len(self.service.heard)
        self.service.behave = fault11("soap:Client")
        self.second.queue_output("PIPE1", event(number))
        wait_until(lambda: len(self.service.heard) > before, "the event at the service")


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Build it up, and take it down with the block."""
    with ExitStack() as stack:
        first = stack.enter_context(RunningStandin(standin_config(users=USERS)))
        second = stack.enter_context(RunningStandin(standin_config(users=USERS, descriptors=DESCRIPTORS)))
        service = Service()
        stack.callback(service.close)
        provider = stack.enter_context(provider_server(folder))
        (callout,) = free_ports(1)

        def prepare(home: Path) -> None:
            write_accounts(home)
            (home / "identity/idp.xml").write_bytes(provider.provider.metadata())
            write_toml(
                home / "bundles/events.toml",
                {
                    "ims_connect": {"host": second.host, "port": second.port, "datastore": "IMS1"},
                    "callout": {"tpipes": ["PIPE1"], "retry_seconds": 0.05},
                },
            )
            place = home / "wsdl/events"
            place.mkdir()
            (place / "events.wsdl").write_text(contract("events", service.origin))
            write_toml(
                place / "correlator.toml",
                {"role": "consumer", "wsdl": "events.wsdl", "bundles": ["events"], "operations": {"*": {}}},
            )
            _sign_on(home / "gateway.toml")

        gateway = RunningGateway(
            folder,
            first,
            {"callout.listen": f"127.0.0.1:{callout}", "server.workers": 2},
            prepare=prepare,
            arguments=("--with-callout",),
        )
        stack.callback(gateway.kill)
        yield Scene(gateway, first, second, service, provider)


def _sign_on(toml: Path) -> None:
    """Add single sign-on to `gateway.toml`, whose listeners are known by now."""
    listen = tomllib.loads(toml.read_text())["admin"]["listen"]
    sso = {
        "metadata": "identity/idp.xml",
        "name": "the company",
        "role_attribute": ROLES,
        "operators": ["ops"],
        "viewers": ["lookers"],
    }
    settings = {f"admin.sso.{key}": value for key, value in sso.items()}
    toml.write_text(with_settings(toml.read_text(), {"admin.public_url": f"https://{listen}", **settings}))
