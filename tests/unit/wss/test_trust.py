"""Who is believed as a signer. Every accepted certificate has refused siblings beside it."""

import random
import shutil
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from gateway.errors import WssFault
from gateway.tls.trusted import TrustedKeys
from gateway.wss.policy import Trust
from gateway.wss.trust import MAX_INTERMEDIATES, candidates, judge_certificate
from gateway.wss.verdict import RuleBrokenError, Trail
from tests.fixtures.certificates import CA, DAY, NOW, Holder, issue, key_of_kind, signed_anew, usage

SECOND = timedelta(seconds=1)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00")
INVALID, UNTRUSTED = WssFault.INVALID_SECURITY_TOKEN, WssFault.FAILED_AUTHENTICATION
UNAVAILABLE = WssFault.SECURITY_TOKEN_UNAVAILABLE


def store(*holders, crls=(), revocation=False):
    return TrustedKeys(tuple(holder.certificate for holder in holders), tuple(crls), revocation)


def judged(*certificates, trust=Trust.ANY, keys=None, now=NOW, legacy=False, in_message=True):
    """Return the certificate that is believed, and the ids of the rules that were met."""
    trail = Trail()
    given = [getattr(one, "certificate", one) for one in certificates]
    keys = keys or TrustedKeys.none()
    chosen = judge_certificate(given, trust, keys, now, legacy=legacy, in_message=in_message, trail=trail)
    assert all(finding.met for finding in trail.findings)
    return chosen, [finding.rule.id for finding in trail.findings]


def refused(*certificates, **how):
    """Return the rule that was broken and the fault for the caller."""
    with pytest.raises(RuleBrokenError) as broken:
        judged(*certificates, **how)
    refusal = broken.value.refusal
    assert refusal.text == refusal.fault.text  # the standard's words and no reason
    return refusal.private.partition(":")[0], refusal.fault


# -- usable at all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p384", "rsa-2048", "ed25519"])
def test_strong_keys_sign(kind):
    sender = issue(key=key_of_kind(kind))
    assert judged(sender)[0] == sender.certificate


@pytest.mark.parametrize("kind", ["ec-k256", "rsa-1024", "dsa"])
@pytest.mark.parametrize("trust", list(Trust))
def test_weak_keys_do_not_whatever_is_trusted(kind, trust):
    root = issue("root", CA)
    sender = root.issue(key=key_of_kind(kind))
    assert refused(sender, trust=trust, keys=store(sender, root)) == ("certificate.key", INVALID)


def test_rsa_of_1024_bits_is_for_partners_of_another_age_and_less_for_nobody():
    old = issue(key=key_of_kind("rsa-1024"))
    assert judged(old, legacy=True)[0] == old.certificate
    assert judged(old, legacy=True, trust=Trust.ONE, keys=store(old))[0] == old.certificate
    for kind in ("dsa", "ec-k256"):
        assert refused(issue(key=key_of_kind(kind)), legacy=True) == ("certificate.key", INVALID)


def test_a_small_exponent_is_for_partners_of_another_age():
    from cryptography.hazmat.primitives.asymmetric import rsa

    small = issue(key=rsa.generate_private_key(public_exponent=3, key_size=2048))
    assert refused(small) == ("certificate.key", INVALID)
    assert judged(small, legacy=True)


@pytest.mark.parametrize("trust", list(Trust))
def test_time_counts_to_the_second_whatever_is_trusted(trust):
    root = issue("root", CA, start=NOW - 9 * DAY, end=NOW + 9 * DAY)
    sender = root.issue(start=NOW, end=NOW + DAY)
    keys = store(sender) if trust is Trust.ONE else store(root)
    for now in (NOW, NOW + DAY):
        assert judged(sender, trust=trust, keys=keys, now=now)
    for now in (NOW - SECOND, NOW + DAY + SECOND):
        assert refused(sender, trust=trust, keys=keys, now=now) == ("certificate.time", INVALID)


def test_a_certificate_that_was_proven_is_refused_when_its_time_is_over():
    root = issue("root", CA)
    middle = root.issue("middle", CA, end=NOW + DAY)
    sender = middle.issue(end=NOW + 2 * DAY)
    keys = store(root)
    assert judged(sender, middle, trust=Trust.CHAIN, keys=keys)
    assert refused(sender, middle, trust=Trust.CHAIN, keys=keys, now=NOW + 3 * DAY) == (
        "certificate.time",
        INVALID,
    )
    assert refused(sender, middle, trust=Trust.CHAIN, keys=keys, now=NOW + DAY + SECOND) == (
        "trust.chain",
        UNTRUSTED,
    )
    assert judged(sender, middle, trust=Trust.CHAIN, keys=keys)


