"""What errors of IMS Connect and IMS are counted as: codes of the tables, and `other` for the rest."""

import pytest

from gateway.errors import ImsError, M
from gateway.imsconnect.code_names import code_name


def error(return_code=None, reason=None, message=M.IMS_CONNECT, dfs=""):
    return ImsError(message, {}, "", return_code=return_code, reason_code=reason, dfs=dfs)


@pytest.mark.parametrize(
    ("what", "name"),
    [
        (error(8, 56), "8/DUPECLNT"),
        (error(4, 9999), "4/other"),
        (error(12, 70_000), "12/other"),
        (error(16, 0x1A), "16/001A"),
        (error(16, 0x4711), "16/other"),
        (error(32, 0x19), "32"),
        (error(32, 0x91), "32"),
        (error(36, 5), "36"),
        (error(77, 1), "other"),
        (error(2**31, 2**31), "other"),
        (error(108, 0, M.XML_ADAPTER), "xml/108"),
        (error(8, 0, M.XML_ADAPTER), "xml/8"),
        (error(109, 0, M.XML_ADAPTER), "xml/other"),
        (error(dfs="DFS065", message=M.DFS), "DFS065"),
        (error(dfs="DFS9999", message=M.DFS), "DFS other"),
        (error(), ""),
    ],
)
def test_a_code_is_one_of_the_tables_or_other(what, name):
    assert code_name(what) == name


def test_whatever_is_on_the_wire_there_is_an_end_of_names():
    names = {code_name(error(code, reason)) for code in range(256) for reason in range(0, 3000, 7)}
    assert len(names) < 600
