"""`[limits]`: how rates are written, and what does not fit."""

import pytest

from gateway.config.limits import BundleLimits, LimitsSettings, Rate, ServiceLimits, parse_rate
from gateway.config.read import settle
from gateway.config.secrets import HomeFiles
from gateway.errors import ConfigError
from gateway.exchange import Secret


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("", None),
        ("1/second", Rate(1, 1)),
        ("100/seconds", Rate(100, 1)),
        ("600/5 minutes", Rate(600, 300)),
        ("30/minute", Rate(30, 60)),
        ("7/hour", Rate(7, 3600)),
        ("5000/24 hours", Rate(5000, 86_400)),
        ("999999999/day", Rate(999_999_999, 86_400)),
    ],
)
def test_a_rate_reads_as_an_amount_and_a_time(text, rate):
    assert parse_rate(text) == rate
    assert LimitsSettings(rate_per_address=text).rate_per_address == text
    assert ServiceLimits(rate=text, rate_per_user=text).rate == text


@pytest.mark.parametrize(
    "text",
    [
        "100",
        "0/second",
        "-1/second",
        "1.5/second",
        "100/0 seconds",
        "100/fortnight",
        "100 per second",
        "100/second; 5/minute",
        "100 /second",
        " 100/second",
        "100/second\n",
        "٣/second",
        "1000000000/second",
    ],
)
def test_what_is_no_rate_is_refused(text, tmp_path):
    problems = _problems({"rate_per_user": text}, tmp_path)
    assert problems == {"rate_per_user": 'must be a rate like "100/second" or "600/5 minutes", or empty'}


def test_a_window_of_more_than_a_day_is_refused(tmp_path):
    problems = _problems({"rate_per_user": "1/2 days"}, tmp_path)
    assert problems == {"rate_per_user": "counts over more than a day; nothing is remembered for so long"}


@pytest.mark.parametrize("store", ["", "memory", "valkey://host", "valkeys://host:6380/1"])
def test_rates_are_counted_in_memory_or_in_valkey(store):
    assert LimitsSettings(store=store).store == store


@pytest.mark.parametrize("store", ["sqlite", "redis://host", "valkey://user:secret@host", "valkey://host:0"])
def test_other_stores_are_refused(store, tmp_path):
    problems = _problems({"store": store}, tmp_path)
    assert set(problems) == {"store"}
    assert "secret" not in problems["store"]


def test_what_goes_with_a_valkey_of_its_own_is_refused_without_one(tmp_path):
    table = {"store_user": "limits", "store_password": {"env": "PASSWORD"}}
    problems = _problems(table, tmp_path)
    only = "goes with a valkey:// or valkeys:// limits.store only"
    assert problems == {"store_user": only, "store_password": only}
    assert LimitsSettings(store="valkey://host", store_password=Secret("x"), store_user="u").store_user == "u"


def test_nothing_is_limited_by_rates_out_of_the_box():
    limits, service = LimitsSettings(), ServiceLimits()
    rates = (limits.rate_per_address, limits.rate_per_user, limits.rate_per_service)
    assert {*rates, service.rate, service.rate_per_user} == {""}
    assert {limits.concurrency, service.concurrency, BundleLimits().concurrency} == {0}


def _problems(table, folder):
    with pytest.raises(ConfigError) as refused:
        settle(LimitsSettings, table, "gateway.toml", HomeFiles(folder, {"PASSWORD": "secret"}))
    return {problem.key: problem.text for problem in refused.value.problems}
