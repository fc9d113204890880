"""Status messages as errors: what the caller reads, what the log gets."""

import pytest

from gateway.errors import M
from gateway.imsconnect.refusal import refusal
from gateway.imsconnect.wire import Rsm

WHERE = "ims.example:9999 client id AB3DEFGH"


@pytest.mark.parametrize(
    ("rsm", "entry"),
    [
        (Rsm(4, 6), M.IMS_CONNECT),
        (Rsm(8, 72), M.IMS_CONNECT),
        (Rsm(12, 82), M.IMS_CONNECT),
        (Rsm(16, 0x1A), M.OTMA),
        (Rsm(24, 1), M.IMS_CONNECT),
        (Rsm(32, 0x45), M.EXECUTION_TIMEOUT),
        (Rsm(36, 0), M.EXECUTION_TIMEOUT),
        (Rsm(40, 0x45), M.EXECUTION_TIMEOUT),
        (Rsm(44, 0), M.IMS_CONNECT),
        (Rsm(4, 98), M.ROLLED_BACK),
        (Rsm(12, 98), M.ROLLED_BACK),
        (Rsm(40, 98), M.EXECUTION_TIMEOUT),
        (Rsm(8, 0, xml_adapter=True), M.XML_ADAPTER),
        (Rsm(40, 0x45, xml_adapter=True), M.XML_ADAPTER),
        (Rsm(0xFFFFFFFF, 0xFFFFFFFF), M.IMS_CONNECT),
    ],
)
def test_each_kind_has_its_entry_and_keeps_its_codes(rsm, entry):
    error = refusal(rsm, WHERE, 5000)
    assert error.message is entry
    assert (error.return_code, error.reason_code) == (rsm.return_code, rsm.reason_code)
    assert error.private.startswith(f"{WHERE}: ")
    assert f"return code {rsm.return_code}, reason code {rsm.reason_code}" in error.private
    assert not error.sign_on_failed
    assert error.text


@pytest.mark.parametrize("reason", [40, 53, 54, 55, 78])
@pytest.mark.parametrize("racf", [0, 4, 8, 0x0C, 0x1C])
def test_failed_sign_ons_all_read_the_same(reason, racf):
    error = refusal(Rsm(8, reason, racf), WHERE, 5000)
    assert error.sign_on_failed
    assert error.text == "IMS Connect refused the request: the sign-on was not accepted"
    assert error.racf_code == racf


@pytest.mark.parametrize(("timer", "told"), [(0x45, "30000"), (0x01, "10"), (0x9E, "3600000")])
def test_a_timeout_tells_the_time_that_was_in_effect(timer, told):
    error = refusal(Rsm(40, timer), WHERE, 29_700)
    assert error.fields["milliseconds"] == told
    assert error.private.endswith("asked for 29700 ms")


@pytest.mark.parametrize("timer", [0x00, 0xFF, 4711])
def test_a_timer_without_a_time_tells_the_one_asked_for(timer):
    assert refusal(Rsm(36, timer), WHERE, 5000).fields["milliseconds"] == "5000"
