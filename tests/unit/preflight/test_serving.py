"""SOAP applications of a snapshot: made once, taken over where nothing has changed, let go of where it has."""

import gc
import shutil
import weakref
from dataclasses import replace as with_changes

import pytest

from gateway.preflight.loading import load
from gateway.preflight.serving import with_applications
from gateway.wss.names import SECURITY
from tests.fixtures.certificates import NOW
from tests.unit.preflight.loading_homes import CORRELATOR, ENVIRON, PHONEBOOK, SIGNED, make, replace

RELOADS = 50


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make(tmp_path_factory.mktemp("serving") / "home")


@pytest.fixture
def home(template, tmp_path):
    return shutil.copytree(template, tmp_path / "home")


def ready(home, before=None):
    return with_applications(load(home, environ=ENVIRON, before=before, now=NOW), before)


def rename(home, operation, name):
    """Have an operation of the phone book be called otherwise."""
    for file in (PHONEBOOK, CORRELATOR):
        (home / file).write_text((home / file).read_text().replace(operation, name))


def test_every_provider_has_its_application_with_what_its_settings_say(home):
    snapshot = ready(home)
    assert sorted(snapshot.soap) == ["phonebook", "signed"]
    contracts = snapshot.contracts
    assert snapshot.soap["phonebook"].serves(contracts["phonebook"])
    assert not snapshot.soap["phonebook"].serves(contracts["signed"])
    assert snapshot.soap["signed"].serves(contracts["signed"], understood=frozenset({SECURITY}))
    assert not snapshot.soap["signed"].serves(contracts["signed"])


def test_a_reload_takes_over_those_of_services_that_have_not_changed(home):
    before = ready(home)
    with (home / PHONEBOOK).open("a") as stream:
        stream.write("<!-- changed -->")
    after = ready(home, before)
    assert after.soap["signed"] is before.soap["signed"]
    assert after.soap["phonebook"] is not before.soap["phonebook"]
    assert after.soap["phonebook"].serves(after.contracts["phonebook"])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (CORRELATOR, "validate = true", "validate = false"),
        (CORRELATOR, "[operations.PhoneBook]", '[security]\ntoken = "username"\n\n[operations.PhoneBook]'),
        (SIGNED, "[security]", "validate = false\n\n[security]"),
    ],
)
def test_settings_that_count_make_another_one(home, file, old, new):
    before = ready(home)
    replace(home / file, old, new)
    after = ready(home, before)
    changed = [name for name in after.soap if after.soap[name] is not before.soap[name]]
    assert changed == [file.split("/")[1]]


def test_settings_of_operations_make_no_other_one(home):
    before = ready(home)
    replace(home / CORRELATOR, 'transaction = "IVTNO"', 'transaction = "IVTNX"')
    assert ready(home, before).soap["phonebook"] is before.soap["phonebook"]


def test_the_snapshot_itself_stays_what_it_was(home):
    snapshot = load(home, environ=ENVIRON, now=NOW)
    made = with_applications(snapshot)
    assert snapshot.soap == {}
    assert with_changes(made, soap={}) == snapshot


def test_applications_and_contracts_that_were_replaced_are_let_go_of_at_once(home):
    """No garbage is to be collected for that: it would take a while in which no thread runs."""
    before, replaced, operation = ready(home), [], "WhoAmI"
    gc.disable()
    try:
        for number in range(RELOADS):
            rename(home, operation, f"WhoAmI{number}")
            operation = f"WhoAmI{number}"
            after = ready(home, before)
            replaced.append(weakref.ref(before.soap["phonebook"]))
            replaced.append(weakref.ref(before.contracts["phonebook"].published))
            replaced.append(weakref.ref(before.contracts["phonebook"].schema))
            before = after
        assert [one for one in replaced if one() is not None] == []
    finally:
        gc.enable()
