"""No check may be worse than linear: a home of 2,000 services is judged at each reload, in every process."""

import sys
from dataclasses import replace
from types import MappingProxyType

import pytest

from gateway.callout import deployment
from gateway.config.read import read_home
from gateway.preflight import judging, providers
from tests.fixtures.certificates import NOW, issue
from tests.unit.config.homes import CORPUS, build

FEW, MANY = 60, 240


@pytest.fixture
def home(tmp_path):
    """A home with a provider that knows signers and users, and a consumer with stores of its own."""
    environ = build(CORPUS / "replay-store-of-one-machine-beside-a-journal-of-several", tmp_path)
    (tmp_path / "partners.pem").write_bytes(issue("web1").pem)
    (tmp_path / "users.toml").write_text('[[users]]\nname = "anna"\nuser = "ANNA1"\n')
    security = """
token = "saml20"
signed = true
truststore = { path = "partners.pem" }
senders = ["CN=web1"]
users = { path = "users.toml" }
"""
    provider, consumer = (tmp_path / "wsdl" / name / "correlator.toml" for name in ("phonebook", "rating"))
    provider.write_text(provider.read_text().replace('token = "username"\n', security))
    stores = '[security]\ntruststore = { path = "partners.pem" }\n[operations.Rate]\n'
    consumer.write_text(consumer.read_text().replace("[operations.Rate]\n", stores))
    return read_home(tmp_path, environ=environ)


def of_size(home, count):
    """Return the home with so many of each kind of service."""
    services = {
        f"phonebook{n}": replace(home.services["phonebook"], name=f"phonebook{n}") for n in range(count)
    }
    consumers = {
        f"rating{n}": replace(
            home.consumers["rating"], name=f"rating{n}", wsdl=home.path / "wsdl/rating" / f"rating{n}.wsdl"
        )
        for n in range(count)
    }
    return replace(home, services=MappingProxyType(services), consumers=MappingProxyType(consumers))


def calls(home):
    """Count the calls of functions while a home is judged: what they do hangs on no clock and no machine."""
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        judging.judge(home, NOW, providers.Providers({}, ()), deployment.Consumers({}, ()))
    finally:
        sys.setprofile(before)
    return counted


def test_four_times_as_many_services_take_four_times_as_much_at_most(home):
    calls(of_size(home, 1))  # what is cached for good is cached now
    few, many = calls(of_size(home, FEW)), calls(of_size(home, MANY))
    assert many < few * MANY / FEW * 1.1