def test_usage_may_be_absent_and_must_fit_when_present():
    assert judged(issue())
    assert judged(issue("a", (usage("digital_signature"), True)))
    assert judged(issue("a", usage("content_commitment")))
    for wrong in (usage("key_encipherment"), usage("key_agreement"), usage("key_cert_sign", "crl_sign")):
        for trust in (Trust.ANY, Trust.ONE):
            sender = issue("a", (wrong, True))
            assert refused(sender, trust=trust, keys=store(sender)) == ("certificate.usage", INVALID)


def test_a_purpose_for_tls_is_no_reason_to_refuse():
    assert judged(issue("a", (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), True)))


def test_an_unknown_extension_is_refused_when_it_is_critical():
    assert judged(issue("a", UNKNOWN))
    sender = issue("a", (UNKNOWN, True))
    assert refused(sender) == ("certificate.critical", INVALID)
    assert refused(sender, trust=Trust.ONE, keys=store(sender)) == ("certificate.critical", INVALID)
    constraints = x509.NameConstraints([x509.DNSName("a.example")], None)
    assert refused(issue("a", (constraints, True))) == ("certificate.critical", INVALID)


@pytest.mark.parametrize(
    ("digest", "trust", "legacy", "believed"),
    [
        ("sha1", Trust.ANY, False, False),
        ("sha1", Trust.ANY, True, True),
        ("sha1", Trust.ONE, False, True),
        ("md5", Trust.ANY, False, False),
        ("md5", Trust.ANY, True, False),
        ("md5", Trust.ONE, False, False),
        ("md5", Trust.ONE, True, True),
    ],
)
def test_a_broken_hash_matters_where_it_proves_something(digest, trust, legacy, believed):
    good = issue(key=key_of_kind("rsa-2048"))
    weak = Holder(good.key, signed_anew(good.certificate, good.key, digest))
    how = {"trust": trust, "keys": store(weak), "legacy": legacy}
    if believed:
        assert judged(weak, **how)[0] == weak.certificate
    else:
        assert refused(weak, **how) == ("certificate.digest", INVALID)


def test_version_1_is_refused():
    octets = issue(key=key_of_kind("rsa-2048")).der
    version = bytes.fromhex("a003020102")  # [0] EXPLICIT INTEGER 2; version 1 is written by leaving it out
    assert octets[8:13] == version
    outer, inner = (int.from_bytes(octets[at : at + 2], "big") - 5 for at in (2, 6))
    first = b"\x30\x82" + outer.to_bytes(2, "big") + b"\x30\x82" + inner.to_bytes(2, "big") + octets[13:]
    assert refused(x509.load_der_x509_certificate(first)) == ("certificate.form", INVALID)


def test_fields_that_cannot_be_read_are_refused():
    twice = x509.UnrecognizedExtension(x509.ExtensionOID.KEY_USAGE, b"\x03\x02")  # not a BIT STRING
    assert refused(issue("a", twice)) == ("certificate.form", INVALID)
    constraints = x509.UnrecognizedExtension(x509.ExtensionOID.BASIC_CONSTRAINTS, b"\x30\x05")
    assert refused(issue("a", constraints)) == ("certificate.form", INVALID)


# -- one ----------------------------------------------------------------------------------------------------


def test_one_believes_what_stands_in_the_store_and_takes_the_key_from_there():
    sender = issue("sender")
    keys = store(issue("other"), sender)
    again = x509.load_der_x509_certificate(sender.der)
    chosen, rules = judged(again, trust=Trust.ONE, keys=keys)
    assert chosen is keys.certificates[1]
    assert rules[-1] == "trust.one"
    assert judged(sender, trust=Trust.ONE, keys=keys, in_message=False)[0] == sender.certificate


def test_one_does_not_believe_a_clone_with_the_same_names_and_another_key():
    identifier = x509.SubjectKeyIdentifier(b"the same octets")
    sender = issue("sender", identifier, serial=7)
    clone = issue("sender", identifier, serial=7)
    assert refused(clone, trust=Trust.ONE, keys=store(sender)) == ("trust.one", UNTRUSTED)


