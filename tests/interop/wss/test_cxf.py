"""CXF's own client over HTTPS: UsernameToken, assertions, signatures, client certificates."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway import testkeys
from gateway.standin import RunningStandin
from tests.fixtures.in_process import SOAP11, SOAP12
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD
from tests.fixtures.standin import USERS, standin_config
from tests.interop.wss.gateways import AUDIENCE, ECHO, ISSUER, services
from tests.interop.wss.java import JavaError
from tests.interop.wss.layouts import WSU
from tests.interop.wss.messages import BODY

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("java stacks")]

WSDL_SOAP = "http://schemas.xmlsoap.org/wsdl/soap"
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
SERVICE = "{urn:ims-gateway:lab:service}"
VERSIONS = pytest.mark.parametrize("version", ["11", "20"])
SOAP = pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
POLICY = """
<wsp:Policy wsu:Id="secured" xmlns:wsp="http://www.w3.org/ns/ws-policy" xmlns:wsu="{wsu}"
    xmlns:sp="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702">
  <sp:TransportBinding><wsp:Policy>
    <sp:TransportToken><wsp:Policy><sp:HttpsToken><wsp:Policy/></sp:HttpsToken></wsp:Policy></sp:TransportToken>
    <sp:AlgorithmSuite><wsp:Policy><sp:Basic256Sha256/></wsp:Policy></sp:AlgorithmSuite>
  </wsp:Policy></sp:TransportBinding>
  <sp:SignedSupportingTokens><wsp:Policy>{token}</wsp:Policy></sp:SignedSupportingTokens>
