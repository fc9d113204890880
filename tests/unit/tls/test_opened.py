import pytest

from gateway.exchange import Secret
from gateway.tls import opened as module
from gateway.tls.opened import Opened
from gateway.tls.stores import StoreError
from tests.fixtures.certificates import CA, DAY, NOW, issue
from tests.fixtures.pki import PASSWORD, keystore, truststore


@pytest.fixture
def counted(monkeypatch):
    """How often files were really read."""
    read = []
    for name in ("read_truststore", "read_keystore", "read_crls"):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda one, real=real: read.append(one) or real(one))
    return read


def test_a_store_is_read_once_however_often_it_is_asked_for(pki, counted):
    opened = Opened()
    first = opened.trusted(pki.truststore())
    assert opened.trusted(pki.truststore()) is first
    assert opened.keys(pki.server_keystore()) is opened.keys(pki.server_keystore())
    assert len(counted) == 2


def test_a_store_that_cannot_be_opened_says_so_each_time_and_is_tried_once(pki, counted):
    opened = Opened()
    wrong = keystore(pki.keys.server, Secret("wrong"))
    texts = set()
    for _ in range(3):
        with pytest.raises(StoreError) as caught:
            opened.keys(wrong)
        texts.add(str(caught.value))
    assert len(texts) == len(counted) == 1


def test_another_password_is_another_try(pki):
    opened = Opened()
    with pytest.raises(StoreError, match="wrong password"):
        opened.keys(keystore(pki.keys.server, Secret("wrong")))
    assert opened.keys(keystore(pki.keys.server, PASSWORD)).certificate


def test_the_same_file_as_key_store_and_as_trust_store_are_two_things(pki):
    opened = Opened()
    assert opened.keys(keystore(pki.keys.server)).certificate
    with pytest.raises(StoreError, match="none besides that could be trusted"):
        opened.trusted(truststore(pki.keys.server, PASSWORD))


def test_a_context_is_made_once(pki):
    opened = Opened()
    made = opened.client_context(pki.truststore(), None, "modern")
    assert opened.client_context(pki.truststore(), None, "modern") is made
    assert opened.client_context(pki.truststore(), None, "sp800-131a") is not made
    assert opened.client_context(None, None, "modern") is not made


def test_lists_are_read_once_and_a_damaged_one_is_a_store_error(tmp_path, counted):
    authority = issue("ca", CA, end=NOW + 99 * DAY)
    path = tmp_path / "ca.crl"
    from cryptography.hazmat.primitives.serialization import Encoding

    path.write_bytes(authority.crl().public_bytes(Encoding.PEM))
    opened = Opened()
    assert opened.lists(path) is opened.lists(path)
    assert len(counted) == 1
    (tmp_path / "other.crl").write_bytes(b"nothing")
    with pytest.raises(StoreError, match="no revocation list"):
        opened.lists(tmp_path / "other.crl")


def test_no_password_shows_in_what_is_kept(pki):
    opened = Opened()
    opened.keys(pki.server_keystore())
    assert PASSWORD.reveal() not in repr(vars(opened))