def test_one_does_not_believe_a_renewed_certificate_of_the_same_key():
    sender = issue("sender")
    renewed = issue("sender", key=sender.key)
    assert refused(renewed, trust=Trust.ONE, keys=store(sender)) == ("trust.one", UNTRUSTED)


def test_one_does_not_follow_chains():
    root = issue("root", CA)
    assert refused(root.issue(), root, trust=Trust.ONE, keys=store(root)) == ("trust.one", UNTRUSTED)
    sender = root.issue()
    assert refused(root.issue(), sender, trust=Trust.ONE, keys=store(sender)) == ("trust.one", UNTRUSTED)


def test_one_believes_an_authority_as_itself_only():
    root = issue("root", CA)
    assert judged(root, trust=Trust.ONE, keys=store(root))[0] == root.certificate
    assert refused(root.issue(), trust=Trust.ONE, keys=store(root))[0] == "trust.one"


def test_one_takes_the_only_certificate_where_the_message_names_none():
    sts, other = issue("sts"), issue("other")
    assert judged(trust=Trust.ONE, keys=store(sts), in_message=False)[0] == sts.certificate
    for keys in (store(sts, other), TrustedKeys.none()):
        assert refused(trust=Trust.ONE, keys=keys, in_message=False) == ("certificate.found", UNAVAILABLE)
    for trust in (Trust.ANY, Trust.CHAIN):
        assert candidates(trust, store(sts)) == ()
        assert refused(trust=trust, keys=store(sts), in_message=False) == ("certificate.found", UNAVAILABLE)


def test_the_only_certificate_must_be_valid_too():
    sts = issue("sts", end=NOW - SECOND)
    assert refused(trust=Trust.ONE, keys=store(sts), in_message=False) == ("certificate.time", INVALID)


def test_an_empty_store_believes_nobody():
    for trust in (Trust.ONE, Trust.CHAIN):
        assert refused(issue(), trust=trust, keys=store())[1] is UNTRUSTED


# -- any ----------------------------------------------------------------------------------------------------


def test_any_believes_whoever_has_a_valid_certificate_that_came_along():
    for sender in (issue("self"), issue("self", CA), issue("root", CA).issue()):
        chosen, rules = judged(sender)
        assert chosen == sender.certificate
        assert rules[-1] == "trust.any"


def test_any_and_chain_need_the_certificate_in_the_message():
    root = issue("root", CA)
    sender = root.issue()
    for trust in (Trust.ANY, Trust.CHAIN):
        found = refused(sender, trust=trust, keys=store(sender, root), in_message=False)
        assert found == ("certificate.found", UNAVAILABLE)


def test_what_stands_in_the_store_means_nothing_to_any():
    weak = issue(key=key_of_kind("rsa-2048"))
    weak = Holder(weak.key, signed_anew(weak.certificate, weak.key, "sha1"))
    assert refused(weak, keys=store(weak)) == ("certificate.digest", INVALID)


# -- chain --------------------------------------------------------------------------------------------------


def test_chain_believes_what_an_authority_of_the_store_issued():
    root = issue("root", CA)
    middle = root.issue("middle", CA)
    sender = middle.issue("sender")
    chosen, rules = judged(sender, middle, trust=Trust.CHAIN, keys=store(root))
    assert chosen == sender.certificate
    assert rules[-2:] == ["trust.entity", "trust.chain"]
    assert judged(sender, trust=Trust.CHAIN, keys=store(middle))


def test_chain_does_not_believe_others():
    root, stranger = issue("root", CA), issue("root", CA)
    middle = root.issue("middle", CA)
    for certificates in (
        [issue("self")],
        [stranger.issue()],
        [stranger.issue(), stranger],
        [middle.issue()],
        [issue("middle", CA).issue(), middle],
        [root.issue("sender").issue("friend"), root.issue("sender")],
    ):
        assert refused(*certificates, trust=Trust.CHAIN, keys=store(root)) == ("trust.chain", UNTRUSTED)


def test_chain_does_not_take_messages_signed_by_an_authority():
    root = issue("root", CA)
    for authority in (root, root.issue("middle", CA)):
        assert refused(authority, trust=Trust.CHAIN, keys=store(root)) == ("trust.entity", UNTRUSTED)


