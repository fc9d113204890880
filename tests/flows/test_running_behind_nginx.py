"""Behind a TLS-terminating proxy: Debian's nginx in front of the plain listener.

nginx calls the gateway from 127.0.0.2, the only address that is trusted; whoever calls from 127.0.0.1 is not.
"""

import re
import ssl
import subprocess
from urllib.parse import quote

import pytest

from tests.fixtures.calling import PATIENCE, Caller, header_of, pem_of, trusting
from tests.fixtures.in_process import username_token
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import wait_until
from tests.interop.outside import need

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("running behind nginx")]

PROXY = "127.0.0.2"
PHONEBOOK = "urn:ims-gateway:example:phonebook"
WHOAMI = f'<whoAmI xmlns="{PHONEBOOK}"/>'
ALICE = username_token("ALICE", "WONDER1")
FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "forged.example",
}

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {server};
        ssl_certificate_key {server};
        ssl_client_certificate {ca};
        ssl_verify_client optional;
        location / {{
            proxy_pass {gateway};
            proxy_bind {proxy};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Client-Cert $ssl_client_escaped_cert;
        }}
    }}
}}
"""


class Nginx:
    """A running nginx in front of a gateway."""

    def __init__(self, folder, gateway) -> None:
        (self.port,) = free_ports(1)
        self.url = f"https://127.0.0.1:{self.port}"
        self.client = pem_of(gateway.keys.client)
        folder.mkdir()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            CONFIGURATION.format(
                folder=folder,
                port=self.port,
                server=pem_of(gateway.keys.server),
                ca=gateway.ca,
                gateway=gateway.http_url,
                proxy=PROXY,
            )
        )
        self._output = (folder / "output").open("wb")
        self._process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )
        self._folder = folder
        wait_until(self._serves, "nginx")

    def _serves(self) -> bool:
        assert self._process.poll() is None, (self._folder / "output").read_text()
        try:
            with Caller(self.url, self.unverified()) as caller:
                return caller.get("/healthz").status == 200
        except ConnectionRefusedError:
            return False

    @staticmethod
    def unverified() -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._output.close()


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, session_standin):
    need("nginx")
    settings = {
        "server.workers": 1,
        "server.trusted_proxies": [f"{PROXY}/32"],
        "server.client_certificate_header": "X-Client-Cert",
    }
    return module_gateway_factory(session_standin, settings)


@pytest.fixture(scope="module")
def nginx(gateway, tmp_path_factory):
    nginx = Nginx(tmp_path_factory.mktemp("nginx") / "home", gateway)
    yield nginx
    nginx.stop()


@pytest.fixture
def through_nginx(nginx, gateway):
    with Caller(nginx.url, gateway.ca) as caller:
        yield caller


def user(reply):
    assert reply.status == 200, reply.body
    return reply.payload.findtext("{*}user")


def entry(gateway, reply):
    return gateway.request(header_of(reply.headers, "x-tracking-id"))


def test_a_service_with_a_token_works_through_the_proxy_and_the_caller_is_the_proxy_s_client(
    gateway, through_nginx
):
    reply = through_nginx.post("SecurePhoneBookPort", WHOAMI, ALICE)
    assert user(reply) == "ALICE"
    told = entry(gateway, reply)
    assert (told["tls"], told["peer"]) == (True, "127.0.0.1")


def test_a_client_cannot_lend_itself_another_address_through_the_proxy(gateway, through_nginx):
    reply = through_nginx.post("SecurePhoneBookPort", WHOAMI, ALICE, headers=FORWARDED)
    assert user(reply) == "ALICE"
    assert entry(gateway, reply)["peer"] == "127.0.0.1"


def test_the_same_headers_sent_directly_are_not_believed(gateway, session_standin):
    before = len(session_standin.seen)
    with Caller(gateway.http_url) as caller:
        reply = caller.post("SecurePhoneBookPort", WHOAMI, ALICE, headers=FORWARDED)
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "Client", "IGW1301E")
    told = entry(gateway, reply)
    assert (told["tls"], told["peer"]) == (False, "127.0.0.1")
    assert len(session_standin.seen) == before


def test_it_is_the_address_that_is_trusted_and_not_the_headers(gateway):
    with Caller(gateway.http_url, source=PROXY) as caller:
        reply = caller.post("SecurePhoneBookPort", WHOAMI, ALICE, headers=FORWARDED)
        assert user(reply) == "ALICE"
        told = entry(gateway, reply)
        assert (told["tls"], told["peer"]) == (True, "203.0.113.9")
        plain = caller.post("SecurePhoneBookPort", WHOAMI, ALICE, headers={"X-Forwarded-Proto": "http"})
        assert plain.message_id == "IGW1301E"
        silent = caller.post("SecurePhoneBookPort", WHOAMI, ALICE)
        assert silent.message_id == "IGW1301E"


def test_the_wsdl_shows_the_address_of_the_proxy(gateway, nginx, through_nginx):
    document = through_nginx.get("/imssoap/services/SecurePhoneBookPort?wsdl").body.decode()
    address = f"{nginx.url}/imssoap/services/SecurePhoneBookPort"
    assert re.findall(r'location="([^"]+)"', document) == [address]
    imported = re.findall(r'schemaLocation="([^"]+)"', document)
    assert imported
    for location in imported:
        assert location.startswith(address)
        assert through_nginx.get(location.removeprefix(nginx.url)).status == 200
    with Caller(gateway.http_url) as direct:
        document = direct.get("/imssoap/services/PhoneBookPort?wsdl", FORWARDED).body.decode()
    assert "forged.example" not in document
    assert f'location="{gateway.http_url}/imssoap/services/PhoneBookPort"' in document


def test_public_url_stands_above_what_the_proxy_forwards(gateway_factory, session_standin):
    public = {"server.public_url": "https://ims.example", "server.trusted_proxies": [f"{PROXY}/32"]}
    gateway = gateway_factory(session_standin, {"server.workers": 1, **public})
    for source in (None, PROXY):
        with Caller(gateway.http_url, source=source) as caller:
            document = caller.get("/imssoap/services/PhoneBookPort?wsdl", FORWARDED).body.decode()
        assert 'location="https://ims.example/imssoap/services/PhoneBookPort"' in document


def test_a_client_certificate_that_nginx_passes_on_is_read_and_one_that_makes_no_sense_is_not_believed(
    gateway, nginx
):
    with Caller(nginx.url, trusting(gateway.ca, nginx.client)) as caller:
        assert user(caller.post("SecurePhoneBookPort", WHOAMI, ALICE)) == "ALICE"
    assert "not believed" not in gateway.log
    nonsense = {"X-Forwarded-Proto": "https", "X-Client-Cert": quote("-----BEGIN CERTIFICATE-----\nno")}
    with Caller(gateway.http_url) as stranger:
        stranger.post("PhoneBookPort", WHOAMI, headers=nonsense)
    assert "not believed" not in gateway.log, "from there it is not even looked at"
    with Caller(gateway.http_url, source=PROXY) as proxy:
        assert user(proxy.post("PhoneBookPort", WHOAMI, headers=nonsense)) == "GWUSER"
    assert "X-Client-Cert" in gateway.told("not believed")
