"""IRM_TIMER by message and socket type, against the tables of the timer pages."""

import pytest

from gateway.imsconnect.wire import Exit, Irm, SocketType
from gateway.standin.timers import Wait, wait_for_more, wait_for_output

TIMEOUT = 2.5


def irm(timer: int, socket: SocketType = SocketType.PERSISTENT) -> Irm:
    return Irm(Exit.HWSSMPL1, timer=timer, socket=socket)


@pytest.mark.parametrize(
    ("timer", "seconds"),
    [
        (0x01, 0.01),
        (0x19, 0.25),
        (0x1A, 0.30),
        (0x1E, 0.50),
        (0x27, 0.95),
        (0x28, 1),
        (0x31, 10),
        (0x45, 30),
        (0x63, 60),
        (0x64, 120),
        (0x9E, 3600),
        (0xFF, None),
    ],
)
def test_a_value_of_the_table_is_its_time(timer, seconds):
    assert wait_for_output(irm(timer), TIMEOUT) == Wait(seconds, 40, timer)
    assert wait_for_more(irm(timer), TIMEOUT) == Wait(seconds, 40, timer)


@pytest.mark.parametrize("timer", [0x00, 0x9F, 0xE8, 0xEA, 0xFE])
@pytest.mark.parametrize("socket", SocketType)
def test_zero_and_undefined_values_mean_timeout_and_36(timer, socket):
    assert wait_for_output(irm(timer, socket), TIMEOUT) == Wait(2.5, 36, 250)
    assert wait_for_more(irm(timer, socket), TIMEOUT) == Wait(2.5, 36, 250)


def test_timeout_0_is_no_time_out():
    assert wait_for_output(irm(0), 0).seconds is None


def test_no_wait_is_2_seconds_for_output_and_a_quarter_for_more():
    assert wait_for_output(irm(0xE9), TIMEOUT) == Wait(2.0, 40, 0xE9)
    assert wait_for_more(irm(0xE9), TIMEOUT) == Wait(0.25, 40, 0xE9)


@pytest.mark.parametrize("socket", [SocketType.TRANSACTION, SocketType.NON_PERSISTENT])
def test_a_socket_that_does_not_stay_gets_32(socket):
    assert wait_for_output(irm(0x45, socket), TIMEOUT).return_code == 32
