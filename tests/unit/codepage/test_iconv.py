"""The door to the C library's tables: a page that is not there is told by what is missing."""

import ctypes

import pytest

from gateway.codepage import CodePageNotServed
from gateway.codepage.iconv import read_tables


def test_a_page_that_the_c_library_lacks_is_named_with_the_packages_that_have_it():
    with pytest.raises(CodePageNotServed, match=r"no converter IBM99999.*gconv.*glibc-gconv-extra") as caught:
        read_tables(99_999)
    assert caught.value.ccsid == 99_999


def test_tables_that_are_not_ebcdic_are_refused():
    with pytest.raises(CodePageNotServed, match="IBM850 is not EBCDIC"):
        read_tables(850)


@pytest.mark.parametrize("failure", [OSError("no such library"), TypeError("None"), None])
def test_a_c_library_without_iconv_is_named(monkeypatch, failure):
    def library(name):
        if failure:
            raise failure
        return object()

    monkeypatch.setattr(ctypes, "CDLL", library)
    with pytest.raises(CodePageNotServed, match=r"CCSID 939 .* has no iconv"):
        read_tables(939)
