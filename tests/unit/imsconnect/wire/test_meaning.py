import pytest

from gateway.imsconnect.wire import Rsm, describe
from gateway.imsconnect.wire.codes import RETURN_CODES
from gateway.imsconnect.wire.racf import RACF_CODES
from gateway.imsconnect.wire.reasons import REASON_CODES
from gateway.imsconnect.wire.sense import SENSE_CODES
from gateway.imsconnect.wire.xml_adapter import XML_ADAPTER_CODES

# HWSSMPL0 and HWSSMPL1 return and reason codes, with HWSSOAP1's
REASONS = [
    *(4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 24, 28, 32, 34, 36, 40, 44, 48),
    *range(51, 60),
    *range(70, 84),
    *range(93, 109),
    *(110, 111, 112, 113, 114, 117, 118),
]
NAMES = {
    9: "INVBUF",
    51: "NOSECHDR",
    52: "INVESECHL",
    53: "SECFNOPW",
    54: "SECFNUID",
    55: "SECFNPUI",
    56: "DUPECLNT",
    57: "INVLDTOK",
    58: "INVLDSTA",
    59: "CANTIMER",
    70: "NFNDCOMP",
    71: "NFNDFUNC",
    72: "NFNDDST",
    73: "DSCLOSE",
    74: "STP/CLSE",
    75: "DSCERR",
    76: "STOPCMD",
    77: "COMMERR",
    78: "SECFAIL",
    79: "PROTOERR",
    80: "NOTACTV",
    81: "CANCRTP",
    93: "INVLDCM1",
    94: "REQUEST",
    95: "CONVER",
    96: "REQ_CON",
    97: "DEAL_CTD",
    98: "DEAL_ABT",
    99: "DEFRESON",
}


def test_the_tables_hold_exactly_ibms_codes():
    assert sorted(RETURN_CODES) == [4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44]
    assert sorted(REASON_CODES) == REASONS
    assert {number: code.name for number, code in REASON_CODES.items() if code.name} == NAMES
    assert sorted(SENSE_CODES) == [0x17, 0x1A, 0x28, 0x2B, 0x2E, 0x33]
    assert sorted(RACF_CODES) == list(range(0x04, 0x38, 4))
    assert sorted(XML_ADAPTER_CODES) == [8, 108, 112, 116, 118, 120, 208, 212, 216, 218, 220]


@pytest.mark.parametrize("return_code", [4, 8, 12, 16, 24, 28, 32, 36, 44])
def test_these_return_codes_close_the_socket(return_code):
    assert describe(Rsm(return_code, 6)).socket_closed


@pytest.mark.parametrize("return_code", [20, 40])
def test_these_return_codes_keep_the_socket(return_code):
    assert not describe(Rsm(return_code, 6)).socket_closed


@pytest.mark.parametrize("return_code", [4, 8, 12])
@pytest.mark.parametrize("reason", range(94, 99))
def test_notices_keep_the_socket(return_code, reason):
    assert not describe(Rsm(return_code, reason)).socket_closed


@pytest.mark.parametrize("return_code", [4, 8, 12])
def test_reasons_97_and_98_tell_the_outcome_beside_any_return_code_with_reasons(return_code):
    assert describe(Rsm(return_code, 97)).deallocate == "confirmed"
    assert describe(Rsm(return_code, 98)).deallocate == "aborted"
    assert describe(Rsm(return_code, 96)).deallocate is None


@pytest.mark.parametrize("return_code", [16, 20, 32, 36, 40, 44, 99])
@pytest.mark.parametrize("number", [97, 98])
def test_the_same_number_beside_other_return_codes_is_no_outcome(return_code, number):
    """X'61' beside return code 40 is a timer of 58 seconds."""
    assert describe(Rsm(return_code, number)).deallocate is None


@pytest.mark.parametrize(
    ("return_code", "timeout"), [(32, True), (36, True), (40, True), (44, False), (8, False)]
)
def test_timers_are_told_apart(return_code, timeout):
    assert describe(Rsm(return_code, 0x45)).timeout is timeout


def test_a_timeout_says_the_time_in_effect():
    assert "after 30 s" in describe(Rsm(40, 0x45)).text
    assert "after 0.5 s" in describe(Rsm(32, 0x1E)).text
    assert "after" not in describe(Rsm(36, 0)).text


@pytest.mark.parametrize(
    ("return_code", "reason", "failed"),
    [
        (8, 78, True),
        (8, 53, True),
        (8, 54, True),
        (8, 55, True),
        (8, 40, True),
        (4, 40, True),
        (8, 56, False),
        (8, 72, False),
        (8, 36, False),
        (40, 78, False),
        (32, 53, False),
        (16, 0x1A, False),
        (16, 78, False),
    ],
)
def test_only_a_refused_user_is_a_failed_sign_on(return_code, reason, failed):
    assert describe(Rsm(return_code, reason)).sign_on_failed is failed


def test_a_racf_failure_says_what_racf_said():
    assert describe(Rsm(8, 78, 0x1C)).text.endswith(": the user is revoked")
    assert describe(Rsm(8, 78, 0x77)).text.endswith("RACF return code X'77'")
    assert describe(Rsm(8, 78)).text == REASON_CODES[78].text
    assert describe(Rsm(8, 56, 0x1C)).text == REASON_CODES[56].text


def test_a_sense_code_is_said_with_its_reason():
    meaning = describe(Rsm(16, 0x1A, 7))
    assert meaning.text.startswith("OTMA sense code X'001A' reason X'07': IMS rejected")
    assert describe(Rsm(16, 0x9999, 1)).text == "OTMA sense code X'9999' reason X'01'"


def test_the_xml_adapter_has_its_own_codes():
    assert "metadata" in describe(Rsm(116, 0, xml_adapter=True)).text
    meaning = describe(Rsm(8, 78, xml_adapter=True))
    assert not meaning.sign_on_failed
    assert meaning.text == XML_ADAPTER_CODES[8].text
    assert describe(Rsm(4, 97, xml_adapter=True)).deallocate is None
    assert not describe(Rsm(40, 1, xml_adapter=True)).timeout
    assert "unknown" in describe(Rsm(5, 0, xml_adapter=True)).text


@pytest.mark.parametrize("rsm", [Rsm(8, 9999), Rsm(77, 1), Rsm(0, 0), Rsm(2**32 - 1, 2**32 - 1, 255)], ids=str)
def test_an_unknown_code_is_described_as_unknown_and_closes_the_socket(rsm):
    meaning = describe(rsm)
    assert "unknown" in meaning.text
    assert meaning.socket_closed
    assert meaning.name == f"{rsm.return_code}/{rsm.reason_code}"


def test_every_code_has_words():
    for return_code in RETURN_CODES:
        for reason in REASON_CODES:
            meaning = describe(Rsm(return_code, reason))
            assert meaning.text
            assert meaning.client_action
            assert meaning.name