def test_chain_believes_a_sender_in_the_store_itself_and_nothing_that_it_issues():
    sender = issue("sender")
    assert judged(sender, trust=Trust.CHAIN, keys=store(sender))[0] == sender.certificate
    assert refused(sender.issue(), sender, trust=Trust.CHAIN, keys=store(sender))[0] == "trust.chain"


def test_the_certificates_along_the_way_are_bounded():
    root = issue("root", CA)
    ballast = [issue(f"ballast {number}", CA) for number in range(MAX_INTERMEDIATES)]
    middle = root.issue("middle", CA)
    sender = middle.issue()
    assert judged(sender, middle, *ballast[1:], trust=Trust.CHAIN, keys=store(root))
    found = refused(middle.issue(), middle, *ballast, trust=Trust.CHAIN, keys=store(root))
    assert found == ("trust.chain", INVALID)


def test_a_proven_chain_is_remembered_with_the_snapshot_and_not_beyond():
    root = issue("root", CA)
    middle = root.issue("middle", CA)
    sender = middle.issue()
    keys = store(root)
    assert judged(sender, middle, trust=Trust.CHAIN, keys=keys)
    assert keys.proven(sender.certificate) == (sender.certificate, middle.certificate, root.certificate)
    assert judged(sender, trust=Trust.CHAIN, keys=keys)  # it holds without the intermediate as well
    assert refused(sender, trust=Trust.CHAIN, keys=store(issue("root", CA)))[0] == "trust.chain"


def test_a_refused_chain_is_not_remembered():
    keys = store(issue("root", CA))
    stranger = issue("root", CA).issue()
    assert refused(stranger, trust=Trust.CHAIN, keys=keys)
    assert keys.proven(stranger.certificate) is None


# -- revocation ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def house():
    root = issue("root", CA)
    middle = root.issue("middle", CA)
    return root, middle, middle.issue("sender", serial=77)


def believed(house, *crls, trust=Trust.CHAIN, anchors=None):
    root, middle, sender = house
    keys = store(*(anchors or [root]), crls=crls, revocation=True)
    return judged(sender, middle, trust=trust, keys=keys)


def test_current_lists_of_the_whole_chain_are_needed(house):
    root, middle, sender = house
    assert believed(house, middle.crl(), root.crl())[1][-1] == "trust.revocation"
    assert believed(house, middle.crl(76, 78), root.crl(77))
    for crls in ([], [middle.crl()], [root.crl()]):
        keys = store(root, crls=crls, revocation=True)
        assert refused(sender, middle, trust=Trust.CHAIN, keys=keys) == ("trust.revocation", UNTRUSTED)


def test_what_is_listed_is_refused_sender_and_authority(house):
    root, middle, sender = house
    serial = middle.certificate.serial_number
    for crls in (
        [middle.crl(77), root.crl()],
        [middle.crl(), root.crl(serial)],
        [middle.crl(), middle.crl(77), root.crl()],
    ):
        keys = store(root, crls=crls, revocation=True)
        assert refused(sender, middle, trust=Trust.CHAIN, keys=keys) == ("trust.revocation", UNTRUSTED)


def test_lists_that_prove_nothing_do_not_help(house):
    root, middle, sender = house
    delta = (x509.DeltaCRLIndicator(1), True)
    for useless in (
        middle.crl(last=NOW - 2 * DAY, until=NOW),
        middle.crl(last=NOW + SECOND),
        middle.crl(by=root),
        issue("middle", CA).crl(),
        middle.crl(extensions=[delta]),
    ):
        keys = store(root, crls=[useless, root.crl()], revocation=True)
        assert refused(sender, middle, trust=Trust.CHAIN, keys=keys) == ("trust.revocation", UNTRUSTED)
    stale = middle.crl(last=NOW - 2 * DAY, until=NOW)
    assert believed(house, stale, middle.crl(), root.crl())


def test_a_remembered_chain_is_held_against_the_lists_every_time(house):
    root, middle, sender = house
    keys = store(root, crls=[middle.crl(until=NOW + DAY), root.crl()], revocation=True)
    assert judged(sender, middle, trust=Trust.CHAIN, keys=keys)
    late = refused(sender, middle, trust=Trust.CHAIN, keys=keys, now=NOW + DAY)
    assert late == ("trust.revocation", UNTRUSTED)


