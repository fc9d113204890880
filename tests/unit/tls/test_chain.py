"""Chains, with the openssl command as the other opinion."""

import random
import shutil
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from gateway.tls.chain import MAX_DEPTH, ChainError, build_chain
from tests.fixtures.certificates import CA, DAY, NOW, Holder, issue, key_of_kind, name, signed_anew, usage

OPENSSL = shutil.which("openssl")
NOT_CRITICAL = (x509.BasicConstraints(ca=True, path_length=None), False)
UNKNOWN = (x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.2"), b"\x05\x00"), True)


def no_deeper(length):
    return (x509.BasicConstraints(ca=True, path_length=length), True)


def built(leaf, intermediates, anchors, now=NOW):
    certificates = [[one.certificate for one in group] for group in (intermediates, anchors)]
    return build_chain(leaf.certificate, *certificates, now)


@pytest.fixture(scope="module")
def root():
    return issue("root", CA)


def test_a_leaf_of_the_authority_itself_has_a_chain(root):
    leaf = root.issue()
    assert built(leaf, [], [root]) == (leaf.certificate, root.certificate)


def test_authorities_come_in_any_order_with_others_among_them(root):
    one = root.issue("one", CA)
    two = one.issue("two", CA)
    leaf = two.issue()
    stranger = issue("stranger", CA)
    chain = (leaf.certificate, two.certificate, one.certificate, root.certificate)
    assert built(leaf, [stranger, one, two], [root]) == chain
    with pytest.raises(ChainError):
        built(leaf, [stranger, two], [root])


def test_an_authority_in_the_middle_may_be_what_is_trusted(root):
    middle = root.issue("middle", CA)
    leaf = middle.issue()
    assert built(leaf, [], [middle]) == (leaf.certificate, middle.certificate)


def test_names_and_identifiers_are_not_asked_of_in_house_certificates(root):
    in_house = issue("in-house root", NOT_CRITICAL)
    assert built(in_house.issue(), [], [in_house])
    wanted = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    assert built(root.issue("leaf", wanted), [], [root])


NO_AUTHORITY = x509.BasicConstraints(ca=False, path_length=None)
OTHER_NAMES = x509.NameConstraints([x509.DirectoryName(name("other"))], None)
OTHER_HOSTS = x509.NameConstraints([x509.DNSName("a.example")], None)
SECOND = timedelta(seconds=1)
REFUSED = {
    "no authority by its constraints": lambda root: root.issue("middle", NO_AUTHORITY),
    "no constraints at all": lambda root: root.issue("middle"),
    "an authority that may not issue": lambda root: root.issue("middle", CA, usage("digital_signature")),
    "an authority that has expired": lambda root: root.issue("middle", CA, end=NOW - SECOND),
    "an authority that is not yet valid": lambda root: root.issue("middle", CA, start=NOW + SECOND),
    "an extension that nobody knows": lambda root: root.issue("middle", CA, UNKNOWN),
    "a weak key": lambda root: root.issue("middle", CA, key=key_of_kind("rsa-1024")),
    "another curve": lambda root: root.issue("middle", CA, key=key_of_kind("ec-k256")),
    "names of persons limited": lambda root: root.issue("middle", CA, OTHER_NAMES),
    "names of hosts limited": lambda root: root.issue("middle", CA, (OTHER_HOSTS, True)),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_authority_between_that_is_not_in_order_breaks_the_chain(root, what):
    middle = REFUSED[what](root)
    host = x509.SubjectAlternativeName([x509.DNSName("b.example")])
    with pytest.raises(ChainError):
        built(middle.issue("leaf", host), [middle], [root])


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_broken_hash_below_an_authority_breaks_the_chain(digest):
    root = issue("root", CA, key=key_of_kind("rsa-2048"))
    middle = root.issue("middle", CA)
    leaf = middle.issue()
    assert built(leaf, [middle], [root])
    weak = Holder(middle.key, signed_anew(middle.certificate, root.key, digest))
    with pytest.raises(ChainError):
        built(leaf, [weak], [root])


def test_the_path_length_of_an_authority_counts():
    root = issue("root", no_deeper(0))
    middle = root.issue("middle", CA)
    assert built(root.issue(), [], [root])
    with pytest.raises(ChainError):
        built(middle.issue(), [middle], [root])


def test_an_expired_root_is_no_longer_trusted(root):
    old = issue("old root", CA, start=NOW - 9 * DAY, end=NOW - DAY)
    with pytest.raises(ChainError):
        built(old.issue(), [], [old])
    assert built(old.issue(), [], [old], now=NOW - DAY)


def test_a_signature_by_another_key_of_the_same_name_breaks_the_chain(root):
    impostor = issue("root", CA)
    with pytest.raises(ChainError):
        built(impostor.issue(), [], [root])
    with pytest.raises(ChainError):
        built(impostor.issue(), [impostor], [root])


def test_an_end_entity_issues_nothing(root):
    sender = root.issue("sender")
    with pytest.raises(ChainError):
        built(sender.issue("friend"), [sender], [root])
    with pytest.raises(ChainError):
        built(sender.issue("friend"), [], [sender])


def test_a_certificate_signed_by_itself_leads_nowhere(root):
    for alone in (issue("self"), issue("self", CA), issue("root", CA)):
        with pytest.raises(ChainError):
            built(alone, [], [root])
        with pytest.raises(ChainError):
            built(alone, [alone], [root])


def test_no_anchors_no_chain():
    with pytest.raises(ChainError, match="empty"):
        built(issue(), [], [])


def test_depth_is_bounded(root):
    above, between = root, []
    for number in range(MAX_DEPTH):
        above = above.issue(f"middle {number}", CA)
        between.append(above)
    assert built(between[-1].issue(), between, [root])
    deeper = between[-1].issue("deeper", CA)
    with pytest.raises(ChainError):
        built(deeper.issue(), [*between, deeper], [root])


def test_a_maze_of_authorities_with_one_name_is_given_up_on():
    """Cross-signed authorities of one name, none leading to the root: the search is bounded by the library."""
    maze = [issue("maze", CA) for _ in range(8)]
    leaf = maze[0].issue()
    with pytest.raises(ChainError):
        built(leaf, maze, [issue("root", CA)])


# -- the other opinion --------------------------------------------------------------------------------------


def openssl_takes(leaf, intermediates, anchors, folder):
    for file, group in (("leaf", [leaf]), ("middle", intermediates), ("root", anchors)):
        (folder / f"{file}.pem").write_bytes(b"".join(one.pem for one in group))
    command = [OPENSSL, "verify", "-partial_chain", "-attime", str(int(NOW.timestamp())), "-auth_level", "2"]
    command += ["-no-CAfile", "-no-CApath", "-no-CAstore", "-trusted", "root.pem"]
    command += ["-untrusted", "middle.pem"] if intermediates else []
    done = subprocess.run([*command, "leaf.pem"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


def flawed(chance):
    """Return extensions and ways of issuing an authority, good or with one flaw."""
    ways = [
        (CA, {}), (CA, {}), (CA, {}), (CA, {}), (NOT_CRITICAL, {}), (no_deeper(0), {}), (no_deeper(1), {}),
        (CA, {"end": NOW - DAY / 2}), (CA, {"start": NOW + DAY}), (None, {}),
        ((NO_AUTHORITY, True), {}), ("usage", {}), ("good usage", {}), ("unknown", {}),
    ]  # fmt: skip
    extension, how = chance.choice(ways)
    if extension == "usage":
        return [CA, (usage("digital_signature", "crl_sign"), True)], how
    if extension == "good usage":
        return [CA, (usage("key_cert_sign"), True)], how
    if extension == "unknown":
        return [CA, UNKNOWN], how
    return [extension] if extension else [], how


@pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not there")
@pytest.mark.parametrize("seed", range(40))
def test_openssl_agrees_on_random_chains(seed, tmp_path):
    chance = random.Random(seed)
    root = issue("root", *([NOT_CRITICAL] if chance.random() < 0.2 else [CA]))
    above, between = root, []
    for number in range(chance.randrange(4)):
        extensions, how = flawed(chance)
        above = above.issue(f"middle {number}", *extensions, **how)
        between.append(above)
    leaf = above.issue()
    if between and chance.random() < 0.2:
        between.remove(chance.choice(between))
    anchors = [chance.choice([root, *between])] if chance.random() < 0.3 else [root]
    chance.shuffle(between)
    try:
        ours = bool(built(leaf, between, anchors))
    except ChainError:
        ours = False
    assert ours == openssl_takes(leaf, between, anchors, tmp_path)
