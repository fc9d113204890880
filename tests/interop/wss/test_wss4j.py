"""WSS4J as the sender: what its builders make is accepted, and nothing that was changed on the way."""

import itertools

import pytest

from tests.fixtures.in_process import SOAP11, SOAP12
from tests.interop.wss import messages
from tests.interop.wss.gateways import AUDIENCE, ISSUER
from tests.interop.wss.java import JavaStacks
from tests.interop.wss.partners import Partner, Partners

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("java stacks")]  # they share a JVM

VERSIONS = pytest.mark.parametrize("version", ["11", "20"])
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
PSS = "http://www.w3.org/2007/05/xmldsig-more#"
ALGORITHMS = {
    "rsa-sha384": MORE + "rsa-sha384",
    "rsa-sha512": MORE + "rsa-sha512",
    "rsa-pss-sha256": PSS + "sha256-rsa-MGF1",
}


class Maker:
    """Messages of WSS4J that are in order unless a test says otherwise."""

    def __init__(self, java: JavaStacks, partners: Partners) -> None:
        self._java = java
        self._partners = partners

    def __call__(
        self,
        version: str,
        signed_by: str = "sender",
        *,
        sender: Partner | None = None,
        sts: Partner | None = None,
        **job: object,
    ) -> bytes:
        wanted = {
            "token": f"saml{version}",
            "signed_by": signed_by,
            "envelope": messages.plain(),
            "sender": (sender or self._partners.sender).store,
            "sts": (sts or self._partners.sts).store,
            "user": "ALICE",
            "issuer": ISSUER,
            "audience": AUDIENCE,
            **job,
        }
        return self._java.make(**wanted)


@pytest.fixture(scope="session")
def make(java: JavaStacks, partners: Partners) -> Maker:
    """Make messages."""
    return Maker(java, partners)


# -- accepted -----------------------------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize("soap", [SOAP11, SOAP12], ids=["soap11", "soap12"])
@pytest.mark.parametrize("envelope", [messages.plain, messages.soap_by_default, messages.lab_by_default])
@pytest.mark.parametrize("prefixes", [True, False], ids=["prefix list", "no prefix list"])
def test_a_default_namespace_above_the_assertion_makes_no_difference(
    make, vouched, version, soap, envelope, prefixes
):
    message = make(version, envelope=envelope(soap), prefixes=prefixes)
    vouched.accepts(f"Sender{version}Port", message, soap)


@VERSIONS
@pytest.mark.parametrize("key", ["bst", "pkipath", "issuer-serial", "ski", "thumbprint"])
@pytest.mark.parametrize("direct", [False, True], ids=["identifier", "direct"])
def test_every_way_to_name_key_and_assertion_is_understood(make, vouched, version, key, direct):
    vouched.accepts(f"Sender{version}Port", make(version, key=key, direct=direct))


@VERSIONS
@pytest.mark.parametrize("key", ["bst", "issuer-serial", "ski", "thumbprint"])
def test_the_signer_s_token_may_be_signed_too_through_its_reference(make, vouched, version, key):
    covered = ["Timestamp", "Body", "Assertion", "Token"]
    vouched.accepts(f"Sender{version}Port", make(version, key=key, covered=covered))


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=list(ALGORITHMS))
def test_stronger_algorithms_are_accepted(make, vouched, algorithm):
    digest = "http://www.w3.org/2001/04/xmlenc#sha512"
    vouched.accepts("Sender20Port", make("20", algorithm=algorithm, digest=digest))


def test_an_elliptic_curve_is_accepted(make, vouched, partners):
    message = make("20", sender=partners.curve, algorithm=MORE + "ecdsa-sha256")
    vouched.accepts("Sender20Port", message)


@VERSIONS
@pytest.mark.parametrize("trust", ["Chain", "Any"])
def test_other_trust_accepts_a_certificate_in_the_message(make, vouched, version, trust):
    vouched.accepts(f"{trust}{version}Port", make(version))


@VERSIONS
@pytest.mark.parametrize("signed_by", ["sts", "both"])
def test_what_an_sts_signed_is_accepted(make, vouched, version, signed_by):
    vouched.accepts(f"Sts{version}Port", make(version, signed_by))


@VERSIONS
def test_both_signatures_may_be_asked_for(make, vouched, version):
    vouched.accepts(f"Both{version}Port", make(version, "both"))
    reason = vouched.refuses(f"Both{version}Port", make(version, "sts"), "InvalidSecurity")
    assert "no message signature" in reason


@VERSIONS
def test_a_signature_is_welcome_where_none_is_asked_for(make, vouched, version):
    vouched.accepts(f"Unsigned{version}Port", make(version, "none"))
    vouched.accepts(f"Unsigned{version}Port", make(version, "both"))


@VERSIONS
def test_attributes_of_the_user_do_no_harm(make, vouched, version):
    vouched.accepts(f"Sender{version}Port", make(version, attributes={"groups": ["SALES", "<&>"]}))


# -- refused ------------------------------------------------------------------------------------------------


