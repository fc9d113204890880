"""Lists of senders and issuers, held against the stores that they would have to come from."""

from types import SimpleNamespace

import pytest

from gateway.config.model import SecuritySettings, ServerSettings
from gateway.exchange import Secret
from gateway.preflight.trusting import list_problems
from gateway.tls.opened import Opened
from tests.fixtures.certificates import CA, DAY, NOW, issue
from tests.fixtures.pki import truststore

ROOT = issue("root", CA, end=NOW + 99 * DAY)
WEB1 = ROOT.issue("web1", end=NOW + 99 * DAY)
STS = ROOT.issue("sts", end=NOW + 99 * DAY)
FIRST = WEB1.certificate.fingerprint


@pytest.fixture
def told(tmp_path):
    """Say which kinds are found of which keys of a service's security; `clients` are what TLS accepts."""

    def tell(*partners, clients=None, header="", **security):
        paths = {}
        for name, holders in (("partners", partners), ("clients", clients or ())):
            paths[name] = tmp_path / f"{name}.pem"
            paths[name].write_bytes(b"".join(one.pem for one in holders))
        settings = SecuritySettings(token="saml20", truststore=truststore(paths["partners"]), **security)
        server = ServerSettings.model_construct(
            client_authentication="none" if clients is None else "required",
            client_certificate_header=header,
            client_truststore=truststore(paths["clients"], Secret("")) if clients is not None else None,
        )
        service = SimpleNamespace(settings=SimpleNamespace(security=settings))
        home = SimpleNamespace(gateway=SimpleNamespace(server=server), services={"rates": service})
        problems = list(list_problems(home, Opened()))
        assert all(each.file == "wsdl/rates/correlator.toml" for each in problems)
        return [(each.key.removeprefix("security."), each.check) for each in problems]

    return tell


def test_senders_who_stand_in_the_store_are_in_order(told):
    assert told(WEB1, signed=True, senders=("CN=web1",)) == []
    assert told(WEB1, signed=True) == []


def test_a_list_that_fits_nobody_of_the_store_refuses_every_message(told):
    assert told(WEB1, signed=True, senders=("CN=web2", "dns:web1")) == [("senders", "reach.trusted")]
    more = {"signed_by": "sts", "sts_body": "https", "issuer_certificates": ("CN=web1",)}
    assert told(STS, signed=True, **more) == [("issuer_certificates", "reach.trusted")]


def test_of_a_list_that_fits_somebody_the_idle_entries_are_named(told):
    assert told(WEB1, signed=True, senders=("CN=web1", "CN=web2", "CN=web3")) == [
        ("senders", "trust.idle-name"),
        ("senders", "trust.idle-name"),
    ]


def test_where_an_authority_is_believed_anybody_may_come(told):
    assert told(ROOT, signed=True, trust="chain", senders=("CN=web2",)) == []


def test_where_everybody_is_believed_nothing_is_known(told):
    assert told(WEB1, signed=True, trust="any", senders=("CN=web2",)) == []


def test_who_an_sts_s_assertion_comes_from_is_known_by_another_store(told):
    more = {"signed_by": "sts", "sts_body": "tls-client", "senders": ("CN=web1",)}
    assert told(STS, signed=True, clients=(ROOT,), **more) == [], "an authority: anybody it issued to"
    assert told(STS, signed=True, clients=(WEB1,), **more) == []
    assert told(STS, signed=True, clients=(STS,), **more) == [("senders", "reach.trusted")]


def test_a_sender_s_signature_beside_the_sts_s_counts_by_the_same_store(told):
    more = {"signed_by": "sts", "sts_body": "sender-signature"}
    assert told(STS, WEB1, signed=True, senders=("CN=web1",), **more) == []
    assert told(STS, signed=True, senders=("CN=web1",), **more) == [("senders", "reach.trusted")]


def test_where_either_may_sign_a_list_for_one_of_them_does_not_refuse_everything(told):
    more = {"signed_by": "either", "sts_body": "tls-client"}
    assert told(WEB1, signed=True, senders=("CN=web2",), **more) == []
    assert told(WEB1, signed=True, issuer_certificates=("CN=sts",), **more) == [
        ("issuer_certificates", "trust.idle-name")
    ]


def test_unsigned_senders_are_held_against_pinned_clients_only(told):
    more = {"unsigned_senders": "mtls", "senders": ("CN=web2",)}
    assert told(clients=(WEB1,), **more) == [("senders", "reach.trusted")]
    assert told(clients=(ROOT, WEB1), **more) == []
    assert told(clients=(WEB1,), header="X-Client", **more) == [], "a proxy knows others"
    assert told(clients=None, **more) == [], "that nobody asks for certificates is told elsewhere"
    assert told(clients=(WEB1,), unsigned_senders="network", senders=("CN=web2",)) == []


def test_fingerprints_are_compared_as_they_are_written(told):
    from cryptography.hazmat.primitives import hashes

    right = f"sha256:{FIRST(hashes.SHA256()).hex()}"
    assert told(WEB1, signed=True, senders=(right,)) == []
    assert told(WEB1, signed=True, senders=(f"sha256:{'0' * 64}",)) == [("senders", "reach.trusted")]


def test_a_store_that_cannot_be_read_is_told_elsewhere(told):
    assert told(signed=True, senders=("CN=web2",)) == []
