"""What the browser takes to the identity provider, and what it keeps."""

import base64
import zlib
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.admin.sso.metadata import own_metadata
from gateway.admin.sso.request import Form, Redirect, ask, new_binding, request_id
from gateway.config.stores import KeyStore
from gateway.exchange import Secret
from gateway.safexml import parse_trusted
from tests.fixtures.certificates import issue, key_of_kind
from tests.fixtures.identity_provider import MD, A, P
from tests.unit.admin.sso.believing import IDP, OURS, now, partners


@pytest.fixture(scope="module")
def own():
    return issue("console", key=key_of_kind("rsa-2048"))


@pytest.fixture
def keystore(own, tmp_path):
    key = own.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path / "console.pem"
    file.write_bytes(key + own.pem)
    return KeyStore.model_construct(path=file, password=Secret(""))


def sent(way):
    """Return the request and the RelayState that a browser takes along."""
    if isinstance(way, Form):
        fields = dict(way.fields)
        return parse_trusted(base64.b64decode(fields["SAMLRequest"])), fields["RelayState"]
    query = parse_qs(urlsplit(way.location).query)
    packed = base64.b64decode(query["SAMLRequest"][0])
    return parse_trusted(zlib.decompress(packed, -15)), query["RelayState"][0]


@pytest.mark.parametrize(("binding", "kind"), [("redirect", Redirect), ("post", Form)])
def test_the_request_says_who_asks_and_where_the_answer_goes(binding, kind):
    way = ask(partners(request_binding=binding), "the-cookie", "/services", now())
    assert isinstance(way, kind)
    request, state = sent(way)
    assert request.tag == f"{{{P}}}AuthnRequest"
    assert request.get("ID") == request_id("the-cookie")
    assert request.get("Destination") == IDP.address
    assert request.get("AssertionConsumerServiceURL") == f"{OURS}/sso/answer"
    assert request.findtext(f"{{{A}}}Issuer") == f"{OURS}/sso/metadata"
    assert state == "/services"


def test_questions_in_the_provider_s_address_are_kept():
    way = ask(partners(), "c", "/", now())
    assert way.location.startswith(f"{IDP.address}&SAMLRequest=")


def test_each_browser_has_a_binding_of_its_own_and_the_id_does_not_tell_it():
    one, other = new_binding(), new_binding()
    assert one != other
    assert request_id(one) != request_id(other)
    assert one not in request_id(one)


def test_a_long_path_is_not_taken_along():
    assert sent(ask(partners(), "c", "/" + "a" * 100, now()))[1] == "/"


def test_a_redirected_request_is_signed_with_our_key(keystore, own):
    way = ask(partners(keystore=keystore), "c", "/services?q=a b", now())
    query = urlsplit(way.location).query
    signed = query[query.index("SAMLRequest=") : query.index("&Signature=")]
    fields = parse_qs(query)
    assert fields["SigAlg"] == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
    value = base64.b64decode(fields["Signature"][0])
    own.key.public_key().verify(value, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_posted_request_is_signed_with_our_key(keystore, own):
    request, _ = sent(ask(partners(keystore=keystore, request_binding="post"), "c", "/", now()))
    expected = SignatureConfiguration(require_x509=True)
    verified = (
        XMLVerifier()
        .verify(request, x509_cert=own.certificate, id_attribute="ID", expect_config=expected)
        .signed_xml
    )
    assert verified is not None
    assert verified.get("ID") == request_id("c")


def test_our_metadata_tells_the_address_and_the_certificate(keystore, own):
    root = parse_trusted(own_metadata(partners(keystore=keystore)))
    assert root.get("entityID") == f"{OURS}/sso/metadata"
    service = root.find(f".//{{{MD}}}AssertionConsumerService")
    assert (service.get("Location"), service.get("Binding")[-4:]) == (f"{OURS}/sso/answer", "POST")
    role = root.find(f"{{{MD}}}SPSSODescriptor")
    assert (role.get("WantAssertionsSigned"), role.get("AuthnRequestsSigned")) == ("true", "true")
    shown = base64.b64decode("".join(root.xpath("string(.//*[local-name()='X509Certificate'])").split()))
    assert shown == own.der
    assert b"PRIVATE" not in own_metadata(partners(keystore=keystore))


def test_without_a_key_nothing_is_signed_and_the_metadata_says_so():
    root = parse_trusted(own_metadata(partners()))
    assert root.find(f"{{{MD}}}SPSSODescriptor").get("AuthnRequestsSigned") == "false"
    assert root.find(f".//{{{MD}}}KeyDescriptor") is None
