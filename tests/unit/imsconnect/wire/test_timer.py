import pytest

from gateway.imsconnect.wire.timer import MAX_TIMER_MS, encode_timer, timer_seconds


@pytest.mark.parametrize(
    ("code", "seconds"),
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
        (0xE9, None),
        (0xFF, None),
        (0x00, None),
        (0x9F, None),
        (0xE8, None),
        (0xFE, None),
    ],
)
def test_a_code_stands_for_the_seconds_of_ibms_table(code, seconds):
    assert timer_seconds(code) == seconds


@pytest.mark.parametrize("value", [-1, 256, 2**32 - 1])
def test_what_is_no_byte_stands_for_no_time(value):
    assert timer_seconds(value) is None


@pytest.mark.parametrize(
    ("asked", "code", "effective"),
    [
        (1, 0x01, 10),
        (10, 0x01, 10),
        (11, 0x02, 20),
        (250, 0x19, 250),
        (251, 0x1A, 300),
        (300, 0x1A, 300),
        (301, 0x1B, 350),
        (500, 0x1E, 500),
        (950, 0x27, 950),
        (951, 0x28, 1000),
        (1000, 0x28, 1000),
        (1001, 0x28, 1000),
        (1499, 0x28, 1000),
        (1500, 0x29, 2000),
        (5000, 0x2C, 5000),
        (10_000, 0x31, 10_000),
        (30_000, 0x45, 30_000),
        (59_499, 0x62, 59_000),
        (59_500, 0x63, 60_000),
        (60_000, 0x63, 60_000),
        (60_001, 0x63, 60_000),
        (89_999, 0x63, 60_000),
        (90_000, 0x64, 120_000),
        (3_600_000, 0x9E, 3_600_000),
    ],
)
def test_milliseconds_round_as_the_resource_adapter_rounds_them(asked, code, effective):
    assert encode_timer(asked) == (code, effective)


def test_every_code_says_the_time_that_was_promised():
    for ms in range(1, MAX_TIMER_MS + 1, 7):
        code, effective = encode_timer(ms)
        assert abs(timer_seconds(code) * 1000 - effective) <= 1e-6


@pytest.mark.parametrize("ms", [0, -1, MAX_TIMER_MS + 1])
def test_a_time_the_byte_cannot_say_is_refused(ms):
    with pytest.raises(ValueError, match="IRM_TIMER can say 1 to 3600000 ms"):
        encode_timer(ms)
