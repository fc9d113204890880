import logging
import os
from threading import Barrier, Thread

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.exchange import Secret
from gateway.tls import LiveTrust, StoreError
from tests.fixtures.certificates import CA, issue
from tests.fixtures.pki import truststore


@pytest.fixture
def replaced(tmp_path):
    """Put a file in place as operators should: written aside, renamed over the old one."""

    def replace(path, content):
        aside = tmp_path / "aside"
        aside.write_bytes(content)
        aside.replace(path)

    return replace


@pytest.fixture
def path(tmp_path):
    return tmp_path / "partners.pem"


def certificates(live):
    return live.current().certificates


def test_a_changed_file_is_read_anew_once_a_second_has_passed(path, clock, replaced):
    one, two = issue("one"), issue("two")
    replaced(path, one.pem)
    live = LiveTrust(truststore(path), None, clock)
    assert certificates(live) == (one.certificate,)
    replaced(path, two.pem)
    assert certificates(live) == (one.certificate,)
    clock.move(0.9)
    assert certificates(live) == (one.certificate,)
    clock.move(0.1)
    assert certificates(live) == (two.certificate,)


def test_an_unchanged_file_keeps_its_snapshot_and_what_was_proven_with_it(path, clock, replaced):
    replaced(path, issue().pem)
    live = LiveTrust(truststore(path), None, clock)
    first = live.current()
    clock.move(10)
    assert live.current() is first


def test_a_broken_file_changes_nothing_and_is_told_once(path, clock, replaced, caplog):
    one, two = issue("one"), issue("two")
    replaced(path, one.pem)
    live = LiveTrust(truststore(path), None, clock)
    replaced(path, b"half of a fi")
    for _ in range(3):
        clock.move(1)
        assert certificates(live) == (one.certificate,)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert "partners.pem" in told[0].getMessage()
    replaced(path, two.pem)
    clock.move(1)
    assert certificates(live) == (two.certificate,)
    replaced(path, b"half of a fi")
    clock.move(1)
    assert certificates(live) == (two.certificate,)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2


def test_a_file_that_went_away_changes_nothing(path, clock, replaced):
    one = issue("one")
    replaced(path, one.pem)
    live = LiveTrust(truststore(path), None, clock)
    path.unlink()
    clock.move(1)
    assert certificates(live) == (one.certificate,)


def test_a_folder_shows_what_comes_and_goes_and_changes_in_it(tmp_path, clock, replaced):
    folder = tmp_path / "partners"
    folder.mkdir()
    one, two, three = issue("one"), issue("two"), issue("three")
    replaced(folder / "one.pem", one.pem)
    live = LiveTrust(truststore(folder), None, clock)
    replaced(folder / "two.pem", two.pem)
    clock.move(1)
    assert certificates(live) == (one.certificate, two.certificate)
    (folder / "one.pem").unlink()
    clock.move(1)
    assert certificates(live) == (two.certificate,)
    replaced(folder / "two.pem", three.pem)
    clock.move(1)
    assert certificates(live) == (three.certificate,)


def test_a_volume_of_secrets_that_swaps_a_link_is_noticed(tmp_path, clock):
    one, two = issue("one"), issue("two")
    for name, holder in (("first", one), ("second", two)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.pem").write_bytes(holder.pem)
        os.utime(tmp_path / name / "ca.pem", (1, 1))
    (tmp_path / "data").symlink_to("first")
    (tmp_path / "ca.pem").symlink_to("data/ca.pem")
    live = LiveTrust(truststore(tmp_path / "ca.pem"), None, clock)
    (tmp_path / "new").symlink_to("second")
    (tmp_path / "new").replace(tmp_path / "data")
    clock.move(1)
    assert certificates(live) == (two.certificate,)


def test_a_new_revocation_list_is_read_with_the_store(path, clock, replaced, tmp_path):
    root = issue("root", CA)
    replaced(path, root.pem)
    replaced(tmp_path / "root.crl", root.crl(1).public_bytes(Encoding.DER))
    live = LiveTrust(truststore(path), tmp_path / "root.crl", clock)
    assert live.current().revocation
    assert [one.lists(2) for one in live.current().lists] == [False]
    replaced(tmp_path / "root.crl", root.crl(1, 2).public_bytes(Encoding.DER))
    clock.move(1)
    assert [one.lists(2) for one in live.current().lists] == [True]


def test_a_list_that_is_lost_does_not_turn_revocation_off(path, clock, replaced, tmp_path):
    root = issue("root", CA)
    replaced(path, root.pem)
    crl = tmp_path / "root.crl"
    replaced(crl, root.crl(1).public_bytes(Encoding.DER))
    live = LiveTrust(truststore(path), crl, clock)
    crl.unlink()
    clock.move(1)
    assert live.current().revocation
    assert live.current().lists[0].lists(1)


def test_what_cannot_be_read_at_the_start_is_told_at_the_start(path, clock):
    with pytest.raises(StoreError, match=r"partners\.pem"):
        LiveTrust(truststore(path), None, clock)
    path.write_bytes(issue().pem)
    with pytest.raises(StoreError, match=r"missing\.crl"):
        LiveTrust(truststore(path), path.parent / "missing.crl", clock)


def test_without_a_store_nothing_is_trusted(clock):
    live = LiveTrust(None, None, clock)
    clock.move(5)
    assert certificates(live) == ()
    assert not live.current().revocation


def test_a_wrong_password_is_told_without_it(tmp_path, clock, replaced, caplog):
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    def sealed(password):
        bag = [pkcs12.PKCS12Certificate(issue().certificate, b"a")]
        return pkcs12.serialize_java_truststore(bag, BestAvailableEncryption(password))

    path = tmp_path / "partners.p12"
    replaced(path, sealed(b"the-password"))
    live = LiveTrust(truststore(path, Secret("the-password")), None, clock)
    before = live.current()
    replaced(path, sealed(b"another"))
    clock.move(1)
    assert live.current() is before
    assert "wrong password" in caplog.text
    assert "the-password" not in caplog.text


def test_many_threads_get_whole_snapshots_while_the_file_changes(path, clock, replaced):
    sets = [tuple(issue(f"{name}{number}") for number in range(3)) for name in "ab"]
    known = {frozenset(one.certificate for one in holders) for holders in sets}
    replaced(path, b"".join(one.pem for one in sets[0]))
    live = LiveTrust(truststore(path), None, clock)
    start, wrong = Barrier(5), []

    def ask():
        start.wait()
        seen = (frozenset(certificates(live)) for _ in range(200))
        wrong.extend(one for one in seen if one not in known)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    start.wait()
    for turn in range(10):
        replaced(path, b"".join(one.pem for one in sets[turn % 2]))
        clock.move(1)
    for thread in threads:
        thread.join()
    assert not wrong