</wsp:Policy>
"""
ALWAYS = (
    'sp:IncludeToken="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702/IncludeToken/AlwaysToRecipient"'
)
TOKENS = {
    "username": f"<sp:UsernameToken {ALWAYS}><wsp:Policy/></sp:UsernameToken>",
    "saml11": f"<sp:SamlToken {ALWAYS}><wsp:Policy><sp:WssSamlV11Token11/></wsp:Policy></sp:SamlToken>",
    "saml20": f"<sp:SamlToken {ALWAYS}><wsp:Policy><sp:WssSamlV20Token11/></wsp:Policy></sp:SamlToken>",
}


@pytest.fixture(scope="module")
def standin():
    with RunningStandin(standin_config(users=USERS)) as standin:
        yield standin


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, partners, standin):
    """Run one that asks for client certificates and has the services with assertions."""

    def add_services(home):
        for path, text in services(partners):
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)

    settings = {
        "server.client_authentication": "optional",
        "server.client_truststore": {"path": "keystores/clients.pem"},
    }
    return module_gateway_factory(standin, settings, prepare=add_services)


def java_truststore(ca, path):
    """Write the authority of a PEM file as a store of trusted certificates."""
    entry = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(ca.read_bytes()), b"ca")
    protection = BestAvailableEncryption(KEYSTORE_PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_java_truststore([entry], protection))
    return {"path": str(path), "password": KEYSTORE_PASSWORD}


class Cxf:
    """Calls the Echo of a service, as a partner would have it configured."""

    def __init__(self, java, gateway, folder):
        self._java = java
        self._gateway = gateway
        self._folder = folder
        self._ca = java_truststore(gateway.ca, folder / "ca.p12")
        self._count = 0

    def contract(self, port, soap=SOAP11, token=""):
        """Save the live WSDL; with the binding of SOAP 1.2, or a policy, where a client needs them."""
        text = self._gateway.fetch(f"{self._gateway.https_url}/imssoap/services/{port}?wsdl").decode()
        if soap == SOAP12:
            text = text.replace(f'"{WSDL_SOAP}/"', f'"{WSDL_SOAP}12/"')
        if token:
            policy = POLICY.format(wsu=WSU, token=TOKENS[token])
            reference = '<wsp:PolicyReference xmlns:wsp="http://www.w3.org/ns/ws-policy" URI="#secured"/>'
            head, name, tail = text.partition('<wsdl:binding name="LabBinding"')
            before, end, after = tail.partition(">")
            text = f"{head}{name}{before}{end}{reference}{after}"
            text = text.replace("</wsdl:definitions>", f"{policy}</wsdl:definitions>")
        self._count += 1
        path = self._folder / f"{self._count}.wsdl"
        path.write_text(text)
        return path

    def __call__(self, port, soap=SOAP11, policy="", **job):
        wanted = {
            "url": f"{self._gateway.https_url}/imssoap/services/{port}",
            "wsdl": str(self.contract(port, soap, policy)),
            "service": f"{SERVICE}LabService",
            "port": f"{SERVICE}{port}",
            "action": ECHO,
            "body": BODY,
            "ca": self._ca,
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "user": "ALICE",
            **job,
        }
        return self._java.call(**wanted)


@pytest.fixture(scope="module")
def cxf(java, gateway, tmp_path_factory):
    return Cxf(java, gateway, tmp_path_factory.mktemp("cxf"))


@pytest.fixture
def certified(gateway):
    """The TLS client certificate of a partner."""
    return {"path": str(gateway.keys.client), "password": KEYSTORE_PASSWORD}


def answered(standin, answer, user="ALICE"):
    """Fail unless IMS answered the call, made as the user."""
    assert "hello" in answer.get("reply", ""), answer
    assert standin.seen[-1].user == user


@SOAP
def test_a_username_token_of_an_interceptor(cxf, standin, soap):
    answer = cxf("SecureLabPort", soap, actions="UsernameToken", password="WONDER1")
    answered(standin, answer)


def test_a_username_token_by_policy(cxf, standin):
    answered(standin, cxf("SecureLabPort", policy="username", password="WONDER1"))


@SOAP
def test_a_missing_token_is_refused(cxf, standin, soap):
    before = len(standin.seen)
    fault = cxf("SecureLabPort", soap, actions="Timestamp")["fault"]
    code = fault["code"] if soap == SOAP11 else fault["subcode"]
    assert code == f"{WSSE}InvalidSecurity", fault
    assert len(standin.seen) == before


@VERSIONS
@SOAP
@pytest.mark.parametrize("key", ["DirectReference", "IssuerSerial", "SKIKeyIdentifier", "Thumbprint"])
def test_a_signed_assertion_of_an_interceptor(cxf, standin, partners, version, soap, key):
    parts = f"{{Element}}{{{WSU}}}Timestamp;{{Element}}{{{soap}}}Body"
    answer = cxf(
        f"Sender{version}Port",
        soap,
        token=f"saml{version}",
        actions="Timestamp SAMLTokenSigned",
        sender=partners.sender.store,
        parts=parts,
        key=key,
    )
    answered(standin, answer)


@VERSIONS
def test_a_signature_over_the_body_alone_is_refused(cxf, standin, partners, version):
    before = len(standin.seen)
    answer = cxf(
        f"Sender{version}Port",
        token=f"saml{version}",
        actions="Timestamp SAMLTokenSigned",
        sender=partners.sender.store,
        parts=f"{{Element}}{{{SOAP11}}}Body",
    )
    assert answer["fault"]["code"] == f"{WSSE}FailedCheck", answer
    assert len(standin.seen) == before


@VERSIONS
def test_a_stranger_is_refused(cxf, standin, partners, version):
    before = len(standin.seen)
    answer = cxf(
        f"Sender{version}Port",
        token=f"saml{version}",
        actions="Timestamp SAMLTokenSigned",
        sender=partners.stranger.store,
        parts=f"{{Element}}{{{WSU}}}Timestamp;{{Element}}{{{SOAP11}}}Body",
    )
    assert answer["fault"]["code"] == f"{WSSE}FailedAuthentication", answer
    assert len(standin.seen) == before


@VERSIONS
@pytest.mark.parametrize("by", ["interceptor", "policy"])
def test_an_unsigned_assertion_over_a_client_certificate(cxf, standin, certified, version, by):
    how = {"actions": "SAMLTokenUnsigned"} if by == "interceptor" else {"policy": f"saml{version}"}
    port = f"Mtls{version}Port"
    answered(standin, cxf(port, token=f"saml{version}", client=certified, **how))


@VERSIONS
def test_an_unsigned_assertion_without_client_certificate_is_refused(cxf, standin, version):
    before = len(standin.seen)
    answer = cxf(f"Mtls{version}Port", token=f"saml{version}", actions="SAMLTokenUnsigned")
    assert answer["fault"]["code"].startswith(WSSE), answer
    assert len(standin.seen) == before


def test_the_stack_verifies_the_certificate(cxf, tmp_path):
    stranger = java_truststore(testkeys.create(tmp_path).ca, tmp_path / "stranger.p12")
    with pytest.raises(JavaError, match="PKIX path"):
        cxf("SecureLabPort", actions="UsernameToken", password="WONDER1", ca=stranger)
