"""What there is in a home, as it is shown: also where some of it is wrong, and never a secret."""

from pathlib import Path

from gateway.config.read import read_home
from gateway.manage import services
from gateway.manage.installation import Installation
from gateway.manage.policy_words import policy_in_words
from gateway.manage.reading import read, running
from gateway.manage.views import base_addresses
from tests.unit.manage.conftest import BUNDLE, ENVIRON

SECURE = '\n[security]\ntoken = "saml20"\nunsigned_senders = "network"\n'


def test_a_service_is_shown_with_its_addresses_operations_and_policy(installation: Installation) -> None:
    services.stop(installation, "lab")
    (view,) = read(installation).services
    assert (view.name, view.role, view.state, view.bundles) == ("lab", "provider", "stopped", ("ims1",))
    assert view.ports == ("LabPort",)
    assert view.addresses == ("http://127.0.0.1:8080/imssoap/services/LabPort",)
    shown = {one.name: (one.transaction, one.one_way) for one in view.operations}
    assert shown["Sleep"] == ("SLEEP", False)
    assert shown["EchoConfirmed"] == ("ECHO", False), "from the defaults"
    assert shown["Notify"] == ("NOREPLY", True)
    assert any("GWUSER" in sentence for sentence in view.policy)


def test_a_bundle_is_shown_without_its_password(installation: Installation) -> None:
    (view,) = read(installation).bundles
    assert (view.addresses, view.user, view.has_password) == (("127.0.0.1:9999",), "GWUSER", True)
    assert view.services == ("lab",)
    assert ENVIRON["IMS1_PASSWORD"] not in repr(view.facts())


def test_a_home_with_mistakes_shows_what_can_be_read(installation: Installation, home: Path) -> None:
    (home / "bundles/ims1.toml").write_text(BUNDLE.replace("9999", "99999"))
    (home / "wsdl/broken").mkdir()
    (home / "wsdl/broken/correlator.toml").write_text("role = ")
    picture = read(installation)
    assert picture.home is None
    assert [(view.name, view.bundles, view.ports) for view in picture.services] == [
        ("broken", (), ()),
        ("lab", ("ims1",), ()),
    ]
    assert picture.services[0].problems
    assert picture.bundles[0].addresses == ("127.0.0.1:99999",)
    assert len(picture.problems) == 2


def test_secrets_of_the_gateways_own_environment_need_not_be_known_here(home: Path) -> None:
    (home / "bundles/ims1.toml").write_text(
        BUNDLE + '[passticket]\napplication = "IMSAPPL"\nkey = { env = "TICKET_KEY" }\n'
    )
    picture = read(Installation(home, home / "var", {}))
    assert picture.home is not None
    assert picture.services[0].ports == ("LabPort",)
    assert Installation(home, home / "var", {}).judge()


def test_where_nothing_runs_there_is_nothing_to_tell(installation: Installation) -> None:
    assert running(installation) == ()


def test_a_service_with_a_token_has_no_plain_address(home: Path) -> None:
    gateway = read_home(home, environ=ENVIRON).gateway
    assert base_addresses(gateway, secured=False) == ("http://127.0.0.1:8080",)
    assert base_addresses(gateway, secured=True) == ()
    server = gateway.server.model_copy(update={"public_url": "https://soap.example.com"})
    assert base_addresses(gateway.model_copy(update={"server": server}), secured=True) == (
        "https://soap.example.com",
    )


def test_what_is_worth_a_second_look_says_so(home: Path) -> None:
    correlator = home / "wsdl/lab/correlator.toml"
    correlator.write_text(correlator.read_text() + SECURE)
    found = read_home(home, environ=ENVIRON)
    sentences = policy_in_words(found.services["lab"].settings, found.bundles["ims1"])
    assert any(line.startswith("Mind: ") and "anyone who can connect" in line for line in sentences)
    assert not any(line.startswith("Mind: ") for line in sentences if "SAML 2.0" in line)
