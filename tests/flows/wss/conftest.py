"""One gateway of four workers for all tests here that do not need one of their own."""

import secrets
from contextlib import contextmanager

import pytest

from gateway.standin import RunningStandin
from tests.fixtures.running_gateway import REPOSITORY, deploy_lab, gateways
from tests.fixtures.standin import USERS, standin_config
from tests.flows.wss.scene import AUDIENCE, PORTAL, STS, Scene, new_signer
from tests.flows.wss.wiretap import Wiretap
from tests.forge.keys import Signer

TICKET_KEY = secrets.token_hex(8).upper()
VICTIM = "ZOE"
"""A user whose password is guessed at."""
PROXY = "127.0.0.2"
ANYBODY = {"token": "saml20", "unsigned_senders": "network", "issuers": [PORTAL, STS], "audiences": [AUDIENCE]}
SIGNED = {**ANYBODY, "signed": True, "trust": "one"}
SIGNED.pop("unsigned_senders")
OPTIONS = {"ticket": {"file": "identity/option.secret"}, "answer": "42"}
OPTION = secrets.token_hex(12)

LABS = {
    "RenewedPort": {**SIGNED, "truststore": {"path": "trust/renewed.pem"}},
    "MappedPort": {**ANYBODY, "users": {"path": "identity/users.toml"}},
    "GuardedPort": {**ANYBODY, "authenticator": "imsgw_site.doors:Door", "authenticator_options": OPTIONS},
}
"""Further services: the lab, by WSDL port, with this table `security`."""

USERS_TOML = r"""
deny = ["MALLORY"]
[[users]]
name = "Wonder, Alice"
user = "ALICE"
group = "SALES"
[[users]]
pattern = '([a-z]+)@shop\.example'
user = '\1'
[[users]]
name = "alice@bank.example"
issuer = "urn:ims-gateway:example:sts"
user = "BOB"
"""

DOORS = '''
"""An authentication module as a site writes it."""

from gateway.exchange import Secret
from gateway.identity.authenticator import Decision, UnavailableError


class Door:
    def __init__(self, options, home):
        assert isinstance(options["ticket"], Secret), "secrets come as such"
        self._ticket = options["ticket"].reveal()
        assert (home / "gateway.toml").exists()

    def authenticate(self, verified):
        name = verified.claims.user
        if name == "deny":
            return Decision.refuse("on the list of " + verified.circumstances.operation)
        if name == "break":
            raise RuntimeError("cannot use " + self._ticket)
        if name == "down":
            raise UnavailableError("directory does not answer")
        if name == "nonsense":
            return "yes, please"
        if name == "alice@example.com":
            return Decision(user="ALICE", group="SALES", password=Secret("WONDER1"))
        if name == "ticket":
            return Decision(user="BOB")
        return None
'''


@pytest.fixture(scope="session")
def first() -> Signer:
    """The signer that RenewedPort believes at the start."""
    return new_signer("first")


@pytest.fixture(scope="session")
def site_packages(tmp_path_factory):
    """A folder with a package of the site's own."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "imsgw_site").mkdir()
    (folder / "imsgw_site/__init__.py").write_text("")
    (folder / "imsgw_site/doors.py").write_text(DOORS)
    return folder


@contextmanager
def racf():
    """Run an IMS Connect with RACF=Y that takes PassTickets.

    One for each gateway: gateways that share no replay store know nothing of each other's PassTickets.
    """
    port = {"racf": True, "otma_security": "check", "application": "IMSAPPL", "max_bad_passwords": 0}
    tickets = {"IMSAPPL": {"key": TICKET_KEY}}
    users = {**USERS, VICTIM: {"password": "RIGHT1"}}
    config = standin_config(REPOSITORY, ims_connect=port, users=users, passtickets=tickets)
    with RunningStandin(config) as standin:
        yield standin


@pytest.fixture(scope="session")
def shared_scene(first, site_packages, tmp_path_factory):
    """The scene of the session; at its end nothing secret stands in the log."""

    def prepare(home):
        for name in ("trust", "identity"):
            (home / name).mkdir()
        (home / "trust/renewed.pem").write_text(first.pem)
        (home / "identity/users.toml").write_text(USERS_TOML)
        (home / "identity/option.secret").write_text(OPTION)
        for port, table in LABS.items():
            settings = {f"security.{key}": value for key, value in table.items()}
            deploy_lab(home, port.lower(), port, settings)

    settings = {
        "server.workers": 4,
        "server.trusted_proxies": [f"{PROXY}/32"],
        "server.client_certificate_header": "X-Client-Cert",
        "sign_on.failures_per_peer": 1000,
    }
    with (
        racf() as standin,
        Wiretap(standin.port) as tap,
        gateways(tmp_path_factory.mktemp("wss")) as start,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("PYTHONPATH", str(site_packages))
        bundle = {"ims_connect.port": tap.port, "passticket.key": TICKET_KEY}
        gateway = start(
            standin, settings, bundle, prepare=prepare, arguments=("--log-level", "debug"), assertions=True
        )
        scene = Scene(gateway, standin, tap)
        scene.said |= {TICKET_KEY, OPTION}
        yield scene
        gateway.stop()
        assert not scene.leaks()
        assert "Traceback" not in gateway.log


@pytest.fixture
def scene(shared_scene):
    """The scene, with nothing seen yet."""
    shared_scene.standin.forget()
    return shared_scene