def test_a_revoked_authority_that_came_along_does_not_stand_in_the_way_of_later_messages(house):
    root, middle, sender = house
    old = issue("middle", CA, issuer=root, key=middle.key)
    lists = (middle.crl(), root.crl(old.certificate.serial_number))
    keys = store(root, crls=lists, revocation=True)
    assert refused(sender, old, trust=Trust.CHAIN, keys=keys) == ("trust.revocation", UNTRUSTED)
    assert keys.proven(sender.certificate) is None
    assert judged(sender, middle, trust=Trust.CHAIN, keys=keys)
    assert judged(sender, old, trust=Trust.CHAIN, keys=keys)  # by way of the authority that is not revoked


def test_a_pinned_certificate_needs_a_list_as_well(house):
    _, middle, sender = house
    for trust in (Trust.ONE, Trust.CHAIN):
        for anchors, crls in (
            ([sender], [middle.crl()]),
            ([sender, middle], []),
            ([sender, middle], [middle.crl(77)]),
        ):
            keys = store(*anchors, crls=crls, revocation=True)
            assert refused(sender, trust=trust, keys=keys) == ("trust.revocation", UNTRUSTED)
        assert believed(house, middle.crl(), trust=trust, anchors=[sender, middle])


def test_an_authority_of_the_same_name_does_not_make_a_list_count(house):
    _, middle, sender = house
    impostor = issue("middle", CA)
    keys = store(sender, impostor, crls=[impostor.crl()], revocation=True)
    assert refused(sender, trust=Trust.ONE, keys=keys) == ("trust.revocation", UNTRUSTED)
    keys = store(sender, impostor, middle, crls=[middle.crl()], revocation=True)
    assert judged(sender, trust=Trust.ONE, keys=keys)


def test_lists_do_not_matter_where_none_are_asked_for(house):
    root, middle, sender = house
    assert judged(sender, middle, trust=Trust.CHAIN, keys=store(root, crls=[middle.crl(77)]))


OPENSSL = shutil.which("openssl")


def openssl_takes(leaf, middle, root, crls, folder):
    for name, holder in (("leaf", leaf), ("middle", middle), ("root", root)):
        (folder / f"{name}.pem").write_bytes(holder.pem)
    (folder / "crls.pem").write_bytes(b"".join(crl.public_bytes(Encoding.PEM) for crl in crls))
    command = [
        OPENSSL,
        "verify",
        "-attime",
        str(int(NOW.timestamp())),
        "-crl_check_all",
        "-CRLfile",
        "crls.pem",
    ]
    command += ["-no-CAfile", "-no-CApath", "-no-CAstore", "-trusted", "root.pem", "-untrusted", "middle.pem"]
    done = subprocess.run([*command, "leaf.pem"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def some_list(chance, issuer, serial):
    """Return the list of an issuer: often good, else naming the certificate, out of time, forged or missing."""
    lists = [
        issuer.crl(serial + 1), issuer.crl(), issuer.crl(), issuer.crl(serial), issuer.crl(serial - 1, serial),
        issuer.crl(last=NOW - 2 * DAY, until=NOW - SECOND), issuer.crl(last=NOW + SECOND),
        issuer.crl(by=issue("another")), issuer.crl(extensions=[(x509.DeltaCRLIndicator(1), True)]), None,
    ]  # fmt: skip
    return chance.choice(lists)


@pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not there")
@pytest.mark.parametrize("seed", range(30))
def test_openssl_agrees_on_random_revocation(seed, house, tmp_path):
    chance = random.Random(seed)
    root, middle, sender = house
    drawn = [some_list(chance, middle, 77), some_list(chance, root, middle.certificate.serial_number)]
    crls = [crl for crl in drawn if crl is not None]
    keys = store(root, crls=crls, revocation=True)
    try:
        ours = bool(judged(sender, middle, trust=Trust.CHAIN, keys=keys))
    except RuleBrokenError:
        ours = False
    theirs = openssl_takes(sender, middle, root, crls, tmp_path)
    if theirs and any(is_delta(crl) for crl in crls):
        assert (
            not ours
        )  # until 3.0.19 at least, openssl took a list of changes for a whole one (RFC 5280, 5.2.4)
    else:
        assert ours == theirs


def is_delta(crl):
    return any(extension.oid == x509.DeltaCRLIndicator.oid for extension in crl.extensions)
