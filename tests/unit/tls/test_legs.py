"""What each way of ours to a server offers, measured on the wire; docs/network.md has the same as a table."""

import re

import pytest

from tests.fixtures.client_hello import SUITES, listening
from tests.fixtures.pki import Pki
from tests.fixtures.running_gateway import REPOSITORY
from tests.unit.tls.legs import LEGS, OURS, WITH_POLICY

PAGE = (REPOSITORY / "docs/network.md").read_text(encoding="utf-8")
POLICY = (REPOSITORY / "deploy/attls/imsconnect.policy").read_text(encoding="utf-8")
SHA1 = {0x0201, 0x0203}
"""rsa_pkcs1_sha1 and ecdsa_sha1 (RFC 8446, section 4.2.3)."""
BOTH = {"TLSv1.2", "TLSv1.3"}
TLS13 = {name for name in SUITES.values() if "_WITH_" not in name}
WITHOUT_CHACHA20 = {name for name in SUITES.values() if "CHACHA20" not in name}


def offered(leg, pki: Pki, policy="modern"):
    """Return what a leg of ours says first."""
    with listening() as port:
        LEGS[leg](port.port, pki.truststore(), policy)
        return port.hello


@pytest.mark.parametrize("leg", OURS)
def test_a_leg_of_ours_offers_forward_secrecy_with_aead_ciphers_and_nothing_else(pki, leg):
    hello = offered(leg, pki)
    assert hello.versions == BOTH
    assert hello.names == set(SUITES.values())
    assert not hello.signatures & SHA1
    assert not hello.tickets
    assert hello.compression == (0,)
    assert hello.server_name == "localhost", "what the certificate is checked against"


@pytest.mark.parametrize("leg", WITH_POLICY)
def test_sp800_131a_offers_aes_gcm_on_p_256_below_tls_1_3(pki, leg):
    hello = offered(leg, pki, "sp800-131a")
    assert hello.versions == BOTH
    assert hello.names - TLS13 == WITHOUT_CHACHA20 - TLS13
    assert hello.groups == {23}


def test_postgresql_s_client_library_offers_more_and_nothing_below_tls_1_2(pki):
    hello = offered("PostgreSQL", pki)
    assert hello.versions == BOTH
    assert hello.names > set(SUITES.values()), "the page tells to narrow it at the server"
    assert not hello.signatures & SHA1


# -- the page -------------------------------------------------------------------------------------------------


def row(leg):
    """Return the cells of a leg's line in the table of what is offered."""
    [line] = re.findall(rf"^\| to {re.escape(leg)} \|(.*)\|$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]


@pytest.mark.parametrize("leg", LEGS)
def test_the_page_says_what_was_measured(pki, leg):
    versions, suites = row(leg)[:2]
    hello = offered(leg, pki)
    assert {f"TLSv{one}" for one in re.findall(r"1\.\d", versions)} == hello.versions
    assert suites == ("A" if hello.names == set(SUITES.values()) else "A and more")


def test_the_page_names_the_suites():
    [listed] = re.findall(r"^```\n((?:TLS_\w+\n)+)```$", PAGE, re.MULTILINE)
    assert set(listed.split()) == set(SUITES.values())


# -- AT-TLS ---------------------------------------------------------------------------------------------------


def said(name):
    return re.findall(rf"^\s*{name}\s+(\S+)\s*(?:#.*)?$", POLICY, re.MULTILINE)


def test_every_suite_group_and_version_of_the_at_tls_policy_is_offered_towards_ims_connect(pki):
    hello = offered("IMS Connect", pki)
    suites = said("V3CipherSuites")
    assert len(suites) >= 4
    assert set(suites) <= hello.names
    assert any(suite in TLS13 for suite in suites)
    assert any(suite not in TLS13 for suite in suites)
    for name in ("ServerKexECurves", "ServerKeyShareGroups"):
        [groups] = said(name)
        numbers = {int(groups[at : at + 4]) for at in range(0, len(groups), 4)}
        assert numbers <= hello.groups
        assert 23 in numbers, "what is left of crypto_policy sp800-131a"
    on = {
        version for version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3") if said(re.escape(version)) == ["On"]
    }
    assert on == hello.versions


def test_the_at_tls_policy_also_leaves_something_for_sp800_131a(pki):
    hello = offered("IMS Connect", pki, "sp800-131a")
    assert {one for one in said("V3CipherSuites") if one not in TLS13} & hello.names


def test_whatever_the_at_tls_policy_refers_to_is_in_it():
    for kind, name in re.findall(r"^\s*(TTLS\w+)Ref\s+(\S+)", POLICY, re.MULTILINE):
        assert re.search(rf"^{kind}\s+{name}$", POLICY, re.MULTILINE), f"{kind} {name}"
    assert POLICY.count("{") == POLICY.count("}")
    assert POLICY in PAGE, "the page shows the file as it is"