@VERSIONS
@pytest.mark.parametrize("change", messages.TAMPERED.values(), ids=list(messages.TAMPERED))
@pytest.mark.parametrize(
    "job",
    [{}, {"key": "pkipath", "direct": True}, {"envelope": messages.soap_by_default()}, {"signed_by": "both"}],
    ids=["plain", "pkipath", "default namespace", "both"],
)
def test_what_was_changed_on_the_way_is_refused(make, vouched, version, change, job):
    good = make(version, **job)
    vouched.refuses(f"Sender{version}Port", change(good), "FailedCheck")
    vouched.accepts(f"Sender{version}Port", good)


@VERSIONS
def test_what_an_sts_signed_cannot_be_changed(make, vouched, version):
    good = make(version, "sts")
    vouched.refuses(f"Sts{version}Port", messages.user_changed(good), "FailedCheck")
    vouched.refuses(f"Sts{version}Port", messages.digest_changed(good), "FailedCheck")
    vouched.accepts(f"Sts{version}Port", good)


@VERSIONS
@pytest.mark.parametrize("kind", ["Sender", "Any", "Chain"])
def test_a_message_that_lost_its_signature_is_refused(make, vouched, version, kind):
    bare = messages.signature_removed(make(version))
    assert b"SignatureValue" not in bare
    vouched.refuses(f"{kind}{version}Port", bare, "InvalidSecurity")
    vouched.refuses(f"{kind}{version}Port", make(version, "none"), "InvalidSecurity")


@VERSIONS
def test_the_signature_of_an_sts_is_not_that_of_a_sender(make, vouched, version):
    vouched.refuses(f"Sender{version}Port", make(version, "sts"), "InvalidSecurity")


@VERSIONS
def test_the_signature_of_a_sender_is_not_that_of_an_sts(make, vouched, version, partners):
    vouched.refuses(f"Sts{version}Port", make(version), "InvalidSecurity")
    reason = vouched.refuses(
        f"Sts{version}Port", make(version, "sts", sts=partners.sender), "FailedAuthentication"
    )
    assert "listed" in reason


@VERSIONS
@pytest.mark.parametrize("kind", ["Sender", "Chain"])
def test_a_stranger_who_bears_a_friend_s_name_is_refused(make, vouched, version, partners, kind):
    stranger = make(version, sender=partners.stranger)
    vouched.refuses(f"{kind}{version}Port", stranger, "FailedAuthentication")


@VERSIONS
@pytest.mark.parametrize("key", ["issuer-serial", "ski", "thumbprint"])
def test_a_stranger_s_key_is_not_found(make, vouched, version, partners, key):
    stranger = make(version, sender=partners.stranger, key=key)
    vouched.refuses(f"Sender{version}Port", stranger, "SecurityTokenUnavailable")


@VERSIONS
@pytest.mark.parametrize(
    ("swapped", "kind", "fault"),
    [
        ("stranger", "Sender", "FailedAuthentication"),
        ("stranger", "Any", "FailedCheck"),
        ("sts", "Sender", "FailedCheck"),
        ("curve", "Sender", "InvalidSecurityToken"),
        ("sts", "Chain", "FailedCheck"),
    ],
)
def test_another_certificate_does_not_verify_the_signature(
    make, vouched, version, partners, swapped, kind, fault
):
    swap = messages.certificate_swapped(getattr(partners, swapped).der)
    vouched.refuses(f"{kind}{version}Port", swap(make(version)), fault)


COVERAGES = [
    list(part) for size in (1, 2) for part in itertools.combinations(["Timestamp", "Body", "Assertion"], size)
]


@VERSIONS
@pytest.mark.parametrize("covered", COVERAGES, ids="+".join)
def test_a_signature_over_less_than_the_whole_is_refused(make, vouched, version, covered):
    vouched.refuses(f"Sender{version}Port", make(version, covered=covered), "FailedCheck")


@VERSIONS
def test_a_message_without_timestamp_is_refused(make, vouched, version):
    vouched.refuses(f"Sender{version}Port", make(version, timestamp=0), "InvalidSecurity")


@VERSIONS
def test_a_message_comes_once(make, vouched, version):
    message = make(version)
    vouched.accepts(f"Sender{version}Port", message)
    vouched.refuses(f"Sender{version}Port", message, "InvalidSecurity")


def test_the_other_version_of_saml_is_refused(make, vouched):
    vouched.refuses("Sender20Port", make("11"), "UnsupportedSecurityToken")
    vouched.refuses("Sender11Port", make("20"), "UnsupportedSecurityToken")


def test_a_certificate_as_a_key_identifier_is_refused(make, vouched):
    """WS-I BSP 1.1, R5206: WSS4J still writes them, on request."""
    vouched.refuses("Sender20Port", make("20", key="x509"), "UnsupportedSecurityToken")


def test_sha_1_is_refused_unless_old_partners_are_allowed_for(make, vouched):
    dsig = "http://www.w3.org/2000/09/xmldsig#"
    old = {"algorithm": dsig + "rsa-sha1", "digest": dsig + "sha1"}
    vouched.refuses("Sender20Port", make("20", **old), "UnsupportedAlgorithm")
    vouched.accepts("Legacy20Port", make("20", **old))


def test_wss4j_itself_sees_the_changes(make, java, partners):
    """The tampering is real: another receiver refuses the same messages."""
    good = make("20")
    assert java.judge(good, partners.java)["accepted"]
    for change in messages.TAMPERED.values():
        assert not java.judge(change(good), partners.java)["accepted"]
