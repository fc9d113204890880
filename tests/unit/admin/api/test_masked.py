"""What viewers see of a bundle's file, whatever stands in it."""

import pytest

from gateway.admin.api.masked import masked
from gateway.config.model import Bundle

SECRET = "Wonderland7"


@pytest.mark.parametrize(
    "table",
    [
        {"credentials": {"user": "GW", "password": SECRET}},
        {"credentials": {"user": "GW", "pasword": SECRET}},
        {"credentials": SECRET},
        {"credentials": {"password": [SECRET]}},
        {"credentials": {"password": {"env": "X", "value": SECRET}}},
        {"ims_connect": {"tls": SECRET}},
        {"ims_connect": {"tls": {"keystore": {"path": "x.p12", "password": SECRET}}}},
        {"ims_connect": {"host": {"inner": SECRET}}},
        {"callout": {"proxy": f"http://user:{SECRET}@proxy:3128"}},
        {"trusted_user": {"extension": "*X*", "value": SECRET}},
        {"passticket": {"key": SECRET, "application": "IMS1"}},
        {"password": SECRET},
    ],
)
def test_no_secret_is_shown_wherever_it_stands(table: dict[str, object]) -> None:
    assert SECRET not in str(masked(Bundle, table))


def test_what_holds_a_secret_is_shown() -> None:
    table = {"credentials": {"user": "GW", "password": {"env": "IMS1_PASSWORD"}}}
    assert masked(Bundle, table) == table
