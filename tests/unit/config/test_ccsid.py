"""CCSIDs in the configuration: one that this machine cannot serve is refused on reading, not at a message."""

import pytest
from pydantic import ValidationError

from gateway.codepage import MIXED, CodePageNotServed, page
from gateway.config.model import OperationSettings
from gateway.standin.config import TransactionSettings
from tests.unit.codepage import pages

KEYS = ("host_ccsid", "inbound_ccsid", "outbound_ccsid")


def operation(**values):
    return OperationSettings.model_validate({"transaction": "IVTNO", **values})


@pytest.fixture
def no_tables(monkeypatch):
    def mixed(ccsid):
        raise CodePageNotServed(ccsid, f"its C library has no converter IBM{ccsid}")

    monkeypatch.setattr(page, "mixed", mixed)


@pytest.mark.parametrize("ccsid", MIXED)
@pytest.mark.parametrize("key", KEYS)
def test_pages_of_two_bytes_are_taken(key, ccsid):
    pages.page(ccsid)
    assert getattr(operation(**{key: ccsid}), key) == ccsid
    assert TransactionSettings.model_validate({"ccsid": ccsid}).ccsid == ccsid


@pytest.mark.usefixtures("no_tables")
@pytest.mark.parametrize("key", KEYS)
def test_one_without_tables_is_refused_with_what_is_missing(key):
    with pytest.raises(ValidationError, match=r"cannot be served here: its C library has no converter IBM939"):
        operation(**{key: 939})
    with pytest.raises(ValidationError, match=r"CCSID 939 cannot be served by this machine: its C library"):
        TransactionSettings.model_validate({"ccsid": 939})


@pytest.mark.parametrize("key", KEYS)
def test_a_number_that_is_none_is_answered_with_those_there_are(key):
    with pytest.raises(ValidationError, match=r"not supported; supported are .*939"):
        operation(**{key: 931})
