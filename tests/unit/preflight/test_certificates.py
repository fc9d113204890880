"""Our own certificates: names that clients call, and the chain that they are shown."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.config.catalogue import certificates as found
from gateway.exchange import Secret
from gateway.preflight.certificates import bears, keystore_findings
from gateway.tls.findings import Use
from gateway.tls.stores import read_keystore
from tests.fixtures.certificates import CA, DAY, NOW, issue, key_of_kind
from tests.fixtures.pki import keystore

LONG = {"end": NOW + 365 * DAY}
ISSUER_ADDRESS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.example/ca.crt")
        )
    ]
)


@pytest.fixture
def told(tmp_path):
    def tell(holder, *others, use=Use.SERVER):
        key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path = tmp_path / "own.pem"
        path.write_bytes(key + holder.pem + b"".join(one.pem for one in others))
        return list(keystore_findings(read_keystore(keystore(path, Secret(""))), NOW, use))

    return tell


def test_a_whole_chain_is_in_order_with_the_root_or_without(told):
    root = issue("root", CA, **LONG)
    between = root.issue("between", CA, **LONG)
    leaf = between.issue("web1", ISSUER_ADDRESS, **LONG)
    assert told(leaf, between) == []
    assert told(leaf, root, between) == []


def test_what_an_in_house_root_issued_may_stand_alone(told):
    assert told(issue("root", CA, **LONG).issue("web1", **LONG)) == []
    assert told(issue("web1", **LONG)) == [], "nobody issued it but itself"


def test_a_certificate_alone_that_says_where_its_issuer_is_lacks_that(told):
    leaf = issue("between", CA, **LONG).issue("web1", ISSUER_ADDRESS, **LONG)
    ((kind, text),) = told(leaf)
    assert kind is found.CHAIN
    assert "CN=web1 stands alone, and CN=between issued it: clients" in text
    ((_, text),) = told(leaf, use=Use.CLIENT)
    assert "servers that do not have it" in text


def test_a_gap_in_the_chain_is_told_with_what_lies_beyond_it(told):
    root = issue("root", CA, **LONG)
    leaf = root.issue("between", CA, **LONG).issue("web1", **LONG)
    ((kind, text),) = told(leaf, root)
    assert kind is found.CHAIN
    assert text.startswith("the certificate of CN=root does not lead up from that of CN=web1")


def test_authorities_of_the_chain_are_looked_at_too(told):
    old = issue("root", CA, **LONG).issue("between", CA, key=key_of_kind("rsa-1024"), end=NOW - DAY)
    kinds = [kind for kind, _ in told(old.issue("web1", **LONG), old)]
    assert kinds == [found.EXPIRED, found.WEAK_KEY]


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (("soap.example.com",), "soap.example.com", True),
        (("SOAP.example.com",), "soap.EXAMPLE.com", True),
        (("soap.example.com",), "soap.example.com.", True),
        (("*.example.com",), "soap.example.com", True),
        (("*.example.com",), "example.com", False),
        (("*.example.com",), "a.soap.example.com", False),
        (("*.example.com",), ".example.com", False),
        (("s*.example.com",), "soap.example.com", False),
        (("*",), "localhost", False),
        (("other.example.com", "soap.example.com"), "soap.example.com", True),
        ((), "soap.example.com", False),
        (("10.1.2.3",), "10.1.2.3", True),
        (("10.1.2.3",), "10.1.2.4", False),
        (("2001:db8::1",), "2001:db8:0::1", True),
        (("*.1.2.3",), "10.1.2.3", False),
    ],
)
def test_whether_a_certificate_is_for_a_host(names, host, fits):
    assert bears(names, host) is fits
