from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from gateway.config.model import SecuritySettings, UserRow, UsersFile, UsersTable
from gateway.exchange import Secret
from gateway.tls.check import trust_problems
from gateway.tls.opened import Opened
from tests.fixtures.certificates import CA, DAY, NOW, issue, key_of_kind
from tests.fixtures.pki import truststore


@pytest.fixture
def told(tmp_path):
    """Say what is told of a service with these certificates in its truststore, and these lists."""

    def tell(*holders, crls=None, password="", rows=(), **settings):
        path = tmp_path / "partners.pem"
        content = (
            holders[0] if holders and isinstance(holders[0], bytes) else b"".join(one.pem for one in holders)
        )
        path.write_bytes(content)
        if crls is not None:
            (tmp_path / "ca.crl").write_bytes(
                crls if isinstance(crls, bytes) else b"".join(one.public_bytes(Encoding.PEM) for one in crls)
            )
            settings["crl"] = tmp_path / "ca.crl"
        security = SecuritySettings(
            token="saml20", signed=True, truststore=truststore(path, Secret(password)), **settings
        )
        service = SimpleNamespace(settings=SimpleNamespace(security=security), users=UsersTable(tuple(rows)))
        home = SimpleNamespace(path=tmp_path, services={"rates": service})
        return [str(problem).replace(str(tmp_path), "HOME") for problem in trust_problems(home, NOW, Opened())]

    return tell


def key_of(line):
    file, key, *_ = line.split(": ")
    assert file == "wsdl/rates/correlator.toml"
    return key


def test_nothing_is_said_of_what_is_in_order(told):
    root = issue("root", CA, end=NOW + 99 * DAY)
    sender = root.issue("sender", end=NOW + 99 * DAY)
    assert told(sender) == []
    assert told(root, trust="chain") == []
    assert told(sender, root, crls=[root.crl()]) == []
    assert told(root, trust="chain", crls=[root.crl()]) == []


def test_a_store_that_cannot_be_read_is_an_error(told):
    (line,) = told(b"nothing")
    assert (
        line == "wsdl/rates/correlator.toml: security.truststore: HOME/partners.pem: is neither PEM nor PKCS#12"
    )


def test_a_wrong_password_is_told_and_not_shown(told):
    bag = [pkcs12.PKCS12Certificate(issue().certificate, b"a")]
    sealed = pkcs12.serialize_java_truststore(bag, BestAvailableEncryption(b"right one"))
    (line,) = told(sealed, password="wrong one")
    assert "wrong password" in line
    assert "wrong one" not in line
    assert told(sealed, password="right one") == []


def test_what_expires_is_a_warning_and_what_has_all_expired_an_error(told):
    soon, gone = issue("soon", end=NOW + 5 * DAY), issue("gone", end=NOW - timedelta(hours=1))
    lines = told(soon, gone)
    assert [line.partition("truststore: ")[2] for line in lines] == [
        "warning: the certificate of CN=soon expires on 2026-11-27, in 5 days",
        "warning: the certificate of CN=gone expired on 2026-11-22",
    ]
    (line,) = told(gone)
    assert line.endswith(
        "security.truststore: HOME/partners.pem: all that it holds has expired: nobody is believed"
    )


def test_a_pinned_certificate_that_cannot_sign_is_named(told):
    weak = issue("weak", key=key_of_kind("rsa-1024"), end=NOW + 99 * DAY)
    (line,) = told(weak)
    assert "warning: the certificate of CN=weak cannot sign messages: it has RSA of 1024 bits" in line
    assert told(weak, legacy_algorithms=True) == []


def test_chain_without_an_authority_is_named(told):
    (line,) = told(issue("sender", end=NOW + 99 * DAY), trust="chain")
    assert "warning: holds no authority" in line


def test_lists_that_cannot_be_read_are_an_error_and_stale_ones_a_warning(told):
    root = issue("root", CA, end=NOW + 99 * DAY)
    (line,) = told(root, trust="chain", crls=b"nothing")
    assert line.endswith("security.crl: HOME/ca.crl: holds no revocation list that can be read")
    (line,) = told(root, trust="chain", crls=[root.crl(last=NOW - 2 * DAY, until=NOW - DAY)])
    assert key_of(line) == "security.crl"
    assert "warning: the list of CN=root should have been replaced by 2026-11-21 12:00 UTC" in line


def test_a_pinned_certificate_that_no_list_covers_is_named(told):
    root = issue("root", CA, end=NOW + 99 * DAY)
    sender = root.issue("sender", end=NOW + 99 * DAY)
    (line,) = told(sender, crls=[root.crl()])
    assert "covers the certificate of CN=sender by no list" in line
    lines = told(sender, root, crls=[issue("other", CA).crl()])
    assert len(lines) == 2


@pytest.mark.parametrize("key", ["senders", "issuer_certificates"])
def test_names_that_fit_no_certificate_are_told(told, key):
    settings = {
        key: ("CN=web1,O=Bank", "dns:web1.example", "XX=web1", "O=Bank,CN=web1", "O=Bank"),
        "signed_by": "sts",
    }
    lines = told(issue("sender", end=NOW + 99 * DAY), **settings)
    assert [key_of(line) for line in lines] == [f"security.{key}"] * 2
    assert "XX=web1 is no subject as RFC 4514 writes it" in lines[0]
    assert "warning: O=Bank,CN=web1 reads backwards" in lines[1]


def test_services_without_a_truststore_have_nothing_to_say():
    home = SimpleNamespace(
        services={"plain": SimpleNamespace(settings=SimpleNamespace(security=SecuritySettings()), users=None)}
    )
    assert list(trust_problems(home, NOW, Opened())) == []


def test_a_row_of_the_users_whose_certificate_fits_nobody_is_named_by_its_number(told, tmp_path):
    root = issue("root", CA, end=NOW + 99 * DAY)
    rows = [
        UserRow(certificate=certificate, user="X")
        for certificate in ("CN=web1,O=Bank", "dns:web1", "O=Bank,CN=web1", "CN=web1,=x")
    ]
    users = UsersFile.model_construct(path=tmp_path / "identity/users.toml")
    lines = told(root, trust="chain", senders=("CN=a",), rows=rows, users=users)
    backwards, broken = lines
    assert backwards.startswith(
        "identity/users.toml: users.3.certificate: warning: O=Bank,CN=web1 reads backwards"
    )
    assert broken.startswith("identity/users.toml: users.4.certificate: CN=web1,=x is no subject")
